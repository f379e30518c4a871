"""What the operator set, as numbers; read once at start and carried in every cycle."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from btcbot_core.domain.codes import AnomalyCode
from btcbot_core.domain.money import ZERO
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


class MeanReversionPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Knobs of the mean-reversion strategy. `anchor` overrides the rolling mean of mids."""

    band_bps: Decimal = Decimal(50)
    lookback: int = 20
    anchor: Decimal | None = None
    first_entry_try: Decimal = Decimal(50)
    max_intent_try: Decimal | None = Decimal(100)


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


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    strategy: StrategyPolicy = StrategyPolicy()
    limits: LimitPolicy = LimitPolicy()
    orders: OrderPolicy = OrderPolicy()
    portfolio: PortfolioPolicy = PortfolioPolicy()
    mean_reversion: MeanReversionPolicy = MeanReversionPolicy()
    degrade: DegradePolicy = DegradePolicy()
