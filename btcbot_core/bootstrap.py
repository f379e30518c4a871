"""The one place where adapters meet ports: it makes a session, or opens what a command needs.

Whether a run is live, a dry run or a replay is decided here, by which adapters are wired, and
nowhere below.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import msgspec

from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.latch import FileLatch, kill_path
from btcbot_core.adapters.lock import Holder, InstanceLock, lock_path, read_holder
from btcbot_core.adapters.paper.core import PaperCore
from btcbot_core.adapters.paper.exchange import PaperExchange
from btcbot_core.adapters.paper.model import SimPolicy
from btcbot_core.adapters.replay.clock import ReplayTimeline, clock_of
from btcbot_core.adapters.replay.dataset import Dataset, load
from btcbot_core.adapters.replay.market import ReplayMarket
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.app.frames import Role, World
from btcbot_core.app.runner import Plan
from btcbot_core.app.session import Schedule, Session
from btcbot_core.app.world import Ports
from btcbot_core.cycle.stages import STAGE3
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.gates import Gates
from btcbot_core.domain.ids import RunId, recorded_run_id
from btcbot_core.domain.kill import KillState
from btcbot_core.domain.money import NotANumberError, decimal_from
from btcbot_core.domain.policy import Policy
from btcbot_core.domain.records import RunKind, RunRow
from btcbot_core.domain.symbol import Asset, Symbol, base_and_quote
from btcbot_core.ports import Clock, Store, Timeline
from btcbot_core.settings import Loaded, Settings
from btcbot_core.settings import load as load_settings

DEMO_SPEED = Decimal(240)
"""Four recorded minutes a second: the night passes in about four minutes."""
FASTEST = "max"
PAPER_ACCOUNT = "paper"


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """What a command or the console asks for; everything else comes from settings."""

    role: Role
    dataset: Path | None = None
    db: Path | None = None
    speed: str | None = None
    cycle_s: Decimal | None = None
    env_file: Path | None = None
    stage: int = 3
    cycles_max: int | None = None
    is_new_run: bool = False
    exit_on_kill: bool = False
    is_dry_run: bool = False


def demo_folder() -> Path:
    """The recorded night that the package ships."""
    return Path(str(files("btcbot_core") / "demo" / "ftx_night"))


def open_session(options: SessionOptions) -> Session:
    """Wire a run and take its locks.

    Raises ConfigError or DatasetError for what was asked, AnotherInstanceError when the database
    is in use, StoreError when it cannot be used. Nothing is held when it raises.
    """
    if options.stage != 3:
        raise ConfigError(f"--stage: expected 3, found {options.stage}")
    folder = demo_folder() if options.role is Role.DEMO else options.dataset
    if folder is None:
        raise ConfigError(
            "live market data are not connected yet: name a --dataset, or look at --demo"
        )
    dataset = load(folder)
    loaded = _load(options, dataset)
    with ExitStack() as undo:
        session = _wire(options, dataset, loaded, undo)
        undo.pop_all()
    return session


def _load(options: SessionOptions, dataset: Dataset) -> Loaded:
    """Settings for a run on this dataset. A demo depends on nothing that the machine has set."""
    flags = {"STATE_DB_PATH": str(options.db)} if options.db else {}
    if options.is_dry_run:
        flags["DRY_RUN"] = "true"
    profile = {"SYMBOLS": ",".join(dataset.symbols), **dataset.profile}
    environment: Mapping[str, str] | None = {} if options.role is Role.DEMO else None
    return load_settings(flags, profile, options.env_file, environment)


def _wire(options: SessionOptions, dataset: Dataset, loaded: Loaded, undo: ExitStack) -> Session:
    settings = loaded.settings
    symbols = _known(settings.symbols, dataset)
    pace_s = _pace(options, dataset)
    database = _database(options, settings, undo)
    lock = InstanceLock(lock_path(database), SystemClock(), f"stage 3 on {dataset.name}")
    lock.acquire()
    undo.callback(lock.release)
    # Recorded data can be traded again: a commit need not outlive a power cut (DEC-15).
    store = SqliteStore(database, synchronous="NORMAL")
    undo.callback(store.close)
    row = _recorded_run(options, dataset, settings, store)
    clock = clock_of(dataset)
    timeline = ReplayTimeline(dataset, clock)
    market = ReplayMarket(dataset, clock)
    exchange = _paper(settings, dataset, market, clock)
    _go_on(exchange, store, row, timeline, settings)
    policy = _latent(settings.policy(), settings)
    plan = Plan(run=row.id, stage=STAGE3, policy=policy, symbols=symbols)
    world = World(
        role=options.role,
        kind=row.kind,
        stage=STAGE3.name,
        steps=plan.phases,
        source=dataset.name,
        book=dataset.book_label,
        database=str(database),
        quote=dataset.quote,
        total_steps=timeline.total(),
        stale_after_s=policy.limits.max_data_age_s,
    )
    latch = FileLatch(kill_path(database), SystemClock())
    ports = Ports(clock, SystemClock(), timeline, market, exchange, store, latch)
    schedule = Schedule(
        pace_s=pace_s,
        cycles_max=options.cycles_max,
        may_change_pace=True,
        exit_on_kill=options.exit_on_kill,
    )
    return Session(ports, plan, row, schedule, world, settings.gates(), undo.pop_all().close)


def _known(symbols: tuple[Symbol, ...], dataset: Dataset) -> tuple[Symbol, ...]:
    if absent := [symbol for symbol in symbols if symbol not in dataset.pairs]:
        raise ConfigError(f"SYMBOLS: {', '.join(absent)} not in the dataset {dataset.name}")
    return symbols


def _pace(options: SessionOptions, dataset: Dataset) -> float:
    """Real seconds from one recorded step to the next."""
    if options.cycle_s is not None:
        return float(options.cycle_s)
    default = str(DEMO_SPEED) if options.role is Role.DEMO else FASTEST
    speed = options.speed or default
    if speed == FASTEST:
        return 0.0
    try:
        factor = decimal_from(speed)
    except NotANumberError as error:
        raise ConfigError(f"--speed: expected a number or max, found {speed[:40]!r}") from error
    if factor <= 0:
        raise ConfigError(f"--speed: expected more than 0, found {speed}")
    return dataset.interval.total_seconds() / float(factor)


def _database(options: SessionOptions, settings: Settings, undo: ExitStack) -> Path:
    """The database's path; a demo has one of its own that goes when it ends."""
    if options.role is not Role.DEMO or options.db is not None:
        return settings.state_db_path
    folder = Path(mkdtemp(prefix="btcbot-demo-"))
    undo.callback(rmtree, folder, ignore_errors=True)
    return folder / "demo.db"


