"""From weights to what is to be bought and sold: targets in whole cents, then every limit in turn.

Targets add up to the investable money exactly: what rounding leaves goes to the largest
remainders. A BUY is paid with cash that is there, never with a SELL that may not fill. Whatever
is not done is said, with its reason. (STAGE7 §4 with its BETTER.)
"""

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal

import msgspec

from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import Action, Decision, RiskMode
from btcbot_core.domain.market import NO_RULES
from btcbot_core.domain.money import MONEY_STEP, ZERO, floor_to
from btcbot_core.domain.rebalancing import Orphans, Params, SizingPolicy
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Side

CENT = Decimal("0.01")
FINE_UNIT = MONEY_STEP
"""The unit of targets where the quote currency is a coin: a cent of it would be a fortune."""
# A member of an enumeration costs ten times a name to look up, and every pair of every cycle
# asks for these.
_BUY, _SELL, _HOLD, _DRIFT_BAND = Side.BUY, Side.SELL, Action.HOLD, Reason.SKIP_DRIFT_BAND


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to divide: cash that is free, coins that are free, and a mark for each pair."""

    cash_free_try: Decimal
    qty: Mapping[Symbol, Decimal]
    marks: Mapping[Symbol, Decimal]
    reserved_try: Mapping[Symbol, Decimal] = {}
    """What open BUYs of a pair hold back: it is spent as far as targets go."""
    waits: Mapping[Symbol, Reason] = {}
    """Pairs on which nothing may be ordered now, and why."""
    rules: Mapping[Symbol, PairRules] = NO_RULES
    """For the smallest order that the exchange takes of a pair."""
    most_try: Decimal | None = None
    """What one order may come to; a larger step is taken in several cycles."""


class Target(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a pair should be worth, and what it is worth."""

    symbol: Symbol
    target_try: Decimal
    current_try: Decimal


