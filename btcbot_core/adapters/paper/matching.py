"""How orders trade: with each other by price and time, and with the recorded market."""

from bisect import bisect_left, insort
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from btcbot_core.adapters.paper.fills import (
    Moment,
    affordable,
    crossing,
    limit_lock,
    split_fee,
)
from btcbot_core.adapters.paper.model import (
    Change,
    OrderChanged,
    PaperEvent,
    PaperOrder,
    PaperTrade,
    SimPolicy,
)
from btcbot_core.adapters.paper.purse import Purse
from btcbot_core.domain.money import ZERO, fee_up
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Asset
from btcbot_core.domain.trading import Side, ViewStatus


class PairBook:
    """The orders of one pair: resting ones by price and time, and those that wait to be."""

    def __init__(self, rules: PairRules) -> None:
        self.rules = rules
        self.buys: list[PaperOrder] = []
        self.sells: list[PaperOrder] = []
        self.waiting: list[PaperOrder] = []
        self.cancels: list[PaperOrder] = []

    @property
    def is_busy(self) -> bool:
        return bool(self.buys or self.sells or self.waiting)

    def side(self, side: Side) -> list[PaperOrder]:
        return self.buys if side is Side.BUY else self.sells

    def rank(self, order: PaperOrder) -> tuple[Decimal, int]:
        """Best price first, then the order that came first."""
        return (-order.bound if order.side is Side.BUY else order.bound, order.id)

    def locks(self, side: Side) -> Asset:
        """Which asset an order of this side holds back."""
        return self.rules.quote if side is Side.BUY else self.rules.base

    def put_back(self, order: PaperOrder) -> None:
        if order.is_waiting:
            self.waiting.append(order)
        else:
            insort(self.side(order.side), order, key=self.rank)
        if order.cancel_due is not None:
            self.cancels.append(order)

    def drop(self, order: PaperOrder) -> None:
        """Take an order out, wherever it stands."""
        if order.is_waiting:
            self.waiting = [other for other in self.waiting if other is not order]
            return
        side = self.side(order.side)
        place = bisect_left(side, self.rank(order), key=self.rank)
        if place < len(side) and side[place] is order:
            del side[place]

    def due(self, now: datetime) -> list[PaperOrder]:
        """Orders whose cancel falls due, each once."""
        if not self.cancels:
            return []
        due: list[PaperOrder] = []
        later: list[PaperOrder] = []
        for order in self.cancels:
            if order.is_open and order.cancel_due is not None:
                (due if order.cancel_due <= now else later).append(order)
        self.cancels = later
        return due


class Piece(msgspec.Struct, frozen=True):
    """One execution: price and quantity, who came to whom, and the quote it touched."""

    price: Decimal
    qty: Decimal
    is_taker: bool
    touched: Decimal | None
    rival: str | None = None


