"""A run on recorded data: dataset, its clock, the paper exchange, and the run it goes on with."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import msgspec

from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.latch import FileLatch, kill_path
from btcbot_core.adapters.lock import InstanceLock, lock_path
from btcbot_core.adapters.paper.core import PaperCore
from btcbot_core.adapters.paper.exchange import PaperExchange
from btcbot_core.adapters.paper.model import FillModel, SimPolicy
from btcbot_core.adapters.paper.rejecting import RejectingExchange
from btcbot_core.adapters.replay.clock import ReplayTimeline, clock_of
from btcbot_core.adapters.replay.dataset import Dataset, load
from btcbot_core.adapters.replay.market import ReplayMarket
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.app.frames import Role, World
from btcbot_core.app.gate import Permit
from btcbot_core.app.runner import Plan
from btcbot_core.app.session import Schedule, Session
from btcbot_core.app.world import Ports
from btcbot_core.bootstrap.choices import recorded_choices
from btcbot_core.bootstrap.options import SessionOptions, recorded_pace_s, stage_of
from btcbot_core.bootstrap.paper import PAPER_ACCOUNT, totals_of
from btcbot_core.cycle.stages import Stage
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.ids import RunId, recorded_run_id
from btcbot_core.domain.policy import Policy
from btcbot_core.domain.records import RunKind, RunRow
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.ports import Clock, ExchangePort, Store, Timeline
from btcbot_core.settings import Loaded, Settings
from btcbot_core.settings import load as load_settings


def open_recorded(options: SessionOptions, folder: Path, undo: ExitStack) -> Session:
    """Wire a session on a dataset; what it opens goes onto `undo`."""
    dataset = load(folder)
    return _wire(options, dataset, _load(options, dataset), undo)


def _load(options: SessionOptions, dataset: Dataset) -> Loaded:
    """Settings for a run on this dataset. A demo depends on nothing that the machine has set."""
    flags = {"STATE_DB_PATH": str(options.db)} if options.db else {}
    if options.is_dry_run:
        flags["DRY_RUN"] = "true"
    profile = {"SYMBOLS": ",".join(dataset.symbols), **dataset.profile}
    environment: Mapping[str, str] | None = {} if options.role is Role.DEMO else None
    return load_settings(flags, profile, options.env_file, environment)


def _wire(options: SessionOptions, dataset: Dataset, loaded: Loaded, undo: ExitStack) -> Session:
    settings, stage = loaded.settings, stage_of(options)
    symbols = known_symbols(settings.symbols, dataset)
    pace_s = recorded_pace_s(options, dataset.interval.total_seconds())
    database = _database(options, settings, undo)
    lock = InstanceLock(lock_path(database), SystemClock(), f"{stage.name} on {dataset.name}")
    lock.acquire()
    undo.callback(lock.release)
    # Recorded data can be traded again: a commit need not outlive a power cut (DEC-15).
    store = SqliteStore(database, synchronous="NORMAL", is_held=lock.held)
    undo.callback(store.close)
    row = _recorded_run(options, dataset, settings, store, stage)
    clock = clock_of(dataset)
    timeline = ReplayTimeline(dataset, clock)
    market = ReplayMarket(dataset, clock)
    exchange = paper_on(settings, dataset, market, clock)
    go_on(exchange, store, row, timeline, settings)
    port = refusing(exchange, clock, settings)
    policy = latent(settings.policy(), settings)
    plan = Plan(run=row.id, stage=stage, policy=policy, symbols=symbols)
    world = World(
        role=options.role,
        kind=row.kind,
        stage=stage.name,
        steps=plan.phases,
        source=dataset.name,
        book=dataset.book_label,
        database=str(database),
        quote=dataset.quote,
        total_steps=timeline.total(),
        stale_after_s=policy.limits.max_data_age_s,
    )
    latch = FileLatch(kill_path(database), SystemClock())
    seen = recorded_choices(market, stage, settings)
    ports = Ports(clock, SystemClock(), timeline, seen, port, store, latch, Permit(latch, None))
    schedule = Schedule(
        pace_s=pace_s,
        cycles_max=options.cycles_max,
        may_change_pace=True,
        exit_on_kill=options.exit_on_kill,
    )
    return Session(ports, plan, row, schedule, world, settings.gates(), undo.pop_all().close)


def known_symbols(symbols: tuple[Symbol, ...], dataset: Dataset) -> tuple[Symbol, ...]:
    """The symbols, all in the dataset. Raises ConfigError for one that is not."""
    if absent := [symbol for symbol in symbols if symbol not in dataset.pairs]:
        raise ConfigError(f"SYMBOLS: {', '.join(absent)} not in the dataset {dataset.name}")
    return symbols


def _database(options: SessionOptions, settings: Settings, undo: ExitStack) -> Path:
    """The database's path; a demo has one of its own that goes when it ends."""
    if options.role is not Role.DEMO or options.db is not None:
        return settings.state_db_path
    folder = Path(mkdtemp(prefix="btcbot-demo-"))
    undo.callback(rmtree, folder, ignore_errors=True)
    return folder / "demo.db"


