"""What an operator does to a run at rest: an act is an event, and one pure function applies it.

A command stores the act together with the state that it comes to (`app/resting.py`); `verify --run`
comes to that state from the act alone. So a checkpoint is its last cycle and the acts after it.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

import msgspec

from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.ids import ClientId, CycleId, EventId, RunId
from btcbot_core.domain.money import ONE, ZERO, canonical
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import UNRESOLVED, OrderEvent, OrderEventKind, OrderStatus
from btcbot_core.ledger.book import book
from btcbot_core.ledger.entries import LedgerEvent, LedgerEventKind
from btcbot_core.ledger.flows import Flow, with_flow
from btcbot_core.ledger.pnl import peak_with
from btcbot_core.oms.machine import Happening, apply, may
from btcbot_core.risk.degrade import cleared, overridden
from btcbot_core.strategy.adaptation import came_back

EVIDENCE_MAX = 200

replace = msgspec.structs.replace


class Fate(StrEnum):
    """The operator's word for what became of an order."""

    NOT_PLACED = "not-placed"
    GONE = "gone"
    CANCELED = "canceled"


class Resolution(msgspec.Struct, frozen=True, tag="resolve"):
    """What became of an order that nobody could explain, on the operator's own evidence."""

    order: ClientId
    fate: Fate


class Floor(msgspec.Struct, frozen=True, tag="degrade override"):
    """Hold the mode at least this strict until the time is over."""

    mode: RiskMode
    cooldown_s: int


class Clearing(msgspec.Struct, frozen=True, tag="degrade clear"):
    """Take the ladder down to its foot; the next anomaly takes it up again."""


class TakingBack(msgspec.Struct, frozen=True, tag="params reset"):
    """Bring the configured parameters back as a new version."""


Deed = Flow | Resolution | Floor | Clearing | TakingBack


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody does to a run at rest: who, why and when."""

    who: str
    why: str
    at: datetime
    deed: Deed


class ActRow(msgspec.Struct, frozen=True, kw_only=True):
    """An act as it is kept: with its place in the run, so that it can be done again there."""

    run_id: RunId
    step: int
    """Of the last whole cycle before it; −1 before the first."""
    cycle: CycleId
    """Whose state it found: that cycle's, or that of a turn that was cut after it."""
    left: Carried | None = None
    """The state that it found, where a turn that was cut left it: no cycle tells of that one."""
    act: Act


class Acted(msgspec.Struct, frozen=True, kw_only=True):
    """What an act comes to: the state that the next cycle starts from, and the journals' lines."""

    carried: Carried
    entries: tuple[LedgerEvent, ...] = ()
    events: tuple[OrderEvent, ...] = ()


_KINDS = {
    Fate.NOT_PLACED: OrderEventKind.GIVEN_UP,
    Fate.GONE: OrderEventKind.GIVEN_UP,
    Fate.CANCELED: OrderEventKind.CANCELED,
}


def word_of(deed: Deed) -> str:
    """What the audit calls it."""
    return str(deed.__struct_config__.tag)


def acted(carried: Carried, cycle: CycleId, act: Act) -> Acted:
    """What the act comes to on the state that `cycle` left.

    Raises ConfigError, in words for the operator, for what cannot be done to this state.
    """
    match act.deed:
        case Flow() as flow:
            return _flowed(carried, cycle, act, flow)
        case Resolution() as resolution:
            return _resolved(carried, cycle, act, resolution)
        case Floor(mode, cooldown_s):
            until = act.at + timedelta(seconds=cooldown_s)
            ladder = overridden(carried.degrade, mode, until, act.who, act.why)
            return Acted(carried=replace(carried, degrade=ladder))
        case Clearing():
            return Acted(carried=replace(carried, degrade=cleared()))
        case TakingBack():
            return _taken_back(carried, act)


def _flowed(carried: Carried, cycle: CycleId, act: Act, flow: Flow) -> Acted:
    """The peak moves along, so that a flow alone is neither a gain nor a drawdown (DEC-13)."""
    entry = _entry(carried, cycle, act, flow)
    ledger = book(carried.ledger, entry)
    peak_try = peak_with(carried.ledger, ledger, carried.marks, carried.peak_try)
    return Acted(carried=replace(carried, ledger=ledger, peak_try=peak_try), entries=(entry,))


def _entry(carried: Carried, cycle: CycleId, act: Act, flow: Flow) -> LedgerEvent:
    """The flow as a line of the journal: coins at the last price that was seen of them."""
    ledger, number = carried.ledger, carried.ledger.seq + 1
    if number == 1:
        raise ConfigError("the books are not open yet: the first cycle books what is there")
    if flow.amount == ZERO:
        raise ConfigError("--amount: nothing came and nothing went")
    entry = LedgerEvent(
        id=EventId(f"capital:{number}"),
        seq=number,
        kind=LedgerEventKind.CAPITAL,
        cycle_id=cycle,
        at=act.at,
        note=act.why,
    )
    if flow.asset == ledger.quote:
        _refuse_more_than(ledger.cash_try, flow)
        return with_flow(entry, flow, ledger.quote, ONE)
    symbol = Symbol(flow.asset + ledger.quote)
    price = carried.marks.get(symbol)
    if price is None:
        raise ConfigError(f"--asset: this run has seen no price of {flow.asset} in {ledger.quote}")
    _refuse_more_than(ledger.holding(symbol).qty, flow)
    return with_flow(entry, flow, ledger.quote, price)


def _refuse_more_than(held: Decimal, flow: Flow) -> None:
    if held + flow.amount < ZERO:
        raise ConfigError(f"--amount: the books hold {canonical(held)} {flow.asset}, no more")


def _resolved(carried: Carried, cycle: CycleId, act: Act, resolution: Resolution) -> Acted:
    name, kind = resolution.order, _KINDS[resolution.fate]
    order = carried.orders.get(name)
    if order is None or order.status not in UNRESOLVED:
        raise ConfigError(f"{name} is no unresolved order of this run: `unknown list` names them")
    evidence = f"{act.who}: {act.why}"[:EVIDENCE_MAX]
    said = Happening(kind=kind, at=act.at, cycle_id=cycle, evidence=evidence)
    events: tuple[OrderEvent, ...] = ()
    if order.status is OrderStatus.PLANNED:
        order, unheard = apply(order, replace(said, kind=OrderEventKind.NO_ANSWER))
        events = (unheard,)
    if not may(order.status, kind):
        raise ConfigError(f"{name} is {order.status}: it cannot be called {resolution.fate}")
    order, event = apply(order, said)
    orders = {**carried.orders, name: order}
    return Acted(carried=replace(carried, orders=orders), events=(*events, event))


def _taken_back(carried: Carried, act: Act) -> Acted:
    memory = carried.rebalance
    if memory.adaptation is None:
        return Acted(carried=carried)
    adaptation = came_back(memory.adaptation, f"reset by {act.who}: {act.why}")
    return Acted(carried=replace(carried, rebalance=replace(memory, adaptation=adaptation)))
