"""Which open orders have rested too long, and which must go because the bot was killed."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

import msgspec

from btcbot_core.domain.codes import Reason
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.policy import OrderPolicy
from btcbot_core.domain.trading import Order, OrderStatus

_WORKING = (OrderStatus.OPEN, OrderStatus.PARTIAL)


class Expiry(msgspec.Struct, frozen=True):
    """An order to cancel, why, and its age against its limit in seconds."""

    order: Order
    reason: Reason
    age_s: Decimal
    limit_s: Decimal


def expired(
    orders: Iterable[Order], at: datetime, policy: OrderPolicy, is_killed: bool
) -> tuple[Expiry, ...]:
    """Orders of ours to cancel now. Stale is strictly older than the time to live (DEC-32).

    A cancel that was asked for is asked again only after a pause: the first may be on its way.
    """
    return tuple(
        found
        for order in orders
        if (found := _expiry(order, at, policy, is_killed and policy.cancel_on_kill)) is not None
    )


def _expiry(order: Order, at: datetime, policy: OrderPolicy, must_go: bool) -> Expiry | None:
    if order.status is OrderStatus.CANCEL_REQUESTED:
        asked_s = Decimal(int((at - order.updated_at).total_seconds()))
        if ZERO <= asked_s < policy.cancel_retry_s:  # under zero the clock was set back since
            return None
        return Expiry(order, Reason.CANCEL_RETRY, asked_s, Decimal(policy.cancel_retry_s))
    if order.status not in _WORKING:
        return None
    since = order.rests_since or at
    age_s = Decimal(int((at - since).total_seconds()))
    limit_s = Decimal(order.ttl_s)
    if must_go:
        return Expiry(order, Reason.CANCEL_ON_KILL, age_s, limit_s)
    return Expiry(order, Reason.EXPIRED, age_s, limit_s) if age_s > limit_s else None