def _recorded_run(
    options: SessionOptions, dataset: Dataset, settings: Settings, store: Store
) -> RunRow:
    """The run that this is: the one the database holds, gone on with, or a new one.

    Raises ConfigError when the database was written by another dataset or by other settings.
    """
    settings_digest = settings.decisive_digest()
    source = f"{dataset.name}@{dataset.digest[:16]}"

    def named(ordinal: int) -> RunId:
        window = f"0..{dataset.steps}"
        return recorded_run_id(source, settings_digest, settings.sim_seed, window, ordinal)

    with store.read() as work:
        latest, count = work.runs.latest(), work.runs.count()
    run = named(count if options.is_new_run or latest is None else count - 1)
    if latest is not None and not options.is_new_run and latest.id != run:
        raise ConfigError(
            f"the database holds run {latest.id} on {latest.source}, with other data or other"
            " settings: name another --db, or start over beside it with --new-run"
        )
    return RunRow(
        id=run,
        stage=STAGE3.name,
        kind=RunKind.REPLAY,
        source=source,
        settings_digest=settings_digest,
        seed=settings.sim_seed,
        started_at=SystemClock().now(),
    )


def _paper(
    settings: Settings, dataset: Dataset, market: ReplayMarket, clock: Clock
) -> PaperExchange:
    rules = {symbol: pair.rules for symbol, pair in dataset.pairs.items()}
    policy = SimPolicy(
        fee_bps=settings.sim_fee_bps,
        slippage_bps=settings.sim_slippage_bps,
        latency=dataset.interval * settings.sim_latency_steps,
        participation_ratio=settings.sim_participation_ratio,
    )
    exchange = PaperExchange(PaperCore(rules, market, policy), PAPER_ACCOUNT, clock)
    exchange.restore({Asset(dataset.quote): settings.dry_run_try_balance}, ())
    return exchange