class Matcher:
    """Executes; the core decides when."""

    def __init__(
        self,
        policy: SimPolicy,
        purses: Mapping[str, Purse],
        next_id: Callable[[], int],
        tell: Callable[[PaperEvent], None],
    ) -> None:
        self._policy = policy
        self._purses = purses
        self._next_id = next_id
        self._tell = tell

    def match_resting(self, book: PairBook, moment: Moment, now: datetime) -> None:
        """Let the market come to the resting orders, best price first."""
        for side in (book.buys, book.sells):
            for order in list(side):
                met = crossing(order, moment, book.rules, self._policy)
                if met is None:
                    if self._is_last(order, moment):
                        break
                    continue
                qty = order.left if moment.room is None else min(order.left, moment.room)
                if qty <= ZERO:
                    break
                self._with_market(
                    book, order, moment, Piece(met.price, qty, False, met.touched), now
                )

    def take(self, book: PairBook, order: PaperOrder, moment: Moment, now: datetime) -> None:
        """Let an arriving order take what crosses it, the best price first."""
        while order.is_open:
            met = crossing(order, moment, book.rules, self._policy)
            if moment.room is not None and moment.room <= ZERO:
                met = None
            rival = self._rival(book, order)
            if rival is not None and (met is None or _is_as_good(order, rival, met.price)):
                qty = min(self._wanted(book, order, rival.bound), rival.left)
                if qty <= ZERO:
                    return
                self._with_rival(book, order, rival, qty, now)
            elif met is not None:
                qty = self._wanted(book, order, met.price)
                qty = qty if moment.room is None else min(qty, moment.room)
                if qty <= ZERO:
                    return
                piece = Piece(met.price, qty, True, met.touched)
                self._with_market(book, order, moment, piece, now)
            else:
                return

    def fill_at_limit(self, book: PairBook, order: PaperOrder, now: datetime) -> None:
        """Fill all that is left at the order's own price."""
        self._execute(book, order, Piece(order.bound, order.left, False, None), now)

    def close(self, book: PairBook, order: PaperOrder, status: ViewStatus, now: datetime) -> None:
        """End an order and give back what it held."""
        self._purses[order.account].lock(book.locks(order.side), -order.lock)
        order.lock = ZERO
        order.status = status
        order.updated_at = now
        self._tell(OrderChanged(Change.CLOSED, msgspec.structs.replace(order)))

    def _is_last(self, order: PaperOrder, moment: Moment) -> bool:
        """Whether no order behind this one can meet the market either."""
        candle = moment.candle
        return candle is None or candle.opened_at >= order.sent_at

    def _rival(self, book: PairBook, order: PaperOrder) -> PaperOrder | None:
        """The best resting order of another account that this one crosses."""
        others = book.sells if order.side is Side.BUY else book.buys
        for other in others:
            crosses = (
                other.bound <= order.bound if order.side is Side.BUY else other.bound >= order.bound
            )
            if not crosses:
                return None
            if other.account != order.account:
                return other
        return None

    def _wanted(self, book: PairBook, order: PaperOrder, price: Decimal) -> Decimal:
        """How much base currency an order still takes at this price."""
        rate = self._policy.taker_rate
        if order.ticket.is_budget:
            return affordable(order.left, price, rate, book.rules)
        return order.left

    def _with_market(
        self, book: PairBook, order: PaperOrder, moment: Moment, piece: Piece, now: datetime
    ) -> None:
        if moment.room is not None:
            moment.room -= piece.qty
        self._execute(book, order, piece, now)

    def _with_rival(
        self, book: PairBook, order: PaperOrder, rival: PaperOrder, qty: Decimal, now: datetime
    ) -> None:
        price = rival.bound
        self._execute(book, rival, Piece(price, qty, False, None, order.account), now)
        self._execute(book, order, Piece(price, qty, True, None, rival.account), now)

    def _execute(self, book: PairBook, order: PaperOrder, piece: Piece, now: datetime) -> None:
        """Move the money of one side of a trade, and say so."""
        if order.side is Side.BUY:
            cost = self._buy(book, order, piece)
        else:
            cost = self._sell(book, order, piece)
        fee, tax = split_fee(cost, self._policy.vat_ratio)
        touched = piece.price if piece.touched is None else piece.touched
        worse = piece.price - touched if order.side is Side.BUY else touched - piece.price
        order.updated_at = now
        order.status = ViewStatus.PARTIAL
        self._tell(
            PaperTrade(
                id=self._next_id(),
                order_id=order.id,
                account=order.account,
                client_id=order.ticket.client_id,
                symbol=order.symbol,
                base=book.rules.base,
                quote=book.rules.quote,
                side=order.side,
                price=piece.price,
                qty=piece.qty,
                fee=fee,
                tax=tax,
                at=now,
                is_taker=piece.is_taker,
                slippage=worse * piece.qty,
                rival=piece.rival,
            )
        )
        if self._is_done(book, order, piece.price):
            book.drop(order)
            self.close(book, order, ViewStatus.CLOSED, now)

    def _buy(self, book: PairBook, order: PaperOrder, piece: Piece) -> Decimal:
        """Pay for a BUY out of its lock and give back what the lock no longer needs."""
        rules, purse = book.rules, self._purses[order.account]
        notional = piece.price * piece.qty
        cost = fee_up(notional * self._rate(piece))
        if order.ticket.is_budget:
            order.left -= notional + cost
            lock_after = order.left
        else:
            order.left -= piece.qty
            lock_after = limit_lock(order.bound, order.left, self._policy.taker_rate)
        released = order.lock - lock_after
        # Rounding each piece up may ask for one unit more than the whole order locked.
        cost = min(cost, released + purse.free(rules.quote) - notional)
        purse.lock(rules.quote, -released)
        purse.add(rules.quote, -(notional + cost))
        purse.add(rules.base, piece.qty)
        order.lock = lock_after
        return cost

    def _sell(self, book: PairBook, order: PaperOrder, piece: Piece) -> Decimal:
        """Hand the base out of the lock over and take the money, less the fee."""
        rules, purse = book.rules, self._purses[order.account]
        notional = piece.price * piece.qty
        cost = min(fee_up(notional * self._rate(piece)), notional)
        order.left -= piece.qty
        order.lock -= piece.qty
        purse.spend_locked(rules.base, piece.qty)
        purse.add(rules.quote, notional - cost)
        return cost

    def _rate(self, piece: Piece) -> Decimal:
        return self._policy.taker_rate if piece.is_taker else self._policy.maker_rate

    def _is_done(self, book: PairBook, order: PaperOrder, price: Decimal) -> bool:
        if not order.ticket.is_budget:
            return order.left <= ZERO
        if affordable(order.left, price, self._policy.taker_rate, book.rules) > ZERO:
            return False
        order.left = ZERO  # what is too little for another lot is given back with the lock
        return True


def _is_as_good(order: PaperOrder, rival: PaperOrder, price: Decimal) -> bool:
    """Whether a rival's price is at least as good for the order as the market's."""
    return rival.bound <= price if order.side is Side.BUY else rival.bound >= price
