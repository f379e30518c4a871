"""Settings: flags over environment over `.env` over a dataset's profile over defaults.

The only reader of the environment. All problems are reported at once, by name; no value of a
secret is ever shown. Nothing below `bootstrap` sees a Settings object: it sees policies.
"""

import base64
import binascii
import os
import re
import stat
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, cast

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from btcbot_core.domain.arm import is_loopback
from btcbot_core.domain.codes import AnomalyCode
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.gates import ACKNOWLEDGEMENT, Gates
from btcbot_core.domain.ids import digest
from btcbot_core.domain.money import ZERO, NotANumberError, decimal_from
from btcbot_core.domain.policy import (
    AllocationPolicy,
    AnomalyPolicy,
    DegradePolicy,
    LifecyclePolicy,
    LimitPolicy,
    MeanReversionPolicy,
    OrderPolicy,
    Policy,
    PortfolioPolicy,
    RiskPolicy,
    StrategyName,
    StrategyPolicy,
    UsageMode,
)
from btcbot_core.domain.rebalancing import (
    AdaptationPolicy,
    BudgetPolicy,
    Orphans,
    PacePolicy,
    Params,
    RebalancePolicy,
    ScoreWeights,
    SizingPolicy,
    UniversePolicy,
)
from btcbot_core.domain.symbol import NotASymbolError, Symbol, symbol_from

SECRETS = frozenset({"BTCTURK_API_KEY", "BTCTURK_API_SECRET"})
"""Names whose values are never shown, and which no file may hold that others can read."""
SECRET_BYTES_MIN = 12

_SCORES = ("liquidity", "spread", "volatility")
_NO_CAP = Decimal(10) ** 15
"""More quote currency than anybody has."""

_API_KEY = re.compile(r"[!-~]{6,128}", re.ASCII)


def _decimal(value: object) -> object:
    if isinstance(value, Decimal):
        return value
    try:
        return decimal_from(str(value).strip())
    except NotANumberError as error:
        raise ValueError(str(error)) from error


