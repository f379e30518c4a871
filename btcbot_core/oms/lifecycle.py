"""Orders that should not rest as they do: too old, left behind by the price, or a copy of another.

The price is measured against the order's own pair. (STAGE3_6 §5.5 with its BETTER.)
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from btcbot_core.domain.codes import Reason
from btcbot_core.domain.money import BPS_PER_ONE, ZERO
from btcbot_core.domain.policy import LifecyclePolicy, OrderPolicy
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Order, OrderStatus, OrderType, Side
from btcbot_core.oms.expiry import expired

WORKING = (OrderStatus.OPEN, OrderStatus.PARTIAL)
"""States in which an order rests, as far as we know, and nobody has asked for its cancel."""
REPLACEABLE = frozenset({Reason.EXPIRED, Reason.DRIFTED})
"""Reasons to cancel that say nothing against the wish behind the order."""


class Stale(msgspec.Struct, frozen=True):
    """An order to cancel, and why. `observed` and `limit` share the unit."""

    order: Order
    reason: Reason
    observed: Decimal
    limit: Decimal
    unit: str


def stale_orders(
    orders: Iterable[Order],
    at: datetime,
    mids: Mapping[Symbol, Decimal],
    policy: tuple[OrderPolicy, LifecyclePolicy],
    is_killed: bool,
) -> tuple[Stale, ...]:
    """Orders of ours to cancel by age, by drift or by a kill; each once, age before drift."""
    rests, knobs = policy
    known = tuple(orders)
    by_age = [
        Stale(e.order, e.reason, e.age_s, e.limit_s, "s")
        for e in expired(known, at, rests, is_killed)
    ]
    found = {stale.order.client_id for stale in by_age}
    by_drift = [
        Stale(order, Reason.DRIFTED, drift, knobs.drift_bps, "bps")
        for order in known
        if order.client_id not in found
        and order.symbol in mids
        and (drift := drift_bps(order, mids[order.symbol])) is not None
        and drift >= knobs.drift_bps
    ]
    return (*by_age, *by_drift)


def drift_bps(order: Order, mid: Decimal) -> Decimal | None:
    """How far a resting order's price is from the mid; None where it cannot fill yet."""
    is_resting = order.status in WORKING and order.rests_since is not None
    if not is_resting or order.type is OrderType.MARKET:
        return None
    return abs(order.price - mid) / mid * BPS_PER_ONE


def resting_buys(orders: Iterable[Order]) -> tuple[Order, ...]:
    """Our BUYs that rest."""
    return tuple(o for o in orders if o.side is Side.BUY and o.status in WORKING)


def is_near_duplicate(order: Order, price: Decimal, qty: Decimal, policy: LifecyclePolicy) -> bool:
    """Whether an order at this price and of this size would be nearly the one that rests."""
    if order.type is OrderType.MARKET or order.left_qty <= ZERO:
        return False
    price_bps = abs(price - order.price) / order.price * BPS_PER_ONE
    qty_ratio = abs(qty - order.left_qty) / order.left_qty
    return price_bps <= policy.duplicate_price_bps and qty_ratio <= policy.duplicate_qty_ratio
