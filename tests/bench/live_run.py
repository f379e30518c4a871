"""A live session of stage 4 with all that is ours, on a market and an exchange in this process.

Store, witness, latch, lease, log, the listening of a shared account: as `bootstrap/live.py` wires
them. The time that market and exchange take is counted apart: it stands for the network's.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.latch import FileLatch, kill_path
from btcbot_core.adapters.paper.exchange import PaperExchange
from btcbot_core.adapters.replay.clock import ReplayTimeline, clock_of
from btcbot_core.adapters.replay.dataset import load
from btcbot_core.adapters.replay.market import ReplayMarket
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.app.frames import Role, World
from btcbot_core.app.gate import Permit
from btcbot_core.app.lease import Grant, Lease, LeaseLimits
from btcbot_core.app.runner import Plan
from btcbot_core.app.session import Schedule, Session
from btcbot_core.app.world import Ports
from btcbot_core.bootstrap.log import open_log
from btcbot_core.bootstrap.recorded import paper_on
from btcbot_core.bootstrap.witnessed import witnessed
from btcbot_core.cycle.stages import STAGE4
from btcbot_core.domain.account import Accounts
from btcbot_core.domain.ids import RunId
from btcbot_core.domain.market import MarketSnapshot
from btcbot_core.domain.records import RunKind, RunRow
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Answer, Fill, Intent, Order, OrderView
from btcbot_core.ports import Timeline
from btcbot_core.settings import load as load_settings

RUN = RunId("lbench0000000000")
SETTINGS = {
    "DRY_RUN_TRY_BALANCE": "1000000",
    "ENTRY_BUDGET_TRY": "1000",
    "TRY_CASH_TARGET": "0",
    "NOTIONAL_CAP_TRY_PER_CYCLE": "20000",
    "MAX_ORDERS_PER_CYCLE": "5",
    "MAX_OPEN_ORDERS": "2000",
    "MIN_PROFIT_BPS": "0",
    "STOP_LOSS_BPS": "20",
    "COOLDOWN_SECONDS": "60",
    "TRY_CASH_MAX": "",
    "RISK_MAX_ORDER_NOTIONAL_TRY": "100000",
    "RISK_MAX_GROSS_EXPOSURE_TRY": "1000000",
    "MAX_POSITION_NOTIONAL_TRY": "1000000",
    "RISK_MAX_DRAWDOWN_TRY": "1000000",
    "RISK_MAX_DAILY_DRAWDOWN_TRY": "1000000",
    "STRATEGIES": "profit_aware,mean_reversion",
}
NO_MORE: Mapping[str, str] = {}


class Spent(NamedTuple):
    """Seconds, by the wall and of this process."""

    wall_s: float
    cpu_s: float

    @staticmethod
    def now() -> "Spent":
        return Spent(time.perf_counter(), time.process_time())

    def since(self, earlier: "Spent") -> "Spent":
        return Spent(self.wall_s - earlier.wall_s, self.cpu_s - earlier.cpu_s)


class Outside:
    """What stands for the network: counts the time that is not ours."""

    def __init__(self) -> None:
        self.spent = Spent(0.0, 0.0)

    @contextmanager
    def away(self) -> Iterator[None]:
        left = Spent.now()
        try:
            yield
        finally:
            was = Spent.now().since(left)
            self.spent = Spent(self.spent.wall_s + was.wall_s, self.spent.cpu_s + was.cpu_s)


class FarMarket:
    def __init__(self, inner: ReplayMarket, outside: Outside) -> None:
        self._inner, self._outside = inner, outside

    def snapshot(self, symbols: Sequence[Symbol]) -> MarketSnapshot:
        with self._outside.away():
            return self._inner.snapshot(symbols)

    def rules(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PairRules]:
        with self._outside.away():
            return self._inner.rules(symbols)


class FarExchange:
    def __init__(self, inner: PaperExchange, outside: Outside) -> None:
        self._inner, self._outside = inner, outside

    def balances(self) -> Accounts:
        with self._outside.away():
            return self._inner.balances()

    def open_orders(self, symbol: Symbol | None) -> tuple[OrderView, ...]:
        with self._outside.away():
            return self._inner.open_orders(symbol)

    def find_order(self, order: Order) -> OrderView | None:
        with self._outside.away():
            return self._inner.find_order(order)

    def fills(self, symbol: Symbol | None, since: datetime) -> tuple[Fill, ...]:
        with self._outside.away():
            return self._inner.fills(symbol, since)

    def submit(self, intent: Intent) -> Answer:
        with self._outside.away():
            return self._inner.submit(intent)

    def cancel(self, order: Order) -> Answer:
        with self._outside.away():
            return self._inner.cancel(order)


class LiveRun:
    """A dataset, a database and an exchange; `session` starts the bot on them."""

    def __init__(self, dataset: Path, database: Path, extra: Mapping[str, str] = NO_MORE) -> None:
        self.database = database
        self.dataset = load(dataset)
        profile = {"SYMBOLS": ",".join(self.dataset.symbols), **SETTINGS, **extra}
        self.settings = load_settings({}, profile, None, {}).settings
        self.clock = clock_of(self.dataset)
        self.market = ReplayMarket(self.dataset, self.clock)
        self.exchange = paper_on(self.settings, self.dataset, self.market, self.clock)
        self.outside = Outside()
        self.timeline: Timeline = ReplayTimeline(self.dataset, self.clock)
        self.row = RunRow(
            id=RUN,
            stage=STAGE4.name,
            kind=RunKind.LIVE,
            source="bench",
            settings_digest="-",
            seed=0,
            started_at=SystemClock().now(),
        )

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        return self.settings.symbols

    def session(self, undo: ExitStack, cycles_max: int | None = None) -> Session:
        """Opens database and log as a start does; `undo` closes them."""
        log = open_log(self.settings, self.database, undo)
        witness = witnessed(self.database)
        store = SqliteStore(self.database, synchronous="FULL")
        undo.callback(store.close)
        latch, lease = FileLatch(kill_path(self.database), SystemClock()), Lease(SystemClock())
        lease.grant(self._grant())
        ports = Ports(
            self.clock,
            SystemClock(),
            self.timeline,
            FarMarket(self.market, self.outside),
            FarExchange(self.exchange, self.outside),
            store,
            latch,
            Permit(latch, lease),
            witness=witness.write,
            is_shared=True,
        )
        plan = Plan(
            run=RUN, stage=STAGE4, policy=self.settings.policy(), symbols=self.settings.symbols
        )
        world = World(
            role=Role.HOST,
            kind=RunKind.LIVE,
            stage=STAGE4.name,
            steps=plan.phases,
            source="bench",
            book="modelled",
            database=str(self.database),
            quote=self.dataset.quote,
        )
        schedule = Schedule(pace_s=0.0, cycles_max=cycles_max)
        gates = self.settings.gates()
        session = Session(ports, plan, self.row, schedule, world, gates, undo.pop_all().close)
        session.observe(log)
        return session

    def _grant(self) -> Grant:
        most = Decimal(10**9)
        limits = LeaseLimits(
            max_order_try=most,
            max_exposure_try=most,
            max_open_orders=10_000,
            symbols=self.settings.symbols,
        )
        return Grant(who="bench", why="bench", limits=limits, minutes=None)