def _empty_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _upper_case(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _symbols(value: object) -> object:
    """`BTC_TRY,ETH_TRY`, `["BTC_TRY"]` or `[BTC_TRY]`; blanks dropped, first of equals wins."""
    if not isinstance(value, str):
        return value
    items = [item.strip().strip("\"'") for item in value.strip().strip("[]").split(",")]
    try:
        found = dict.fromkeys(symbol_from(item) for item in items if item and item != "null")
    except NotASymbolError as error:
        raise ValueError(str(error)) from error
    if not found:
        raise ValueError("expected at least one pair")
    return tuple(found)


def _url(text: str) -> str:
    """Only https leaves this machine; plain http may reach a paper exchange on it."""
    url = text.strip().rstrip("/")
    if url and not (url.startswith("https://") or is_loopback(url)):
        raise ValueError("expected https://, or http:// to this machine")
    return url


def _api_key(key: SecretStr) -> SecretStr:
    text = key.get_secret_value().strip()
    if text and not _API_KEY.fullmatch(text):
        raise ValueError("expected 6 to 128 printable letters, no spaces")
    return SecretStr(text)


def _api_secret(secret: SecretStr) -> SecretStr:
    """The exchange gives base64; what is none would only be found out by a refused signature."""
    text = secret.get_secret_value().strip()
    try:
        is_whole = len(base64.b64decode(text, validate=True)) >= SECRET_BYTES_MIN
    except (binascii.Error, ValueError):
        is_whole = False
    if text and not is_whole:
        raise ValueError(
            f"expected base64 of at least {SECRET_BYTES_MIN} bytes, as the exchange gave it"
        )
    return SecretStr(text)


def _symbols_or_none(value: object) -> object:
    """As `_symbols`; nothing at all is nothing."""
    return () if isinstance(value, str) and not value.strip() else _symbols(value)


def _score_weights(text: str) -> tuple[Decimal, Decimal, Decimal]:
    """`liquidity:0.5,spread:0.3,volatility:0.2`; each named once, none negative, shares of one."""
    found = dict.fromkeys(_SCORES, ZERO)
    named = list[str]()
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, weight = item.partition(":")
        share = _decimal(weight)
        if name not in found or name in named or not isinstance(share, Decimal) or share < ZERO:
            raise ValueError(f"expected each of {', '.join(_SCORES)} at most once, 0 or more")
        named.append(name)
        found[name] = share
    if not any(found.values()):
        raise ValueError("expected weights of which one is over 0")
    return found["liquidity"], found["spread"], found["volatility"]


def _weights_text(text: str) -> str:
    _score_weights(text)
    return text


def _codes(value: object) -> object:
    """Anomaly codes separated by commas; none means every one of them."""
    if not isinstance(value, str):
        return value
    named = [item.strip().upper() for item in value.split(",") if item.strip()]
    odd = [item for item in named if item not in AnomalyCode.__members__]
    if odd:
        raise ValueError(f"no such code: {', '.join(odd)}")
    return tuple(AnomalyCode(item) for item in named) or tuple(AnomalyCode)


def _strategies(value: object) -> object:
    """Names of strategies separated by commas, in the order in which they are asked."""
    if not isinstance(value, str):
        return value
    named = [item.strip().lower() for item in value.split(",") if item.strip()]
    known = tuple(StrategyName)
    if not named or len(set(named)) < len(named) or any(item not in known for item in named):
        raise ValueError(f"expected one or more of {', '.join(known)}, each once")
    return tuple(StrategyName(item) for item in named)


def _three_counts(value: object) -> object:
    """Three whole numbers over 0, separated by commas."""
    if not isinstance(value, str):
        return value
    items = [item.strip() for item in value.split(",")]
    if len(items) != 3 or any(not item.isdecimal() or int(item) < 1 for item in items):
        raise ValueError("expected three whole numbers over 0, as in 4,4,8")
    return tuple(int(item) for item in items)


def _weights(text: str, universe: tuple[Symbol, ...]) -> dict[Symbol, Decimal]:
    """`BTCTRY:0.6,ETHTRY:0.4`, made to add up to one when they nearly do (within 5 %)."""
    weights: dict[Symbol, Decimal] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, weight = item.partition(":")
        try:
            symbol, share = symbol_from(name), decimal_from(weight.strip())
        except ValueError as error:
            raise ValueError(f"PORTFOLIO_TARGETS: {error}") from error
        if share <= ZERO or symbol not in universe or symbol in weights:
            raise ValueError(
                f"PORTFOLIO_TARGETS: {item}: expected a weight over 0 for each pair of SYMBOLS once"
            )
        weights[symbol] = share
    total = sum(weights.values(), ZERO)
    if weights and abs(total - 1) >= Decimal("0.05"):
        raise ValueError(f"PORTFOLIO_TARGETS: expected weights that add up to 1, found sum {total}")
    if abs(total - 1) <= Decimal("0.000001"):
        return weights
    return {symbol: share / total for symbol, share in weights.items()}


Money = Annotated[Decimal, BeforeValidator(_decimal), Field(ge=ZERO)]
PositiveMoney = Annotated[Decimal, BeforeValidator(_decimal), Field(gt=ZERO)]
Bps = Annotated[Decimal, BeforeValidator(_decimal), Field(ge=ZERO, le=10_000)]
Ratio = Annotated[Decimal, BeforeValidator(_decimal), Field(ge=ZERO, le=1)]
PositiveBps = Annotated[Decimal, BeforeValidator(_decimal), Field(gt=ZERO, le=10_000)]
PositiveRatio = Annotated[Decimal, BeforeValidator(_decimal), Field(gt=ZERO, le=1)]
EmptyIsNone = BeforeValidator(_empty_is_none)
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[int, Field(ge=0, le=31_536_000)]


class Safety(BaseModel):
    """The four gates. Closed by default; they never stop the program from loading (DEC-9)."""

    dry_run: bool = True
    kill_switch: bool = True
    live_trading: bool = False
    live_trading_ack: str = ""
    on_kill: Literal["cancel", "keep"] = "cancel"
    arm_max_minutes: Annotated[int, Field(ge=1, le=240)] = 240
    arm_lease_minutes: Annotated[Annotated[int, Field(ge=1, le=525_600)] | None, EmptyIsNone] = None

    def gates(self) -> Gates:
        """The gates as one value; the acknowledgement counts only letter by letter."""
        return Gates(
            dry_run=self.dry_run,
            kill_switch=self.kill_switch,
            live_trading=self.live_trading,
            acknowledged=self.live_trading_ack == ACKNOWLEDGEMENT,
        )


class Placement(BaseModel):
    """Where things are and what they are called."""

    state_db_path: Path = Path("btcbot_state.db")
    client_id_prefix: Annotated[str, Field(pattern=r"^[a-z0-9]{2,8}$")] = "btcb"
    btcturk_base_url: Annotated[str, AfterValidator(_url)] = "https://api.btcturk.com"
    btcturk_graph_url: Annotated[str, AfterValidator(_url)] = ""
    """Empty: the exchange's own candle host; behind another base URL, that one."""
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper_case)
    ] = "INFO"


