"""A dry run on live market data: BTCTurk's public API in, the paper exchange out."""

from collections.abc import Mapping
from contextlib import ExitStack
from decimal import Decimal

from btcbot_core.adapters.btcturk.market import BtcturkMarket
from btcbot_core.adapters.choices import LastDay
from btcbot_core.adapters.clock import LiveTimeline, SystemClock
from btcbot_core.adapters.latch import FileLatch, kill_path
from btcbot_core.adapters.lock import InstanceLock, lock_path
from btcbot_core.adapters.paper.core import PaperCore
from btcbot_core.adapters.paper.exchange import PaperExchange
from btcbot_core.adapters.paper.late import LatePaperExchange
from btcbot_core.adapters.paper.model import FillModel, SimPolicy
from btcbot_core.adapters.paper.tape import ObservedMarket
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.app.gate import Permit
from btcbot_core.app.session import Session
from btcbot_core.app.world import Ports
from btcbot_core.bootstrap.choices import live_choices
from btcbot_core.bootstrap.lines import public_client, quote_of
from btcbot_core.bootstrap.log import open_log
from btcbot_core.bootstrap.options import SessionOptions, stage_of
from btcbot_core.bootstrap.paper import PAPER_ACCOUNT, totals_of
from btcbot_core.bootstrap.realtime import plan_of, schedule_of, world_of
from btcbot_core.bootstrap.runs import continued_run
from btcbot_core.bootstrap.witnessed import witnessed
from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.errors import ExchangeUnavailableError
from btcbot_core.domain.records import RunKind
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.settings import Settings


def open_dry_run(options: SessionOptions, settings: Settings, undo: ExitStack) -> Session:
    """Wire a dry run on live data; what it opens goes onto `undo`. Needs no network yet."""
    schedule, clock, stage = schedule_of(options), SystemClock(), stage_of(options)
    database = settings.state_db_path
    lock = InstanceLock(lock_path(database), clock, f"{stage.name}, dry run")
    lock.acquire()
    undo.callback(lock.release)
    log = open_log(settings, database, undo)
    witness = witnessed(database)
    store = SqliteStore(database, synchronous="FULL", is_held=lock.held)
    undo.callback(store.close)
    row, carried = continued_run(options, settings, store, RunKind.DRY_RUN, stage.name)
    client = public_client(settings)
    undo.callback(client.close)
    market = BtcturkMarket(client)
    undo.callback(market.close)
    seen = live_choices(market, lambda: last_days(market), stage, settings)
    observed = ObservedMarket(seen)
    exchange = LatePaperExchange(lambda: _paper(settings, observed, clock, carried), clock)
    plan = plan_of(options, settings, row)
    world = world_of(options, settings, plan, row)
    latch = FileLatch(kill_path(database), clock)
    permit = Permit(latch, None)
    ports = Ports(
        clock,
        clock,
        LiveTimeline(),
        observed,
        exchange,
        store,
        latch,
        permit,
        vitals=client.vitals,
        witness=witness.write,
    )
    session = Session(ports, plan, row, schedule, world, settings.gates(), undo.pop_all().close)
    session.observe(log)
    return session


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
        fill_model=FillModel(settings.sim_fill_model),
    )
    exchange = PaperExchange(PaperCore(rules, market, policy), PAPER_ACCOUNT, clock)
    first: dict[Asset, Decimal] = {quote_of(settings): settings.dry_run_try_balance}
    totals = totals_of(carried.ledger, settings.dry_run_try_balance) if carried else first
    exchange.restore(totals, tuple(carried.orders.values()) if carried else ())
    return exchange


def last_days(market: BtcturkMarket) -> Mapping[Symbol, LastDay]:
    """What the exchange's tickers say of each pair's last day."""
    return {
        symbol: LastDay(ticker.last, ticker.volume) for symbol, ticker in market.tickers().items()
    }
