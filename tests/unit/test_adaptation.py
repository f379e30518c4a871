"""Adaptation, pacing and flags: answered once, told once, and off where they are set off."""

from datetime import timedelta
from decimal import Decimal

from btcbot_core.domain.rebalancing import AdaptationPolicy, BudgetPolicy, PacePolicy, Params
from btcbot_core.oms.pacing import failed
from btcbot_core.risk.flags import Alert, Counts, Figures, Quality, alert_flags, quality_flags
from btcbot_core.strategy.adaptation import Change, Outcome, Sample, adapt, came_back, started
from btcbot_core.strategy.bounds import bounds_of
from tests.build import at

POLICY = AdaptationPolicy(is_on=True, cooldown_cycles=0)
LIMIT = Decimal("0.25")
BOUNDS = bounds_of(Params(), Decimal(600))
BREACH = Sample(is_normal=False, drawdown_breach=True, has_alert=True)


def told_by(*samples: Sample) -> list[Change]:
    state, changes = started(Params()), list[Change]()
    for sample in samples:
        state, change = adapt(state, sample, BOUNDS, LIMIT, POLICY)
        if change is not None:
            changes.append(change)
    return changes


def test_a_breach_is_answered_once_by_a_new_version_with_older_numbers() -> None:
    changes = told_by(Sample(), Sample(), Sample(), BREACH, BREACH, BREACH)
    assert [c.outcome for c in changes] == [Outcome.APPLIED, Outcome.ROLLED_BACK]
    back = changes[1]
    assert (back.from_version, back.to_version, back.restored_from) == (2, 3, 1)
    assert back.fields == (("universe_size", "21", "20"),)


def test_the_configured_numbers_are_never_bad() -> None:
    assert told_by(BREACH, BREACH) == []


def test_a_proposal_that_is_blocked_is_told_once_with_its_reason() -> None:
    bad = Sample(is_normal=False, missing_mark=True, has_alert=True)
    changes = told_by(bad, bad, bad)
    assert [(c.outcome, c.blocked_by) for c in changes] == [(Outcome.REJECTED, "mode")]


def test_after_a_change_nothing_moves_for_as_long_as_set() -> None:
    policy = AdaptationPolicy(is_on=True, cooldown_cycles=4)
    state, versions = started(Params()), []
    for _ in range(9):
        state, _ = adapt(state, Sample(), BOUNDS, LIMIT, policy)
        versions.append(state.version)
    assert versions == [1, 1, 2, 2, 2, 2, 2, 3, 3]


def test_a_reset_is_told_by_the_next_cycle_which_moves_nothing_and_starts_the_wait() -> None:
    policy = AdaptationPolicy(is_on=True, cooldown_cycles=2)
    state = started(Params())
    for _ in range(3):
        state, _ = adapt(state, Sample(), BOUNDS, LIMIT, policy)
    state, told = came_back(state, "by hand"), []
    assert (state.version, state.active) == (3, Params())
    for _ in range(4):
        state, change = adapt(state, Sample(), BOUNDS, LIMIT, policy)
        told.append(change and (change.outcome, change.from_version, change.to_version))
    assert told == [(Outcome.RESET, 2, 3), None, None, (Outcome.APPLIED, 3, 4)]


def test_after_a_reset_no_breach_brings_back_what_the_operator_left() -> None:
    state = started(Params())
    for _ in range(6):
        state, _ = adapt(state, Sample(), BOUNDS, LIMIT, POLICY)
    assert state.version == 3
    state = came_back(state, "by hand")
    for _ in range(3):
        state, _ = adapt(state, BREACH, BOUNDS, LIMIT, POLICY)
    assert (state.version, state.active) == (4, Params())


def test_configured_numbers_that_are_in_force_are_not_reset() -> None:
    assert came_back(started(Params()), "by hand") == started(Params())


def test_who_fails_as_often_as_allowed_waits_longest_and_starts_over() -> None:
    pace = PacePolicy(retries_max=3, base_delay_ms=100, max_delay_ms=1000)
    first = failed(None, "a", at(), pace)
    second = failed(first, "b", at(), pace)
    third = failed(second, "c", at(), pace)
    assert [r.attempts for r in (first, second, third)] == [1, 2, 3]
    assert first.until < at() + timedelta(milliseconds=151)
    assert third.until == at() + timedelta(milliseconds=1000)
    assert failed(third, "d", at(), pace).attempts == 1


def test_flags_are_raised_at_their_thresholds_and_zero_is_off() -> None:
    counts = Counts(rejected=3, retries=5, throttled=1, giveups=1, missing_marks=1)
    figures = Figures(data_age_s=None, spread_bps=Decimal(300), drawdown_ratio=Decimal("0.25"))
    assert set(quality_flags(counts, figures, BudgetPolicy())) == set(Quality)
    assert set(alert_flags(counts, figures, BudgetPolicy(), POLICY)) == set(Alert)
    off = AdaptationPolicy(reject_spike=0, retry_excess=None)
    quiet = alert_flags(Counts(rejected=9, retries=9), Figures(), BudgetPolicy(), off)
    assert quiet == ()
