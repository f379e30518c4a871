"""The paper exchange's door within this process: an exchange port over one account."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from btcbot_core.adapters.paper.core import PaperCore
from btcbot_core.adapters.paper.model import Method, PaperOrder, PaperTrade, Rejection, Ticket
from btcbot_core.adapters.paper.opening import lock_of
from btcbot_core.adapters.paper.screening import NO_ORDER_MATCHES
from btcbot_core.domain.account import Accounts
from btcbot_core.domain.errors import ExchangeUnavailableError
from btcbot_core.domain.ids import ClientId, FillId
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import (
    TERMINAL,
    Answer,
    AnswerKind,
    Fill,
    Intent,
    Order,
    OrderStatus,
    OrderType,
    OrderView,
    Verb,
    ViewStatus,
)
from btcbot_core.ports import Clock


class PaperExchange:
    """Always up to the clock's now: whenever it is asked, the core first catches up."""

    def __init__(self, core: PaperCore, account: str, clock: Clock) -> None:
        self._core = core
        self._account = account
        self._clock = clock

    def balances(self) -> Accounts:
        self._catch_up()
        return self._core.balances(self._account)

    def open_orders(self, symbol: Symbol | None) -> tuple[OrderView, ...]:
        self._catch_up()
        return tuple(_view(order) for order in self._core.open_orders(self._account, symbol))

    def find_order(self, order: Order) -> OrderView | None:
        self._catch_up()
        found = self._found(order)
        return None if found is None else _view(found)

    def fills(self, symbol: Symbol | None, since: datetime) -> tuple[Fill, ...]:
        self._catch_up()
        if symbol is not None:
            return tuple(map(_fill, self._trades(symbol, since)))
        found = [trade for pair in self._core.rules for trade in self._trades(pair, since)]
        return tuple(map(_fill, sorted(found, key=lambda trade: trade.id)))

    def submit(self, intent: Intent) -> Answer:
        now = self._clock.now()
        is_market = intent.type is OrderType.MARKET
        ticket = Ticket(
            symbol=intent.symbol,
            side=intent.side,
            method=Method.MARKET if is_market else Method.LIMIT,
            qty=intent.qty,
            price=ZERO if is_market else intent.price,
            client_id=intent.client_id,
        )
        taken = self._core.submit(self._account, ticket, now)
        refused = taken if isinstance(taken, Rejection) else None
        placed = None if isinstance(taken, Rejection) else str(taken.id)
        return _answer(Verb.SUBMIT, intent.client_id, now, refused, placed)

    def cancel(self, order: Order) -> Answer:
        now = self._clock.now()
        self._core.advance(now)
        found = self._found(order)
        if found is None:
            return _answer(Verb.CANCEL, order.client_id, now, NO_ORDER_MATCHES, order.exchange_id)
        refused = self._core.cancel(self._account, found.id, now)
        return _answer(Verb.CANCEL, order.client_id, now, refused, str(found.id))

    def fill_instead(self, order: Order) -> Answer:
        """Take a cancel, and fill the order: what a cancel that comes too late looks like."""
        now = self._clock.now()
        self._core.advance(now)
        found = self._found(order)
        is_filled = found is not None and self._core.fill_now(self._account, found.id, now)
        refused = None if is_filled else NO_ORDER_MATCHES
        return _answer(Verb.CANCEL, order.client_id, now, refused, order.exchange_id)

    def restore(self, balances: Mapping[Asset, Decimal], orders: Sequence[Order]) -> None:
        """Rebuild the account as a restarted run left it, so that it goes on as if it had not.

        `balances` are totals, free and locked together. Orders that never got an exchange id
        did not reach this exchange, and finished ones no longer matter. The clock stands at the
        last step that was committed: what that step did is not done again.
        """
        self._core.open_account(self._account, balances)
        self._core.resume_at(self._clock.now())
        self._core.adopt(
            self._restored(o) for o in orders if o.exchange_id and o.status not in TERMINAL
        )

    def _restored(self, order: Order) -> PaperOrder:
        policy = self._core.policy
        is_asked = order.status is OrderStatus.CANCEL_REQUESTED
        status = ViewStatus.PARTIAL if order.filled_qty else ViewStatus.OPEN
        if is_asked and policy.cancel_delay is None:
            status = ViewStatus.CANCELED
        restored = PaperOrder(
            id=int(order.exchange_id or 0),
            account=self._account,
            ticket=Ticket(
                symbol=order.symbol,
                side=order.side,
                method=Method.LIMIT,
                qty=order.qty,
                price=order.price,
                client_id=order.client_id,
            ),
            left=order.left_qty,
            bound=order.price,
            lock=ZERO,
            sent_at=order.created_at,
            live_from=order.created_at + policy.latency,
            updated_at=order.updated_at,
            status=status,
            is_waiting=order.rests_since is None and policy.latency > timedelta(0),
            cancel_due=order.updated_at if is_asked else None,
        )
        if restored.is_open:
            restored.lock = lock_of(restored, policy)
        return restored

    def _trades(self, symbol: Symbol, since: datetime) -> list[PaperTrade]:
        """Oldest first."""
        forgotten = self._core.forgotten_until(self._account, symbol)
        if forgotten is not None and forgotten >= since:
            raise ExchangeUnavailableError(
                f"{symbol}: trades before {forgotten.isoformat()} are no longer kept"
            )
        found: list[PaperTrade] = []
        for trade in self._core.trades(self._account, symbol):
            if trade.at < since:
                break
            found.append(trade)
        found.reverse()
        return found

    def _found(self, order: Order) -> PaperOrder | None:
        """By exchange id if it has one, else the newest under its client id."""
        if order.exchange_id is not None:
            is_ours = order.exchange_id.isdecimal()
            return self._core.order(self._account, int(order.exchange_id)) if is_ours else None
        known = self._core.orders(self._account)
        return next((o for o in known if o.ticket.client_id == order.client_id), None)

    def _catch_up(self) -> None:
        self._core.advance(self._clock.now())


def _view(order: PaperOrder) -> OrderView:
    ticket = order.ticket
    return OrderView(
        exchange_id=str(order.id),
        client_id=ClientId(ticket.client_id) if ticket.client_id else None,
        symbol=ticket.symbol,
        side=ticket.side,
        type=OrderType.MARKET if ticket.method.is_market else OrderType.LIMIT,
        price=ticket.price,
        qty=ticket.qty,
        left_qty=order.left,
        status=order.status,
        updated_at=order.updated_at,
    )


def _fill(trade: PaperTrade) -> Fill:
    return Fill(
        id=FillId(str(trade.id)),
        exchange_id=str(trade.order_id),
        client_id=ClientId(trade.client_id) if trade.client_id else None,
        symbol=trade.symbol,
        side=trade.side,
        price=trade.price,
        qty=trade.qty,
        fee=trade.cost,
        fee_asset=trade.quote,
        at=trade.at,
        slippage_try=trade.slippage,
    )


def _answer(
    verb: Verb, client_id: ClientId, at: datetime, refused: Rejection | None, placed: str | None
) -> Answer:
    return Answer(
        verb=verb,
        kind=AnswerKind.ACKED if refused is None else AnswerKind.REJECTED,
        client_id=client_id,
        at=at,
        exchange_id=placed,
        code="" if refused is None else str(refused.code),
        message="" if refused is None else refused.message,
    )
