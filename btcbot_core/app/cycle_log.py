"""What a session does, as log lines: one a cycle, one an order event, one an act."""

import logging
import os
from collections.abc import Callable
from decimal import Decimal
from functools import wraps
from hashlib import sha256
from typing import Concatenate, ParamSpec

from btcbot_core import __version__
from btcbot_core.app.frames import Frame, Note, NoteLevel, Outcome, Pulse
from btcbot_core.app.logs import Logs
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.domain.errors import BotError
from btcbot_core.domain.ids import RunId
from btcbot_core.domain.money import canonical
from btcbot_core.domain.records import RunRow
from btcbot_core.domain.trading import Fill, OrderEvent, OrderEventKind

P = ParamSpec("P")

_EVENTS = {
    OrderEventKind.NO_ANSWER: "order.unknown",
    OrderEventKind.ABSENT: "order.missing",
}
"""Where the word for what happened is not the one that an operator looks for."""
_ORDER_LEVELS = {
    OrderEventKind.NO_ANSWER: logging.ERROR,
    OrderEventKind.ABSENT: logging.WARNING,
    OrderEventKind.GIVEN_UP: logging.WARNING,
    OrderEventKind.REJECTED: logging.WARNING,
    OrderEventKind.CANCEL_REFUSED: logging.WARNING,
}
_NOTE_LEVELS = {
    NoteLevel.INFO: logging.INFO,
    NoteLevel.WARNING: logging.WARNING,
    NoteLevel.ERROR: logging.ERROR,
}


def _harmless(
    method: Callable[Concatenate["CycleLog", P], None],
) -> Callable[Concatenate["CycleLog", P], None]:
    """A line that cannot be put together is counted; the cycle that it is about goes on."""

    @wraps(method)
    def guarded(self: "CycleLog", /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception:  # noqa: BLE001 - a guard: nobody trades less because of a log
            self.logs.count_drop()

    return guarded


class CycleLog:
    """An observer of one session; `Session.observe` takes it."""

    def __init__(self, logs: Logs) -> None:
        self.logs = logs
        self._run: RunId | None = None

    @_harmless
    def on_start(self, run: RunRow, frame: Frame) -> None:
        self._run = run.id
        self._say(
            logging.INFO,
            "session.started",
            stage=run.stage,
            kind=run.kind,
            role=frame.world.role,
            source=run.source,
            db=sha256(frame.world.database.encode()).hexdigest()[:12],
            settings=run.settings_digest,
            gates_closed=frame.gates.closed,
            killed=frame.kill.is_set,
            version=__version__,
            pid=os.getpid(),
        )

    @_harmless
    def on_cycle(self, cycle: Cycle, pulse: Pulse) -> None:
        fills = {f"fill {fill.id}": fill for fill in cycle.fills}
        for event in cycle.order_events:
            self._say_order(cycle, event, fills.get(event.evidence))
        money, counts, mode = cycle.portfolio, cycle.metrics, cycle.verdict.mode
        self._say(
            logging.INFO,
            "cycle.done",
            cycle_id=cycle.id,
            step=cycle.step,
            at=cycle.at,
            mode=mode,
            why=[r.reason for r in cycle.verdict.reasons] if mode != "NORMAL" else None,
            killed=cycle.is_killed or None,
            equity=_amount(money.equity_try),
            net=_amount(money.net_try),
            drawdown=_amount(money.drawdown_ratio),
            orders_open=counts.orders_open if counts else None,
            intents=len(cycle.intents),
            cancels=len(cycle.cancels),
            fills=len(cycle.fills),
            rejects=counts.rejects if counts else None,
            unknown=counts.unknown if counts else None,
            without_quote=sorted(cycle.market.problems) or None,
            data_age_s=_oldest_s(cycle),
            took_ms=round(pulse.took_ms, 1),
        )

    @_harmless
    def on_stumble(self, error: BotError) -> None:
        request = getattr(error, "request_id", None)
        self._say(
            logging.WARNING,
            "cycle.skipped",
            request_id=request,
            error=type(error).__name__,
            words=str(error),
        )

    @_harmless
    def on_act(self, who: str, act: str, why: str) -> None:
        self._say(logging.WARNING, f"act.{act}", who=who, why=why)

    @_harmless
    def on_note(self, note: Note) -> None:
        self._say(_NOTE_LEVELS[note.level], "session.note", words=note.text)

    @_harmless
    def on_failure(self, error: BotError) -> None:
        self._say(
            logging.ERROR,
            "session.failed",
            error=type(error).__name__,
            words=str(error),
            exc_info=error,
        )

    @_harmless
    def on_end(self, frame: Frame) -> None:
        level = logging.ERROR if frame.outcome is Outcome.FAILED else logging.INFO
        self._say(
            level,
            "session.ended",
            outcome=frame.outcome.name.lower(),
            words=frame.message or None,
            turns=frame.pulse.turns,
            errors=frame.pulse.errors,
            overruns=frame.pulse.overruns,
            lines_dropped=self.logs.dropped,
        )

    def _say_order(self, cycle: Cycle, event: OrderEvent, fill: Fill | None) -> None:
        order = cycle.carried.orders.get(event.client_id)
        facts: dict[str, object] = {}
        if order is not None:
            facts = {
                "symbol": order.symbol,
                "side": order.side,
                "price": canonical(order.price),
                "qty": canonical(order.qty),
                "reason": order.reason,
            }
        if fill is not None:
            facts |= {
                "price": canonical(fill.price),
                "qty": canonical(fill.qty),
                "fee": f"{canonical(fill.fee)} {fill.fee_asset}",
            }
        self._say(
            _ORDER_LEVELS.get(event.kind, logging.INFO),
            _EVENTS.get(event.kind, f"order.{event.kind}"),
            cycle_id=event.cycle_id,
            client_order_id=event.client_id,
            order_id=event.exchange_id or (order.exchange_id if order else None),
            before=event.before,
            after=event.after,
            evidence=event.evidence or None,
            **facts,
        )

    def _say(self, level: int, event: str, **facts: object) -> None:
        self.logs.say(level, event, run_id=self._run, **facts)


def _amount(value: Decimal) -> str:
    return canonical(round(value, 8))


def _oldest_s(cycle: Cycle) -> str | None:
    """The age of the oldest quote that the cycle worked on; None where it had none."""
    ages = [quote.age_s(cycle.at) for quote in cycle.market.quotes.values()]
    return canonical(max(ages)) if ages else None
