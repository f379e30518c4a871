"""What the operator set, as numbers; read once at start and carried in every cycle."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

import msgspec

from btcbot_core.domain.codes import AnomalyCode
from btcbot_core.domain.money import ONE, ZERO
from btcbot_core.domain.rebalancing import RebalancePolicy
from btcbot_core.domain.symbol import Symbol


class StrategyPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Knobs of the profit-aware strategy. Ratios are of one; budgets in quote currency."""

    min_profit_bps: Decimal = Decimal(30)
    taker_fee_bps: Decimal = Decimal(18)
    entry_budget_try: Decimal = Decimal(100)
    entry_max_spread_ratio: Decimal = Decimal("0.01")
    take_profit_ratio: Decimal = Decimal("0.25")
    stop_loss_bps: Decimal | None = None


class LimitPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What one cycle and one order may do. `None` is no limit, 0 allows nothing."""

    max_orders_per_cycle: int = 2
    max_open_orders: int = 5
    max_open_orders_per_symbol: int = 1
    cooldown_s: int = 60
    max_notional_per_cycle_try: Decimal = Decimal(1000)
    max_notional_per_order_try: Decimal | None = None
    min_order_notional_try: Decimal = Decimal(10)
    cash_target_try: Decimal = ZERO
    max_data_age_s: Decimal = Decimal(15)


class OrderPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How orders are named, how long they rest, and when an unknown one may be given up."""

    client_id_prefix: str = "btcb"
    ttl_s: int = 120
    absent_probes_min: int = 3
    absent_for_s: int = 120
    cancel_on_kill: bool = True
    cancel_retry_s: int = 60
    late_fill_s: int = 600
    """How long a finished order is still watched for fills that come late."""
    latency_steps: int = 0
    """Steps before an order can fill: 0 live, 1 on recorded data (DEC-20)."""


class PortfolioPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Target weights by pair, adding up to one; empty turns rebalancing off."""

    targets: Mapping[Symbol, Decimal] = {}


class StrategyName(StrEnum):
    """The strategies that there are."""

    PROFIT_AWARE = "profit_aware"
    MEAN_REVERSION = "mean_reversion"


class MeanReversionPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Knobs of the mean-reversion strategy. `anchor` overrides the rolling mean of mids."""

    band_bps: Decimal = Decimal(50)
    lookback: int = 20
    anchor: Decimal | None = None
    first_entry_try: Decimal = Decimal(50)
    max_intent_try: Decimal | None = Decimal(100)


class RiskPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The risk budget: what may be lost, held and paid. `None` is no limit, 0 allows nothing."""

    max_drawdown_try: Decimal = Decimal(3000)
    max_daily_drawdown_try: Decimal = Decimal(1000)
    max_gross_exposure_try: Decimal = Decimal(10_000)
    max_position_ratio: Decimal = Decimal("0.30")
    max_order_notional_try: Decimal = Decimal(3000)
    min_cash_try: Decimal | None = None
    max_fees_per_day_try: Decimal | None = None
    max_daily_loss_try: Decimal = Decimal(1000)
    max_drawdown_ratio: Decimal = Decimal("0.10")
    max_positions_try: Decimal = Decimal(5000)
    """All positions together, whatever the setting's name suggests."""
    max_position_per_pair_try: Decimal | None = Decimal(5000)
    replace_budget_try: Decimal = Decimal(5000)
    slippage_bps: Decimal = Decimal(10)


class UsageMode(StrEnum):
    """How much of the cash over its target one cycle may deploy."""

    USE_ALL = "use_all"
    FRACTION = "fraction"
    CAP = "cap"


class AllocationPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How the cash is divided over the wishes of a cycle."""

    cash_max_try: Decimal | None = Decimal(600)
    fee_buffer_bps: Decimal = Decimal(20)
    usage: UsageMode = UsageMode.USE_ALL
    usage_ratio: Decimal = ONE
    max_per_cycle_try: Decimal | None = None


class LifecyclePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When a resting order is left behind, is a copy of another, or is replaced."""

    drift_bps: Decimal = Decimal(25)
    duplicate_price_bps: Decimal = Decimal(5)
    duplicate_qty_ratio: Decimal = Decimal("0.01")
    replace_cycles_max: int = 10
    """How many cycles a replacement may wait before it is given up."""
    cancel_buys_on_observe: bool = True
    fills_lookback_s: int = 1800
    """How far behind the newest trade that we saw trades are asked for again."""


class AnomalyPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """From where on something is odd. `None` turns a check off."""

    data_age_s: Decimal = Decimal(30)
    rejects: int = 3
    latency_ms: int | None = 2000
    cursor_stalls: int = 5
    divergence_warn_try: Decimal = Decimal(50)
    divergence_error_try: Decimal = Decimal(200)
    clock_skew_s: Decimal = Decimal(30)
    balance_tolerance_try: Decimal = ONE
    mismatch_cycles: int = 3
    """Quiet cycles in a row after which books that differ from the exchange's are an error."""
    mismatch_s: int = 30
    """Seconds for which they must have differed besides, however short the cycles are."""
    unknown_probes: int = 8
    """Look-ups in vain after which an order of unknown outcome is an error."""


class DegradePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When anomalies tighten the mode step by step."""

    warn_codes: frozenset[AnomalyCode] = frozenset(
        {
            AnomalyCode.STALE_MARKET_DATA,
            AnomalyCode.ORDER_REJECT_SPIKE,
            AnomalyCode.PNL_DIVERGENCE,
        }
    )
    warn_threshold: int = 3
    observe_cooldown_s: int = 1800
    reduce_cooldown_s: int = 900
    clean_cycles: tuple[int, int, int] = (4, 4, 8)
    """Clean cycles in a row that take the ladder down from level 3, from 2, and from 1."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    strategy: StrategyPolicy = StrategyPolicy()
    limits: LimitPolicy = LimitPolicy()
    orders: OrderPolicy = OrderPolicy()
    portfolio: PortfolioPolicy = PortfolioPolicy()
    mean_reversion: MeanReversionPolicy = MeanReversionPolicy()
    strategies: tuple[StrategyName, ...] = (StrategyName.PROFIT_AWARE,)
    """Asked in this order; where two wish for the same pair, the first goes first."""
    risk: RiskPolicy = RiskPolicy()
    allocation: AllocationPolicy = AllocationPolicy()
    lifecycle: LifecyclePolicy = LifecyclePolicy()
    anomalies: AnomalyPolicy = AnomalyPolicy()
    degrade: DegradePolicy = DegradePolicy()
    rebalance: RebalancePolicy = RebalancePolicy()
