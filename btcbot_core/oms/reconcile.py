"""What the exchange told us × the orders we know → what happened to them.

Orders are matched by exchange id, then by client id, never by price and size. What is in no list
is looked up; what no look-up shows is missing or unknown and is asked for again, until the rule
of DEC-16 is met: absent three times over two minutes, with balances that have not moved.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from btcbot_core.domain.ids import ClientId, CycleId
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.policy import OrderPolicy
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import (
    UNRESOLVED,
    Answer,
    AnswerKind,
    Fill,
    Order,
    OrderEvent,
    OrderEventKind,
    OrderStatus,
    OrderView,
    Verb,
    ViewStatus,
)
from btcbot_core.oms.machine import Happening, apply, may


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Everything heard, with the circumstances under which it was."""

    at: datetime
    cycle_id: CycleId
    answers: tuple[Answer, ...] = ()
    views: tuple[OrderView, ...] = ()
    absent: tuple[ClientId, ...] = ()
    fills: tuple[Fill, ...] = ()
    settled: frozenset[Symbol] = frozenset()
    """Pairs whose exchange balances equal the ledger's: nothing of ours moved unseen."""


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    orders: Mapping[ClientId, Order]
    events: tuple[OrderEvent, ...]
    fills: tuple[Fill, ...]
    """Those fills that belong to orders of ours, each once."""


_NOTHING: Mapping[str, Decimal] = {}

_ANSWERED: dict[tuple[Verb, AnswerKind], OrderEventKind] = {
    (Verb.SUBMIT, AnswerKind.ACKED): OrderEventKind.ACCEPTED,
    (Verb.SUBMIT, AnswerKind.REJECTED): OrderEventKind.REJECTED,
    (Verb.SUBMIT, AnswerKind.NOT_SENT): OrderEventKind.NOT_SENT,
    (Verb.SUBMIT, AnswerKind.UNKNOWN): OrderEventKind.NO_ANSWER,
    (Verb.CANCEL, AnswerKind.ACKED): OrderEventKind.CANCEL_SENT,
    # It may have arrived: from here on only the listing decides.
    (Verb.CANCEL, AnswerKind.UNKNOWN): OrderEventKind.CANCEL_SENT,
}
"""A cancel that was refused or not sent changes nothing: the order stays what it was."""


class _Tally:
    """The orders while evidence is applied, and the events it makes, in order."""

    def __init__(self, orders: Mapping[ClientId, Order], evidence: Evidence) -> None:
        self.orders = dict(orders)
        self.events: list[OrderEvent] = []
        self.by_exchange_id = {o.exchange_id: o.client_id for o in orders.values() if o.exchange_id}
        self._evidence = evidence

    def ours(self, exchange_id: str, client_id: ClientId | None) -> Order | None:
        known = self.by_exchange_id.get(exchange_id) or client_id
        return self.orders.get(known) if known else None

    def happen(self, order: Order, what: Happening) -> None:
        changed, event = apply(order, what)
        self.orders[order.client_id] = changed
        if changed.exchange_id:
            self.by_exchange_id[changed.exchange_id] = changed.client_id
        self.events.append(event)

    def say(self, kind: OrderEventKind, evidence: str, exchange_id: str | None = None) -> Happening:
        return Happening(
            kind=kind,
            at=self._evidence.at,
            cycle_id=self._evidence.cycle_id,
            exchange_id=exchange_id,
            evidence=evidence,
        )


def reconcile_orders(
    orders: Mapping[ClientId, Order], evidence: Evidence, policy: OrderPolicy
) -> Reconciled:
    """Apply what was heard to the orders. Fills come before ends, so that an end is complete."""
    if not (evidence.answers or evidence.views or evidence.absent or evidence.fills):
        return Reconciled(orders=orders, events=(), fills=())
    tally = _Tally(orders, evidence)
    for answer in evidence.answers:
        _hear_answer(tally, answer)
    for view in evidence.views:
        _hear_placed(tally, view)
    booked = tuple(fill for fill in evidence.fills if _hear_fill(tally, fill))
    for view in evidence.views:
        _hear_end(tally, view)
    for client_id in evidence.absent:
        _hear_absence(tally, client_id, evidence, policy)
    return Reconciled(orders=tally.orders, events=tuple(tally.events), fills=booked)


def _hear_answer(tally: _Tally, answer: Answer) -> None:
    order = tally.orders.get(answer.client_id)
    kind = _ANSWERED.get((answer.verb, answer.kind))
    if order is None or kind is None or not may(order.status, kind):
        return
    words = " ".join(filter(None, (answer.kind, answer.code, answer.message)))[:200]
    tally.happen(order, tally.say(kind, words, answer.exchange_id))


def _hear_placed(tally: _Tally, view: OrderView) -> None:
    """An order that we were not sure of is on the exchange: adopt it."""
    order = tally.ours(view.exchange_id, view.client_id)
    if order is None or not may(order.status, OrderEventKind.ACCEPTED):
        return
    tally.happen(order, tally.say(OrderEventKind.ACCEPTED, f"seen {view.status}", view.exchange_id))


