"""Bots that speak or listen wrongly: each puts a broken exchange before the real one."""

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from btcbot_core.domain.account import Accounts
from btcbot_core.domain.errors import BotError
from btcbot_core.domain.ids import FillId
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import (
    Answer,
    AnswerKind,
    Fill,
    Intent,
    Order,
    OrderStatus,
    OrderView,
    ViewStatus,
)
from btcbot_core.ports import ExchangePort
from tests.canaries import KEY
from tests.simulation.wiring import Tampering

replace = msgspec.structs.replace


class _Through:
    """An exchange that passes everything on; the broken ones change one thing."""

    def __init__(self, inner: ExchangePort) -> None:
        self.inner = inner

    def balances(self) -> Accounts:
        return self.inner.balances()

    def open_orders(self, symbol: Symbol | None) -> tuple[OrderView, ...]:
        return self.inner.open_orders(symbol)

    def find_order(self, order: Order) -> OrderView | None:
        return self.inner.find_order(order)

    def fills(self, symbol: Symbol | None, since: datetime) -> tuple[Fill, ...]:
        return self.inner.fills(symbol, since)

    def submit(self, intent: Intent) -> Answer:
        return self.inner.submit(intent)

    def cancel(self, order: Order) -> Answer:
        return self.inner.cancel(order)


class _Exchange(Tampering):
    """Puts a broken exchange before the bot."""

    Broken: type[_Through]

    def exchange(self, exchange: ExchangePort) -> ExchangePort:
        return self.Broken(exchange)


class RetriesAPost(_Exchange):
    class Broken(_Through):
        def submit(self, intent: Intent) -> Answer:
            answer = self.inner.submit(intent)
            return self.inner.submit(intent) if answer.kind is AnswerKind.UNKNOWN else answer


class TakesNoAnswerForANo(_Exchange):
    class Broken(_Through):
        def submit(self, intent: Intent) -> Answer:
            answer = self.inner.submit(intent)
            is_lost = answer.kind is AnswerKind.UNKNOWN
            return replace(answer, kind=AnswerKind.REJECTED) if is_lost else answer


class DropsLateFills(_Exchange):
    class Broken(_Through):
        def fills(self, symbol: Symbol | None, since: datetime) -> tuple[Fill, ...]:
            found = self.inner.fills(symbol, since)
            newest = max((fill.at for fill in found), default=since)
            return tuple(f for f in found if newest - f.at < timedelta(seconds=100))


class BooksAFillTwice(_Exchange):
    class Broken(_Through):
        def fills(self, symbol: Symbol | None, since: datetime) -> tuple[Fill, ...]:
            found = self.inner.fills(symbol, since)
            return (*found, *(replace(f, id=FillId(f"{f.id}-again")) for f in found[-1:]))


class CountsFeesInFloats(_Exchange):
    class Broken(_Through):
        def fills(self, symbol: Symbol | None, since: datetime) -> tuple[Fill, ...]:
            found = self.inner.fills(symbol, since)
            return tuple(replace(f, fee=Decimal(float(f.fee))) for f in found)


class MovesItsCursorBeforeTheCommit(_Exchange):
    class Broken(_Through):
        def __init__(self, inner: ExchangePort) -> None:
            super().__init__(inner)
            self._given: set[FillId] = set()

        def fills(self, symbol: Symbol | None, since: datetime) -> tuple[Fill, ...]:
            new = tuple(f for f in self.inner.fills(symbol, since) if f.id not in self._given)
            self._given |= {fill.id for fill in new}
            return new


class CancelsWhatIsNotOurs(_Exchange):
    class Broken(_Through):
        def cancel(self, order: Order) -> Answer:
            for view in self.inner.open_orders(order.symbol):
                if view.exchange_id != order.exchange_id:
                    self.inner.cancel(replace(order, exchange_id=view.exchange_id))
            return self.inner.cancel(order)


class TakesACancelForDone(_Exchange):
    class Broken(_Through):
        def __init__(self, inner: ExchangePort) -> None:
            super().__init__(inner)
            self._asked: set[str] = set()

        def cancel(self, order: Order) -> Answer:
            self._asked.add(order.exchange_id or "")
            return self.inner.cancel(order)

        def open_orders(self, symbol: Symbol | None) -> tuple[OrderView, ...]:
            return tuple(self._done(view) for view in self.inner.open_orders(symbol))

        def find_order(self, order: Order) -> OrderView | None:
            view = self.inner.find_order(order)
            return None if view is None else self._done(view)

        def _done(self, view: OrderView) -> OrderView:
            is_done = view.exchange_id in self._asked
            return replace(view, status=ViewStatus.CANCELED) if is_done else view


class RepeatsToTheOperatorWhatItHeard(_Exchange):
    class Broken(_Through):
        def balances(self) -> Accounts:
            try:
                return self.inner.balances()
            except BotError as error:
                raise type(error)(f"{error}: {error.__cause__}") from error


class StoresItsKeyWithAnAnswer(_Exchange):
    class Broken(_Through):
        def submit(self, intent: Intent) -> Answer:
            return replace(self.inner.submit(intent), message=f"signed with {KEY}")


class SendsAgainWhatItDoesNotFind(_Exchange):
    class Broken(_Through):
        def find_order(self, order: Order) -> OrderView | None:
            found = self.inner.find_order(order)
            if found is None and order.status in (OrderStatus.PLANNED, OrderStatus.UNKNOWN):
                self.inner.submit(_intent(order))
            return found


def _intent(order: Order) -> Intent:
    return Intent(
        client_id=order.client_id,
        cycle_id=order.cycle_id,
        symbol=order.symbol,
        side=order.side,
        price=order.price,
        qty=order.qty,
        ttl_s=order.ttl_s,
        reason=order.reason,
        decided_at=order.created_at,
    )
