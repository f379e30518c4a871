"""Every setting of rebalancing and of the simulation: default, both bounds, and what is no value.

STAGE7 §27.8. A bound that is not there is a very large number.
"""

from decimal import Decimal
from typing import NamedTuple

import pytest

from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.rebalancing import RebalancePolicy
from btcbot_core.settings import Settings, load, names

HUGE = "1000000000000"


class Row(NamedTuple):
    """What may stand at either end, and what may not stand at all."""

    lowest: str
    highest: str
    invalid: tuple[str, ...]


POSITIVE = Row("0.00000001", HUGE, ("0", "-1", "NaN"))
NOT_NEGATIVE = Row("0", HUGE, ("-0.01", "Infinity", "x"))
OFF_OR_MORE = Row("", HUGE, ("-1", "NaN"))
COUNT = Row("0", HUGE, ("-1", "1.5"))
ONE_OR_MORE = Row("1", HUGE, ("0", "-1", "1.5"))
BPS = Row("0", "10000", ("-1", "10001", "1_0"))
COST_BPS = Row("0", "1000", ("-1", "1000.1"))
SECONDS = Row("0", "31536000", ("-1", "31536001"))
BOOL = Row("false", "true", ("perhaps",))

TABLE = {
    "DRY_RUN_TRY_BALANCE": NOT_NEGATIVE,
    "SIM_FILL_MODEL": Row("book_cross", "mark_slippage", ("", "mid")),
    "SIM_FEE_BPS": COST_BPS,
    "SIM_SLIPPAGE_BPS": COST_BPS,
    "SIM_LATENCY_STEPS": Row("0", "10", ("-1", "11")),
    "SIM_PARTICIPATION_RATIO": Row("", "1", ("0", "1.01")),
    "SIM_REJECT_BPS": BPS,
    "SIM_SEED": Row(f"-{HUGE}", HUGE, ("x", "1.5", "")),
    "STAGE7_UNIVERSE_SIZE": Row("1", "500", ("0", "501")),
    "STAGE7_UNIVERSE_WHITELIST": Row("", "BTC_TRY,ETHTRY", ("BTC", "BTC TRY;")),
    "STAGE7_UNIVERSE_BLACKLIST": Row("", '["SOLTRY"]', ("SOL",)),
    "STAGE7_MIN_QUOTE_VOLUME_TRY": NOT_NEGATIVE,
    "STAGE7_MAX_SPREAD_BPS": NOT_NEGATIVE,
    "STAGE7_VOL_LOOKBACK": Row("2", "500", ("1", "501")),
    "STAGE7_SCORE_WEIGHTS": Row(
        "liquidity:1", "liquidity:2,spread:0,volatility:5", ("speed:1", "spread:-1", "spread:0")
    ),
    "STAGE7_UNIVERSE_GOVERNANCE_PROBATION_CYCLES": ONE_OR_MORE,
    "STAGE7_UNIVERSE_GOVERNANCE_COOLDOWN_SEC": SECONDS,
    "STAGE7_UNIVERSE_GOVERNANCE_MAX_CHURN_PER_DAY": ONE_OR_MORE,
    "STAGE7_MARK_PRICE_SOURCE": Row("mid", "last", ("", "close")),
    "STAGE7_ORDER_OFFSET_BPS": Row("0", "50", ("-1", "50.1", "20000")),
    "STAGE7_DRIFT_BAND_BPS": BPS,
    "STAGE7_ROUNDING_BUFFER_TRY": OFF_OR_MORE,
    "STAGE7_ORPHAN_POSITIONS": Row("hold", "liquidate", ("sell", "")),
    "STAGE7_MAX_DATA_AGE_SEC": ONE_OR_MORE,
    "STAGE7_MAX_DRAWDOWN_RATIO": Row("0", "1", ("-0.1", "1.1", "25")),
    "STAGE7_MAX_DAILY_LOSS_TRY": OFF_OR_MORE,
    "STAGE7_MAX_CONSECUTIVE_LOSSES": Row("", HUGE, ("0", "1.5")),
    "STAGE7_LOSS_GUARDRAIL_MODE": Row("reduce_risk_only", "observe_only", ("normal", "")),
    "STAGE7_SPREAD_SPIKE_BPS": OFF_OR_MORE,
    "STAGE7_FEE_BURN_LIMIT_TRY": OFF_OR_MORE,
    "STAGE7_HIGH_VOL_THRESHOLD_BPS": OFF_OR_MORE,
    "STAGE7_MAX_SYMBOL_EXPOSURE_TRY": NOT_NEGATIVE,
    "STAGE7_CONCENTRATION_TOP_N": Row("1", "500", ("0", "501")),
    "STAGE7_MAX_CONCENTRATION_RATIO": Row("", "1", ("0", "1.01")),
    "STAGE7_RISK_COOLDOWN_SEC": SECONDS,
    "STAGE7_RULES_INVALID_METADATA_POLICY": Row("skip_symbol", "observe_only_cycle", ("skip", "")),
    "STAGE7_RULES_REQUIRE_METADATA": BOOL,
    "STAGE7_RULES_FALLBACK_TICK_SIZE": POSITIVE,
    "STAGE7_RULES_FALLBACK_LOT_SIZE": POSITIVE,
    "STAGE7_RULES_FALLBACK_MIN_NOTIONAL_TRY": POSITIVE,
    "STAGE7_RATE_LIMIT_RPS": POSITIVE,
    "STAGE7_RATE_LIMIT_BURST": ONE_OR_MORE,
    "STAGE7_RETRY_MAX_ATTEMPTS": ONE_OR_MORE,
    "STAGE7_RETRY_BASE_DELAY_MS": Row("1", "1000", ("0", "1001")),
    "STAGE7_RETRY_MAX_DELAY_MS": Row("100", HUGE, ("0", "99")),
    "STAGE7_REJECT_SPIKE_THRESHOLD": COUNT,
    "STAGE7_RETRY_ALERT_THRESHOLD": COUNT,
    "STAGE7_ADAPT": BOOL,
    "STAGE7_ADAPT_WINDOW_CYCLES": Row("3", "100", ("2", "101")),
    "STAGE7_ADAPT_SAFE_WINDOW_CYCLES": Row("1", "5", ("0", "6")),
    "STAGE7_ADAPT_PNL_FLOOR_TRY": Row(f"-{HUGE}", "0", ("0.01", "NaN")),
    "STAGE7_ADAPT_COOLDOWN_CYCLES": COUNT,
}
"""Where another setting is the bound (base and longest delay, both windows), at its default."""

