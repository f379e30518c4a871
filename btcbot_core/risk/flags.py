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


class Counts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What happened in a cycle that flags look at, counted."""

    rejected: int = 0
    throttled: int = 0
    retries: int = 0
    giveups: int = 0
    missing_marks: int = 0


NOTHING_COUNTED = Counts()


class Figures(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The measures that flags look at. None is unknown."""

    data_age_s: Decimal | None = ZERO
    spread_bps: Decimal | None = None
    drawdown_ratio: Decimal = ZERO


def quality_flags(counts: Counts, figures: Figures, budget: BudgetPolicy) -> tuple[Quality, ...]:
    """What was not as it should be in this cycle's data and orders."""
    age, spread, spike = figures.data_age_s, figures.spread_bps, budget.spread_spike_bps
    told = []
    if age is None or age > budget.max_data_age_s:
        told.append(Quality.STALE_DATA)
    if counts.missing_marks:
        told.append(Quality.MISSING_MARK)
    if spike and spread is not None and spread >= spike:
        told.append(Quality.SPREAD_SPIKE)
    if counts.throttled:
        told.append(Quality.THROTTLED)
    if counts.retries:
        told.append(Quality.RETRY_SCHEDULED)
    if counts.giveups:
        told.append(Quality.RETRY_GIVEUP)
    return tuple(told)


def alert_flags(
    counts: Counts, figures: Figures, budget: BudgetPolicy, adaptation: AdaptationPolicy
) -> tuple[Alert, ...]:
    """What an operator should look at. A threshold of None or 0 is off."""
    spike, excess = adaptation.reject_spike, adaptation.retry_excess
    told = []
    if figures.drawdown_ratio >= budget.max_drawdown_ratio > ZERO:
        told.append(Alert.DRAWDOWN_BREACH)
    if spike and counts.rejected >= spike:
        told.append(Alert.REJECT_SPIKE)
    if counts.missing_marks:
        told.append(Alert.MISSING_DATA)
    if counts.throttled:
        told.append(Alert.THROTTLED)
    if excess and counts.retries >= excess:
        told.append(Alert.RETRY_EXCESS)
    if counts.giveups:
        told.append(Alert.RETRY_GIVEUP)
    return tuple(told)
