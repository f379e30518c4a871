"""All settings together: validated as one, and handed on as policies."""

from decimal import Decimal

from pydantic import (
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from btcbot_core.domain.ids import digest
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.policy import (
    LimitPolicy,
    MeanReversionPolicy,
    OrderPolicy,
    Policy,
    PortfolioPolicy,
    StrategyName,
    StrategyPolicy,
)
from btcbot_core.domain.rebalancing import (
    Params,
    RebalancePolicy,
    ScoreWeights,
    SizingPolicy,
)
from btcbot_core.settings.budgets import Hardening, Rebalancing, Watching
from btcbot_core.settings.groups import Account, Placement, Safety, Simulation, Trading
from btcbot_core.settings.reading import (
    NO_CAP,
    read_score_weights,
    read_weights,
)


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
        read_weights(self.portfolio_targets, self.symbols)
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
            portfolio=PortfolioPolicy(targets=read_weights(self.portfolio_targets, self.symbols)),
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
        liquidity, spread, volatility = read_score_weights(self.stage7_score_weights)
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
                max_position_try=NO_CAP
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