class Move(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One step towards a target, before prices and the exchange's rules."""

    symbol: Symbol
    side: Side
    notional_try: Decimal
    qty: Decimal


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """The whole plan of a cycle."""

    cash_target_try: Decimal = ZERO
    investable_try: Decimal = ZERO
    targets: tuple[Target, ...] = ()
    moves: tuple[Move, ...] = ()
    skipped: tuple[Decision, ...] = ()
    """A word on each step that is not taken, or not wholly."""
    orphans: tuple[Symbol, ...] = ()
    caps_hit: int = 0


NOTHING_ALLOCATED = Allocation()


def allocate(
    universe: tuple[Symbol, ...],
    holdings: Holdings,
    mode: RiskMode,
    weights: Mapping[Symbol, Decimal],
    knobs: tuple[Params, SizingPolicy],
    unit: Decimal = CENT,
) -> Allocation:
    """The plan for these pairs. `weights` are explicit targets; empty means equal ones."""
    params, sizing = knobs
    marks, held = holdings.marks, holdings.reserved_try
    pairs = tuple(sorted([s for s in universe if marks.get(s)]))
    cash_target = min(params.cash_target_try, sizing.cash_max_try)
    worth = {s: qty * marks.get(s, ZERO) for s, qty in holdings.qty.items() if qty}
    equity = holdings.cash_free_try + sum(held.values(), ZERO) + sum(worth.values(), ZERO)
    investable = equity - cash_target
    orphans = tuple(sorted(worth.keys() - pairs))
    if not pairs or investable <= ZERO:
        return Allocation(cash_target_try=cash_target, orphans=orphans)
    if orphans and sizing.orphans is Orphans.HOLD:
        # What stays in other pairs cannot be invested again.
        investable = max(ZERO, investable - sum((worth[s] for s in orphans), ZERO))
    shares = divide(
        investable, {s: weights.get(s, ZERO) for s in pairs} if weights else pairs, unit
    )
    most = sizing.max_position_try
    is_over = max(shares.values()) > most
    capped = {s: min(share, most) for s, share in shares.items()} if is_over else shares
    targets = tuple([Target(s, capped[s], worth.get(s, ZERO) + held.get(s, ZERO)) for s in pairs])
    wanted = targets
    if orphans and sizing.orphans is Orphans.LIQUIDATE:
        wanted = (*targets, *(Target(s, ZERO, worth[s]) for s in orphans))
    purse = _Purse(
        params.turnover_cap_try, holdings.cash_free_try - cash_target, params.max_orders_per_cycle
    )
    moves, skipped = _moves(wanted, _Terms(holdings, sizing, mode, unit), purse)
    return Allocation(
        cash_target_try=cash_target,
        investable_try=investable,
        targets=targets,
        moves=moves,
        skipped=skipped,
        orphans=orphans,
        caps_hit=sum(1 for s in pairs if capped[s] < shares[s]) if is_over else 0,
    )


def divide(
    amount: Decimal, weights: Mapping[Symbol, Decimal] | tuple[Symbol, ...], unit: Decimal = CENT
) -> dict[Symbol, Decimal]:
    """Share an amount in whole units by the largest remainders; equal ones go by name.

    The shares add up to the amount's whole units exactly.
    """
    units = int((amount / unit).to_integral_value(ROUND_DOWN))
    if isinstance(weights, tuple):
        each, rest = divmod(units, len(weights))
        low, high = each * unit, (each + 1) * unit
        return {
            symbol: high if place < rest else low for place, symbol in enumerate(sorted(weights))
        }
    total = sum(weights.values(), ZERO)
    if total <= ZERO:
        return dict.fromkeys(weights, ZERO)
    exact = {s: units * w / total for s, w in weights.items()}
    floors = {s: int(share.to_integral_value(ROUND_DOWN)) for s, share in exact.items()}
    rest = units - sum(floors.values())
    for symbol in sorted(exact, key=lambda s: (floors[s] - exact[s], s))[:rest]:
        floors[symbol] += 1
    return {symbol: count * unit for symbol, count in sorted(floors.items())}


class _Terms(msgspec.Struct, frozen=True):
    """What a step is weighed by."""

    holdings: Holdings
    sizing: SizingPolicy
    mode: RiskMode
    unit: Decimal


class _Purse(msgspec.Struct):
    """What is left while the plan is made; only this module's walk changes it."""

    turnover: Decimal
    cash: Decimal
    orders: int


def _moves(
    targets: tuple[Target, ...], terms: _Terms, left: _Purse
) -> tuple[tuple[Move, ...], tuple[Decision, ...]]:
    """SELLs first, then the larger, then by name; the mode is asked before anything is used up."""
    steps = sorted(
        [
            (gap > ZERO, -abs(gap), target.symbol, target)
            for target in targets
            if (gap := target.target_try - target.current_try)
        ]
    )
    unit = terms.unit
    moves: list[Move] = []
    skipped: list[Decision] = []
    for is_buy, gap, symbol, target in steps:
        side, wanted = _BUY if is_buy else _SELL, -gap
        step = _step(target, side, wanted, terms, left)
        if isinstance(step, Move):
            moves.append(step)
            continue
        action, reason, limit = step
        skipped.append(
            Decision(
                symbol=symbol,
                action=action,
                side=side,
                reason=reason,
                observed=wanted.quantize(unit),
                limit=None if limit is None else limit.quantize(unit),
                unit="TRY",
            )
        )
    if len(moves) > 1:
        moves.sort(key=lambda m: (m.side is _BUY, m.symbol))
    return tuple(moves), tuple(skipped)


def _step(
    target: Target, side: Side, wanted: Decimal, terms: _Terms, left: _Purse
) -> Move | tuple[Action, Reason, Decimal | None]:
    """The step, or why it is not taken and at which limit.

    HOLD stands for what may last for hours: a pair is where it should be, or nothing may be
    ordered.
    """
    symbol, holdings, sizing = target.symbol, terms.holdings, terms.sizing
    if holdings.waits and (waiting := holdings.waits.get(symbol)) is not None:
        return Action.BLOCK, waiting, None
    rules, least = holdings.rules.get(symbol), sizing.min_order_try
    if rules is not None and rules.min_notional > least:
        least = rules.min_notional
    if wanted < least:
        return _HOLD, Reason.SKIP_MIN_NOTIONAL, least
    if sizing.drift_band_bps:
        band = target.target_try * sizing.drift_band_ratio
        if wanted < band:
            return _HOLD, _DRIFT_BAND, band
    return _affordable(symbol, side, wanted, terms, (left, least))


def _affordable(
    symbol: Symbol, side: Side, wanted: Decimal, terms: _Terms, limits: tuple[_Purse, Decimal]
) -> Move | tuple[Action, Reason, Decimal | None]:
    """As much of a step as mode, orders, turnover and cash allow, at the exchange's least."""
    (left, least), mode, holdings = limits, terms.mode, terms.holdings
    if mode is RiskMode.OBSERVE_ONLY:
        return _HOLD, Reason.SKIP_OBSERVE_ONLY, None
    if mode is RiskMode.REDUCE_RISK_ONLY and side is _BUY:
        return Action.BLOCK, Reason.SKIP_REDUCE_ONLY, None
    if left.orders <= 0:
        return Action.BLOCK, Reason.SKIP_MAX_ORDERS, None
    most = wanted if holdings.most_try is None else min(wanted, holdings.most_try)
    notional = min(most, left.turnover)
    action, reason, limit = Action.BLOCK, Reason.SKIP_TURNOVER_CAP, left.turnover
    if side is _BUY and left.cash < notional:
        notional = left.cash
        action, reason, limit = _HOLD, Reason.SKIP_CASH_LIMIT, left.cash
    qty = floor_to(max(ZERO, notional) / holdings.marks[symbol], MONEY_STEP)
    if notional < least or qty <= ZERO:
        return action, reason, max(ZERO, limit)
    left.turnover -= notional
    left.orders -= 1
    if side is _BUY:
        left.cash -= notional
    return Move(symbol=symbol, side=side, notional_try=notional, qty=qty)