def _hear_fill(tally: _Tally, fill: Fill) -> bool:
    order = tally.ours(fill.exchange_id, fill.client_id)
    if order is None:
        return False
    what = tally.say(OrderEventKind.FILLED, f"fill {fill.id}", fill.exchange_id)
    tally.happen(order, msgspec.structs.replace(what, qty=fill.qty))
    return True


def _hear_end(tally: _Tally, view: OrderView) -> None:
    """A cancel is booked once all fills before it are; until then the order is asked for again."""
    order = tally.ours(view.exchange_id, view.client_id)
    if order is None or view.status is not ViewStatus.CANCELED:
        return
    if view.filled_qty > order.filled_qty or not may(order.status, OrderEventKind.CANCELED):
        return
    tally.happen(order, tally.say(OrderEventKind.CANCELED, "seen canceled", view.exchange_id))


def _hear_absence(
    tally: _Tally, client_id: ClientId, evidence: Evidence, policy: OrderPolicy
) -> None:
    order = tally.orders.get(client_id)
    if order is None or not may(order.status, OrderEventKind.ABSENT):
        return
    tally.happen(order, tally.say(OrderEventKind.ABSENT, "in no list"))
    order = tally.orders[client_id]
    if order.symbol in evidence.settled and may_give_up(order, evidence.at, policy):
        words = f"absent {order.absent_probes} times, balances unchanged"
        tally.happen(order, tally.say(OrderEventKind.GIVEN_UP, words))


def may_give_up(order: Order, at: datetime, policy: OrderPolicy) -> bool:
    """Whether an order was absent often and long enough to be called gone (DEC-16)."""
    if order.status not in (OrderStatus.UNKNOWN, OrderStatus.MISSING) or not order.absent_since:
        return False
    waited_s = (at - order.absent_since).total_seconds()
    return order.absent_probes >= policy.absent_probes_min and waited_s >= policy.absent_for_s


def was_given_up(order: Order) -> bool:
    """Called gone for want of any sign; one that never left was finished in its own cycle."""
    if order.status is OrderStatus.NOT_PLACED:
        return order.updated_at != order.created_at
    return order.status is OrderStatus.UNKNOWN_CLOSED


def may_be_its(order: Order, fill: Fill, names: Mapping[str, ClientId | None]) -> bool:
    """Whether a trade of the account may belong to an order that is in doubt.

    Its number tells, and so does its name. A trade that bears none has that of its order, where
    the exchange has shown it: `names` are those of the orders that it showed, by number.
    """
    if fill.symbol != order.symbol or fill.side is not order.side:
        return False
    if order.exchange_id is not None:
        return fill.exchange_id == order.exchange_id
    if order.status not in UNRESOLVED and not was_given_up(order):
        return False
    if fill.client_id is None and fill.exchange_id not in names:
        return True
    return (fill.client_id or names.get(fill.exchange_id)) == order.client_id


def unresolved_symbols(orders: Mapping[ClientId, Order]) -> frozenset[Symbol]:
    """Pairs with an order whose outcome is not known: they trade no more until it is."""
    return frozenset(o.symbol for o in orders.values() if o.status in UNRESOLVED)


def behind(
    orders: Mapping[ClientId, Order],
    views: Iterable[OrderView],
    heard: Mapping[str, Decimal] = _NOTHING,
) -> list[Order]:
    """Orders of which the exchange counts more filled than we have booked, or heard by its ids."""
    ours = {order.exchange_id: order for order in orders.values()}
    found = []
    for view in views:
        order = ours.get(view.exchange_id) or orders.get(view.client_id or ClientId(""))
        known = heard.get(view.exchange_id, ZERO)
        if order is not None and view.filled_qty > order.filled_qty + known:
            found.append(order)
    return found


class Strangers(msgspec.Struct, frozen=True):
    """Open orders on the exchange that are not in our books."""

    orphans: tuple[OrderView, ...]
    """They carry our prefix: another program of ours, or books of ours that are lost."""
    foreign: tuple[OrderView, ...]
    """Everybody else's: shown, never touched (DEC-11)."""


def strangers(
    orders: Mapping[ClientId, Order], views: tuple[OrderView, ...], prefix: str
) -> Strangers:
    """The listed orders that we do not know, told apart by our prefix."""
    ids = {order.exchange_id for order in orders.values()}
    unknown = [
        view
        for view in views
        if view.status in (ViewStatus.OPEN, ViewStatus.PARTIAL)
        and view.exchange_id not in ids
        and view.client_id not in orders
    ]
    ours = {view.exchange_id for view in unknown if (view.client_id or "").startswith(f"{prefix}-")}
    return Strangers(
        orphans=tuple(view for view in unknown if view.exchange_id in ours),
        foreign=tuple(view for view in unknown if view.exchange_id not in ours),
    )
