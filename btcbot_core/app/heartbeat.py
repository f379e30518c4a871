"""A heartbeat that only progress gives: a service manager restarts what no longer turns."""

from collections.abc import Callable

from btcbot_core.app.frames import Frame, Note, Pulse
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.domain.errors import BotError
from btcbot_core.domain.money import canonical
from btcbot_core.domain.records import RunRow

Notify = Callable[[str], None]


class Heartbeat:
    """An observer. A turn that was skipped is progress too: the loop lives, the world does not."""

    def __init__(self, notify: Notify) -> None:
        self._notify = notify

    def on_start(self, run: RunRow, frame: Frame) -> None:
        self._notify(f"READY=1\nSTATUS=run {run.id}, {frame.world.stage} on {frame.world.source}")

    def on_cycle(self, cycle: Cycle, pulse: Pulse) -> None:
        equity = canonical(cycle.portfolio.equity_try)
        self._notify(
            f"WATCHDOG=1\nSTATUS=cycle {cycle.step}, {cycle.verdict.mode}, equity {equity},"
            f" {pulse.took_ms:.0f} ms"
        )

    def on_stumble(self, error: BotError) -> None:
        self._notify(f"WATCHDOG=1\nSTATUS=cycle skipped: {str(error)[:120]}")

    def on_act(self, who: str, act: str, why: str) -> None:
        self._notify(f"STATUS={act} by {who}: {why[:120]}")

    def on_note(self, note: Note) -> None:
        """Notes are for people and the log."""

    def on_failure(self, error: BotError) -> None:
        self._notify(f"STATUS=stopped: {str(error)[:120]}")

    def on_end(self, frame: Frame) -> None:
        self._notify(f"STOPPING=1\nSTATUS={frame.outcome.value}")
