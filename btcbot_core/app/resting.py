"""A run at rest, and the one way to change it: an act, stored with the state that it comes to."""

import msgspec

from btcbot_core.cycle.acts import Act, Acted, ActRow, acted
from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.ids import CycleId, RunId
from btcbot_core.domain.records import RunRow
from btcbot_core.domain.trading import UNRESOLVED, Order
from btcbot_core.ports import Store


class RestingRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that no runner holds, and what its next cycle would start from."""

    run: RunId
    step: int
    """Of its last whole cycle; −1 before the first."""
    cycle: CycleId
    """Whose state it is: the last cycle's, or that of a turn that was cut after it."""
    is_cut: bool
    carried: Carried


class Prepared(msgspec.Struct, frozen=True):
    """An act that is ready to be stored, and what it comes to."""

    resting: RestingRun
    act: Act
    done: Acted


def resting_run(store: Store, named: RunRow | None = None) -> RestingRun:
    """The latest run, or the named. Raises ConfigError when there is none that has begun."""
    with store.read() as work:
        run = named or work.runs.latest()
        cycle = None if run is None else work.checkpoints.cycle(run.id)
        carried = None if run is None else work.checkpoints.load(run.id)
        last = None if run is None else work.cycles.last(run.id)
    if run is None or cycle is None or carried is None:
        raise ConfigError("this database holds no run that has made a cycle yet")
    return RestingRun(
        run=run.id,
        step=-1 if last is None else last.step,
        cycle=cycle,
        is_cut=last is None or last.id != cycle,
        carried=carried,
    )


def unresolved(resting: RestingRun) -> tuple[Order, ...]:
    """Orders whose outcome is not known."""
    return tuple(o for o in resting.carried.orders.values() if o.status in UNRESOLVED)


def prepare(resting: RestingRun, act: Act) -> Prepared:
    """What the act would come to; nothing is stored. Raises ConfigError for what cannot be done."""
    return Prepared(resting, act, acted(resting.carried, resting.cycle, act))


def perform(store: Store, prepared: Prepared) -> Acted:
    """Make it durable at once: the act, what it writes into the journals, the state after it."""
    resting, done = prepared.resting, prepared.done
    row = ActRow(
        run_id=resting.run,
        step=resting.step,
        cycle=resting.cycle,
        left=resting.carried if resting.is_cut else None,
        act=prepared.act,
    )
    changed = {event.client_id: done.carried.orders[event.client_id] for event in done.events}
    with store.begin() as work:
        work.orders.apply(done.events, tuple(changed.values()))
        work.ledger.append(resting.run, done.entries)
        work.checkpoints.save(resting.run, resting.cycle, done.carried)
        work.audit.add_act(row)
        work.commit()
    return done
