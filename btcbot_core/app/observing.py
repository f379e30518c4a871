"""Who may watch a session: told of everything that it does, in the runner's own thread."""

from typing import Protocol

from btcbot_core.app.frames import Frame, Note, Pulse
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.domain.errors import BotError
from btcbot_core.domain.records import RunRow


class Observer(Protocol):
    """Must neither raise nor wait: trading does not hang on who watches it."""

    def on_start(self, run: RunRow, frame: Frame) -> None: ...

    def on_cycle(self, cycle: Cycle, pulse: Pulse) -> None:
        """A cycle that is committed."""

    def on_stumble(self, error: BotError) -> None:
        """A turn that was skipped; the next one comes."""

    def on_act(self, who: str, act: str, why: str) -> None:
        """An act that was journalled: a kill, a reset, an arming."""

    def on_note(self, note: Note) -> None:
        """A line that the session itself says to the operator."""

    def on_failure(self, error: BotError) -> None:
        """What ends the run, with its cause."""

    def on_end(self, frame: Frame) -> None:
        """The last frame: why it is over."""
