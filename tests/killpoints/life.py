"""One life of a small bot on a folder: the real session, store, lock and latch, until it ends.

    python -m tests.killpoints.life SCENARIO FOLDER [STEPS]

With STEPS it is the first life of a scenario, the one before the kills. The scenario `backtest`
is another kind of life, in a module of its own.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from btcbot_core.adapters.latch import FileLatch, kill_path
from btcbot_core.adapters.lock import InstanceLock, lock_path
from btcbot_core.adapters.sqlite.database import Synchronous
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.app.frames import Role, World
from btcbot_core.app.gate import Permit
from btcbot_core.app.runner import Plan
from btcbot_core.app.session import Schedule, Session
from btcbot_core.app.world import Ports
from btcbot_core.bootstrap.witnessed import witnessed
from btcbot_core.cycle.stages import STAGE3, STAGE4, Stage
from btcbot_core.domain.errors import BotError
from btcbot_core.domain.gates import Gates
from btcbot_core.domain.ids import RunId
from btcbot_core.domain.market import BookSource, MarketSnapshot, Quote
from btcbot_core.domain.policy import AllocationPolicy, OrderPolicy, Policy, StrategyPolicy
from btcbot_core.domain.records import RunKind, RunRow
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol
from btcbot_core.ports import Store, UnitOfWork
from tests.build import T0, rules
from tests.killpoints import backtest
from tests.killpoints.exchange import LineExchange

RUN = RunId("r00000000000kill")
SYMBOLS = (Symbol("BTCTRY"), Symbol("ETHTRY"))
STEP = timedelta(seconds=60)
QUIET = (Decimal(100), Decimal(110))
"""A spread that no entry passes: what is out there comes home, and nothing new goes out."""

Prices = tuple[Decimal, Decimal]


@dataclass(frozen=True)
class Scenario:
    """What happens in a life. The first cycles of it are lived before the kills begin."""

    name: str
    prices: Mapping[int, Prices]
    """Bid and ask by step; quiet where there is none."""
    parts: int = 0
    """In how many parts an order fills, one a step; 0 is never."""
    stage: Stage = STAGE3
    steps: int = 9
    lived_steps: int = 1
    kill_at: int | None = None
    """The step at which an operator sets the latch."""
    dies_after_taking: bool = False
    """Whether the life before the kills ended between the exchange's taking and the answer."""


NARROW = (Decimal(100), Decimal("100.1"))
HIGHER = (Decimal(101), Decimal("101.1"))

SCENARIOS = {
    one.name: one
    for one in (
        Scenario("first start", {1: NARROW}, parts=1, lived_steps=0),
        Scenario("submit", {1: NARROW}, parts=1),
        Scenario("partial fill", {1: NARROW}, parts=3),
        Scenario("cancel", {1: NARROW}),
        Scenario("replace", {1: NARROW, 2: HIGHER, 3: HIGHER}, stage=STAGE4),
        Scenario("kill latch", dict.fromkeys(range(1, 6), NARROW), kill_at=2),
        Scenario("recovery", {1: NARROW}, parts=2, dies_after_taking=True, lived_steps=2),
    )
}


@dataclass
class StepClock:
    """Moved by the timeline, a minute a step; real time does not pass at all."""

    now_: datetime = T0

    def now(self) -> datetime:
        return self.now_

    def monotonic_s(self) -> float:
        return 0.0


@dataclass
class Minutes:
    """A timeline that lets the world move before each turn."""

    clock: StepClock
    steps: int
    reach: Callable[[int], None]

    def advance(self, last_step: int) -> int | None:
        step = last_step + 1
        if step >= self.steps:
            return None
        self.clock.now_ = T0 + STEP * step
        self.reach(step)
        return step

    def total(self) -> int | None:
        return self.steps


