"""What can be set of the stages beyond the first: risk budgets, watching, rebalancing."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    Field,
    model_validator,
)
from pydantic_settings import (
    NoDecode,
)

from btcbot_core.domain.codes import AnomalyCode
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.policy import (
    AllocationPolicy,
    AnomalyPolicy,
    DegradePolicy,
    LifecyclePolicy,
    RiskPolicy,
    StrategyName,
    UsageMode,
)
from btcbot_core.domain.rebalancing import (
    AdaptationPolicy,
    BudgetPolicy,
    Orphans,
    PacePolicy,
    UniversePolicy,
)
from btcbot_core.domain.symbol import Symbol
from btcbot_core.settings.reading import (
    Bps,
    Count,
    EmptyIsNone,
    Money,
    PositiveBps,
    PositiveMoney,
    PositiveRatio,
    Ratio,
    Seconds,
    read_codes,
    read_decimal,
    read_strategies,
    read_symbols_or_none,
    read_three_counts,
    score_weights_text,
)


class Hardening(BaseModel):
    """What stage 4 adds: more strategies, money divided over wishes, a risk budget."""

    strategies: Annotated[tuple[StrategyName, ...], NoDecode, BeforeValidator(read_strategies)] = (
        StrategyName.PROFIT_AWARE,
    )
    portfolio_targets: str = ""
    mean_reversion_bps: Bps = Decimal(50)
    mean_reversion_lookback: Annotated[int, Field(ge=2, le=240)] = 20
    stage5_anchor_price: Annotated[PositiveMoney | None, EmptyIsNone] = None
    stage5_bootstrap_notional_try: Money = Decimal(50)
    stage5_max_intent_notional_try: Annotated[Money | None, EmptyIsNone] = Decimal(100)
    try_cash_max: Annotated[Money | None, EmptyIsNone] = Decimal(600)
    allocation_fee_buffer_bps: Bps = Decimal(20)
    investable_usage_mode: Literal["use_all", "fraction", "cap"] = "use_all"
    investable_usage_fraction: PositiveRatio = Decimal(1)
    max_try_per_cycle: Annotated[Money | None, EmptyIsNone] = None
    max_position_try_per_symbol: Annotated[Money | None, EmptyIsNone] = Decimal(5000)
    max_position_notional_try: Money = Decimal(5000)
    replace_inflight_budget_per_symbol_try: Money = Decimal(5000)
    max_daily_loss_try: Money = Decimal(1000)
    max_drawdown_pct: Annotated[Decimal, BeforeValidator(read_decimal), Field(ge=ZERO, le=100)] = (
        Decimal(10)
    )
    slippage_bps_buffer: Bps = Decimal(10)
    risk_max_daily_drawdown_try: PositiveMoney = Decimal(1000)
    risk_max_drawdown_try: PositiveMoney = Decimal(3000)
    risk_max_gross_exposure_try: PositiveMoney = Decimal(10_000)
    risk_max_position_pct: PositiveRatio = Decimal("0.30")
    risk_max_order_notional_try: PositiveMoney = Decimal(3000)
    risk_min_cash_try: Annotated[Money | None, EmptyIsNone] = None
    risk_max_fee_try_per_day: Annotated[PositiveMoney | None, EmptyIsNone] = None
    order_drift_bps: PositiveBps = Decimal(25)
    duplicate_price_bps: Bps = Decimal(5)
    duplicate_qty_ratio: Ratio = Decimal("0.01")
    replace_max_cycles: Annotated[int, Field(ge=1, le=1_000)] = 10
    cancel_buys_on_observe: bool = True
    fills_poll_lookback_minutes: Annotated[int, Field(ge=1, le=1_440)] = 30

    def risk(self) -> RiskPolicy:
        """What may be lost, held and paid."""
        return RiskPolicy(
            max_drawdown_try=self.risk_max_drawdown_try,
            max_daily_drawdown_try=self.risk_max_daily_drawdown_try,
            max_gross_exposure_try=self.risk_max_gross_exposure_try,
            max_position_ratio=self.risk_max_position_pct,
            max_order_notional_try=self.risk_max_order_notional_try,
            min_cash_try=self.risk_min_cash_try,
            max_fees_per_day_try=self.risk_max_fee_try_per_day,
            max_daily_loss_try=self.max_daily_loss_try,
            max_drawdown_ratio=self.max_drawdown_pct / 100,
            max_positions_try=self.max_position_notional_try,
            max_position_per_pair_try=self.max_position_try_per_symbol,
            replace_budget_try=self.replace_inflight_budget_per_symbol_try,
            slippage_bps=self.slippage_bps_buffer,
        )

    def allocation(self) -> AllocationPolicy:
        """How cash is divided over the wishes of a cycle."""
        return AllocationPolicy(
            cash_max_try=self.try_cash_max,
            fee_buffer_bps=self.allocation_fee_buffer_bps,
            usage=UsageMode(self.investable_usage_mode),
            usage_ratio=self.investable_usage_fraction,
            max_per_cycle_try=self.max_try_per_cycle,
        )

    def lifecycle(self) -> LifecyclePolicy:
        """When a resting order is left behind, is a copy, or is replaced."""
        return LifecyclePolicy(
            drift_bps=self.order_drift_bps,
            duplicate_price_bps=self.duplicate_price_bps,
            duplicate_qty_ratio=self.duplicate_qty_ratio,
            replace_cycles_max=self.replace_max_cycles,
            cancel_buys_on_observe=self.cancel_buys_on_observe,
            fills_lookback_s=self.fills_poll_lookback_minutes * 60,
        )


class Watching(BaseModel):
    """From where on something is odd, and what that makes of the mode."""

    stale_market_data_seconds: Annotated[int, Field(ge=1)] = 30
    reject_spike_threshold: Annotated[int, Field(ge=1)] = 3
    latency_spike_ms: Annotated[Annotated[int, Field(ge=1)] | None, EmptyIsNone] = 2000
    cursor_stall_cycles: Annotated[int, Field(ge=1)] = 5
    clock_skew_seconds_threshold: Annotated[int, Field(ge=1)] = 30
    pnl_divergence_try_warn: PositiveMoney = Decimal(50)
    pnl_divergence_try_error: PositiveMoney = Decimal(200)
    balance_tolerance_try: Money = Decimal(1)
    balance_mismatch_cycles: Annotated[int, Field(ge=2)] = 3
    balance_mismatch_seconds: Seconds = 30
    unknown_probe_escalate_attempts: Annotated[int, Field(ge=1)] = 8
    degrade_warn_codes_csv: Annotated[
        tuple[AnomalyCode, ...], NoDecode, BeforeValidator(read_codes)
    ] = (
        AnomalyCode.STALE_MARKET_DATA,
        AnomalyCode.ORDER_REJECT_SPIKE,
        AnomalyCode.PNL_DIVERGENCE,
    )
    degrade_warn_threshold: Annotated[int, Field(ge=1)] = 3
    degrade_cooldown_observe_seconds: Seconds = 1800
    degrade_cooldown_reduce_seconds: Seconds = 900
    degrade_recovery_cycles: Annotated[
        tuple[int, int, int], NoDecode, BeforeValidator(read_three_counts)
    ] = (4, 4, 8)

    def anomalies(self) -> AnomalyPolicy:
        """From where on something is odd."""
        return AnomalyPolicy(
            data_age_s=Decimal(self.stale_market_data_seconds),
            rejects=self.reject_spike_threshold,
            latency_ms=self.latency_spike_ms,
            cursor_stalls=self.cursor_stall_cycles,
            divergence_warn_try=self.pnl_divergence_try_warn,
            divergence_error_try=self.pnl_divergence_try_error,
            clock_skew_s=Decimal(self.clock_skew_seconds_threshold),
            balance_tolerance_try=self.balance_tolerance_try,
            mismatch_cycles=self.balance_mismatch_cycles,
            mismatch_s=self.balance_mismatch_seconds,
            unknown_probes=self.unknown_probe_escalate_attempts,
        )

    def degrade(self) -> DegradePolicy:
        """How anomalies move the ladder."""
        return DegradePolicy(
            warn_codes=frozenset(self.degrade_warn_codes_csv),
            warn_threshold=self.degrade_warn_threshold,
            observe_cooldown_s=self.degrade_cooldown_observe_seconds,
            reduce_cooldown_s=self.degrade_cooldown_reduce_seconds,
            clean_cycles=self.degrade_recovery_cycles,
        )


class Rebalancing(BaseModel):
    """What stage 7 adds: a universe, its own budget, pacing, adaptation."""

    stage7_universe_size: Annotated[int, Field(ge=1, le=500)] = 20
    stage7_universe_whitelist: Annotated[
        tuple[Symbol, ...], NoDecode, BeforeValidator(read_symbols_or_none)
    ] = ()
    stage7_universe_blacklist: Annotated[
        tuple[Symbol, ...], NoDecode, BeforeValidator(read_symbols_or_none)
    ] = ()
    stage7_min_quote_volume_try: Money = ZERO
    stage7_max_spread_bps: Annotated[Decimal, BeforeValidator(read_decimal), Field(ge=ZERO)] = (
        Decimal(1_000_000)
    )
    stage7_vol_lookback: Annotated[int, Field(ge=2, le=500)] = 20
    stage7_score_weights: Annotated[str, AfterValidator(score_weights_text)] = (
        "liquidity:0.5,spread:0.3,volatility:0.2"
    )
    stage7_universe_governance_probation_cycles: Annotated[int, Field(ge=1)] = 1
    stage7_universe_governance_cooldown_sec: Seconds = 21_600
    stage7_universe_governance_max_churn_per_day: Annotated[int, Field(ge=1)] = 4
    stage7_order_offset_bps: Annotated[
        Decimal, BeforeValidator(read_decimal), Field(ge=ZERO, le=50)
    ] = Decimal(5)
    stage7_drift_band_bps: Bps = ZERO
    stage7_rounding_buffer_try: Annotated[Money | None, EmptyIsNone] = None
    stage7_orphan_positions: Orphans = Orphans.HOLD
    stage7_max_data_age_sec: Annotated[int, Field(ge=1)] = 60
    stage7_max_drawdown_ratio: Annotated[
        Ratio,
        Field(
            validation_alias=AliasChoices(
                "STAGE7_MAX_DRAWDOWN_RATIO", "STAGE7_MAX_DRAWDOWN_PCT", "stage7_max_drawdown_ratio"
            )
        ),
    ] = Decimal("0.25")
    stage7_max_daily_loss_try: Annotated[Money | None, EmptyIsNone] = Decimal(500)
    stage7_max_consecutive_losses: Annotated[Annotated[int, Field(ge=1)] | None, EmptyIsNone] = 3
    stage7_loss_guardrail_mode: Literal["reduce_risk_only", "observe_only"] = "reduce_risk_only"
    stage7_spread_spike_bps: Annotated[Money | None, EmptyIsNone] = Decimal(300)
    stage7_fee_burn_limit_try: Annotated[Money | None, EmptyIsNone] = Decimal(150)
    stage7_high_vol_threshold_bps: Annotated[Money | None, EmptyIsNone] = Decimal(250)
    stage7_max_symbol_exposure_try: Money = Decimal(8000)
    stage7_concentration_top_n: Annotated[int, Field(ge=1, le=500)] = 3
    stage7_max_concentration_ratio: Annotated[PositiveRatio | None, EmptyIsNone] = None
    stage7_risk_cooldown_sec: Seconds = 900
    stage7_mark_price_source: Literal["mid", "last"] = "mid"
    stage7_rules_require_metadata: bool = True
    stage7_rules_fallback_tick_size: PositiveMoney = Decimal("0.01")
    stage7_rules_fallback_lot_size: PositiveMoney = Decimal("0.00000001")
    stage7_rules_fallback_min_notional_try: PositiveMoney = Decimal(10)
    stage7_rules_invalid_metadata_policy: Literal["skip_symbol", "observe_only_cycle"] = (
        "skip_symbol"
    )
    stage7_rate_limit_rps: PositiveMoney = Decimal(5)
    stage7_rate_limit_burst: Annotated[int, Field(ge=1)] = 5
    stage7_retry_max_attempts: Annotated[int, Field(ge=1)] = 3
    stage7_retry_base_delay_ms: Annotated[int, Field(ge=1)] = 100
    stage7_retry_max_delay_ms: Annotated[int, Field(ge=1)] = 1000
    stage7_reject_spike_threshold: Count = 3
    stage7_retry_alert_threshold: Count = 5
    stage7_adapt: bool = False
    stage7_adapt_window_cycles: Annotated[int, Field(ge=1, le=100)] = 5
    stage7_adapt_safe_window_cycles: Annotated[int, Field(ge=1, le=100)] = 3
    stage7_adapt_pnl_floor_try: Annotated[
        Annotated[Decimal, BeforeValidator(read_decimal), Field(le=ZERO)] | None, EmptyIsNone
    ] = Decimal(-50)
    stage7_adapt_cooldown_cycles: Count = 3

    @model_validator(mode="after")
    def _waits_and_windows_fit(self) -> "Rebalancing":
        if self.stage7_retry_base_delay_ms > self.stage7_retry_max_delay_ms:
            raise ValueError("STAGE7_RETRY_BASE_DELAY_MS is over STAGE7_RETRY_MAX_DELAY_MS")
        if self.stage7_adapt_safe_window_cycles > self.stage7_adapt_window_cycles:
            raise ValueError("STAGE7_ADAPT_SAFE_WINDOW_CYCLES is over STAGE7_ADAPT_WINDOW_CYCLES")
        if both := set(self.stage7_universe_whitelist) & set(self.stage7_universe_blacklist):
            raise ValueError(f"{', '.join(sorted(both))} stands in whitelist and blacklist")
        return self

    def universe(self) -> UniversePolicy:
        """Which pairs may be traded, and how fast the choice may change."""
        return UniversePolicy(
            whitelist=self.stage7_universe_whitelist,
            blacklist=self.stage7_universe_blacklist,
            lookback=self.stage7_vol_lookback,
            probation_cycles=self.stage7_universe_governance_probation_cycles,
            cooldown_s=self.stage7_universe_governance_cooldown_sec,
            max_churn_per_day=self.stage7_universe_governance_max_churn_per_day,
            max_data_age_s=Decimal(self.stage7_max_data_age_sec),
        )

    def budget(self, max_order_try: Decimal) -> BudgetPolicy:
        """What may be lost, held and paid before the mode gets stricter."""
        is_observing = self.stage7_loss_guardrail_mode == "observe_only"
        return BudgetPolicy(
            max_data_age_s=Decimal(self.stage7_max_data_age_sec),
            max_drawdown_ratio=self.stage7_max_drawdown_ratio,
            max_daily_loss_try=self.stage7_max_daily_loss_try,
            max_consecutive_losses=self.stage7_max_consecutive_losses,
            loss_mode=RiskMode.OBSERVE_ONLY if is_observing else RiskMode.REDUCE_RISK_ONLY,
            spread_spike_bps=self.stage7_spread_spike_bps,
            fee_burn_limit_try=self.stage7_fee_burn_limit_try,
            high_vol_bps=self.stage7_high_vol_threshold_bps,
            max_order_notional_try=max_order_try,
            max_symbol_exposure_try=self.stage7_max_symbol_exposure_try,
            cooldown=timedelta(seconds=self.stage7_risk_cooldown_sec),
            concentration_top_n=self.stage7_concentration_top_n,
            max_concentration_ratio=self.stage7_max_concentration_ratio,
            is_observing_without_rules=self.stage7_rules_invalid_metadata_policy
            == "observe_only_cycle",
        )

    def pace(self, seed: int) -> PacePolicy:
        """How fast orders may leave, and how long a failed one waits."""
        return PacePolicy(
            rate=self.stage7_rate_limit_rps,
            burst=self.stage7_rate_limit_burst,
            retries_max=self.stage7_retry_max_attempts,
            base_delay_ms=self.stage7_retry_base_delay_ms,
            max_delay_ms=self.stage7_retry_max_delay_ms,
            seed=seed,
        )

    def adaptation(self) -> AdaptationPolicy:
        """Whether and how carefully parameters move by themselves."""
        return AdaptationPolicy(
            is_on=self.stage7_adapt,
            window=self.stage7_adapt_window_cycles,
            safe_window=self.stage7_adapt_safe_window_cycles,
            pnl_floor_try=self.stage7_adapt_pnl_floor_try,
            cooldown_cycles=self.stage7_adapt_cooldown_cycles,
            reject_spike=self.stage7_reject_spike_threshold or None,
            retry_excess=self.stage7_retry_alert_threshold or None,
        )
