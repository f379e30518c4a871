"""What the operator set for rebalancing: universe, targets, budget, pace and adaptation."""

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

import msgspec

from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.money import ONE, ZERO, from_bps
from btcbot_core.domain.symbol import Symbol

_NEARLY = Decimal("0.000000000001")
ONE_SCORE = 100_000
"""The best that a pair can score: scores and their weights are whole parts of it."""


class ScoreWeights(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """How much each part of a pair's score counts; they add up to one after `resolved`."""

    liquidity: Decimal = Decimal("0.5")
    spread: Decimal = Decimal("0.3")
    volatility: Decimal = Decimal("0.2")

    def resolved(self) -> "ScoreWeights":
        """The same proportions with the sum one; the defaults where there is nothing to share."""
        total = self.liquidity + self.spread + self.volatility
        if total <= ZERO:
            return ScoreWeights()
        if abs(total - ONE) < _NEARLY:
            return self
        return ScoreWeights(
            liquidity=self.liquidity / total,
            spread=self.spread / total,
            volatility=self.volatility / total,
        )

    @cached_property
    def parts(self) -> tuple[int, int, int]:
        """What liquidity, spread and volatility count, in parts of ONE_SCORE."""
        share = self.resolved()
        return (
            int(share.liquidity * ONE_SCORE),
            int(share.spread * ONE_SCORE),
            int(share.volatility * ONE_SCORE),
        )


class Params(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The numbers that adaptation may move, as they are in force."""

    universe_size: int = 20
    weights: ScoreWeights = ScoreWeights()
    order_offset_bps: Decimal = Decimal(5)
    turnover_cap_try: Decimal = Decimal(1000)
    max_orders_per_cycle: int = 2
    max_spread_bps: Decimal = Decimal(1_000_000)
    cash_target_try: Decimal = Decimal(300)
    min_quote_volume_try: Decimal = ZERO

    @cached_property
    def order_room_ratio(self) -> Decimal:
        """What of a cap an order may be worth at the mark: its price is off the mark."""
        return ONE - from_bps(self.order_offset_bps)


class UniversePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Which pairs may be traded, and how fast the choice may change."""

    whitelist: tuple[Symbol, ...] = ()
    """Empty: every pair."""
    blacklist: tuple[Symbol, ...] = ()
    lookback: int = 20
    """How many returns the volatility is taken over."""
    probation_cycles: int = 1
    cooldown_s: int = 21_600
    max_churn_per_day: int = 4
    max_data_age_s: Decimal = Decimal(60)


class Orphans(StrEnum):
    """What becomes of a holding outside the universe; it is valued and reported either way."""

    HOLD = "hold"
    LIQUIDATE = "liquidate"


class SizingPolicy(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """How targets become orders."""

    cash_max_try: Decimal = Decimal(600)
    max_position_try: Decimal = Decimal(5000)
    min_order_try: Decimal = Decimal(10)
    max_order_try: Decimal | None = None
    drift_band_bps: Decimal = ZERO
    """How far a holding may be off its target, in parts of it, before it is traded."""
    fee_buffer_bps: Decimal = Decimal(20)
    rounding_buffer_try: Decimal | None = None
    """None: what one lot costs at the order's price."""
    sell_requires_inventory: bool = True
    orphans: Orphans = Orphans.HOLD

    @cached_property
    def drift_band_ratio(self) -> Decimal:
        """The band as parts of one."""
        return from_bps(self.drift_band_bps)


class BudgetPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The risk budget of a rebalancing run. `None` turns a rule off."""

    max_data_age_s: Decimal = Decimal(60)
    max_drawdown_ratio: Decimal = Decimal("0.25")
    max_daily_loss_try: Decimal | None = Decimal(500)
    max_consecutive_losses: int | None = 3
    loss_mode: RiskMode = RiskMode.REDUCE_RISK_ONLY
    spread_spike_bps: Decimal | None = Decimal(300)
    fee_burn_limit_try: Decimal | None = Decimal(150)
    high_vol_bps: Decimal | None = Decimal(250)
    max_order_notional_try: Decimal = Decimal(3000)
    max_symbol_exposure_try: Decimal = Decimal(8000)
    cooldown: timedelta = timedelta(seconds=900)
    concentration_top_n: int = 3
    max_concentration_ratio: Decimal | None = None
    """What part of equity the largest positions may be together."""
    is_observing_without_rules: bool = False
    """Whether one pair without rules makes the whole cycle observe only."""


class PacePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How fast orders may leave, and how long a failed one waits. Orders a second, milliseconds."""

    rate: Decimal = Decimal(5)
    burst: int = 5
    retries_max: int = 3
    base_delay_ms: int = 100
    max_delay_ms: int = 1000
    seed: int = 123


class AdaptationPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Whether and how carefully parameters move by themselves."""

    is_on: bool = False
    window: int = 5
    safe_window: int = 3
    pnl_floor_try: Decimal | None = Decimal(-50)
    cooldown_cycles: int = 3
    """Cycles after a change in which no other is made."""
    reject_spike: int | None = 3
    retry_excess: int | None = 5


class RebalancePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a rebalancing run decides by, beside what all runs share."""

    params: Params = Params()
    universe: UniversePolicy = UniversePolicy()
    sizing: SizingPolicy = SizingPolicy()
    budget: BudgetPolicy = BudgetPolicy()
    pace: PacePolicy = PacePolicy()
    adaptation: AdaptationPolicy = AdaptationPolicy()