def _recorded_run(
    options: SessionOptions, dataset: Dataset, settings: Settings, store: Store, stage: Stage
) -> RunRow:
    """The run that this is: the one the database holds, gone on with, or a new one.

    Raises ConfigError when the database was written by another dataset or by other settings.
    """
    settings_digest = settings.decisive_digest()
    source = f"{dataset.name}@{dataset.digest[:16]}"

    def named(ordinal: int) -> RunId:
        window = f"{stage.name}|0..{dataset.steps}"
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
        stage=stage.name,
        kind=RunKind.REPLAY,
        source=source,
        settings_digest=settings_digest,
        seed=settings.sim_seed,
        started_at=SystemClock().now(),
    )


def paper_on(
    settings: Settings, dataset: Dataset, market: ReplayMarket, clock: Clock
) -> PaperExchange:
    """A paper exchange that trades against a recording, with its first balance."""
    rules = {symbol: pair.rules for symbol, pair in dataset.pairs.items()}
    policy = SimPolicy(
        fee_bps=settings.sim_fee_bps,
        slippage_bps=settings.sim_slippage_bps,
        latency=dataset.interval * settings.sim_latency_steps,
        participation_ratio=settings.sim_participation_ratio,
        fill_model=FillModel(settings.sim_fill_model),
    )
    exchange = PaperExchange(PaperCore(rules, market, policy), PAPER_ACCOUNT, clock)
    exchange.restore({Asset(dataset.quote): settings.dry_run_try_balance}, ())
    return exchange


def refusing(exchange: PaperExchange, clock: Clock, settings: Settings) -> ExchangePort:
    """The exchange as it is, or one that refuses as many orders as the settings want."""
    if not settings.sim_reject_bps:
        return exchange
    return RejectingExchange(exchange, clock, settings.sim_seed, settings.sim_reject_bps)


def go_on(
    exchange: PaperExchange, store: Store, row: RunRow, timeline: Timeline, settings: Settings
) -> None:
    """Give the paper exchange back what the run held when it was last heard of."""
    with store.read() as work:
        carried, last = work.checkpoints.load(row.id), work.cycles.last(row.id)
    if carried is None:
        return
    if last is not None:
        timeline.advance(last.step - 1)
    totals = totals_of(carried.ledger, settings.dry_run_try_balance)
    exchange.restore(totals, tuple(carried.orders.values()))


def latent(policy: Policy, settings: Settings) -> Policy:
    """On recorded data an order can fill only some steps after the one that sent it."""
    orders = msgspec.structs.replace(policy.orders, latency_steps=settings.sim_latency_steps)
    return msgspec.structs.replace(policy, orders=orders)
