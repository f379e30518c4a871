"""The paper exchange's matching core: several accounts, one recorded market, exact money.

It knows no clock and no chance: every call says what time it is, and equal calls give equal
orders, trades and ids. Its doors are `PaperExchange` in this process and the server over HTTP.
"""

from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from btcbot_core.adapters.paper.fills import Moment, is_triggered
from btcbot_core.adapters.paper.history import History
from btcbot_core.adapters.paper.matching import Matcher, PairBook
from btcbot_core.adapters.paper.model import (
    Change,
    CoreState,
    OrderChanged,
    PaperEvent,
    PaperOrder,
    PaperTrade,
    Rejection,
    SimPolicy,
    Ticket,
)
from btcbot_core.adapters.paper.opening import opened
from btcbot_core.adapters.paper.participation import Participation
from btcbot_core.adapters.paper.purse import Purse
from btcbot_core.adapters.paper.screening import (
    COULD_NOT_BE_CANCELED,
    INSUFFICIENT_FUNDS,
    NO_ORDER_MATCHES,
    screen,
)
from btcbot_core.adapters.paper.tape import Tape
from btcbot_core.domain.account import Accounts
from btcbot_core.domain.market import Quote
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import ViewStatus

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
IDS_PER_MILLISECOND = 1000
"""Ids begin at the time's milliseconds, so a restarted exchange gives none out twice."""