def _go_on(
    exchange: PaperExchange, store: Store, row: RunRow, timeline: Timeline, settings: Settings
) -> None:
    """Give the paper exchange back what the run held when it was last heard of."""
    with store.read() as work:
        carried, last = work.checkpoints.load(row.id), work.cycles.last(row.id)
    if carried is None:
        return
    if last is not None:
        timeline.advance(last.step - 1)
    ledger = carried.ledger
    if ledger.seq:
        held = {base_and_quote(s)[0]: h.qty for s, h in ledger.holdings.items() if h.qty}
        totals = {ledger.quote: ledger.cash_try, **held}
    else:
        totals = {ledger.quote: settings.dry_run_try_balance}
    exchange.restore(totals, tuple(carried.orders.values()))


def _latent(policy: Policy, settings: Settings) -> Policy:
    """On recorded data an order can fill only some steps after the one that sent it."""
    orders = msgspec.structs.replace(policy.orders, latency_steps=settings.sim_latency_steps)
    return msgspec.structs.replace(policy, orders=orders)


# ------------------------------------------------------- what commands need beside a session


@dataclass(frozen=True, slots=True)
class Guards:
    """A database's latch and lock, for commands that stop, reset or look."""

    database: Path
    latch: FileLatch
    gates: Gates
    clock: SystemClock

    def holder(self) -> Holder | None:
        """The runner that holds the database, if one lives."""
        return read_holder(lock_path(self.database))

    def reset(self, who: str, why: str) -> KillState:
        """Clear the latch under the instance lock, journal it, and say what it was.

        Raises AnotherInstanceError while a runner lives: its own console resets it.
        """
        with InstanceLock(lock_path(self.database), self.clock, "reset"):
            was = self.latch.state()
            if was.is_set and self.database.exists():
                store = SqliteStore(self.database)
                try:
                    with store.begin() as work:
                        work.audit.add(self.clock.now(), who, "reset", why)
                        work.commit()
                finally:
                    store.close()
            self.latch.clear()
        return was


def open_guards(db: str | None, env_file: str | None) -> Guards:
    """The guards of the database that flags and settings name; creates nothing."""
    flags = {"STATE_DB_PATH": db} if db else {}
    settings = load_settings(flags, None, Path(env_file) if env_file else None).settings
    database, clock = settings.state_db_path, SystemClock()
    latch = FileLatch(kill_path(database), clock)
    return Guards(database=database, latch=latch, gates=settings.gates(), clock=clock)


def open_reader(database: Path) -> Store:
    """The store for reading only; takes no lock and disturbs nobody."""
    return SqliteStore(database, mode="ro")


@dataclass(frozen=True, slots=True)
class ShownSettings:
    """Settings as they may be shown: text and source by name."""

    values: Mapping[str, tuple[str, str]]
    warnings: tuple[str, ...]


def show_settings(dataset: Path | None, env_file: Path | None, db: str | None) -> ShownSettings:
    """Every setting in force and where it comes from; values of secrets are masked."""
    profile: Mapping[str, str] = {}
    if dataset is not None:
        found = load(dataset)
        profile = {"SYMBOLS": ",".join(found.symbols), **found.profile}
    loaded = load_settings({"STATE_DB_PATH": db} if db else {}, profile, env_file)
    return ShownSettings(values=loaded.shown(), warnings=loaded.warnings)