@dataclass
class StepMarket:
    """Both pairs at the prices of the step."""

    clock: StepClock
    prices: Mapping[int, Prices]

    def snapshot(self, symbols: Sequence[Symbol]) -> MarketSnapshot:
        now = self.clock.now()
        bid, ask = self.prices.get((now - T0) // STEP, QUIET)
        quotes = {s: Quote(s, bid, ask, now, BookSource.RECORDED) for s in symbols}
        return MarketSnapshot(at=now, quotes=quotes)

    def rules(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PairRules]:
        return {s: rules(s) for s in symbols}


@dataclass
class WitnessedStore:
    """The store, and a word to the judge when it fails: from there on nothing may be sent."""

    store: Store
    tell: Callable[[], None]
    has_told: bool = field(default=False)

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        with self._told(), self.store.begin() as work:
            yield work

    @contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        with self._told(), self.store.read() as work:
            yield work

    def close(self) -> None:
        self.store.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except BotError:
            if not self.has_told:
                self.has_told = True
                self.tell()
            raise


def database(folder: Path) -> Path:
    return folder / "state.db"


def journal(folder: Path) -> Path:
    return folder / "exchange.jsonl"


def live(
    scenario: Scenario,
    folder: Path,
    *,
    steps: int | None = None,
    synchronous: Synchronous = "FULL",
    dies: bool = False,
    start: str = "",
) -> Session:
    """Run to the end of the scenario, or for so many steps, and close everything.

    `start` is the random word of a start, here as told, so that equal lives make equal names.
    Raises StoreError or AnotherInstanceError when it cannot even begin.
    """
    clock, db = StepClock(), database(folder)
    lock = InstanceLock(lock_path(db), clock, "killpoints")
    lock.acquire()
    try:
        witness = witnessed(db)
        store = SqliteStore(db, synchronous=synchronous)
    except BotError:
        lock.release()
        raise
    latch = FileLatch(kill_path(db), clock)
    exchange = LineExchange(
        journal(folder), latch.path, clock, scenario.parts, die if dies else lambda: None
    )

    def reach(step: int) -> None:
        exchange.reach(step)
        if scenario.kill_at is not None and step >= scenario.kill_at:
            latch.set("operator", "enough")

    ports = Ports(
        clock,
        clock,
        Minutes(clock, steps or scenario.steps, reach),
        StepMarket(clock, scenario.prices),
        exchange,
        WitnessedStore(store, exchange.note_store_failure),
        latch,
        Permit(latch, None),
        witness=witness.write,
    )
    session = _session(scenario, ports, start)
    session.on_close(lock.release)
    session.on_close(store.close)
    session.run()
    return session


def die() -> None:
    """End as the power switch would."""
    os.kill(os.getpid(), signal.SIGKILL)


def _session(scenario: Scenario, ports: Ports, start: str) -> Session:
    plan = Plan(run=RUN, stage=scenario.stage, policy=POLICY, symbols=SYMBOLS, start=start)
    world = World(
        role=Role.HOST,
        kind=RunKind.LIVE,
        stage=scenario.stage.name,
        steps=plan.phases,
        source=scenario.name,
        book="recorded",
        database="state.db",
        quote="TRY",
    )
    row = RunRow(
        id=RUN,
        stage=scenario.stage.name,
        kind=RunKind.LIVE,
        source=scenario.name,
        settings_digest="d",
        seed=1,
        started_at=T0,
    )
    return Session(ports, plan, row, Schedule(pace_s=0.0), world, Gates(), lambda: None)


POLICY = Policy(
    strategy=StrategyPolicy(taker_fee_bps=Decimal(18)),
    orders=OrderPolicy(),
    allocation=AllocationPolicy(),
)


def lived(
    name: str, folder: Path, steps: int | None = None, *, dies: bool = False
) -> tuple[int, BotError | None]:
    """A whole life, of either kind: its exit code and what went wrong."""
    try:
        if name == backtest.NAME:
            backtest.live(folder)
            return 0, None
        session = live(SCENARIOS[name], folder, steps=steps, dies=dies)
    except BotError as error:
        return int(error.exit_code), error
    return session.exit_code, session.failure


def main() -> int:
    name, folder, *rest = sys.argv[1:]
    dies = bool(rest) and SCENARIOS[name].dies_after_taking
    code, failure = lived(name, Path(folder), int(rest[0]) if rest else None, dies=dies)
    if failure is not None:
        print(failure, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
