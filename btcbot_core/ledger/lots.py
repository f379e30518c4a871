"""Lots: what a holding was bought for, first in first out, at exact prices."""

from decimal import Decimal
from functools import cached_property

import msgspec

from btcbot_core.domain.errors import InvariantBrokenError
from btcbot_core.domain.money import ZERO, canonical
from btcbot_core.domain.symbol import Symbol


class OversellError(InvariantBrokenError):
    """More was sold than the ledger holds: a fill of ours is missing, or a hand sold beside us."""


class Lot(msgspec.Struct, frozen=True, gc=False):
    qty: Decimal
    price: Decimal


class Holding(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """All lots of one pair, oldest first; `cost_try` is their sum."""

    symbol: Symbol
    qty: Decimal = ZERO
    cost_try: Decimal = ZERO
    realized_try: Decimal = ZERO
    lots: tuple[Lot, ...] = ()

    @cached_property
    def spelled(self) -> tuple[str, str]:
        """Quantity and cost as text: a holding stands for many cycles, and each writes it down."""
        return canonical(self.qty), canonical(self.cost_try)


def add_lot(holding: Holding, qty: Decimal, price: Decimal) -> Holding:
    """Put a lot at the end of the queue."""
    return Holding(
        symbol=holding.symbol,
        qty=holding.qty + qty,
        cost_try=holding.cost_try + qty * price,
        realized_try=holding.realized_try,
        lots=(*holding.lots, Lot(qty, price)),
    )


def take_lots(holding: Holding, qty: Decimal, price: Decimal) -> Holding:
    """Sell from the oldest lots; what price and cost differ by is realized, gross of fees.

    Raises OversellError when the holding is smaller than `qty`.
    """
    if qty > holding.qty:
        raise OversellError(
            f"{holding.symbol}: sold {qty}, the ledger holds {holding.qty}:"
            " compare the account's trades with the ledger"
        )
    left, cost, lots = qty, ZERO, holding.lots
    while left > ZERO:
        oldest = lots[0]
        taken = min(left, oldest.qty)
        cost += taken * oldest.price
        left -= taken
        rest = oldest.qty - taken
        lots = (Lot(rest, oldest.price), *lots[1:]) if rest else lots[1:]
    return Holding(
        symbol=holding.symbol,
        qty=holding.qty - qty,
        cost_try=holding.cost_try - cost,
        realized_try=holding.realized_try + qty * price - cost,
        lots=lots,
    )
