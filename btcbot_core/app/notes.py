"""What a cycle has to tell the operator, as log lines: only what is news."""

from collections.abc import Iterator

from btcbot_core.app.frames import Note, NoteLevel
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.domain.decisions import Action, RiskMode
from btcbot_core.domain.money import canonical
from btcbot_core.domain.symbol import Asset
from btcbot_core.domain.trading import OrderEvent, OrderEventKind
from btcbot_core.ledger.entries import LedgerEvent, LedgerEventKind
from btcbot_core.ledger.flows import Flow
from btcbot_core.ledger.journal import BY_HAND

_LEVELS = {
    OrderEventKind.REJECTED: NoteLevel.WARNING,
    OrderEventKind.NOT_SENT: NoteLevel.WARNING,
    OrderEventKind.NO_ANSWER: NoteLevel.ERROR,
    OrderEventKind.ABSENT: NoteLevel.WARNING,
    OrderEventKind.GIVEN_UP: NoteLevel.WARNING,
}
_QUIET = frozenset({OrderEventKind.PLANNED, OrderEventKind.FILLED, OrderEventKind.CANCEL_SENT})
"""A plan and a cancel are told when they are decided; a fill is told with its price."""


def notes_of(cycle: Cycle, before: Cycle | None) -> Iterator[Note]:
    """The news of a cycle, oldest first; of a change only where the cycle before it is known."""
    if before is not None:
        yield from _changes(cycle, before)
    for decision in cycle.decisions:
        if decision.action is Action.CANCEL:
            words = f"cancel {decision.symbol} {decision.side}: {decision.reason}"
            yield Note(cycle.at, NoteLevel.INFO, words)
    for event in cycle.order_events:
        if event.kind not in _QUIET:
            yield Note(cycle.at, _LEVELS.get(event.kind, NoteLevel.INFO), _event_line(cycle, event))
    for entry in cycle.ledger_events:
        if entry.note == BY_HAND and entry.kind is LedgerEventKind.FILL:
            size = f"{canonical(entry.qty)} at {canonical(entry.price)}"
            words = f"traded by hand: {entry.symbol} {entry.side} {size}; booked"
            yield Note(cycle.at, NoteLevel.WARNING, words)
        elif entry.note.startswith(BY_HAND) and entry.kind is LedgerEventKind.CAPITAL:
            yield Note(cycle.at, NoteLevel.WARNING, f"traded {entry.note}; {_flow(cycle, entry)}")
    for fill in cycle.fills:
        words = f"filled {fill.symbol} {fill.side} {canonical(fill.qty)} at {canonical(fill.price)}"
        yield Note(cycle.at, NoteLevel.INFO, words)


def _changes(cycle: Cycle, before: Cycle) -> Iterator[Note]:
    """What is otherwise than a cycle ago: the mode, and of rebalancing its pairs and parameters."""
    mode, mode_before = cycle.verdict.mode, before.verdict.mode
    if mode is not mode_before:
        reasons = ", ".join(r.reason for r in cycle.verdict.reasons)
        level = NoteLevel.INFO if mode is RiskMode.NORMAL else NoteLevel.WARNING
        yield Note(cycle.at, level, f"risk {mode_before} -> {mode} ({reasons})")
    if cycle.rebalance is None or before.rebalance is None:
        return
    members, left = cycle.carried.rebalance.universe.members, before.carried.rebalance.universe
    came = [f"{symbol} comes" for symbol in members if symbol not in left.members]
    went = [f"{symbol} goes" for symbol in left.members if symbol not in members]
    if came or went:
        yield Note(cycle.at, NoteLevel.INFO, f"universe: {', '.join((*came, *went))}")
    change = cycle.rebalance.change
    if change is not None:
        moved = ", ".join(f"{name} {old} -> {new}" for name, old, new in change.fields)
        words = f"parameters {change.outcome.lower()}: {change.reason} ({moved})"
        yield Note(cycle.at, NoteLevel.INFO, words)


def _flow(cycle: Cycle, entry: LedgerEvent) -> str:
    quote = cycle.carried.ledger.quote
    if entry.symbol is None:
        flow = Flow(quote, entry.amount)
    else:
        flow = Flow(Asset(entry.symbol.removesuffix(quote)), entry.qty)
    return f"{flow} booked as capital"


def _event_line(cycle: Cycle, event: OrderEvent) -> str:
    order = cycle.carried.orders.get(event.client_id)
    if order is None:
        return f"{event.kind} {event.client_id}"
    size = f"{canonical(order.qty)} at {canonical(order.price)}"
    told = f": {event.evidence}" if event.kind in _LEVELS else ""
    return f"{event.kind} {order.symbol} {order.side} {size}{told}"
