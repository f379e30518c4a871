"""What the runner shows: one immutable frame, replaced whole; the screen pulls it (ADR 0005)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

import msgspec

from btcbot_core.app.arming import ArmingView
from btcbot_core.app.lease import Grant
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.domain.gates import Gates
from btcbot_core.domain.kill import NOT_KILLED, KillState
from btcbot_core.domain.records import RunKind


class Role(StrEnum):
    """How this console came by its frames (DEC-24)."""

    HOST = "HOST"
    DEMO = "DEMO"
    ATTACH = "ATTACH"
    REPLAY = "REPLAY"


class Outcome(StrEnum):
    """Why a session ended, or that it has not."""

    RUNNING = "running"
    DATA_END = "the recorded data end here"
    CYCLES_DONE = "the number of cycles asked for is done"
    STOPPED = "stopped by the operator"
    KILLED = "killed"
    FAILED = "failed"


class World(msgspec.Struct, frozen=True, kw_only=True):
    """Which run this is; does not change while it lasts."""

    role: Role
    kind: RunKind
    stage: str
    steps: tuple[str, ...]
    """The names of a turn's phases, in order."""
    source: str
    """Where market data come from, in words for the operator."""
    book: str
    """`recorded`, `modelled 5 bps` or `live`: how bid and ask came to be."""
    database: str
    quote: str
    total_steps: int | None = None
    stale_after_s: Decimal = Decimal(60)


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """How the runner itself is doing. Durations are in milliseconds of real time."""

    turns: int = 0
    phase: str = ""
    """The phase that runs now; empty between turns."""
    took_ms: float = 0.0
    took_p95_ms: float = 0.0
    overruns: int = 0
    errors: int = 0
    last_error: str = ""
    pace_s: float = 0.0
    """Seconds from one turn to the next; 0 is as fast as it goes."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a screen may show at one instant."""

    seq: int
    world: World
    gates: Gates
    kill: KillState = NOT_KILLED
    arming: ArmingView = ArmingView()
    pulse: Pulse = Pulse()
    cycle: Cycle | None = None
    """The last committed cycle; None before the first."""
    equity: tuple[Decimal, ...] = ()
    """Equity at the ends of past cycles, oldest first, thinned to at most `EQUITY_POINTS_MAX`."""
    outcome: Outcome = Outcome.RUNNING
    message: str = ""
    """Why it ended, when that was not asked for: one line for the operator."""


EQUITY_POINTS_MAX = 240


class NoteLevel(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Note(msgspec.Struct, frozen=True):
    """One line of the operator's log. `at` is the cycle's time."""

    at: datetime
    level: NoteLevel
    text: str


class SetPace(msgspec.Struct, frozen=True):
    """Seconds between turns; 0 is as fast as it goes. Only recorded data may be sped up."""

    pace_s: float


class Stop(msgspec.Struct, frozen=True):
    """Finish the current turn, commit, and end."""


class ResetKill(msgspec.Struct, frozen=True):
    """Clear the kill latch; refused while the environment keeps the gate closed."""

    who: str
    why: str


class StepOnce(msgspec.Struct, frozen=True):
    """Run one turn now, whatever the pace."""


class SelectArm(msgspec.Struct, frozen=True):
    """Begin to arm: the next frames show a phrase to type."""


class Arm(msgspec.Struct, frozen=True):
    """Arm for this grant; `phrase` is what was typed. Refused in words, in a note and a frame."""

    grant: Grant
    phrase: str


Command = SetPace | Stop | ResetKill | StepOnce | SelectArm | Arm


class Feed(Protocol):
    """All that a console knows of a run; a live session and a recording are both one (DEC-24)."""

    @property
    def latest(self) -> Frame: ...

    def drain(self) -> Sequence[Note]:
        """Log lines since the last call."""

    def command(self, command: Command) -> None:
        """Ask; the answer is a later frame."""

    def kill(self, who: str, why: str) -> None:
        """Set the kill latch now, from any thread. Never waits for the runner."""

    def disarm(self, who: str) -> None:
        """End the lease now, from any thread. Never waits for the runner."""
