"""A paper exchange that opens when the market's rules first arrive: a dry run on live data."""

from collections.abc import Callable
from datetime import datetime

from btcbot_core.adapters.paper.exchange import PaperExchange
from btcbot_core.domain.account import Accounts
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Answer, AnswerKind, Fill, Intent, Order, OrderView, Verb
from btcbot_core.ports import Clock


class LatePaperExchange:
    """Implements the exchange port.

    `build` may raise ExchangeUnavailableError; it is asked again with the next question, so that
    a bot that was started without a network waits for one.
    """

    def __init__(self, build: Callable[[], PaperExchange], clock: Clock) -> None:
        self._build = build
        self._clock = clock
        self._opened: PaperExchange | None = None

    def balances(self) -> Accounts:
        return self._exchange().balances()

    def open_orders(self, symbol: Symbol | None) -> tuple[OrderView, ...]:
        return self._exchange().open_orders(symbol)

    def find_order(self, order: Order) -> OrderView | None:
        return self._exchange().find_order(order)

    def fills(self, symbol: Symbol | None, since: datetime) -> tuple[Fill, ...]:
        return self._exchange().fills(symbol, since)

    def submit(self, intent: Intent) -> Answer:
        if self._opened is None:
            return self._not_sent(Verb.SUBMIT, intent)
        return self._opened.submit(intent)

    def cancel(self, order: Order) -> Answer:
        if self._opened is None:
            return self._not_sent(Verb.CANCEL, order)
        return self._opened.cancel(order)

    def _exchange(self) -> PaperExchange:
        if self._opened is None:
            self._opened = self._build()
        return self._opened

    def _not_sent(self, verb: Verb, about: Intent | Order) -> Answer:
        return Answer(
            verb=verb,
            kind=AnswerKind.NOT_SENT,
            client_id=about.client_id,
            at=self._clock.now(),
            code="not_open",
            message="the paper exchange has not seen the market's rules yet",
        )