class Account(BaseModel):
    """Who we are to the exchange. Neither value leaves this room but as a secret."""

    btcturk_api_key: Annotated[SecretStr, AfterValidator(_api_key)] = SecretStr("")
    btcturk_api_secret: Annotated[SecretStr, AfterValidator(_api_secret)] = SecretStr("")


class Trading(BaseModel):
    """What is traded, how much, and how often."""

    symbols: Annotated[
        tuple[Symbol, ...],
        NoDecode,
        BeforeValidator(_symbols),
        Field(validation_alias=AliasChoices("UNIVERSE_SYMBOLS", "SYMBOLS", "symbols")),
    ] = (Symbol("BTCTRY"), Symbol("ETHTRY"), Symbol("SOLTRY"))
    entry_budget_try: Money = Decimal(100)
    entry_max_spread_ratio: Ratio = Decimal("0.01")
    take_profit_fraction: Annotated[Decimal, BeforeValidator(_decimal), Field(gt=ZERO, le=1)] = (
        Decimal("0.25")
    )
    min_profit_bps: Bps = Decimal(30)
    stop_loss_bps: Annotated[PositiveBps | None, EmptyIsNone] = None
    fee_bps_taker: Bps = Decimal(18)
    ttl_seconds: Annotated[int, Field(gt=0, le=31_536_000)] = 120
    cooldown_seconds: Seconds = 60
    max_orders_per_cycle: Count = 2
    max_open_orders: Annotated[int, Field(ge=1)] = 5
    max_open_orders_per_symbol: Annotated[int, Field(ge=1)] = 1
    min_order_notional_try: Annotated[Decimal, BeforeValidator(_decimal), Field(gt=ZERO)] = Decimal(
        10
    )
    max_notional_per_order_try: Annotated[Money | None, EmptyIsNone] = None
    notional_cap_try_per_cycle: Money = Decimal(1000)
    try_cash_target: Money = Decimal(300)
    max_market_data_age_ms: Annotated[int, Field(ge=1)] = 15_000
    unknown_release_misses: Annotated[int, Field(ge=1)] = 3
    unknown_release_seconds: Seconds = 120

    @model_validator(mode="after")
    def _caps_leave_room(self) -> "Trading":
        cap = self.max_notional_per_order_try
        if cap is not None and ZERO < cap < self.min_order_notional_try:
            raise ValueError(
                "MAX_NOTIONAL_PER_ORDER_TRY is under MIN_ORDER_NOTIONAL_TRY: no order could pass"
            )
        return self


