"""A run from start to end: turns at their pace, frames out, commands in, one reason to stop.

The same session serves the console, in a thread of its own, and the command line, in the main
one. Waiting for the next turn *is* waiting for the operator, so a stop or a kill acts at once.
"""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from btcbot_core.app.arming import Arming
from btcbot_core.app.defects import defect
from btcbot_core.app.display import Display
from btcbot_core.app.frames import (
    EQUITY_POINTS_MAX,
    Arm,
    Command,
    Frame,
    Note,
    NoteLevel,
    Outcome,
    ResetKill,
    SelectArm,
    SetPace,
    StepOnce,
    Stop,
    World,
)
from btcbot_core.app.observing import Observer
from btcbot_core.app.runner import CycleRunner, Plan
from btcbot_core.app.watch import Watch
from btcbot_core.app.world import Ports
from btcbot_core.cycle.cycle import Carried, Cycle
from btcbot_core.domain.errors import (
    BotError,
    ExchangeRefusedError,
    ExchangeUnavailableError,
    ExitCode,
    InvariantBrokenError,
    KeyRefusedError,
    StoreBusyError,
)
from btcbot_core.domain.gates import Gates
from btcbot_core.domain.ids import RunId
from btcbot_core.domain.records import CycleRow, RunRow
from btcbot_core.domain.symbol import Asset
from btcbot_core.domain.trading import OrderStatus
from btcbot_core.ledger.book import Ledger
from btcbot_core.ledger.entries import LedgerEventKind

FAILURES_MAX = 5
"""Failed turns in a row after which the bot kills itself (DEC-10)."""

KEYS_REFUSED_MAX = 2
"""Turns that end with our key refused, until the bot kills itself (DEC-10)."""
LATCH_LOOK_S = 0.2
"""How often a waiting session looks for a kill that another process set."""
ACTS_MAX = 100
"""How far back the audit is searched for the last kill or reset."""
PHASES_SHOWN_FROM_S = 0.02
"""At a faster pace than this nobody could read the running phase."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When turns come and how many there are to be."""

    pace_s: float
    cycles_max: int | None = None
    may_change_pace: bool = False
    exit_on_kill: bool = False
    retry_waits_s: tuple[float, ...] = ()
    """How long to wait before each further try of a turn that found no exchange."""
    chance: Callable[[], float] = lambda: 0.5
    """Where the waits' jitter comes from: a number from 0 to 1."""


LIVE_RETRIES_S = (1.0, 2.0)
RETRY_MAX_S = 4.0


