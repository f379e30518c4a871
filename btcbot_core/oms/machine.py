"""The order machine: everything that may happen to an order, as one table.

Rule 1: only this file says what may follow what.
Rule 2: evidence may correct a belief, never the other way round. A fill proves that an order was
placed, whatever we were told before; a fill after a cancel is a fact of this exchange (API.md §5).
Rule 3: FILLED and CANCELED are facts and never change; filled quantity only grows.
"""

from datetime import datetime
from decimal import Decimal

import msgspec

from btcbot_core.domain.errors import InvariantBrokenError
from btcbot_core.domain.ids import CycleId
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.trading import Intent, Order, OrderEvent, OrderEventKind, OrderStatus

K, S = OrderEventKind, OrderStatus

TABLE: dict[OrderStatus | None, dict[OrderEventKind, OrderStatus]] = {
    None: {K.PLANNED: S.PLANNED},
    S.PLANNED: {
        K.ACCEPTED: S.OPEN,
        K.REJECTED: S.REJECTED,
        K.NOT_SENT: S.NOT_PLACED,
        K.NO_ANSWER: S.UNKNOWN,
        K.ABSENT: S.UNKNOWN,  # stored, perhaps sent, and then the process died
        K.FILLED: S.PARTIAL,
        K.CANCELED: S.CANCELED,
    },
    S.OPEN: {
        K.FILLED: S.PARTIAL,
        K.CANCEL_SENT: S.CANCEL_REQUESTED,
        K.CANCELED: S.CANCELED,
        K.ABSENT: S.MISSING,
    },
    S.PARTIAL: {
        K.FILLED: S.PARTIAL,
        K.CANCEL_SENT: S.CANCEL_REQUESTED,
        K.CANCELED: S.CANCELED,
        K.ABSENT: S.MISSING,
    },
    S.CANCEL_REQUESTED: {
        K.FILLED: S.CANCEL_REQUESTED,  # an accepted cancel is not a cancel
        K.CANCEL_SENT: S.CANCEL_REQUESTED,
        K.CANCEL_REFUSED: S.OPEN,
        K.CANCELED: S.CANCELED,
        K.ABSENT: S.MISSING,
    },
    S.UNKNOWN: {
        K.ACCEPTED: S.OPEN,
        K.FILLED: S.PARTIAL,
        K.CANCELED: S.CANCELED,
        K.ABSENT: S.UNKNOWN,
        K.GIVEN_UP: S.NOT_PLACED,
    },
    S.MISSING: {
        K.ACCEPTED: S.OPEN,
        K.FILLED: S.PARTIAL,
        K.CANCELED: S.CANCELED,
        K.ABSENT: S.MISSING,
        K.GIVEN_UP: S.UNKNOWN_CLOSED,
    },
    S.FILLED: {K.FILLED: S.FILLED},
    S.CANCELED: {K.FILLED: S.CANCELED},
    S.REJECTED: {K.FILLED: S.PARTIAL, K.ACCEPTED: S.OPEN},
    S.NOT_PLACED: {K.FILLED: S.PARTIAL, K.ACCEPTED: S.OPEN},
    S.UNKNOWN_CLOSED: {K.FILLED: S.PARTIAL, K.CANCELED: S.CANCELED, K.ACCEPTED: S.OPEN},
}


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to an order, before it has a number and a consequence."""

    kind: OrderEventKind
    at: datetime
    cycle_id: CycleId
    qty: Decimal = ZERO
    exchange_id: str | None = None
    evidence: str = ""


def planned(intent: Intent) -> tuple[Order, OrderEvent]:
    """The order that an intent is before anybody heard of it."""
    order = Order(
        client_id=intent.client_id,
        exchange_id=None,
        cycle_id=intent.cycle_id,
        symbol=intent.symbol,
        side=intent.side,
        type=intent.type,
        price=intent.price,
        qty=intent.qty,
        ttl_s=intent.ttl_s,
        reason=intent.reason,
        status=TABLE[None][K.PLANNED],
        created_at=intent.decided_at,
        updated_at=intent.decided_at,
        seq=1,
    )
    event = OrderEvent(
        client_id=intent.client_id,
        seq=1,
        cycle_id=intent.cycle_id,
        at=intent.decided_at,
        kind=K.PLANNED,
        before=None,
        after=order.status,
        qty=intent.qty,
    )
    return order, event


def may(status: OrderStatus, kind: OrderEventKind) -> bool:
    """Whether the table has a row for it."""
    return kind in TABLE[status]


def apply(order: Order, what: Happening) -> tuple[Order, OrderEvent]:
    """The order after something happened to it, and the event that says so.

    Raises InvariantBrokenError when the table has no such row.
    """
    if not may(order.status, what.kind):
        raise InvariantBrokenError(
            f"order {order.client_id} is {order.status}: {what.kind} cannot follow"
        )
    filled = order.filled_qty + (what.qty if what.kind is K.FILLED else ZERO)
    after = _after(order, what.kind, filled)
    is_absent = what.kind is K.ABSENT
    changed = msgspec.structs.replace(
        order,
        status=after,
        filled_qty=filled,
        exchange_id=order.exchange_id or what.exchange_id,
        updated_at=what.at,
        absent_probes=order.absent_probes + 1 if is_absent else 0,
        # A clock that was set back must not make the wait longer than it is.
        absent_since=min(order.absent_since or what.at, what.at) if is_absent else None,
        seq=order.seq + 1,
    )
    event = OrderEvent(
        client_id=order.client_id,
        seq=changed.seq,
        cycle_id=what.cycle_id,
        at=what.at,
        kind=what.kind,
        before=order.status,
        after=after,
        qty=what.qty,
        exchange_id=changed.exchange_id,
        evidence=what.evidence,
    )
    return changed, event


def _after(order: Order, kind: OrderEventKind, filled: Decimal) -> OrderStatus:
    after = TABLE[order.status][kind]
    if kind is K.FILLED and filled >= order.qty and after is not S.CANCELED:
        return S.FILLED
    if after is S.OPEN and filled > ZERO:
        return S.PARTIAL
    return after
