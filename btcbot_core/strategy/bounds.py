"""How far each parameter may be moved. Bounds come from what the operator configured, never from
what is in force, so nothing ratchets. (STAGE7 §14 with its BETTER.)
"""

from decimal import Decimal
from typing import TypeVar

import msgspec

from btcbot_core.domain.money import ONE, ZERO
from btcbot_core.domain.rebalancing import Params, ScoreWeights

SIZE_RANGE, ORDERS_RANGE = (5, 50), (1, 20)
OFFSET_MAX, SPREAD_MIN, SPREAD_MAX = Decimal(50), Decimal(10), Decimal(500)

Number = TypeVar("Number", int, Decimal)


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """The least and the most of each parameter, under its own name; None is without end."""

    universe_size: tuple[int, int] = SIZE_RANGE
    weights: tuple[Decimal, Decimal] = (ZERO, ONE)
    """Of each part."""
    order_offset_bps: tuple[Decimal, Decimal] = (ZERO, OFFSET_MAX)
    turnover_cap_try: tuple[Decimal, Decimal]
    max_orders_per_cycle: tuple[int, int] = ORDERS_RANGE
    max_spread_bps: tuple[Decimal, Decimal] = (SPREAD_MIN, SPREAD_MAX)
    cash_target_try: tuple[Decimal, Decimal]
    min_quote_volume_try: tuple[Decimal, Decimal | None] = (ZERO, None)

    def clamp(self, params: Params) -> Params:
        """The nearest parameters inside."""
        weights = params.weights
        return Params(
            universe_size=_inside(params.universe_size, self.universe_size),
            weights=ScoreWeights(
                liquidity=_inside(weights.liquidity, self.weights),
                spread=_inside(weights.spread, self.weights),
                volatility=_inside(weights.volatility, self.weights),
            ).resolved(),
            order_offset_bps=_inside(params.order_offset_bps, self.order_offset_bps),
            turnover_cap_try=_inside(params.turnover_cap_try, self.turnover_cap_try),
            max_orders_per_cycle=_inside(params.max_orders_per_cycle, self.max_orders_per_cycle),
            max_spread_bps=_inside(params.max_spread_bps, self.max_spread_bps),
            cash_target_try=_inside(params.cash_target_try, self.cash_target_try),
            min_quote_volume_try=_inside(params.min_quote_volume_try, self.min_quote_volume_try),
        )


def bounds_of(configured: Params, cash_max_try: Decimal) -> Bounds:
    """The bounds around what was configured; what was configured is always inside."""
    least, most = SIZE_RANGE
    size = configured.universe_size
    return Bounds(
        universe_size=(min(least, size), max(most, size)),
        turnover_cap_try=(ZERO, configured.turnover_cap_try),
        max_spread_bps=(SPREAD_MIN, max(SPREAD_MAX, configured.max_spread_bps)),
        cash_target_try=(ZERO, cash_max_try),
    )


def _inside(value: Number, ends: tuple[Number, Number | None]) -> Number:
    least, most = ends
    return max(least, value) if most is None else min(max(value, least), most)