GROUPS = ("STAGE7_", "SIM_", "DRY_RUN_TRY")


def test_the_table_holds_every_setting() -> None:
    assert sorted(TABLE) == sorted(name for name in names() if name.startswith(GROUPS))


@pytest.mark.parametrize("name", sorted(TABLE))
def test_27_8_a_setting_takes_both_its_bounds_and_refuses_what_is_beyond(name: str) -> None:
    row = TABLE[name]
    for text in (row.lowest, row.highest):
        assert load(environment={name: text}).sources[name] == "environment"
    for text in row.invalid:
        with pytest.raises(ConfigError) as refused:
            load(environment={name: text})
        told = " ".join(refused.value.problems)
        assert name in told, f"{name}={text} is refused without its name: {told}"


def test_the_defaults_are_those_of_the_policy() -> None:
    ours, bare = Settings().policy().rebalance, RebalancePolicy()
    assert ours.params == bare.params
    assert (ours.budget, ours.pace, ours.adaptation) == (bare.budget, bare.pace, bare.adaptation)
    assert (ours.universe, ours.sizing) == (bare.universe, bare.sizing)


@pytest.mark.parametrize(
    ("old", "name", "field"),
    [
        ("STAGE7_FEES_BPS", "SIM_FEE_BPS", "sim_fee_bps"),
        ("STAGE7_SLIPPAGE_BPS", "SIM_SLIPPAGE_BPS", "sim_slippage_bps"),
        ("STAGE7_SIM_REJECT_PROB_BPS", "SIM_REJECT_BPS", "sim_reject_bps"),
        ("STAGE7_MAX_DRAWDOWN_PCT", "STAGE7_MAX_DRAWDOWN_RATIO", "stage7_max_drawdown_ratio"),
    ],
)
def test_older_names_are_read_and_the_newer_one_wins(old: str, name: str, field: str) -> None:
    assert getattr(load(environment={old: "0.5"}).settings, field) == Decimal("0.5")
    both = load(environment={old: "0.5", name: "0.25"}).settings
    assert getattr(both, field) == Decimal("0.25")


def test_the_fill_model_is_read_under_both_names() -> None:
    model = load(environment={"STAGE7_FILL_MODEL": "mark_slippage"}).settings.sim_fill_model

    assert model == "mark_slippage"
