"""The key in the simulated world: a line that repeats it, a log that must not (I8)."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from btcbot_core.adapters.btcturk.auth import Credentials
from btcbot_core.adapters.btcturk.errors import clean
from btcbot_core.app.cycle_log import CycleLog
from btcbot_core.app.frames import Frame
from btcbot_core.app.logs import LogOptions, configure
from btcbot_core.domain.account import Accounts
from btcbot_core.domain.errors import BotError
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Answer, AnswerKind, Fill, Intent, Order, OrderView
from btcbot_core.ports import ExchangePort
from tests.canaries import KEY, SECRET
from tests.simulation.virtual import VirtualTime

T = TypeVar("T")

SECRETS = (KEY, SECRET)


def open_log(database: Path, secrets: tuple[str, ...], undo: ExitStack) -> CycleLog:
    """The log of one life, as a live run has it beside its database; closed by `undo`."""
    path = database.with_name(f"{database.name}.log")
    logs = configure(LogOptions(path=path, secrets=secrets))
    undo.callback(logs.close)
    return CycleLog(logs)


def words_on(frame: Frame) -> str:
    """Every text of a frame that is not ours from the start."""
    kill, arming = frame.kill, frame.arming
    shown = (frame.message, frame.pulse.last_error, kill.why, kill.problem, arming.refused)
    return "\n".join(shown)


class Line:
    """The signed line to the exchange. Whatever goes wrong on it comes with a page that repeats
    the request, headers and all, and the secret too; a library on the way tells the log.

    Our end of it reads the page as `BtcturkClient` does. What is raised has the page as its cause,
    which a real one has not: so there is something to betray.
    """

    def __init__(self, inner: ExchangePort, time: VirtualTime) -> None:
        self._inner = inner
        self._time = time
        self._credentials = Credentials(*SECRETS)
        self._library = logging.getLogger("library")

    def balances(self) -> Accounts:
        return self._asked(self._inner.balances)

    def open_orders(self, symbol: Symbol | None) -> tuple[OrderView, ...]:
        return self._asked(lambda: self._inner.open_orders(symbol))

    def find_order(self, order: Order) -> OrderView | None:
        return self._asked(lambda: self._inner.find_order(order))

    def fills(self, symbol: Symbol | None, since: datetime) -> tuple[Fill, ...]:
        return self._asked(lambda: self._inner.fills(symbol, since))

    def submit(self, intent: Intent) -> Answer:
        return self._answered(self._inner.submit(intent))

    def cancel(self, order: Order) -> Answer:
        return self._answered(self._inner.cancel(order))

    def _asked(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except BotError as error:
            page = self._page(str(error))
            raise type(error)(self._read(page)) from ValueError(page)

    def _answered(self, answer: Answer) -> Answer:
        if answer.kind is AnswerKind.ACKED:
            return answer
        return msgspec.structs.replace(answer, message=self._read(self._page(answer.message)))

    def _page(self, fault: str) -> str:
        headers = self._credentials.headers(int(self._time.true_s * 1000))
        page = f"{fault} {SECRET} {headers}"
        self._library.info("%s", page)
        return page

    def _read(self, page: str) -> str:
        return clean(self._credentials.hide(page.encode()).decode())
