"""Wires a bot as a live one is wired, with every port at a simulated end; one for each life."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from btcbot_core.adapters.latch import FileLatch
from btcbot_core.adapters.witness import FileWitness
from btcbot_core.app.arming import Arming, Situation
from btcbot_core.app.frames import Role, World
from btcbot_core.app.gate import Permit
from btcbot_core.app.lease import Grant, Lease, LeaseLimits
from btcbot_core.app.runner import Plan
from btcbot_core.app.session import Schedule, Session
from btcbot_core.app.world import Ports
from btcbot_core.cycle.stages import STAGE3, STAGE4
from btcbot_core.domain.gates import Gates
from btcbot_core.domain.ids import RunId
from btcbot_core.domain.policy import (
    LimitPolicy,
    OrderPolicy,
    Policy,
    RiskPolicy,
    StrategyPolicy,
)
from btcbot_core.domain.records import RunKind, RunRow
from btcbot_core.ports import ExchangePort, KillLatch, MarketDataPort, Store, Timeline
from tests.simulation.events import Story
from tests.simulation.market import SYMBOLS, TRY
from tests.simulation.secrecy import SECRETS
from tests.simulation.virtual import T0, MachineClock

RUN = RunId("l00000000000000a1")
OPEN_GATES = Gates(dry_run=False, kill_switch=False, live_trading=True, acknowledged=True)
LIMITS = LeaseLimits(
    max_order_try=Decimal(1_000_000),
    max_exposure_try=Decimal(1_000_000),
    max_open_orders=50,
    symbols=SYMBOLS,
)
# Many orders with short lives: what can go wrong with them shall.
POLICY = Policy(
    strategy=StrategyPolicy(
        min_profit_bps=Decimal(0),
        entry_budget_try=Decimal(1500),
        take_profit_ratio=Decimal("0.5"),
        stop_loss_bps=Decimal(20),
    ),
    limits=LimitPolicy(max_orders_per_cycle=3, max_notional_per_cycle_try=Decimal(5000)),
    orders=OrderPolicy(ttl_s=90),
    risk=RiskPolicy(
        max_drawdown_try=Decimal(20_000),
        max_drawdown_ratio=Decimal("0.9"),
        max_daily_loss_try=Decimal(20_000),
        max_daily_drawdown_try=Decimal(20_000),
    ),
)


class Tampering:
    """Which real part is replaced by a broken one. This one replaces none."""

    def exchange(self, exchange: ExchangePort) -> ExchangePort:
        return exchange

    def store(self, store: Store) -> Store:
        return store

    def permit(self, latch: KillLatch, lease: Lease) -> Permit:
        return Permit(latch, lease)

    def plan(self, plan: Plan) -> Plan:
        return plan

    def secrets(self) -> tuple[str, ...]:
        """What the log knows that it must not hold."""
        return SECRETS

    def session(self, session: Session, ports: Ports) -> None:
        """Change what a session holds inside."""


@dataclass(frozen=True)
class Ends:
    """The simulated ends of the ports that outlive a process."""

    clock: MachineClock
    timeline: Timeline
    market: MarketDataPort
    gates: Callable[[], Gates]
    witness: FileWitness


def session_of(
    story: Story,
    ends: Ends,
    guards: tuple[FileLatch, Lease, Permit],
    exchange: ExchangePort,
    store: Store,
    tampering: Tampering,
) -> Session:
    """One process, started."""
    clock = ends.clock
    latch, lease, permit = guards
    stage = STAGE3 if story.stage == 3 else STAGE4
    plan = tampering.plan(Plan(run=RUN, stage=stage, policy=POLICY, symbols=SYMBOLS))
    ports = Ports(
        clock,
        clock,
        ends.timeline,
        ends.market,
        tampering.exchange(exchange),
        tampering.store(store),
        latch,
        permit,
        witness=ends.witness.write,
        is_shared=True,
    )
    unattended = Grant(who="environment", why="simulated", limits=LIMITS, minutes=None)
    arming = Arming(
        lease,
        clock,
        lambda: Situation(ends.gates(), "digest"),
        "host",
        unattended=unattended if story.is_unattended else None,
        limits=LIMITS,
    )
    row, schedule = _row(stage.name), Schedule(pace_s=0.0)
    session = Session(ports, plan, row, schedule, _world(plan), OPEN_GATES, lambda: None, arming)
    tampering.session(session, ports)
    return session


def _row(stage: str) -> RunRow:
    return RunRow(
        id=RUN,
        stage=stage,
        kind=RunKind.LIVE,
        source="simulation",
        settings_digest="digest",
        seed=0,
        started_at=T0,
    )


def _world(plan: Plan) -> World:
    return World(
        role=Role.HOST,
        kind=RunKind.LIVE,
        stage=plan.stage.name,
        steps=plan.phases,
        source="simulation",
        book="live",
        database="simulation",
        quote=TRY,
    )
