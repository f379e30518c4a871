"""What an operator may change in a run at rest: the degrade ladder, an order nobody can explain."""

from datetime import datetime, timedelta

import msgspec

from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.ids import ClientId, CycleId, RunId
from btcbot_core.domain.records import RunRow
from btcbot_core.domain.trading import UNRESOLVED, Order, OrderEventKind, OrderStatus
from btcbot_core.oms.machine import Happening, apply, may
from btcbot_core.ports import Store
from btcbot_core.risk.degrade import LEVEL_OF, NOT_DEGRADED, Degrade, Override

replace = msgspec.structs.replace

RESOLUTIONS = {
    "not-placed": OrderEventKind.GIVEN_UP,
    "gone": OrderEventKind.GIVEN_UP,
    "canceled": OrderEventKind.CANCELED,
}
"""The operator's word for what became of an order, and what that is in the order machine."""


class Act(msgspec.Struct, frozen=True):
    """Who does something, why and when; it is journalled with what was done."""

    who: str
    why: str
    at: datetime


class RestingRun(msgspec.Struct, frozen=True):
    """A run that no runner holds, and what its next cycle would start from."""

    run: RunId
    cycle: CycleId
    """Whose state it is: the last cycle's, or that of a turn that was cut after it."""
    carried: Carried


def resting_run(store: Store, named: RunRow | None = None) -> RestingRun:
    """The latest run, or the named. Raises ConfigError when there is none that has begun."""
    with store.read() as work:
        run = named or work.runs.latest()
        cycle = None if run is None else work.checkpoints.cycle(run.id)
        carried = None if run is None else work.checkpoints.load(run.id)
    if run is None or cycle is None or carried is None:
        raise ConfigError("this database holds no run that has made a cycle yet")
    return RestingRun(run.id, cycle, carried)


def unresolved(resting: RestingRun) -> tuple[Order, ...]:
    """Orders whose outcome is not known."""
    return tuple(o for o in resting.carried.orders.values() if o.status in UNRESOLVED)


def resolve(store: Store, resting: RestingRun, name: str, word: str, act: Act) -> Order:
    """Say what became of an order, on the operator's own evidence.

    Raises ConfigError for an order that is not unresolved, or a word that does not fit it.
    """
    order = resting.carried.orders.get(ClientId(name))
    if order is None or order.status not in UNRESOLVED:
        raise ConfigError(f"{name} is no unresolved order of this run: `unknown list` names them")
    kind = RESOLUTIONS[word]
    if order.status is OrderStatus.PLANNED:
        order, _ = apply(order, _happening(OrderEventKind.NO_ANSWER, resting, act))
    if not may(order.status, kind):
        raise ConfigError(f"{name} is {order.status}: it cannot be called {word}")
    changed, event = apply(order, _happening(kind, resting, act))
    orders = {**resting.carried.orders, changed.client_id: changed}
    carried = replace(resting.carried, orders=orders)
    with store.begin() as work:
        work.orders.apply([event], [changed])
        work.checkpoints.save(resting.run, resting.cycle, carried)
        work.audit.add(act.at, act.who, "resolve", f"{name} {word}: {act.why}")
        work.commit()
    return changed


def clear_degrade(store: Store, resting: RestingRun, act: Act) -> Degrade:
    """Take the ladder down to its foot; the next anomaly takes it up again."""
    return _set_degrade(store, resting, NOT_DEGRADED, act, "degrade clear")


def override_degrade(
    store: Store, resting: RestingRun, mode: RiskMode, cooldown_s: int, act: Act
) -> Degrade:
    """Hold the mode at least this strict until the time is over."""
    until = act.at + timedelta(seconds=cooldown_s)
    floor = Override(LEVEL_OF[mode], until, act.who, act.why)
    state = replace(resting.carried.degrade, override=floor)
    return _set_degrade(store, resting, state, act, f"degrade override {mode}")


def _set_degrade(
    store: Store, resting: RestingRun, state: Degrade, act: Act, words: str
) -> Degrade:
    carried = replace(resting.carried, degrade=state)
    with store.begin() as work:
        work.checkpoints.save(resting.run, resting.cycle, carried)
        work.audit.add(act.at, act.who, words, act.why)
        work.commit()
    return state


def _happening(kind: OrderEventKind, resting: RestingRun, act: Act) -> Happening:
    evidence = f"{act.who}: {act.why}"[:200]
    return Happening(kind=kind, at=act.at, cycle_id=resting.cycle, evidence=evidence)
