"""Replacing an order: cancel it, and order what is left of it once it is gone, never before.

A replacement is keyed by the orders it replaces and is carried from cycle to cycle, so a restart
goes on with it. What is left is known only when the old orders are finished: a cancel that was
accepted is not a cancel. (STAGE3_6 §5.7 with its BETTER.)
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

import msgspec

from btcbot_core.domain.ids import ClientId
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Order, OrderStatus, Side, Signal


class Replacement(msgspec.Struct, frozen=True, kw_only=True):
    """Old orders of one side of a pair, and the wish that outlives them."""

    old: tuple[ClientId, ...]
    wish: Signal
    """Its quantity and price are of when it began; the order to come has its own."""
    since_step: int

    @property
    def key(self) -> tuple[Symbol, Side]:
        """The side of the pair; there is one replacement at a time for it."""
        return self.wish.symbol, self.wish.side


class Progress(StrEnum):
    """How far a replacement is."""

    WAITS = "waits"  # an old order may still trade
    READY = "ready"  # all are gone, and something is left to order
    OVER = "over"  # all are gone, and nothing is left
    EXPIRED = "expired"  # it took too long, or nobody knows any more what is left


def progress(
    replacement: Replacement, orders: Mapping[ClientId, Order], step: int, cycles_max: int
) -> tuple[Progress, Decimal]:
    """How far it is, and what is left of the old orders."""
    if step - replacement.since_step > cycles_max:
        return Progress.EXPIRED, ZERO
    old = [orders.get(client_id) for client_id in replacement.old]
    if any(order is None or order.status is OrderStatus.UNKNOWN_CLOSED for order in old):
        return Progress.EXPIRED, ZERO
    known = [order for order in old if order is not None]
    if any(order.is_active for order in known):
        return Progress.WAITS, ZERO
    rest = sum((max(ZERO, order.left_qty) for order in known), ZERO)
    return (Progress.READY, rest) if rest > ZERO else (Progress.OVER, ZERO)