def jittered_s(wait_s: float, chance: float) -> float:
    """Half to one and a half of a wait, clamped after that (DEC-32)."""
    return min(RETRY_MAX_S, wait_s * (0.5 + chance))


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What the store holds of a run when it ends, over all its restarts."""

    step: int = -1
    orders: Mapping[OrderStatus, int] = {}
    fills: int = 0
    last: CycleRow | None = None


class Session:
    """Implements `frames.Feed`. `run` does the work; `start` does it in an own thread."""

    def __init__(
        self,
        ports: Ports,
        plan: Plan,
        row: RunRow,
        schedule: Schedule,
        world: World,
        gates: Gates,
        close: Callable[[], None],
        arming: Arming | None = None,
    ) -> None:
        self._ports, self._plan, self._row = ports, plan, row
        self._schedule, self._gates, self._closers = schedule, gates, [close]
        self._pace_s = schedule.pace_s
        self._inbox: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._stopping = threading.Event()
        self._runner = CycleRunner(ports, plan, self._observe)
        self._failures = 0
        self._keys_refused = 0
        self._turns = 0
        self._last_failure: BotError | None = None
        self.error: BotError | None = None
        self.tally = Tally()
        self.on_cycle: Callable[[Cycle], None] | None = None
        """Called with each committed cycle, in the runner's thread: progress, measurements."""
        self.display = Display(world, gates, ports.latch.state(), ports.clock)
        self.watch = Watch(ports, self._runner.journal, self.display, arming)

    # ------------------------------------------------------------------ what others may ask

    def start(self) -> None:
        """Run in a thread of its own: not a daemon, so that a dying program finishes its cycle."""
        self._thread = threading.Thread(target=self.run, name="cycle-runner", daemon=False)
        self._thread.start()

    def stop(self) -> None:
        """Finish the running turn, commit, end. Safe from a signal handler and any thread."""
        self._stopping.set()
        self._inbox.put(Stop())

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; False when it did not come in time."""
        return self._ended.wait(timeout_s)

    def command(self, command: Command) -> None:
        self._inbox.put(command)

    def kill(self, who: str, why: str) -> None:
        state = self._ports.latch.set(who, why)
        if self._ended.is_set():
            self.display.show_kill(state)  # no turn comes any more that would show it

    def disarm(self, who: str) -> None:
        self.watch.disarm(who)

    def drain(self) -> Sequence[Note]:
        return self.display.drain()

    @property
    def latest(self) -> Frame:
        return self.display.latest

    @property
    def exit_code(self) -> int:
        """By DEC-7: why the session ended, or how its last turn did."""
        if self.error is None and self.latest.outcome is Outcome.KILLED:
            return int(ExitCode.KILLED)
        return int(self.failure.exit_code if self.failure else ExitCode.OK)

    @property
    def failure(self) -> BotError | None:
        """What ended the session, or what its last turn stumbled over."""
        return self.error or self._last_failure

    @property
    def run_id(self) -> RunId:
        return self._plan.run

    # ------------------------------------------------------------------------- the one loop

    def run(self) -> None:
        """Turn until something ends it. Nothing escapes: what went wrong is in the last frame."""
        try:
            outcome = self._turn_until_end()
        except BotError as error:
            outcome = self._fail(error)
        except Exception as error:  # noqa: BLE001 - one of the three guards: it stops the bot
            outcome = self._fail(defect(error))
        try:
            self._finish(outcome)
        finally:
            for close in self._closers:
                close()
            self._ended.set()

    def on_close(self, close: Callable[[], None]) -> None:
        """Close something before everything that was opened earlier."""
        self._closers.insert(0, close)

    def observe(self, observer: Observer) -> None:
        """Tell someone of all that happens, from the start on."""
        self.display.observers.append(observer)
        self._runner.journal.on_act.append(observer.on_act)

    def _turn_until_end(self) -> Outcome:
        carried, step = self._open()
        is_once = self._schedule.cycles_max == 1
        self.watch.check_before_start(lambda: self._runner.look(carried, step + 1), is_once)
        due_s = self._ports.clock.monotonic_s()
        while True:
            if self._stopping.is_set():
                return Outcome.STOPPED
            if (ended := self._is_done()) is not None:
                return ended
            following = self._ports.timeline.advance(step)
            if following is None:
                return Outcome.DATA_END
            step = following
            carried = self._attempt(carried, step)
            if self._was_the_last():  # nobody waits for a turn that is not to come
                return Outcome.CYCLES_DONE
            due_s = self._next_due(due_s)
            if (outcome := self._wait_until(due_s)) is not None:
                return outcome

    def _open(self) -> tuple[Carried, int]:
        with self._ports.store.begin() as work:
            work.runs.open(self._row)
            carried = work.checkpoints.load(self._plan.run)
            last = work.cycles.last(self._plan.run)
            for row in work.cycles.recent(self._plan.run, EQUITY_POINTS_MAX):
                self.display.equity.add(row.equity_try)
            acts = [act for _, _, act, _ in work.audit.recent(ACTS_MAX)]
            work.commit()
        self.display.show_start(self._row)
        self.watch.remember(acts)
        if last is not None:
            self.display.say(NoteLevel.INFO, f"run {self._plan.run} goes on after step {last.step}")
        quote = Asset(self.latest.world.quote)
        return carried or Carried(ledger=Ledger(quote=quote)), last.step if last else -1

    def _was_the_last(self) -> bool:
        return self._schedule.cycles_max is not None and self._turns >= self._schedule.cycles_max

    def _is_done(self) -> Outcome | None:
        if self._was_the_last():
            return Outcome.CYCLES_DONE
        if self._schedule.exit_on_kill and self._ports.latch.is_set():
            return Outcome.KILLED
        return None

    def _attempt(self, carried: Carried, step: int) -> Carried:
        """One turn; what may pass by itself is counted, told and tried again with the next."""
        began_s = self._ports.clock.monotonic_s()
        self._turns += 1
        self.display.beat(turns=self._turns, pace_s=self._pace_s)
        try:
            self.watch.before_turn()
            cycle = self._turn(carried, step)
        except (ExchangeUnavailableError, ExchangeRefusedError, StoreBusyError) as error:
            return self._stumble(error, carried)
        self._failures, self._keys_refused, self._last_failure = 0, 0, None
        took_ms = (self._ports.clock.monotonic_s() - began_s) * 1000
        self.display.show(cycle, self._ports.latch.state(), took_ms)
        self.watch.after_turn(cycle)
        if self.on_cycle is not None:
            self.on_cycle(cycle)
        return cycle.carried

    def _turn(self, carried: Carried, step: int) -> Cycle:
        """A turn, tried again a few times while nothing was said to the exchange yet.

        Only a question that got no answer is asked again: it is asked before anything is sent.
        """
        for wait_s in self._schedule.retry_waits_s:
            try:
                return self._runner.turn(carried, step)
            except ExchangeUnavailableError as error:
                self.display.say(NoteLevel.WARNING, f"asked in vain, trying again: {error}")
                if self._stopping.wait(jittered_s(wait_s, self._schedule.chance())):
                    break
        return self._runner.turn(carried, step)

    def _stumble(self, error: BotError, carried: Carried) -> Carried:
        self._failures, self._last_failure = self._failures + 1, error
        self.display.show_stumble(error)
        if isinstance(error, KeyRefusedError):
            self._keys_refused += 1
        if self._failures == FAILURES_MAX:
            self._ports.latch.set("btcbot", f"{FAILURES_MAX} cycles in a row failed: {error}")
        if self._keys_refused == KEYS_REFUSED_MAX:
            self._ports.latch.set("btcbot", f"our key was refused twice: {error}")
        with self._ports.store.read() as work:  # what the turn had made durable, it has learned
            return work.checkpoints.load(self._plan.run) or carried

    def _next_due(self, due_s: float) -> float:
        """A fixed rate: a late turn is counted, and does not push the ones after it."""
        now_s = self._ports.clock.monotonic_s()
        due_s += self._pace_s
        if self._pace_s and now_s > due_s:
            self.display.beat(overruns=self.latest.pulse.overruns + 1)
            return now_s
        return max(due_s, now_s) if self._pace_s else now_s

    def _wait_until(self, due_s: float) -> Outcome | None:
        """Serve commands until the next turn is due, the run is to end, or a kill comes."""
        while True:
            left_s = due_s - self._ports.clock.monotonic_s()
            try:
                command = self._inbox.get(timeout=max(0.0, min(left_s, LATCH_LOOK_S)))
            except queue.Empty:
                command = None
            match command:
                case Stop():
                    return Outcome.STOPPED
                case StepOnce():
                    return None
                case SetPace(pace_s=pace_s) if self._schedule.may_change_pace:
                    due_s = self._ports.clock.monotonic_s() + min(pace_s, max(left_s, 0.0))
                    self._pace_s = pace_s
                    self.display.beat(pace_s=pace_s)
                case ResetKill() | SelectArm() | Arm():
                    self.watch.obey(command)
                case _:
                    self.watch.while_waiting()
                    if left_s <= 0 or self.watch.kill_is_news():
                        return None

    def _observe(self, phase: str) -> None:
        if self._pace_s >= PHASES_SHOWN_FROM_S:
            self.display.beat(phase=phase)

    # ------------------------------------------------------------------------------ the end

    def _fail(self, error: BotError) -> Outcome:
        self.error = error
        if isinstance(error, InvariantBrokenError):
            self._ports.latch.set("btcbot", f"invariant broken: {error}")
        self.display.show_failure(error)
        return Outcome.FAILED

    def _finish(self, outcome: Outcome) -> None:
        words = str(self.error) if self.error else ""
        try:
            self._close_run(outcome)
            with self._ports.store.read() as work:
                last = work.cycles.last(self._plan.run)
                self.tally = Tally(
                    step=last.step if last else -1,
                    last=last,
                    orders=work.orders.count(self._plan.run),
                    fills=work.ledger.count(self._plan.run, LedgerEventKind.FILL),
                )
            self.display.show_end(outcome, words)
        except BotError as error:
            self.error = self.error or error
            self.display.show_end(Outcome.FAILED, str(self.error))

    def _close_run(self, outcome: Outcome) -> None:
        """Write down that the run ended, and how.

        A lock that somebody else holds makes no failure of an end (DEC-7): all cycles are stored,
        and the next start goes on after the last of them.
        """
        try:
            with self._ports.store.begin() as work:
                work.runs.finish(self._plan.run, self._ports.wall.now(), outcome.name.lower())
                work.commit()
        except StoreBusyError as busy:
            self.display.say(NoteLevel.WARNING, f"the end of the run is not written: {busy}")
