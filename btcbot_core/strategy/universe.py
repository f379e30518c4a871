"""Which pairs are worth trading now: filters, scores, and a choice that changes slowly.

Scores are whole parts of ONE_SCORE, over the pairs that passed the filters only. Ties go to the
more liquid pair, then by name. (STAGE7 §3 with its BETTER.)
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeGuard

import msgspec

from btcbot_core.domain.rebalancing import ONE_SCORE, Params, ScoreWeights, UniversePolicy
from btcbot_core.domain.symbol import Symbol

_VOLUME_UNITS, _SPREAD_UNITS = Decimal(100), Decimal(10_000)
CANDIDATES_SHOWN_MAX = 100
DAY = timedelta(days=1)


class Exclusion(StrEnum):
    """Why a pair is no candidate this cycle, or is one and was not taken."""

    WHITELIST = "excluded_by_allowlist"
    BLACKLIST = "excluded_by_denylist"
    RULES_MISSING = "excluded_by_metadata_missing"
    NOT_TRADING = "excluded_by_not_trading"
    MISSING_SPREAD = "excluded_by_missing_spread"
    STALE = "excluded_by_stale_data"
    SPREAD = "excluded_by_max_spread_bps"
    MISSING_VOLUME = "excluded_by_missing_volume"
    VOLUME = "excluded_by_min_quote_volume_try"
    COOLING = "excluded_by_cooldown"
    PROBATION = "excluded_by_probation"
    RANK = "excluded_by_rank"
    CHURN = "excluded_by_churn_cap"
    FROZEN = "excluded_by_freeze"


class PairFigures(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is known of a pair; None is missing. Amounts in quote currency, the rest in ratios."""

    symbol: Symbol
    volume: Decimal | None
    spread_bps: Decimal | None
    volatility: int | None
    age_s: Decimal | None = None
    has_rules: bool = True
    is_trading: bool = True


