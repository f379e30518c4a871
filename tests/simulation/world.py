"""One story from beginning to end: a storm with faults and kills, then calm, then the reckoning."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec

from btcbot_core.adapters.latch import FileLatch, kill_path
from btcbot_core.adapters.paper.core import PaperCore
from btcbot_core.adapters.paper.exchange import PaperExchange
from btcbot_core.adapters.paper.faulty import Chaos, FaultyExchange, FaultyMarket
from btcbot_core.adapters.paper.model import SimPolicy
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.adapters.witness import FileWitness, witness_path
from btcbot_core.app.lease import Lease
from btcbot_core.app.session import Session
from btcbot_core.bootstrap.witnessed import witnessed
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.domain.errors import ExitCode, InvariantBrokenError, StoreBusyError, StoreError
from tests.simulation.audit import Auditor
from tests.simulation.checker import Checker
from tests.simulation.door import ACCOUNT, Door
from tests.simulation.events import Point, Story
from tests.simulation.hooks import Died, Hooks
from tests.simulation.market import RULES, TRY, ShownMarket, WalkingMarket
from tests.simulation.secrecy import Line, open_log, words_on
from tests.simulation.storage import HookedStore
from tests.simulation.virtual import ExchangeClock, MachineClock, VirtualTime
from tests.simulation.weather import Scene, Weather
from tests.simulation.wiring import RUN, Ends, Tampering, session_of

CYCLE_S = 60
TRADING_AGAIN_CYCLES = 3
"""After the storm the bot goes on as it was, before it is told to bring everything home."""
HOME_WITHIN_S = 900
"""The longest of its waiting windows, one after the other: absence, a cancel that is asked again,
a listing that is late."""
NTH_RUN_AGAIN = 4
"""Of so many stories one is run again at its end, from what the database kept of it."""
RESTARTS_MAX = 500
NTH_IN_FULL = 8
"""Of so many stories one starts with all that a live run does, a look at the witness and a log:
both in every story would cost half of its time again."""
FIRST_CASH = Decimal(20_000)


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """What a story came to."""

    simulated_s: int
    cycles: int
    faults: int
    kills: int
    restarts: int
    orders: int
    fills: int
    fingerprint: str
    """Equal stories have equal ones."""


@dataclass
class Simulation:
    """Runs one story in one folder; is itself the bot's timeline."""

    story: Story
    folder: Path
    tampering: Tampering = field(default_factory=Tampering)

    def __post_init__(self) -> None:
        story = self.story
        self.time = VirtualTime()
        self.checker = Checker(self.time, is_budgeted=story.stage == 4)
        market = WalkingMarket(self.time, story.seed)
        delay = timedelta(seconds=story.cancel_delay_s) if story.cancel_delay_s else None
        policy = SimPolicy(cancel_delay=delay, participation_ratio=Decimal(1))
        self.core = PaperCore(RULES, market, policy)
        self.core.open_account(ACCOUNT, {TRY: FIRST_CASH})
        self.core.watch(self.checker.on_event)
        self.hooks = Hooks()
        self.scene = Scene(self.time, self.checker, self.hooks, self.core, self.database)
        self.weather = Weather(self.scene, story)
        self.auditor = Auditor(self.checker, self.core, RUN)
        clock, at_exchange = MachineClock(self.time), ExchangeClock(self.time)
        chaos = Chaos(self.weather.plan, at_exchange)
        paper = PaperExchange(self.core, ACCOUNT, at_exchange)
        self._exchange = Line(FaultyExchange(paper, chaos), self.time)
        shown = FaultyMarket(ShownMarket(market, clock), chaos)
        witness = FileWitness(witness_path(self.database))
        self._ends = Ends(clock, self, shown, self.weather.gates, witness)
        self._is_in_full = story.seed % NTH_IN_FULL == 0
        self._turns = self._cycles = 0
        self._restarts = -1
        self._next_turn_s = 0.0
        self._calm_cycles = 0
        self._home_until_s: float | None = None
        self._is_over = False

    @property
    def database(self) -> Path:
        return self.folder / "live.db"

    def run(self) -> Outline:
        """Live until everything is home again. Raises Violated when an invariant breaks."""
        while not self._is_over:
            self._restarts += 1
            if self._restarts > RESTARTS_MAX:
                raise self.checker.broken("I9", "it dies again and again")
            self._lie_down(self._live())
            self._next_turn_s = self.time.true_s
        self.checker.on_files(self.folder)
        if self.story.seed % NTH_RUN_AGAIN == 0:
            self._run_again()
        return Outline(
            simulated_s=int(self.time.true_s),
            cycles=self._cycles,
            faults=self.weather.faults,
            kills=self.weather.kills,
            restarts=self._restarts,
            orders=len(self.checker.placed),
            fills=len(self.checker.trades),
            fingerprint=self.checker.fingerprint,
        )

    def _lie_down(self, down_s: int) -> None:
        """The market and everybody's hands go on while no process runs."""
        until_s = self.time.true_s + down_s
        while self.time.true_s < until_s:
            self.time.pass_(min(CYCLE_S, until_s - self.time.true_s))
            self.core.advance(self.time.now())
            self.weather.while_down()

    def _run_again(self) -> None:
        """The whole run once more from what it kept: through every fault it comes out the same."""
        store = SqliteStore(self.database, mode="ro")
        try:
            if found := self.auditor.differing(store):
                raise self.checker.broken("I6", found)
        finally:
            store.close()

    # ------------------------------------------------------------------------- the timeline

    def advance(self, last_step: int) -> int | None:
        """Between two turns everything else happens."""
        self.time.pass_(max(0.0, self._next_turn_s - self.time.true_s))
        self._next_turn_s = self.time.true_s + CYCLE_S
        self.checker.on_turn()
        self.core.advance(self.time.now())
        if self.time.true_s < self.story.storm_s:
            self.weather.between_turns()
        elif self._come_home():
            self._is_over = True
            return None
        return last_step + 1

    def total(self) -> int | None:
        return None

    def _come_home(self) -> bool:
        """After the storm: trade on for a little, then bring everything home. True when it is."""
        if not self.weather.is_calm:
            self.weather.calm()
            self._calm_cycles = self._turns
        if self._turns < self._calm_cycles + TRADING_AGAIN_CYCLES:
            self._turns += 1
            return False
        if self._home_until_s is None:
            self.weather.kill("file")
            self._home_until_s = self.time.true_s + HOME_WITHIN_S
        problem = self._problem()
        if problem and self.time.true_s > self._home_until_s:
            raise self.checker.broken("I2", f"not home after {HOME_WITHIN_S} s: {problem}")
        return not problem

    def _problem(self) -> str:
        """What is not as it should be when nothing moves any more; empty when all is."""
        store = SqliteStore(self.database, mode="ro")
        try:
            carried = self.auditor.look(store)
            if carried is None:
                return "there is no state"
            for order in carried.orders.values():
                if order.is_active:
                    return f"{order.client_id} is {order.status}"
            if lost := self.auditor.lost():
                return f"trades that are in no book: {lost}"
            if unfolded := self.auditor.unfolded(store):
                raise self.checker.broken("I6", unfolded)
            return self.auditor.apart() or self.auditor.misremembered(store)
        finally:
            store.close()

    # ---------------------------------------------------------------------------- one life

    def _live(self) -> int:
        """From a start to an end; returns for how long the process is down then."""
        with ExitStack() as ending:
            try:
                self.checker.on_start()
                self.hooks.passed(Point.OPEN)
                if self._is_in_full:
                    self._require_nothing_forgotten()
                store = SqliteStore(self.database, synchronous="NORMAL", busy_timeout_ms=0)
                ending.callback(store.close)
                session = self._start(HookedStore(store, self.hooks, self.checker))
                if self._is_in_full:
                    session.observe(open_log(self.database, self.tampering.secrets(), ending))
                session.run()
                self._judge_end(session)
                down_s = self.weather.down_s()
            except Died as died:
                self.checker.on_death()
                down_s = died.down_s
            finally:
                self.scene.session = None
                self.checker.operator.is_armed = False
        self._audit()
        return down_s

    def _require_nothing_forgotten(self) -> None:
        """As a live start does: the witness and the database must agree, wherever it died."""
        try:
            witnessed(self.database)
        except StoreError as error:
            raise self.checker.broken("I2", f"a start is refused: {error}") from error

    def _start(self, store: HookedStore) -> Session:
        latch, lease = (
            FileLatch(kill_path(self.database), self._ends.clock),
            Lease(self._ends.clock),
        )
        permit = self.tampering.permit(latch, lease)
        is_nameless = self.story.is_nameless
        door = Door(self._exchange, self.core, self.hooks, self.checker, is_nameless=is_nameless)
        door.guard(permit, self.weather.gates, self.weather.is_latched)
        guards = (latch, lease, permit)
        session = session_of(self.story, self._ends, guards, door, store, self.tampering)
        session.on_cycle = self._on_cycle
        session.display.on_note = lambda note: self.checker.on_said(note.text)
        operator = self.checker.operator
        operator.is_armed, operator.armed_until_s = self.story.is_unattended, float("inf")
        self.scene.session = session
        return session

    def _on_cycle(self, cycle: Cycle) -> None:
        self._cycles += 1
        self.checker.on_shown(cycle.verdict.mode, cycle.at, cycle.carried.degrade)
        if self.scene.session is not None:
            self.checker.on_said(words_on(self.scene.session.latest))

    def _judge_end(self, session: Session) -> None:
        """An end that was not asked for has a cause that the story knows, and one line of words."""
        self.checker.on_said(words_on(session.latest))
        error = session.error
        if session.exit_code not in set(ExitCode):
            raise self.checker.broken("I10", f"it ended with {session.exit_code}")
        if error is None:
            return
        if isinstance(error, InvariantBrokenError):
            raise self.checker.broken("I10", f"it halted itself: {error}") from error
        if "\n" in str(error):
            raise self.checker.broken("I7", f"more than one line: {error}")
        if isinstance(error, StoreBusyError) and session.latest.cycle is not None:
            raise self.checker.broken("D05", "a locked database made a failure of a run")
        if self.weather.is_calm:
            raise self.checker.broken("I10", f"it ended in calm: {error}")

    def _audit(self) -> None:
        """The auditor comes after every end of a process, with a connection of his own."""
        if not self.database.exists():
            return
        store = SqliteStore(self.database, mode="ro")
        try:
            self.auditor.look(store)
        finally:
            store.close()
