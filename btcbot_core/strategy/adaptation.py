"""Parameters that move by themselves: small steps, inside bounds, taken back when it goes wrong.

Versions only count up; a rollback is a new version with the numbers of an older one, once for a
breach, and so is a reset by the operator. The configured numbers are version 1 and are never bad.
(STAGE7 §14 with its BETTER.)
"""

from decimal import Decimal
from enum import StrEnum

import msgspec

from btcbot_core.domain.money import ZERO
from btcbot_core.domain.rebalancing import AdaptationPolicy, Params, ScoreWeights
from btcbot_core.strategy.bounds import Bounds

replace = msgspec.structs.replace

OFFSET_STEP, SPREAD_STEP, VOLUME_STEP = Decimal(2), Decimal(10), Decimal(100)
SHRINK, GROW, NEAR_LIMIT = Decimal("0.95"), Decimal("1.05"), Decimal("0.8")
CHANGES_MAX = 3
GOOD_KEPT_MAX = 8


class Outcome(StrEnum):
    APPLIED = "APPLIED"
    REJECTED = "REJECTED"
    ROLLED_BACK = "ROLLED_BACK"
    RESET = "RESET"
    """By the operator, to the configured numbers."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One cycle as adaptation sees it; ratios are of one."""

    is_normal: bool = True
    drawdown_ratio: Decimal = ZERO
    pnl_try: Decimal = ZERO
    """What the cycle earned or lost, not what there is in all."""
    drawdown_breach: bool = False
    reject_spike: bool = False
    throttled: bool = False
    missing_mark: bool = False
    has_alert: bool = False


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What adaptation did or would have done, and why."""

    outcome: Outcome
    reason: str
    from_version: int
    to_version: int
    fields: tuple[tuple[str, str, str], ...] = ()
    """Name, old and new."""
    restored_from: int | None = None
    blocked_by: str = ""


class AdaptationState(msgspec.Struct, frozen=True, kw_only=True):
    """What is in force, which numbers were good, and the last cycles under them."""

    baseline: Params
    active: Params
    version: int = 1
    good: tuple[tuple[int, Params], ...] = ()
    """Newest last, at most GOOD_KEPT_MAX; the baseline is always the first."""
    window: tuple[Sample, ...] = ()
    """Cycles under the active version only."""
    waits: int = 0
    """Cycles in which nothing is changed."""
    is_breached: bool = False
    """A breach was answered and has not ended: it is answered once."""
    rejected: tuple[str, ...] = ()
    """The last proposal that was not applied: it is told once."""
    by_hand: Change | None = None
    """What the operator did since the last cycle; the next one tells it."""


def started(configured: Params) -> AdaptationState:
    """The configured numbers as version 1."""
    return AdaptationState(baseline=configured, active=configured, good=((1, configured),))


def in_force(
    known: AdaptationState | None, configured: Params, policy: AdaptationPolicy
) -> AdaptationState:
    """What the next cycle goes by. What the operator configured anew starts over as version 1."""
    if not policy.is_on or known is None or known.baseline != configured:
        return started(configured)
    return known


def came_back(state: AdaptationState, why: str) -> AdaptationState:
    """The configured numbers as a new version, by the operator's word; as it was if they are.

    Nothing that was good before is gone back to later: it is what the operator left.
    """
    if state.active == state.baseline:
        return state
    version = state.version + 1
    change = Change(
        outcome=Outcome.RESET,
        reason=why,
        from_version=state.version,
        to_version=version,
        fields=differences(state.active, state.baseline),
        restored_from=1,
    )
    return replace(
        state,
        active=state.baseline,
        version=version,
        good=((1, state.baseline),),
        window=(),
        rejected=(),
        by_hand=change,
    )


def adapt(
    state: AdaptationState, sample: Sample, bounds: Bounds, limit: Decimal, policy: AdaptationPolicy
) -> tuple[AdaptationState, Change | None]:
    """Judge the last cycles; what is changed holds from the next one on.

    `limit` is the drawdown ratio at which trading stops.
    """
    state = replace(state, window=(*state.window, sample)[-policy.window :])
    if state.by_hand is not None:
        # The cycle that tells of the operator's change makes none of its own.
        return replace(state, waits=policy.cooldown_cycles, by_hand=None), state.by_hand
    if must_roll_back(state.window, policy):
        return _rolled_back(state, policy)
    state = replace(state, is_breached=False)
    if state.waits:
        return replace(state, waits=state.waits - 1), None
    proposed, notes = propose(state.active, state.window, bounds, limit, policy)
    fields = differences(state.active, proposed)
    if not fields:
        return replace(state, rejected=()), None
    reason = "+".join(notes)
    blocked = _blocked_by(sample)
    if blocked:
        if state.rejected == (reason, blocked):
            return state, None
        told = Change(
            outcome=Outcome.REJECTED,
            reason=reason,
            from_version=state.version,
            to_version=state.version,
            fields=fields,
            blocked_by=blocked,
        )
        return replace(state, rejected=(reason, blocked)), told
    return _applied(state, proposed, reason, fields, policy)


def must_roll_back(window: tuple[Sample, ...], policy: AdaptationPolicy) -> bool:
    """A breach or a spike at any time of the window, or a bad run at its end."""
    last = window[-policy.safe_window :]
    is_full = len(last) == policy.safe_window
    floor = policy.pnl_floor_try
    return (
        any(s.drawdown_breach or s.reject_spike for s in window)
        or (is_full and all(s.throttled for s in last))
        or (is_full and floor is not None and all(s.pnl_try < floor for s in last))
    )


def propose(
    active: Params,
    window: tuple[Sample, ...],
    bounds: Bounds,
    limit: Decimal,
    policy: AdaptationPolicy,
) -> tuple[Params, tuple[str, ...]]:
    """What should be moved after the newest cycle, inside the bounds, and in which words."""
    newest, changed, notes = window[-1], active, list[str]()
    if newest.reject_spike:
        changed = replace(changed, order_offset_bps=changed.order_offset_bps - OFFSET_STEP)
        notes.append("reject_spike_reduce_offset")
    if newest.throttled:
        changed = replace(changed, max_orders_per_cycle=changed.max_orders_per_cycle - 1)
        notes.append("throttled_reduce_order_count")
    if limit > ZERO and newest.drawdown_ratio >= NEAR_LIMIT * limit:
        changed = replace(changed, turnover_cap_try=changed.turnover_cap_try * SHRINK)
        notes.append("high_drawdown_reduce_turnover")
    if newest.missing_mark and len(notes) < CHANGES_MAX:
        changed = replace(
            changed,
            max_spread_bps=changed.max_spread_bps - SPREAD_STEP,
            min_quote_volume_try=changed.min_quote_volume_try + VOLUME_STEP,
        )
        notes.append("low_liquidity_tighten_filters")
    last = window[-policy.safe_window :]
    is_healthy = len(last) == policy.safe_window and all(
        s.is_normal and not s.has_alert for s in last
    )
    if not notes and is_healthy:
        changed = replace(
            changed,
            universe_size=changed.universe_size + 1,
            turnover_cap_try=changed.turnover_cap_try * GROW,
        )
        notes.append("healthy_window_expand_small")
    return (bounds.clamp(changed), tuple(notes)) if notes else (active, ())


def differences(old: Params, new: Params) -> tuple[tuple[str, str, str], ...]:
    """Each parameter that differs, as text."""
    before, after = msgspec.structs.asdict(old), msgspec.structs.asdict(new)
    return tuple(
        (name, text_of(before[name]), text_of(after[name]))
        for name in before
        if before[name] != after[name]
    )


def _applied(
    state: AdaptationState,
    params: Params,
    reason: str,
    fields: tuple[tuple[str, str, str], ...],
    policy: AdaptationPolicy,
) -> tuple[AdaptationState, Change]:
    version = state.version + 1
    good = (*state.good, (version, params))
    if len(good) > GOOD_KEPT_MAX:
        good = (good[0], *good[-GOOD_KEPT_MAX + 1 :])
    after = replace(
        state,
        active=params,
        version=version,
        good=good,
        window=(),
        waits=policy.cooldown_cycles,
        rejected=(),
    )
    change = Change(
        outcome=Outcome.APPLIED,
        reason=reason,
        from_version=state.version,
        to_version=version,
        fields=fields,
    )
    return after, change


def _rolled_back(
    state: AdaptationState, policy: AdaptationPolicy
) -> tuple[AdaptationState, Change | None]:
    """The newest good numbers that are not the ones that went wrong, as a new version."""
    if state.is_breached:
        return state, None
    state = replace(state, is_breached=True)
    bad = state.active
    left = tuple(entry for entry in state.good if entry[0] == 1 or entry[1] != bad)
    source, params = left[-1]
    if params == bad:
        return state, None
    version = state.version + 1
    after = replace(
        state,
        active=params,
        version=version,
        good=left,
        window=(),
        waits=policy.cooldown_cycles,
        rejected=(),
    )
    change = Change(
        outcome=Outcome.ROLLED_BACK,
        reason="guardrail_breach_rollback",
        from_version=state.version,
        to_version=version,
        fields=differences(bad, params),
        restored_from=source,
    )
    return after, change


def _blocked_by(sample: Sample) -> str:
    if not sample.is_normal:
        return "mode"
    if sample.drawdown_breach:
        return "drawdown_breach"
    if sample.reject_spike:
        return "reject_spike"
    return "throttled" if sample.throttled else ""


def text_of(value: object) -> str:
    """A parameter as the trace tells it."""
    if isinstance(value, ScoreWeights):
        return f"{value.liquidity}/{value.spread}/{value.volatility}"
    return format(value, "f") if isinstance(value, Decimal) else str(value)