class Hardening(BaseModel):
    """What stage 4 adds: more strategies, money divided over wishes, a risk budget."""

    strategies: Annotated[tuple[StrategyName, ...], NoDecode, BeforeValidator(_strategies)] = (
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
    max_drawdown_pct: Annotated[Decimal, BeforeValidator(_decimal), Field(ge=ZERO, le=100)] = (
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
    balance_mismatch_cycles: Annotated[int, Field(ge=1)] = 3
    unknown_probe_escalate_attempts: Annotated[int, Field(ge=1)] = 8
    degrade_warn_codes_csv: Annotated[
        tuple[AnomalyCode, ...], NoDecode, BeforeValidator(_codes)
    ] = (
        AnomalyCode.STALE_MARKET_DATA,
        AnomalyCode.ORDER_REJECT_SPIKE,
        AnomalyCode.PNL_DIVERGENCE,
    )
    degrade_warn_threshold: Annotated[int, Field(ge=1)] = 3
    degrade_cooldown_observe_seconds: Seconds = 1800
    degrade_cooldown_reduce_seconds: Seconds = 900
    degrade_recovery_cycles: Annotated[
        tuple[int, int, int], NoDecode, BeforeValidator(_three_counts)
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
        tuple[Symbol, ...], NoDecode, BeforeValidator(_symbols_or_none)
    ] = ()
    stage7_universe_blacklist: Annotated[
        tuple[Symbol, ...], NoDecode, BeforeValidator(_symbols_or_none)
    ] = ()
    stage7_min_quote_volume_try: Money = ZERO
    stage7_max_spread_bps: Annotated[Decimal, BeforeValidator(_decimal), Field(ge=ZERO)] = Decimal(
        1_000_000
    )
    stage7_vol_lookback: Annotated[int, Field(ge=2, le=500)] = 20
    stage7_score_weights: Annotated[str, AfterValidator(_weights_text)] = (
        "liquidity:0.5,spread:0.3,volatility:0.2"
    )
    stage7_universe_governance_probation_cycles: Annotated[int, Field(ge=1)] = 1
    stage7_universe_governance_cooldown_sec: Seconds = 21_600
    stage7_universe_governance_max_churn_per_day: Annotated[int, Field(ge=1)] = 4
    stage7_order_offset_bps: Annotated[
        Decimal, BeforeValidator(_decimal), Field(ge=ZERO, le=50)
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
    stage7_risk_cooldown_sec: Seconds = 900
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
        Annotated[Decimal, BeforeValidator(_decimal), Field(le=ZERO)] | None, EmptyIsNone
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


class Simulation(BaseModel):
    """How the paper exchange behaves (DEC-20). The older stage 7 names are read as aliases."""

    dry_run_try_balance: Money = Decimal(1000)
    sim_fee_bps: Annotated[
        Bps, Field(validation_alias=AliasChoices("SIM_FEE_BPS", "STAGE7_FEES_BPS", "sim_fee_bps"))
    ] = Decimal(18)
    sim_slippage_bps: Annotated[
        Bps,
        Field(
            validation_alias=AliasChoices(
                "SIM_SLIPPAGE_BPS", "STAGE7_SLIPPAGE_BPS", "sim_slippage_bps"
            )
        ),
    ] = Decimal(5)
    sim_latency_steps: Annotated[int, Field(ge=0, le=10)] = 1
    sim_participation_ratio: Annotated[PositiveRatio | None, EmptyIsNone] = None
    sim_reject_bps: Annotated[
        Bps,
        Field(
            validation_alias=AliasChoices(
                "SIM_REJECT_BPS", "STAGE7_SIM_REJECT_PROB_BPS", "sim_reject_bps"
            )
        ),
    ] = ZERO
    sim_seed: int = 123


class Settings(
    Safety, Placement, Account, Trading, Hardening, Watching, Rebalancing, Simulation, BaseSettings
):
    """Everything that can be set, validated together."""

    model_config = SettingsConfigDict(extra="ignore", case_sensitive=False, frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` hands over: it has read each source itself, to know which one won."""
        return (init_settings,)

    @model_validator(mode="after")
    def _targets_add_up(self) -> "Settings":
        _weights(self.portfolio_targets, self.symbols)
        return self

    @model_validator(mode="after")
    def _limits_agree(self) -> "Settings":
        """All that is wrong between settings, at once."""
        problems = [words for is_wrong, words in _disagreements(self) if is_wrong]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def policy(self) -> Policy:
        """The numbers that decisions are made by."""
        return Policy(
            strategy=StrategyPolicy(
                min_profit_bps=self.min_profit_bps,
                taker_fee_bps=self.fee_bps_taker,
                entry_budget_try=self.entry_budget_try,
                entry_max_spread_ratio=self.entry_max_spread_ratio,
                take_profit_ratio=self.take_profit_fraction,
                stop_loss_bps=self.stop_loss_bps,
            ),
            limits=LimitPolicy(
                max_orders_per_cycle=self.max_orders_per_cycle,
                max_open_orders=self.max_open_orders,
                max_open_orders_per_symbol=self.max_open_orders_per_symbol,
                cooldown_s=self.cooldown_seconds,
                max_notional_per_cycle_try=self.notional_cap_try_per_cycle,
                max_notional_per_order_try=self.max_notional_per_order_try,
                min_order_notional_try=self.min_order_notional_try,
                cash_target_try=self.try_cash_target,
                max_data_age_s=Decimal(self.max_market_data_age_ms) / 1000,
            ),
            orders=OrderPolicy(
                client_id_prefix=self.client_id_prefix,
                ttl_s=self.ttl_seconds,
                absent_probes_min=self.unknown_release_misses,
                absent_for_s=self.unknown_release_seconds,
                cancel_on_kill=self.on_kill == "cancel",
            ),
            portfolio=PortfolioPolicy(targets=_weights(self.portfolio_targets, self.symbols)),
            mean_reversion=MeanReversionPolicy(
                band_bps=self.mean_reversion_bps,
                lookback=self.mean_reversion_lookback,
                anchor=self.stage5_anchor_price,
                # An entry under the minimum could never be placed.
                first_entry_try=max(self.stage5_bootstrap_notional_try, self.min_order_notional_try)
                if self.stage5_bootstrap_notional_try
                else ZERO,
                max_intent_try=self.stage5_max_intent_notional_try,
            ),
            strategies=self.strategies,
            risk=self.risk(),
            allocation=self.allocation(),
            lifecycle=self.lifecycle(),
            anomalies=self.anomalies(),
            degrade=self.degrade(),
            rebalance=self.rebalance(),
        )

    def rebalance(self) -> RebalancePolicy:
        """What a rebalancing run decides by, beside what all runs share."""
        liquidity, spread, volatility = _score_weights(self.stage7_score_weights)
        weights = ScoreWeights(liquidity=liquidity, spread=spread, volatility=volatility)
        return RebalancePolicy(
            params=Params(
                universe_size=self.stage7_universe_size,
                weights=weights.resolved(),
                order_offset_bps=self.stage7_order_offset_bps,
                turnover_cap_try=self.notional_cap_try_per_cycle,
                max_orders_per_cycle=self.max_orders_per_cycle,
                max_spread_bps=self.stage7_max_spread_bps,
                cash_target_try=self.try_cash_target,
                min_quote_volume_try=self.stage7_min_quote_volume_try,
            ),
            universe=self.universe(),
            sizing=SizingPolicy(
                cash_max_try=self.try_cash_target
                if self.try_cash_max is None
                else self.try_cash_max,
                max_position_try=_NO_CAP
                if self.max_position_try_per_symbol is None
                else self.max_position_try_per_symbol,
                min_order_try=self.min_order_notional_try,
                max_order_try=self.max_notional_per_order_try,
                drift_band_bps=self.stage7_drift_band_bps,
                fee_buffer_bps=self.allocation_fee_buffer_bps,
                rounding_buffer_try=self.stage7_rounding_buffer_try,
                orphans=self.stage7_orphan_positions,
            ),
            budget=self.budget(self.risk_max_order_notional_try),
            pace=self.pace(self.sim_seed),
            adaptation=self.adaptation(),
        )

    def decisive_digest(self) -> str:
        """A hash over all that decides; paths, gates, keys and logs do not."""
        apart = {"state_db_path", "log_level", *Safety.model_fields, *Account.model_fields}
        apart -= {"on_kill"}
        parts = self.model_dump(mode="json", exclude=apart)
        return digest((f"{k}={parts[k]}" for k in sorted(parts)), 16)


def _disagreements(s: Settings) -> tuple[tuple[bool, str], ...]:
    """Every rule between two settings: whether it is broken, and what it says."""
    cash_max, per_pair = s.try_cash_max, s.max_position_try_per_symbol
    is_pinned = s.stage5_anchor_price is not None and len(s.symbols) > 1
    return (
        (
            cash_max is not None and cash_max < s.try_cash_target,
            "TRY_CASH_MAX is under TRY_CASH_TARGET: nothing could be spent; empty is no limit",
        ),
        (
            s.risk_max_order_notional_try < s.min_order_notional_try,
            "RISK_MAX_ORDER_NOTIONAL_TRY is under MIN_ORDER_NOTIONAL_TRY: no order could pass",
        ),
        (
            per_pair is not None and per_pair > s.max_position_notional_try,
            "MAX_POSITION_TRY_PER_SYMBOL is over MAX_POSITION_NOTIONAL_TRY, the limit of all pairs",
        ),
        (
            s.max_open_orders < s.max_open_orders_per_symbol,
            "MAX_OPEN_ORDERS is under MAX_OPEN_ORDERS_PER_SYMBOL",
        ),
        (
            s.pnl_divergence_try_error < s.pnl_divergence_try_warn,
            "PNL_DIVERGENCE_TRY_ERROR is under PNL_DIVERGENCE_TRY_WARN",
        ),
        (
            s.investable_usage_mode == "cap" and s.max_try_per_cycle is None,
            "INVESTABLE_USAGE_MODE=cap needs MAX_TRY_PER_CYCLE",
        ),
        (
            is_pinned and StrategyName.MEAN_REVERSION in s.strategies,
            "STAGE5_ANCHOR_PRICE is the price of one pair, and SYMBOLS names several",
        ),
    )


class Loaded(BaseModel):
    """Settings, where each came from, and what looked odd while reading them."""

    settings: Settings
    sources: dict[str, str]
    warnings: tuple[str, ...]
    odd_names: frozenset[str]
    """What the file sets that is no setting."""

    def shown(self) -> dict[str, tuple[str, str]]:
        """Each setting's value as text and its source; a secret shows only that it is there."""
        values = self.settings.model_dump(mode="json")
        values |= {name.lower(): "set" for name in SECRETS if values[name.lower()]}
        return {
            name: (_shown(values["symbols" if name == "SYMBOLS" else name.lower()]), source)
            for name, source in self.sources.items()
        }


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def names() -> tuple[str, ...]:
    """The environment names of all settings, in the order in which they are declared."""
    return tuple(_canonical_name(field) for field in Settings.model_fields)


def known_names() -> frozenset[str]:
    """Every spelling under which a setting may be given."""
    return frozenset(name for field in Settings.model_fields for name in _spellings(field))


def load(
    flags: Mapping[str, str] | None = None,
    profile: Mapping[str, str] | None = None,
    env_file: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Loaded:
    """Read and validate everything.

    `environment` is the process's own by default; pass `{}` for a run that must not depend on
    it. Raises ConfigError with every problem at once.
    """
    env = os.environ if environment is None else environment
    from_file, warnings = _read_env_file(env_file, env_file is None and environment is not None)
    layers: tuple[tuple[str, Mapping[str, str]], ...] = (
        ("dataset", profile or {}),
        ("file", from_file),
        ("environment", env),
        ("flag", flags or {}),
    )
    values: dict[str, str] = {}
    sources = dict.fromkeys(names(), "default")
    for source, layer in layers:
        for field in Settings.model_fields:
            for name in _spellings(field):
                if name in layer:
                    values[name_of := _canonical_name(field)] = layer[name]
                    sources[name_of] = source
                    break
    try:
        settings = Settings(**cast("dict[str, object]", _by_field(values)))  # type: ignore[arg-type]
    except ValidationError as error:
        raise ConfigError(*_problems(error)) from None
    odd_names = frozenset(from_file) - known_names()
    return Loaded(settings=settings, sources=sources, warnings=warnings, odd_names=odd_names)


def _canonical_name(field: str) -> str:
    return "SYMBOLS" if field == "symbols" else field.upper()


def _spellings(field: str) -> tuple[str, ...]:
    """The names under which a setting may be given, the one that wins first."""
    alias = Settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(str(c) for c in alias.choices if str(c).isupper())
    return (field.upper(),)


def _by_field(values: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in values.items()}


def _problems(error: ValidationError) -> list[str]:
    problems = []
    for item in error.errors():
        where = str(item["loc"][0]).upper() if item["loc"] else ""
        words = item["msg"].removeprefix("Value error, ")
        given = (
            "" if where in SECRETS or not item["loc"] else f", found {str(item['input'])[:40]!r}"
        )
        problems.append(f"{where}: {words}{given}" if where else words)
    return problems


_KEY = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=")


def _read_env_file(path: Path | None, is_skipped: bool) -> tuple[dict[str, str], tuple[str, ...]]:
    """The file's values, strictly; a named file must exist, `./.env` may be absent."""
    chosen = path or Path(".env")
    if is_skipped or (path is None and not chosen.exists()):
        return {}, ()
    try:
        text = chosen.read_bytes().decode("utf-8-sig")
        mode = chosen.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{chosen}: cannot be read as text: {error}") from error
    problems, seen = [], dict[str, int]()
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key = _KEY.match(line)
        if key is None:
            problems.append(f"{chosen}:{number}: expected NAME=value")
        elif key[1] in seen:
            problems.append(f"{chosen}:{number}: {key[1]} was set on line {seen[key[1]]} already")
        else:
            seen[key[1]] = number
    if problems:
        raise ConfigError(*problems)
    values = {k: v or "" for k, v in dotenv_values(chosen, interpolate=False).items()}
    if mode & (stat.S_IRWXG | stat.S_IRWXO) and any(values.get(name) for name in SECRETS):
        raise ConfigError(f"{chosen}: holds a secret and others can read it: chmod 600 {chosen}")
    known = known_names()
    odd = tuple(
        f"{chosen}:{n}: {k} is no setting of ours" for k, n in seen.items() if k not in known
    )
    return values, odd