class PaperCore:
    """Accounts, books and trades. Time only goes forward."""

    def __init__(self, rules: Mapping[Symbol, PairRules], tape: Tape, policy: SimPolicy) -> None:
        self.rules = rules
        self.policy = policy
        self.now = _EPOCH
        self._tape = tape
        self._market = Participation(tape, rules, policy.participation_ratio)
        self._purses: dict[str, Purse] = {}
        self._books = {symbol: PairBook(pair) for symbol, pair in rules.items()}
        self._history = History()
        self._matcher = Matcher(policy, self._purses, self._next_id, self._tell)
        self._observers: list[Callable[[PaperEvent], None]] = []
        self._last_id = 0

    def open_account(self, name: str, balances: Mapping[Asset, Decimal]) -> None:
        """Add an account; again replaces its money, so only before it trades."""
        self._purses[name] = Purse(name, balances)

    def watch(self, observer: Callable[[PaperEvent], None]) -> None:
        """Be told of every order and trade, in order."""
        self._observers.append(observer)

    # Time

    def advance(self, now: datetime) -> None:
        """Bring everything up to `now`: fills first, then cancels that fall due."""
        if now <= self.now:
            return
        self.now = now
        for book in self._books.values():
            if book.is_busy:
                self._advance_pair(book)

    def resume_at(self, now: datetime) -> None:
        """Everything up to `now` happened in an earlier life: it does not happen again."""
        self.now = max(self.now, now)

    def _advance_pair(self, book: PairBook) -> None:
        moment = self._market.moment(book.rules.symbol)
        self._matcher.match_resting(book, moment, self.now)
        arrived = [o for o in book.waiting if self._has_arrived(o, moment.quote)]
        book.waiting = [o for o in book.waiting if not any(o is other for other in arrived)]
        for order in arrived:
            self._arrive(book, order, moment)
        for order in book.due(self.now):
            self._close(book, order, ViewStatus.CANCELED)
        self._market.note(book.rules.symbol, moment)

    def _has_arrived(self, order: PaperOrder, quote: Quote | None) -> bool:
        if self.now < order.live_from:
            return False
        if not order.ticket.method.is_stop:
            return True
        return quote is not None and is_triggered(order.side, order.ticket.stop_price, quote)

    # Orders

    def submit(self, account: str, ticket: Ticket, now: datetime) -> PaperOrder | Rejection:
        """Take an order or say why not. Equal client ids are two orders, as on the exchange."""
        self.advance(now)
        quote = self._tape.quote(ticket.symbol) if ticket.symbol in self.rules else None
        refused = screen(ticket, self.rules.get(ticket.symbol), quote)
        if refused is not None:
            return refused
        book = self._books[ticket.symbol]
        order = opened(account, ticket, book.rules, quote, self.now, self.policy)
        asset = book.locks(order.side)
        purse = self._purses[account]
        if purse.free(asset) < order.lock:
            return INSUFFICIENT_FUNDS
        purse.lock(asset, order.lock)
        order.id = self._next_id()
        self._admit(book, order)
        return order

    def cancel(self, account: str, order_id: int, now: datetime) -> Rejection | None:
        """Ask for a cancel. Taken (None) does not mean done, where cancels take their time."""
        self.advance(now)
        order = self._history.order(order_id)
        if order is None or order.account != account:
            return NO_ORDER_MATCHES
        if not order.is_open:
            return COULD_NOT_BE_CANCELED
        if self.policy.cancel_delay is None:
            self._close(self._books[order.symbol], order, ViewStatus.CANCELED)
        elif order.cancel_due is None:
            order.cancel_due = self.now + self.policy.cancel_delay
            self._books[order.symbol].cancels.append(order)
        return None

    def fill_now(self, account: str, order_id: int, now: datetime) -> bool:
        """Fill an open limit order at its limit, whatever the market says; False if there is none.

        For rehearsing what a cancel that came too late looks like.
        """
        self.advance(now)
        order = self.order(account, order_id)
        if order is None or not order.is_open or order.ticket.method.is_market:
            return False
        self._matcher.fill_at_limit(self._books[order.symbol], order, self.now)
        return True

    def adopt(self, orders: Iterable[PaperOrder]) -> None:
        """Put orders of an earlier life back. Their money is locked out of the accounts' free.

        Time resumes right before their last change, so that a step that was cut short is done
        again, and no step before it. Raises InvariantBrokenError when the account cannot cover
        them.
        """
        for order in sorted(orders, key=lambda o: o.id):
            book = self._books[order.symbol]
            self._purses[order.account].lock(book.locks(order.side), order.lock)
            self.resume_at(order.updated_at - timedelta.resolution)
            self._last_id = max(self._last_id, order.id)
            self._history.add_order(order)
            if order.is_open:
                book.put_back(order)
            else:
                self._history.finish(order.id)

    # Questions

    def balances(self, account: str) -> Accounts:
        return self._purses[account].shown()

    def open_orders(self, account: str, symbol: Symbol | None = None) -> list[PaperOrder]:
        """The account's open orders, oldest first."""
        found = self._history.open_orders(account)
        return [order for order in found if symbol is None or order.symbol == symbol]

    def order(self, account: str, order_id: int) -> PaperOrder | None:
        order = self._history.order(order_id)
        return order if order is not None and order.account == account else None

    def orders(self, account: str) -> list[PaperOrder]:
        """All orders that are still remembered, newest first."""
        return self._history.orders(account)

    def trades(self, account: str, symbol: Symbol) -> Iterator[PaperTrade]:
        """All trades of a pair that are still remembered, newest first."""
        return self._history.trades(account, symbol)

    def forgotten_until(self, account: str, symbol: Symbol) -> datetime | None:
        """The time of the last trade that is no longer remembered, or None."""
        return self._history.forgotten_until(account, symbol)

    def resting(self, symbol: Symbol) -> tuple[list[PaperOrder], list[PaperOrder]]:
        """All accounts' resting bids and asks of a pair, best first."""
        book = self._books[symbol]
        return book.buys, book.sells

    def quote(self, symbol: Symbol) -> Quote | None:
        return self._tape.quote(symbol)

    # Another life

    def state(self) -> CoreState:
        """Everything there is to know, as plain values."""
        orders, trades = self._history.everything()
        purses = {name: purse.shown() for name, purse in self._purses.items()}
        totals = {n: {a: b.total for a, b in shown.items()} for n, shown in purses.items()}
        return CoreState(self.now, self._last_id, totals, orders, trades)

    def resume(self, state: CoreState) -> None:
        """Go on from a state. Raises InvariantBrokenError when its orders outweigh its money."""
        for name, totals in state.totals.items():
            self.open_account(name, totals)
        self.adopt(order for order in state.orders if order.symbol in self.rules)
        for trade in state.trades:
            self._history.add_trade(trade)
        self._last_id = max(self._last_id, state.last_id)
        self.resume_at(state.now)

    # Inside

    def _admit(self, book: PairBook, order: PaperOrder) -> None:
        self._history.add_order(order)
        self._tell(OrderChanged(Change.OPENED, msgspec.structs.replace(order)))
        if order.is_waiting:
            book.waiting.append(order)
            return
        moment = self._market.moment(order.symbol)
        self._arrive(book, order, moment)
        self._market.note(order.symbol, moment)

    def _arrive(self, book: PairBook, order: PaperOrder, moment: Moment) -> None:
        """An order comes alive: it takes what it can, and rests with what is left of it."""
        order.is_waiting = False
        self._matcher.take(book, order, moment, self.now)
        if not order.is_open:
            return
        if order.ticket.method.is_market:
            self._close(book, order, ViewStatus.CANCELED)
        else:
            insort(book.side(order.side), order, key=book.rank)

    def _close(self, book: PairBook, order: PaperOrder, status: ViewStatus) -> None:
        book.drop(order)
        self._matcher.close(book, order, status, self.now)

    def _tell(self, event: PaperEvent) -> None:
        if isinstance(event, PaperTrade):
            self._history.add_trade(event)
        elif event.change is Change.CLOSED:
            self._history.finish(event.order.id)
        for observer in self._observers:
            observer(event)

    def _next_id(self) -> int:
        floor = (self.now - _EPOCH) // _MILLISECOND * IDS_PER_MILLISECOND
        self._last_id = max(self._last_id + 1, floor)
        return self._last_id
