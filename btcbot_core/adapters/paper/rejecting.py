"""An exchange that refuses some orders by a seeded draw, to rehearse what follows."""

from datetime import datetime
from decimal import Decimal

from btcbot_core.domain.account import Accounts
from btcbot_core.domain.money import from_bps
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import (
    Answer,
    AnswerKind,
    Fill,
    Intent,
    Order,
    OrderView,
    Verb,
)
from btcbot_core.oms.pacing import draw
from btcbot_core.ports import Clock, ExchangePort

CODE = "sim_reject"


class RejectingExchange:
    """An exchange port over another. Which orders it refuses hangs on seed and name alone."""

    def __init__(self, inner: ExchangePort, clock: Clock, seed: int, reject_bps: Decimal) -> None:
        self._inner = inner
        self._clock = clock
        self._seed = seed
        self._limit = from_bps(reject_bps)

    def balances(self) -> Accounts:
        return self._inner.balances()

    def open_orders(self, symbol: Symbol | None) -> tuple[OrderView, ...]:
        return self._inner.open_orders(symbol)

    def find_order(self, order: Order) -> OrderView | None:
        return self._inner.find_order(order)

    def fills(self, symbol: Symbol | None, since: datetime) -> tuple[Fill, ...]:
        return self._inner.fills(symbol, since)

    def submit(self, intent: Intent) -> Answer:
        if draw(self._seed, intent.client_id) >= self._limit:
            return self._inner.submit(intent)
        return Answer(
            verb=Verb.SUBMIT,
            kind=AnswerKind.REJECTED,
            client_id=intent.client_id,
            at=self._clock.now(),
            code=CODE,
        )

    def cancel(self, order: Order) -> Answer:
        return self._inner.cancel(order)
