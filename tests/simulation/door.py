"""The exchange as the bot is given it: what a live adapter asks and adds, before an audience."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from btcbot_core.adapters.paper.core import PaperCore
from btcbot_core.domain.account import Accounts
from btcbot_core.domain.arm import arm, arm_cancels
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.errors import GateClosedError
from btcbot_core.domain.gates import Gates, Refusal
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
from btcbot_core.ports import ExchangePort, Permit
from tests.simulation.checker import Checker
from tests.simulation.events import Point
from tests.simulation.hooks import Hooks
from tests.simulation.virtual import MachineClock, VirtualTime

URL = "http://127.0.0.1"
ACCOUNT = "ours"
REQUEST_S = 0.15
CLOCK_MARGIN = timedelta(seconds=1)


class Door:
    """One for each life of the process. As `ArmedExchange` it asks gates and permit at the socket,
    and as `BtcturkAccount` it carries instants over to the exchange's clock."""

    def __init__(
        self,
        inner: ExchangePort,
        core: PaperCore,
        hooks: Hooks,
        checker: Checker,
        *,
        is_nameless: bool,
    ) -> None:
        self._inner = inner
        self._core = core
        self._hooks = hooks
        self._checker = checker
        self._is_nameless = is_nameless
        self._time: VirtualTime = checker.time
        self._clock = MachineClock(self._time)
        self._gates: Callable[[], Gates] = Gates
        self._permit: Permit = _nobody_may
        self._is_latched: Callable[[], bool] = lambda: True

    def guard(
        self, permit: Permit, gates: Callable[[], Gates], is_latched: Callable[[], bool]
    ) -> None:
        """What is asked before an order leaves; until then none may."""
        self._permit, self._gates, self._is_latched = permit, gates, is_latched

    def balances(self) -> Accounts:
        self._ask()
        accounts = self._inner.balances()
        self._checker.on_balances()
        return accounts

    def open_orders(self, symbol: Symbol | None) -> tuple[OrderView, ...]:
        self._ask()
        views = self._inner.open_orders(symbol)
        self._checker.on_views(views)
        return views

    def find_order(self, order: Order) -> OrderView | None:
        self._ask()
        view = self._inner.find_order(order)
        if view is None:
            self._checker.on_absence(order)
        else:
            self._checker.on_views((view,))
        return view

    def fills(self, symbol: Symbol | None, since: datetime) -> tuple[Fill, ...]:
        self._ask()
        ahead = self._time.now() - self._clock.now()
        fills = self._inner.fills(symbol, since + ahead - CLOCK_MARGIN)
        if self._is_nameless:
            fills = tuple(msgspec.structs.replace(fill, client_id=None) for fill in fills)
        self._checker.on_fills(fills)
        return fills

    def submit(self, intent: Intent) -> Answer:
        self._time.pass_(REQUEST_S)
        self._checker.on_request()
        self._hooks.passed(Point.SUBMIT_BEFORE)
        try:
            arm(self._gates(), URL)
        except GateClosedError as closed:
            return self._not_sent(Verb.SUBMIT, intent, str(closed))
        if (refused := self._permit()) is not None:
            return self._not_sent(Verb.SUBMIT, intent, refused.words, refused.code)
        self._checker.on_post(intent, self._is_latched())
        answer = self._inner.submit(intent)
        self._hooks.passed(Point.SUBMIT_AFTER)
        self._checker.on_answer(answer)
        return answer

    def cancel(self, order: Order) -> Answer:
        self._time.pass_(REQUEST_S)
        self._checker.on_request()
        self._hooks.passed(Point.CANCEL_BEFORE)
        try:
            arm_cancels(self._gates(), URL)
        except GateClosedError as closed:
            return self._not_sent(Verb.CANCEL, order, str(closed))
        if order.exchange_id is None:
            return self._not_sent(Verb.CANCEL, order, "its number is not known", "no_exchange_id")
        meant = self._core.order(ACCOUNT, int(order.exchange_id))
        self._checker.on_cancel(order.exchange_id, meant.ticket.client_id if meant else None)
        answer = self._inner.cancel(order)
        self._hooks.passed(Point.CANCEL_AFTER)
        return answer

    def _ask(self) -> None:
        self._time.pass_(REQUEST_S)
        self._checker.on_request()
        self._hooks.passed(Point.ASK)

    def _not_sent(
        self, verb: Verb, about: Intent | Order, words: str, code: str = Reason.NOT_ARMED
    ) -> Answer:
        return Answer(
            verb=verb,
            kind=AnswerKind.NOT_SENT,
            client_id=about.client_id,
            at=self._clock.now(),
            code=code,
            message=words,
        )


def _nobody_may() -> Refusal:
    return Refusal(Reason.NOT_ARMED, "no permit was given")
