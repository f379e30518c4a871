"""Latch and lease as a session lives with them: what is news is journalled, told and shown."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

from btcbot_core.app.arming import Arming
from btcbot_core.app.capital import mismatch_words
from btcbot_core.app.display import Display
from btcbot_core.app.frames import Arm, NoteLevel, ResetKill, SelectArm
from btcbot_core.app.journal import Journal
from btcbot_core.app.world import Ports
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.facts import errors
from btcbot_core.cycle.watching import differences
from btcbot_core.domain.codes import AnomalyCode
from btcbot_core.domain.errors import (
    ExchangeRefusedError,
    ExchangeUnavailableError,
    GateClosedError,
    StoreBusyError,
)

LOOK_S = 1.0
"""How often a waiting session looks whether it may stay armed."""
_LATCH_ACTS = ("kill", "reset")


class Watch:
    """Lives in the runner's thread; `disarm` alone may come from any."""

    def __init__(
        self, ports: Ports, journal: Journal, display: Display, arming: Arming | None
    ) -> None:
        self._ports = ports
        self._journal = journal
        self._display = display
        self._arming = arming
        self._looked_s = 0.0
        self._kill_was_told = False
        self._unwritten: deque[tuple[datetime, str, str, str]] = deque()
        """Acts that happened while the database was locked: late in the journal, never lost."""

    def remember(self, acts: Sequence[str]) -> None:
        """A kill that was journalled before a restart is no news after it."""
        last = [act for act in acts if act in _LATCH_ACTS][-1:]
        self._kill_was_told = last == ["kill"] and self._ports.latch.is_set()

    def kill_is_news(self) -> bool:
        """A kill pulls our orders now, not when the next turn would have come."""
        return not self._kill_was_told and self._ports.latch.is_set()

    def before_turn(self) -> None:
        """Raises StoreBusyError while leave to trade is not journalled: no order goes out on it."""
        self._tell_kill()
        self._review()
        busy = self._write_notes()
        if busy is not None and any(act == "arm" for _, _, act, _ in self._unwritten):
            raise busy

    def after_turn(self, cycle: Cycle) -> None:
        self._kill_if_books_differ(cycle)
        self._review()

    def while_waiting(self) -> None:
        """Gates and data go on changing; once a second the lease is held against them."""
        now_s = self._ports.clock.monotonic_s()
        if self._arming is not None and now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            self._review()

    def obey(self, command: ResetKill | SelectArm | Arm) -> None:
        """What the operator asks of latch and lease."""
        match command:
            case ResetKill():
                self._reset(command)
            case SelectArm() if self._arming is not None:
                self._arming.select(self._cycle)
            case Arm() if self._arming is not None:
                self._arm(self._arming, command)
            case _:
                self._display.say(NoteLevel.WARNING, "this run is on paper: nothing to arm")
        self._show()

    def disarm(self, who: str) -> None:
        """End the lease now."""
        if self._arming is not None and self._arming.disarm(who):
            self._display.say(NoteLevel.WARNING, f"disarmed by {who}")

    def check_before_start(self, look: Callable[[], Cycle], is_once: bool) -> None:
        """Unattended, every start passes the arm-check first; a loop that fails it observes.

        Raises GateClosedError, naming every reason, when there is to be one cycle only.
        """
        if self._arming is None or not self._arming.is_unattended:
            return
        try:
            cycle = look()
        except (ExchangeUnavailableError, ExchangeRefusedError) as error:
            if is_once:
                raise
            self._display.say(NoteLevel.ERROR, f"not armed: {error}")
            return
        killed = self._ports.latch.is_set()
        granted = self._arming.grant_unattended(cycle, killed)
        failed = [check for check in self._arming.checks(cycle, killed) if not check.is_ok]
        if granted:
            self._note("environment", "arm", granted)
        elif failed:
            words = "not armed: " + "; ".join(f"{c.name} is {c.seen}" for c in failed)
            if is_once:
                raise GateClosedError(words)
            self._display.say(NoteLevel.WARNING, f"{words}; watching only")

    @property
    def _cycle(self) -> Cycle | None:
        return self._display.latest.cycle

    def _kill_if_books_differ(self, cycle: Cycle) -> None:
        """Money that we cannot explain is a case for a person (DEC-10)."""
        is_apart = any(a.code is AnomalyCode.BALANCE_MISMATCH for a in errors(cycle))
        if is_apart and not self._ports.latch.is_set():
            self._ports.latch.set("btcbot", mismatch_words(differences(cycle)))

    def _tell_kill(self) -> None:
        if not self.kill_is_news():
            return
        state = self._ports.latch.state()
        if not state.who:
            return  # set in this instant by another thread: told with its words by the next turn
        self._kill_was_told = True
        who, why = state.who, state.why or "no reason"
        self._unwritten.append((state.at or self._ports.wall.now(), who, "kill", state.why))
        self._display.say(NoteLevel.WARNING, f"KILLED by {who}: {why}")
        self._write_notes()
        self._display.show_kill(state)

    def _reset(self, command: ResetKill) -> None:
        """Journalled first: who dies in between leaves it killed, and never loosened unseen."""
        self._unwritten.append((self._ports.wall.now(), command.who, "reset", command.why))
        if self._write_notes() is not None:
            self._unwritten.pop()
            self._display.say(NoteLevel.ERROR, "not reset: the database is locked; try again")
            return
        self._ports.latch.clear()
        self._kill_was_told = False
        words = f"kill latch reset by {command.who}: {command.why}"
        self._display.say(NoteLevel.WARNING, words)
        self._display.show_kill(self._ports.latch.state())

    def _arm(self, arming: Arming, command: Arm) -> None:
        killed, grant = self._ports.latch.is_set(), command.grant
        refused = arming.grant(grant, command.phrase, self._cycle, killed)
        if refused:
            self._display.say(NoteLevel.WARNING, refused)
        else:
            words = f"armed by {grant.who} for {grant.minutes} minutes: {grant.why}"
            self._note(grant.who, "arm", words)

    def _review(self) -> None:
        """Take the lease back when anything says so; told and journalled."""
        if self._arming is None:
            return
        killed = self._ports.latch.is_set()
        if because := self._arming.review(self._cycle, killed):
            self._note("btcbot", "disarm", f"disarmed: {because}")
        if granted := self._arming.grant_unattended(self._cycle, killed):
            self._note("environment", "arm", granted)
        self._show()

    def _show(self) -> None:
        if self._arming is not None:
            killed = self._ports.latch.is_set()
            self._display.show_arming(self._arming.view(self._cycle, killed))

    def _note(self, who: str, act: str, words: str) -> None:
        self._unwritten.append((self._ports.wall.now(), who, act, words))
        self._display.say(NoteLevel.WARNING, words)
        self._write_notes()

    def _write_notes(self) -> StoreBusyError | None:
        """Journal what waits. A locked database only delays it: what holds it is returned."""
        try:
            while self._unwritten:
                self._journal.note(*self._unwritten[0])
                self._unwritten.popleft()
        except StoreBusyError as busy:
            return busy
        return None
