"""How a cycle went, and what an operator should look at: flags from counts and figures."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from btcbot_core.domain.money import ZERO
from btcbot_core.domain.rebalancing import AdaptationPolicy, BudgetPolicy


class Quality(StrEnum):
    STALE_DATA = "stale_data"
    MISSING_MARK = "missing_mark_price"
    SPREAD_SPIKE = "spread_spike"
    THROTTLED = "throttled"
    RETRY_SCHEDULED = "retry_scheduled"
    RETRY_GIVEUP = "retry_giveup"


class Alert(StrEnum):
    DRAWDOWN_BREACH = "drawdown_breach"
    REJECT_SPIKE = "reject_spike"
    MISSING_DATA = "missing_data"
    THROTTLED = "throttled"
    RETRY_EXCESS = "retry_excess"
    RETRY_GIVEUP = "retry_giveup"


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in a cycle, counted."""

    planned: int = 0
    skipped: int = 0
    submitted: int = 0
    filled: int = 0
    rejected: int = 0
    canceled: int = 0
    throttled: int = 0
    retries: int = 0
    giveups: int = 0
    missing_marks: int = 0


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The measures that flags look at. None is unknown."""

    data_age_s: Decimal | None = ZERO
    spread_bps: Decimal | None = None
    drawdown_ratio: Decimal = ZERO


def quality_flags(counts: Counts, figures: Figures, budget: BudgetPolicy) -> tuple[Quality, ...]:
    """What was not as it should be in this cycle's data and orders."""
    age, spread, spike = figures.data_age_s, figures.spread_bps, budget.spread_spike_bps
    told = (
        (Quality.STALE_DATA, age is None or age > budget.max_data_age_s),
        (Quality.MISSING_MARK, counts.missing_marks > 0),
        (Quality.SPREAD_SPIKE, bool(spike) and spread is not None and spread >= (spike or ZERO)),
        (Quality.THROTTLED, counts.throttled > 0),
        (Quality.RETRY_SCHEDULED, counts.retries > 0),
        (Quality.RETRY_GIVEUP, counts.giveups > 0),
    )
    return tuple([flag for flag, is_on in told if is_on])


def alert_flags(
    counts: Counts, figures: Figures, budget: BudgetPolicy, adaptation: AdaptationPolicy
) -> tuple[Alert, ...]:
    """What an operator should look at. A threshold of None or 0 is off."""
    spike, excess = adaptation.reject_spike, adaptation.retry_excess
    limit = budget.max_drawdown_ratio
    told = (
        (Alert.DRAWDOWN_BREACH, figures.drawdown_ratio >= limit > ZERO),
        (Alert.REJECT_SPIKE, bool(spike) and counts.rejected >= (spike or 0)),
        (Alert.MISSING_DATA, counts.missing_marks > 0),
        (Alert.THROTTLED, counts.throttled > 0),
        (Alert.RETRY_EXCESS, bool(excess) and counts.retries >= (excess or 0)),
        (Alert.RETRY_GIVEUP, counts.giveups > 0),
    )
    return tuple([flag for flag, is_on in told if is_on])
