"""Settings of stage 4: what is refused, and what reaches the policy."""

from decimal import Decimal

import pytest

from btcbot_core.domain.codes import AnomalyCode
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.policy import Policy, StrategyName, UsageMode
from btcbot_core.settings import load


def policy(**environment: str) -> Policy:
    return load(environment=environment).settings.policy()


def problems(**environment: str) -> str:
    with pytest.raises(ConfigError) as refused:
        load(environment=environment)
    return " | ".join(refused.value.problems)


def test_the_defaults_are_those_of_the_policies() -> None:
    ours, bare = policy(), Policy()
    for name in ("risk", "allocation", "lifecycle", "anomalies", "degrade", "strategies"):
        assert getattr(ours, name) == getattr(bare, name)


def test_percent_become_a_ratio_and_minutes_seconds() -> None:
    told = policy(MAX_DRAWDOWN_PCT="7.5", FILLS_POLL_LOOKBACK_MINUTES="2")
    assert told.risk.max_drawdown_ratio == Decimal("0.075")
    assert told.lifecycle.fills_lookback_s == 120


def test_empty_is_no_limit() -> None:
    told = policy(TRY_CASH_MAX="", MAX_POSITION_TRY_PER_SYMBOL="", LATENCY_SPIKE_MS="")
    assert told.allocation.cash_max_try is None
    assert told.risk.max_position_per_pair_try is None
    assert told.anomalies.latency_ms is None


def test_lists_are_read_in_their_order() -> None:
    told = policy(
        STRATEGIES="mean_reversion, Profit_Aware",
        DEGRADE_WARN_CODES_CSV="clock_skew",
        DEGRADE_RECOVERY_CYCLES="1, 2,3",
        INVESTABLE_USAGE_MODE="fraction",
    )
    assert told.strategies == (StrategyName.MEAN_REVERSION, StrategyName.PROFIT_AWARE)
    assert told.degrade.warn_codes == {AnomalyCode.CLOCK_SKEW}
    assert told.degrade.clean_cycles == (1, 2, 3)
    assert told.allocation.usage is UsageMode.FRACTION


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"TRY_CASH_TARGET": "601"}, "TRY_CASH_MAX"),
        ({"MIN_ORDER_NOTIONAL_TRY": "3001"}, "RISK_MAX_ORDER_NOTIONAL_TRY"),
        ({"MAX_POSITION_NOTIONAL_TRY": "4999"}, "MAX_POSITION_TRY_PER_SYMBOL"),
        ({"MAX_OPEN_ORDERS_PER_SYMBOL": "6"}, "MAX_OPEN_ORDERS"),
        ({"PNL_DIVERGENCE_TRY_WARN": "201"}, "PNL_DIVERGENCE_TRY_ERROR"),
        ({"INVESTABLE_USAGE_MODE": "cap"}, "MAX_TRY_PER_CYCLE"),
        ({"STAGE5_ANCHOR_PRICE": "1", "STRATEGIES": "mean_reversion"}, "STAGE5_ANCHOR_PRICE"),
        ({"STAGE5_ANCHOR_PRICE": "0"}, "STAGE5_ANCHOR_PRICE"),
        ({"STRATEGIES": ""}, "STRATEGIES"),
        ({"STRATEGIES": "profit_aware,profit_aware"}, "STRATEGIES"),
        ({"DEGRADE_RECOVERY_CYCLES": "4,4"}, "DEGRADE_RECOVERY_CYCLES"),
        ({"DEGRADE_RECOVERY_CYCLES": "4,0,8"}, "DEGRADE_RECOVERY_CYCLES"),
        ({"RISK_MAX_POSITION_PCT": "30"}, "RISK_MAX_POSITION_PCT"),
        ({"RISK_MAX_DRAWDOWN_TRY": "0"}, "RISK_MAX_DRAWDOWN_TRY"),
        ({"MAX_DRAWDOWN_PCT": "101"}, "MAX_DRAWDOWN_PCT"),
        ({"MEAN_REVERSION_LOOKBACK": "241"}, "MEAN_REVERSION_LOOKBACK"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(environment: dict[str, str], named: str) -> None:
    assert named in problems(**environment)


def test_everything_that_disagrees_is_told_at_once() -> None:
    told = problems(TRY_CASH_TARGET="601", MAX_OPEN_ORDERS_PER_SYMBOL="6")
    assert "TRY_CASH_MAX" in told
    assert "MAX_OPEN_ORDERS" in told


def test_a_pinned_mean_is_fine_for_one_pair() -> None:
    told = policy(STAGE5_ANCHOR_PRICE="100", STRATEGIES="mean_reversion", SYMBOLS="BTC_TRY")
    assert told.mean_reversion.anchor == 100