class Candidate(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A pair as it was weighed; scores in parts of ONE_SCORE, −1 of it for what is missing."""

    symbol: Symbol
    liquidity: int = 0
    spread: int = 0
    volatility: int = 0
    total: int = 0
    deviation: int | None = None
    """The volatility itself, in parts of ONE_RETURN; None before there is one."""
    exclusions: tuple[Exclusion, ...] = ()
    """Empty for a pair that was taken."""


class UniverseState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the choice remembers. Nothing here grows with time: churn is kept for a day."""

    members: tuple[Symbol, ...] = ()
    passes: Mapping[Symbol, int] = {}
    cooling: Mapping[Symbol, datetime] = {}
    churn: tuple[tuple[datetime, int], ...] = ()


class Selection(msgspec.Struct, frozen=True):
    """The pairs of this cycle, why each candidate is in or out, and what to remember."""

    symbols: tuple[Symbol, ...]
    candidates: tuple[Candidate, ...]
    state: UniverseState
    is_frozen: bool = False


EMPTY_SELECTION = Selection((), (), UniverseState())


def select(
    figures: tuple[PairFigures, ...],
    params: Params,
    policy: UniversePolicy,
    state: UniverseState,
    at: datetime,
    is_frozen: bool = False,
) -> Selection:
    """Choose this cycle's pairs.

    A member without fresh data sits out and keeps its seat. While the world is `is_frozen`, or
    most pairs are stale, nobody comes and nobody goes.
    """
    barred = {f.symbol: found for f in figures if (found := _barred(f, params, policy))}
    fit_figures = tuple([f for f in figures if f.symbol not in barred]) if barred else figures
    ranked = rank(fit_figures, params.weights)
    stale = sum(1 for found in barred.values() if Exclusion.STALE in found) if barred else 0
    frozen = bool(state.members) and (is_frozen or 2 * stale > len(figures))
    seats, after, reasons = (
        (state.members, state, {})
        if frozen
        else _seats(ranked, barred, params.universe_size, policy, state, at)
    )
    fit = {candidate.symbol for candidate in ranked}
    taken = seats if fit.issuperset(seats) else tuple([s for s in seats if s in fit])
    told = list(ranked)
    if len(taken) < len(ranked):
        default = Exclusion.FROZEN if frozen else Exclusion.RANK
        told = [
            candidate
            if candidate.symbol in taken
            else msgspec.structs.replace(
                candidate, exclusions=(reasons.get(candidate.symbol, default),)
            )
            for candidate in ranked
        ]
    told.extend([Candidate(symbol, exclusions=why) for symbol, why in sorted(barred.items())])
    return Selection(taken, tuple(told[:CANDIDATES_SHOWN_MAX]), after, frozen)


def rank(figures: tuple[PairFigures, ...], weights: ScoreWeights) -> tuple[Candidate, ...]:
    """Score pairs against each other, best first."""
    volumes = [None if f.volume is None else int(f.volume * _VOLUME_UNITS) for f in figures]
    spreads = [None if f.spread_bps is None else int(f.spread_bps * _SPREAD_UNITS) for f in figures]
    liquidity = _scaled(volumes, is_more_better=True)
    tightness = _scaled(spreads, is_more_better=False)
    calm = _scaled([f.volatility for f in figures], is_more_better=False)
    by_liquidity, by_spread, by_volatility = weights.parts
    whole = by_liquidity + by_spread + by_volatility or 1
    scored = []
    for f, a, b, c in zip(figures, liquidity, tightness, calm, strict=True):
        score = a * by_liquidity + b * by_spread + c * by_volatility
        total = score // whole if score >= 0 else -(-score // whole)  # towards zero
        scored.append((-total, -a, f.symbol, Candidate(f.symbol, a, b, c, total, f.volatility)))
    scored.sort()
    return tuple([candidate for _, _, _, candidate in scored])


def _scaled(values: list[int | None], *, is_more_better: bool) -> list[int]:
    """Each value between the worst (0) and the best (ONE_SCORE) of those that are known."""
    if _are_known(values):
        return _between(values, is_more_better=is_more_better)
    known = [value for value in values if value is not None]
    scores = iter(_between(known, is_more_better=is_more_better))
    return [-ONE_SCORE if value is None else next(scores) for value in values]


def _are_known(values: list[int | None]) -> TypeGuard[list[int]]:
    return None not in values


def _between(values: list[int], *, is_more_better: bool) -> list[int]:
    least = min(values, default=0)
    span = max(values, default=0) - least
    if not span:
        return [ONE_SCORE] * len(values)
    if is_more_better:
        return [(value - least) * ONE_SCORE // span for value in values]
    return [ONE_SCORE - (value - least) * ONE_SCORE // span for value in values]


def _barred(figures: PairFigures, params: Params, policy: UniversePolicy) -> tuple[Exclusion, ...]:
    """Every hard reason against a pair."""
    found = []
    if policy.whitelist and figures.symbol not in policy.whitelist:
        found.append(Exclusion.WHITELIST)
    if figures.symbol in policy.blacklist:
        found.append(Exclusion.BLACKLIST)
    if not figures.has_rules:
        found.append(Exclusion.RULES_MISSING)
    elif not figures.is_trading:
        found.append(Exclusion.NOT_TRADING)
    if figures.spread_bps is None:
        found.append(Exclusion.MISSING_SPREAD)
    elif params.max_spread_bps and figures.spread_bps > params.max_spread_bps:
        found.append(Exclusion.SPREAD)
    if figures.age_s is not None and figures.age_s > policy.max_data_age_s:
        found.append(Exclusion.STALE)
    if params.min_quote_volume_try:
        if figures.volume is None:
            found.append(Exclusion.MISSING_VOLUME)
        elif figures.volume < params.min_quote_volume_try:
            found.append(Exclusion.VOLUME)
    return tuple(found)


_SITTING_OUT = frozenset({Exclusion.STALE, Exclusion.MISSING_SPREAD, Exclusion.MISSING_VOLUME})


def _seats(
    ranked: tuple[Candidate, ...],
    barred: Mapping[Symbol, tuple[Exclusion, ...]],
    size: int,
    policy: UniversePolicy,
    state: UniverseState,
    at: datetime,
) -> tuple[tuple[Symbol, ...], UniverseState, dict[Symbol, Exclusion]]:
    """Who has a seat: decided as a whole first, remembered only when it stands."""
    waiting = (
        {s for s, why in barred.items() if s in state.members and _SITTING_OUT & {*why}}
        if barred
        else frozenset[Symbol]()
    )
    open_seats = max(0, size - len(waiting))
    wanted = [c.symbol for c in ranked[:open_seats]]
    if tuple(sorted(wanted)) == state.members and not state.passes and not waiting:
        return state.members, state, {}
    is_first = not state.members
    passes, reasons, came = dict[Symbol, int](), dict[Symbol, Exclusion](), list[Symbol]()
    for symbol in wanted:
        if symbol in state.members or is_first:
            came.append(symbol)
        elif (until := state.cooling.get(symbol)) is not None and until > at:
            reasons[symbol] = Exclusion.COOLING
        elif (passed := state.passes.get(symbol, 0) + 1) < policy.probation_cycles:
            passes[symbol], reasons[symbol] = passed, Exclusion.PROBATION
        else:
            came.append(symbol)
    seats = (*came, *sorted(waiting))
    # A member that is pushed down the ranking keeps its seat until somebody may take it.
    spare = size - len(seats)
    held = [s for s in state.members if s not in seats and s not in barred][: max(0, spare)]
    seats = tuple(sorted((*seats, *held)))
    gone = [s for s in state.members if s not in seats]
    new = [] if is_first else [s for s in seats if s not in state.members]
    churn = tuple(entry for entry in state.churn if entry[0] > at - DAY)
    moved = len(gone) + len(new)
    if moved and sum(n for _, n in churn) + moved > policy.max_churn_per_day:
        kept = msgspec.structs.replace(state, churn=churn)
        return state.members, kept, {**reasons, **dict.fromkeys(new, Exclusion.CHURN)}
    cooling = {s: until for s, until in state.cooling.items() if until > at}
    cooling.update(dict.fromkeys(gone, at + timedelta(seconds=policy.cooldown_s)))
    after = UniverseState(
        members=seats,
        passes=passes,
        cooling=cooling,
        churn=(*churn, (at, moved)) if moved else churn,
    )
    return seats, after, reasons
