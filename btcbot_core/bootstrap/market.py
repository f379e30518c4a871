"""A dry run on live market data: BTCTurk's public API in, the paper exchange out."""

from contextlib import ExitStack
from decimal import Decimal
from random import Random, SystemRandom

from btcbot_core.adapters.btcturk.client import BtcturkClient
from btcbot_core.adapters.btcturk.line import ClientOptions
from btcbot_core.adapters.btcturk.market import BtcturkMarket
from btcbot_core.adapters.clock import LiveTimeline, SystemClock
from btcbot_core.adapters.latch import FileLatch, kill_path
from btcbot_core.adapters.lock import InstanceLock, lock_path
from btcbot_core.adapters.paper.core import PaperCore
from btcbot_core.adapters.paper.exchange import PaperExchange
from btcbot_core.adapters.paper.late import LatePaperExchange
from btcbot_core.adapters.paper.model import SimPolicy
from btcbot_core.adapters.paper.tape import ObservedMarket
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.app.frames import World
from btcbot_core.app.gate import Permit
from btcbot_core.app.runner import Plan
from btcbot_core.app.session import Schedule, Session
from btcbot_core.app.world import Ports
from btcbot_core.bootstrap.options import SessionOptions, live_pace_s
from btcbot_core.bootstrap.paper import PAPER_ACCOUNT, totals_of
from btcbot_core.cycle.cycle import Carried
from btcbot_core.cycle.stages import STAGE3
from btcbot_core.domain.errors import ConfigError, ExchangeUnavailableError
from btcbot_core.domain.ids import RunId
from btcbot_core.domain.records import RunKind, RunRow
from btcbot_core.domain.symbol import Asset, base_and_quote
from btcbot_core.ports import Store
from btcbot_core.settings import Settings
from btcbot_core.settings import load as load_settings


def open_dry_run(options: SessionOptions, undo: ExitStack) -> Session:
    """Wire a dry run on live data; what it opens goes onto `undo`. Needs no network yet."""
    flags = {"STATE_DB_PATH": str(options.db)} if options.db else {}
    if options.is_dry_run:
        flags["DRY_RUN"] = "true"
    settings = load_settings(flags, None, options.env_file).settings
    if not settings.dry_run:
        raise ConfigError(
            "DRY_RUN=false: `run` cannot trade live yet; say --dry-run, or set DRY_RUN=true"
        )
    pace_s, clock = live_pace_s(options), SystemClock()
    database = settings.state_db_path
    lock = InstanceLock(lock_path(database), clock, "stage 3, dry run")
    lock.acquire()
    undo.callback(lock.release)
    store = SqliteStore(database, synchronous="FULL")
    undo.callback(store.close)
    row, carried = _run(options, settings, store)
    client = public_client(settings)
    undo.callback(client.close)
    market = BtcturkMarket(client)
    undo.callback(market.close)
    observed = ObservedMarket(market)
    exchange = LatePaperExchange(lambda: _paper(settings, observed, clock, carried), clock)
    policy = settings.policy()
    plan = Plan(run=row.id, stage=STAGE3, policy=policy, symbols=settings.symbols)
    world = World(
        role=options.role,
        kind=row.kind,
        stage=STAGE3.name,
        steps=plan.phases,
        source=settings.btcturk_base_url,
        book="live",
        database=str(database),
        quote=_quote(settings),
        stale_after_s=policy.limits.max_data_age_s,
    )
    latch = FileLatch(kill_path(database), clock)
    ports = Ports(
        clock, clock, LiveTimeline(), observed, exchange, store, latch, Permit(latch, None)
    )
    schedule = Schedule(
        pace_s=pace_s, cycles_max=options.cycles_max, exit_on_kill=options.exit_on_kill
    )
    return Session(ports, plan, row, schedule, world, settings.gates(), undo.pop_all().close)


def public_client(settings: Settings) -> BtcturkClient:
    """A client without a key: it can read what everybody may, and nothing else."""
    # Jitter need not be repeatable on a live line.
    chance = Random(SystemRandom().getrandbits(64))  # noqa: S311 - spreads retries, no secret
    return BtcturkClient(_addresses(settings), SystemClock(), chance)


def _addresses(settings: Settings) -> ClientOptions:
    """Where the exchange is: a paper exchange answers for both of its hosts at one address."""
    usual = ClientOptions()
    base = settings.btcturk_base_url
    graph = settings.btcturk_graph_url or (usual.graph_url if base == usual.base_url else base)
    return ClientOptions(base_url=base, graph_url=graph)


def _run(
    options: SessionOptions, settings: Settings, store: Store
) -> tuple[RunRow, Carried | None]:
    """The dry run that the database holds goes on, under whatever settings; else a new one.

    Raises ConfigError when the database holds another kind of run.
    """
    source = settings.btcturk_base_url
    with store.read() as work:
        latest = work.runs.latest()
        if latest is not None and not options.is_new_run:
            if (latest.kind, latest.source) != (RunKind.DRY_RUN, source):
                raise ConfigError(
                    f"the database holds a {latest.kind} run on {latest.source}:"
                    " name another --db, or start over beside it with --new-run"
                )
            return latest, work.checkpoints.load(latest.id)
    row = RunRow(
        id=RunId(f"d{SystemRandom().getrandbits(64):016x}"),
        stage=STAGE3.name,
        kind=RunKind.DRY_RUN,
        source=source,
        settings_digest=settings.decisive_digest(),
        seed=settings.sim_seed,
        started_at=SystemClock().now(),
    )
    return row, None


def _paper(
    settings: Settings, market: ObservedMarket, clock: SystemClock, carried: Carried | None
) -> PaperExchange:
    rules = market.rules(settings.symbols)
    if not rules:
        raise ExchangeUnavailableError("the exchange lists none of the pairs in SYMBOLS")
    policy = SimPolicy(
        fee_bps=settings.sim_fee_bps,
        slippage_bps=settings.sim_slippage_bps,
        participation_ratio=settings.sim_participation_ratio,
    )
    exchange = PaperExchange(PaperCore(rules, market, policy), PAPER_ACCOUNT, clock)
    first: dict[Asset, Decimal] = {_quote(settings): settings.dry_run_try_balance}
    totals = totals_of(carried.ledger, settings.dry_run_try_balance) if carried else first
    exchange.restore(totals, tuple(carried.orders.values()) if carried else ())
    return exchange


def _quote(settings: Settings) -> Asset:
    """The one quote currency of all pairs."""
    quotes = {base_and_quote(symbol)[1] for symbol in settings.symbols}
    if len(quotes) > 1:
        raise ConfigError(
            f"SYMBOLS: expected one quote currency, found {', '.join(sorted(quotes))}"
        )
    return quotes.pop()
