"""What a session shows: the latest frame, replaced whole, and the log lines since last asked."""

from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from btcbot_core.app.arming import ArmingView
from btcbot_core.app.frames import (
    EQUITY_POINTS_MAX,
    Frame,
    Note,
    NoteLevel,
    Outcome,
    Pulse,
    World,
)
from btcbot_core.app.notes import notes_of
from btcbot_core.app.observing import Observer
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.domain.errors import BotError
from btcbot_core.domain.gates import Gates
from btcbot_core.domain.kill import KillState
from btcbot_core.domain.records import RunRow
from btcbot_core.ports import Clock

NOTES_MAX = 1_000
DURATIONS_MAX = 200

replace = msgspec.structs.replace


class Display:
    """Written by the runner's thread, read by any: a frame never changes after it is shown."""

    def __init__(self, world: World, gates: Gates, kill: KillState, clock: Clock) -> None:
        self.latest = Frame(seq=0, world=world, gates=gates, kill=kill)
        self.on_note: Callable[[Note], None] | None = None
        """Called with each log line where nobody drains them: the command line's way."""
        self.observers: list[Observer] = []
        self.equity = EquitySeries()
        self._clock = clock
        self._notes: deque[Note] = deque(maxlen=NOTES_MAX)
        self._took_ms: deque[float] = deque(maxlen=DURATIONS_MAX)

    def show(self, cycle: Cycle, kill: KillState, took_ms: float) -> None:
        """A committed cycle, its news and how long it took."""
        for note in notes_of(cycle, self.latest.cycle):
            self._tell(note)
        self.equity.add(cycle.portfolio.equity_try)
        self._took_ms.append(took_ms)
        took = sorted(self._took_ms)
        pulse = replace(
            self.latest.pulse,
            phase="",
            took_ms=took_ms,
            took_p95_ms=took[int(0.95 * (len(took) - 1))],
        )
        self._put(
            replace(
                self.latest,
                kill=kill,
                pulse=pulse,
                cycle=cycle,
                equity=self.equity.points,
            )
        )
        for observer in self.observers:
            observer.on_cycle(cycle, pulse)

    def show_stumble(self, error: BotError) -> None:
        """A turn that was skipped, and why."""
        self._tell(Note(self._clock.now(), NoteLevel.ERROR, f"cycle skipped: {error}"))
        for observer in self.observers:
            observer.on_stumble(error)
        errors = self.latest.pulse.errors + 1
        self.beat(phase="", errors=errors, last_error=str(error))

    def show_start(self, run: RunRow) -> None:
        """The run is registered; its first turn comes."""
        for observer in self.observers:
            observer.on_start(run, self.latest)

    def show_failure(self, error: BotError) -> None:
        """What ends the run; the end itself comes after it."""
        self._tell(Note(self._clock.now(), NoteLevel.ERROR, f"stopped: {error}"))
        for observer in self.observers:
            observer.on_failure(error)

    def show_kill(self, kill: KillState) -> None:
        self._put(replace(self.latest, kill=kill))

    def show_arming(self, arming: ArmingView) -> None:
        self._put(replace(self.latest, arming=arming))

    def show_end(self, outcome: Outcome, message: str) -> None:
        """Why it is over; an end is never taken back."""
        self._put(replace(self.latest, outcome=outcome, message=message))
        for observer in self.observers:
            observer.on_end(self.latest)

    def beat(self, **changes: object) -> None:
        """How the runner is doing; the names are those of `Pulse`."""
        pulse: Pulse = replace(self.latest.pulse, **changes)
        self._put(replace(self.latest, pulse=pulse))

    def say(self, level: NoteLevel, text: str) -> None:
        """One line of the operator's log."""
        note = Note(self._clock.now(), level, text)
        self._tell(note)
        for observer in self.observers:
            observer.on_note(note)

    def drain(self) -> Sequence[Note]:
        """The lines since the last call."""
        drained = []
        while self._notes:
            drained.append(self._notes.popleft())
        return drained

    def _tell(self, note: Note) -> None:
        if self.on_note is not None:
            self.on_note(note)
        else:
            self._notes.append(note)

    def _put(self, frame: Frame) -> None:
        self.latest = replace(frame, seq=self.latest.seq + 1)


class EquitySeries:
    """The equity curve, thinned so that it always fits a screen and never grows."""

    def __init__(self) -> None:
        self._points: list[Decimal] = []
        self._stride = 1
        self._seen = 0
        self._last: Decimal | None = None

    def add(self, equity_try: Decimal) -> None:
        """Take a cycle's equity; every `stride`-th is kept, and always the newest."""
        self._last = equity_try
        if self._seen % self._stride == 0:
            self._points.append(equity_try)
        self._seen += 1
        if len(self._points) >= EQUITY_POINTS_MAX:
            self._points = self._points[::2]
            self._stride *= 2

    @property
    def points(self) -> tuple[Decimal, ...]:
        last = () if self._last is None else (self._last,)
        return (*self._points, *last)[-EQUITY_POINTS_MAX:]
