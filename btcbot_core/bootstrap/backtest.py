"""A backtest: a dataset, its window, the paper exchange, and a database written in batches."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.latch import FileLatch, kill_path
from btcbot_core.adapters.lock import InstanceLock, lock_path
from btcbot_core.adapters.replay.clock import ReplayTimeline, clock_of, window_of
from btcbot_core.adapters.replay.dataset import Dataset, load
from btcbot_core.adapters.replay.market import ReplayMarket
from btcbot_core.adapters.sqlite.batched import BatchedStore
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.app.backtest import Backtest
from btcbot_core.app.gate import Permit
from btcbot_core.app.runner import Plan
from btcbot_core.app.world import Ports
from btcbot_core.bootstrap.choices import recorded_choices
from btcbot_core.bootstrap.recorded import go_on, known_symbols, latent, paper_on, refusing
from btcbot_core.cycle.stages import STAGE7
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.ids import recorded_run_id
from btcbot_core.domain.records import CycleRow, RunKind, RunRow
from btcbot_core.ports import Progress, Store, unheard
from btcbot_core.settings import Loaded
from btcbot_core.settings import load as load_settings

PAGE_BYTES = 65_536
"""A cycle's row is over a kilobyte: in small pages a third of the file would stand empty."""


@dataclass(frozen=True, slots=True)
class BacktestOptions:
    """What a backtest is a function of, and where it is written."""

    dataset: Path
    out_db: Path
    start: datetime | None = None
    end: datetime | None = None
    seed: int | None = None
    adapts: bool | None = None
    env_file: Path | None = None


@dataclass(frozen=True, slots=True)
class OpenBacktest:
    """A wired backtest and how to let go of it."""

    backtest: Backtest
    warnings: tuple[str, ...]
    close: Callable[[], None]


def open_backtest(options: BacktestOptions, progress: Progress = unheard) -> OpenBacktest:
    """Wire a backtest and take its database's lock; tells of bytes read.

    Raises ConfigError or DatasetError for what was asked, AnotherInstanceError when the database
    is in use, StoreError when it cannot be used. Nothing is held when it raises.
    """
    with ExitStack() as undo:
        dataset = load(options.dataset, progress)
        return _wire(options, dataset, _load(options, dataset), undo)


def _load(options: BacktestOptions, dataset: Dataset) -> Loaded:
    flags = {"STATE_DB_PATH": str(options.out_db), "DRY_RUN": "true"}
    if options.seed is not None:
        flags["SIM_SEED"] = str(options.seed)
    if options.adapts is not None:
        flags["STAGE7_ADAPT"] = str(options.adapts).lower()
    profile = {"SYMBOLS": ",".join(dataset.symbols), **dataset.profile}
    return load_settings(flags, profile, options.env_file)


def _wire(
    options: BacktestOptions, dataset: Dataset, loaded: Loaded, undo: ExitStack
) -> OpenBacktest:
    settings, database = loaded.settings, loaded.settings.state_db_path
    symbols = known_symbols(settings.symbols, dataset)
    window = window_of(dataset, options.start, options.end)
    if not window:
        raise ConfigError(
            f"--start, --end: no step of {dataset.name} lies between them; it has {dataset.steps}"
            f" from {dataset.first_open + dataset.interval:%Y-%m-%dT%H:%M:%SZ} on"
        )
    lock = InstanceLock(lock_path(database), SystemClock(), f"backtest on {dataset.name}")
    lock.acquire()
    undo.callback(lock.release)
    # What is lost can be run again: a commit need not outlive a power cut (DEC-15).
    inner = SqliteStore(database, synchronous="NORMAL", page_bytes=PAGE_BYTES, is_held=lock.held)
    undo.callback(inner.close)
    follower = _Follower()
    store = BatchedStore(inner, follow=follower)
    undo.callback(store.close)
    row = _row(dataset, loaded, window)
    _require_same(store, row)
    clock = clock_of(dataset)
    timeline = ReplayTimeline(dataset, clock, window)
    market = ReplayMarket(dataset, clock)
    exchange = paper_on(settings, dataset, market, clock)
    go_on(exchange, store, row, timeline, settings)
    port = refusing(exchange, clock, settings)
    latch = FileLatch(kill_path(database), SystemClock())
    seen = recorded_choices(market, STAGE7, settings)
    ports = Ports(clock, SystemClock(), timeline, seen, port, store, latch, Permit(latch, None))
    policy = latent(settings.policy(), settings)
    plan = Plan(run=row.id, stage=STAGE7, policy=policy, symbols=symbols)
    backtest = Backtest(ports, plan, row, store, window.start)
    follower.backtest = backtest
    return OpenBacktest(backtest, (*loaded.warnings, *dataset.warnings), undo.pop_all().close)


class _Follower:
    """Tells the backtest of each row; the store stands before it does."""

    def __init__(self) -> None:
        self.backtest: Backtest | None = None

    def __call__(self, row: CycleRow) -> None:
        if self.backtest is not None:
            self.backtest.fingerprint.add(row)


def _row(dataset: Dataset, loaded: Loaded, window: range) -> RunRow:
    settings = loaded.settings
    digest, source = settings.decisive_digest(), f"{dataset.name}@{dataset.digest[:16]}"
    named = f"{STAGE7.name}|backtest|{window.start}..{window.stop}"
    return RunRow(
        # Equal data in another folder are the same run.
        id=recorded_run_id(dataset.digest, digest, settings.sim_seed, named, 0),
        stage=STAGE7.name,
        kind=RunKind.BACKTEST,
        source=source,
        settings_digest=digest,
        seed=settings.sim_seed,
        started_at=SystemClock().now(),
    )


def _require_same(store: Store, row: RunRow) -> None:
    """One database, one backtest. Raises ConfigError when it holds another."""
    with store.read() as work:
        latest = work.runs.latest()
    if latest is not None and latest.id != row.id:
        raise ConfigError(
            f"--out-db: the database holds run {latest.id} on {latest.source}, with other data,"
            " settings, seed or window: name another"
        )
