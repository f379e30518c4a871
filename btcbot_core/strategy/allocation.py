"""Allocation: one wish for each pair, and the money of a cycle divided over the wishes.

SELLs come first, then the larger wish. A BUY gets the least of what cash, pair, cycle and order
leave it; what would be too small to trade is raised to the minimum where every limit has room for
that, else refused. So a plan is never made of money that is not there. (STAGE3_6 §6.3.)
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from btcbot_core.domain.account import Position
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import Action, Decision
from btcbot_core.domain.money import ONE, ZERO, ceil_to, from_bps
from btcbot_core.domain.policy import AllocationPolicy, UsageMode
from btcbot_core.domain.rules import PairRules, round_price, round_qty
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Side, Signal


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to divide. Amounts in quote currency; `None` is no limit."""

    deploy_try: Decimal
    """Cash that may be spent, fees already taken off."""
    cycle_try: Decimal
    total_try: Decimal | None = None
    """What all positions and open BUYs may still grow by."""
    order_try: Decimal | None = None
    pair_try: Decimal | None = None
    """What one pair's position and open BUYs may come to."""
    exposure: Mapping[Symbol, Decimal] = {}
    """What each pair's position and open BUYs come to now."""
    positions: Mapping[Symbol, Position] = {}
    rules: Mapping[Symbol, PairRules] = {}
    min_notional_try: Decimal = ZERO

    def after(self, symbol: Symbol, spent_try: Decimal) -> "Means":
        """What is left when a BUY has taken its part."""
        return msgspec.structs.replace(
            self,
            deploy_try=self.deploy_try - spent_try,
            cycle_try=self.cycle_try - spent_try,
            total_try=None if self.total_try is None else self.total_try - spent_try,
            exposure={**self.exposure, symbol: self.exposure.get(symbol, ZERO) + spent_try},
        )


class Allocation(msgspec.Struct, frozen=True):
    """The wishes as they were granted, and what was decided about them."""

    signals: tuple[Signal, ...]
    decisions: tuple[Decision, ...]


def deployable(
    cash_left_try: Decimal,
    cash_target_try: Decimal,
    policy: AllocationPolicy,
    fee_bps: Decimal,
) -> Decimal:
    """How much of the cash over its target one cycle may put into orders, before their fees."""
    usable = max(ZERO, cash_left_try)
    match policy.usage:
        case UsageMode.FRACTION:
            usable *= policy.usage_ratio
        case UsageMode.CAP:
            if policy.max_per_cycle_try is not None:
                usable = min(usable, policy.max_per_cycle_try)
        case UsageMode.USE_ALL:
            pass
    if policy.cash_max_try is not None:
        usable = min(usable, max(ZERO, policy.cash_max_try - cash_target_try))
    return usable / (ONE + from_bps(max(policy.fee_buffer_bps, fee_bps)))


def one_per_pair(signals: Iterable[Signal]) -> Allocation:
    """The wish of each pair that goes first; what lowers risk before what raises it."""
    taken: dict[Symbol, Signal] = {}
    decisions = []
    for signal in sorted(signals, key=lambda s: s.side is Side.BUY):
        if signal.symbol not in taken:
            taken[signal.symbol] = signal
        else:
            decisions.append(_decide(signal, Action.BLOCK, Reason.ALLOCATION_PAIR_TAKEN))
    ranked = sorted(taken.values(), key=_rank)
    return Allocation(tuple(ranked), tuple(decisions))


def divide(signals: Iterable[Signal], means: Means) -> Allocation:
    """Grant the wishes in their order, each from what those before it left."""
    granted: list[Signal] = []
    decisions: list[Decision] = []
    for signal in signals:
        rules = means.rules.get(signal.symbol)
        if signal.price is None or rules is None:
            granted.append(signal)  # the plan says why it cannot be placed
            continue
        if signal.side is Side.SELL:
            answer = _sell(signal, means)
        else:
            answer = _buy(signal, signal.price, rules, means)
        granted.extend(answer.signals)
        decisions.extend(answer.decisions)
        for buy in answer.signals:
            if buy.side is Side.BUY:
                means = means.after(buy.symbol, buy.qty * signal.price)
    return Allocation(tuple(granted), tuple(decisions))


def _sell(signal: Signal, means: Means) -> Allocation:
    position = means.positions.get(signal.symbol)
    if position is None or position.qty <= ZERO:
        return Allocation((), (_decide(signal, Action.BLOCK, Reason.ALLOCATION_NO_POSITION),))
    if signal.qty <= position.qty:
        return Allocation((signal,), ())
    told = _decide(
        signal, Action.CAP, Reason.ALLOCATED_HELD, signal.qty, position.qty, "base", position.qty
    )
    return Allocation((msgspec.structs.replace(signal, qty=position.qty),), (told,))


def _buy(signal: Signal, price: Decimal, rules: PairRules, means: Means) -> Allocation:
    wanted = signal.qty * price
    bounds = _bounds(signal.symbol, means)
    reason, most = min(bounds, key=lambda bound: bound[1])
    amount = min(wanted, most)
    least_qty = _least_qty(rules, price, means.min_notional_try)
    least = least_qty * price
    rounded = round_qty(rules, max(ZERO, amount) / price)
    if rounded < least_qty:
        if most < least:
            return _refuse(signal, reason, most, least)
        told = _decide(signal, Action.CAP, Reason.ALLOCATED_UP, amount, least, "TRY", least_qty)
        return Allocation((msgspec.structs.replace(signal, qty=least_qty),), (told,))
    if amount == wanted:
        return Allocation((signal,), ())
    told = _decide(signal, Action.CAP, reason, wanted, most, "TRY", rounded)
    return Allocation((msgspec.structs.replace(signal, qty=rounded),), (told,))


def _bounds(symbol: Symbol, means: Means) -> list[tuple[Reason, Decimal]]:
    """What a BUY may come to at most, by each limit; on a tie the first is the reason."""
    bounds = [(Reason.ALLOCATED_CASH, means.deploy_try)]
    if means.pair_try is not None:
        room = means.pair_try - means.exposure.get(symbol, ZERO)
        bounds.append((Reason.ALLOCATED_POSITION, room))
    bounds.append((Reason.ALLOCATED_CYCLE, means.cycle_try))
    if means.total_try is not None:
        bounds.append((Reason.ALLOCATED_EXPOSURE, means.total_try))
    if means.order_try is not None:
        bounds.append((Reason.ALLOCATED_ORDER, means.order_try))
    return bounds


def _least_qty(rules: PairRules, price: Decimal, min_notional_try: Decimal) -> Decimal:
    """The smallest quantity whose total, at the price as it will be rounded, can be traded."""
    rounded = round_price(rules, Side.BUY, price)
    if rounded <= ZERO:
        return rules.lot_step
    return ceil_to(max(min_notional_try, rules.min_notional) / rounded, rules.lot_step)


def _refuse(signal: Signal, bound: Reason, most: Decimal, least: Decimal) -> Allocation:
    is_cash = bound is Reason.ALLOCATED_CASH
    reason = Reason.CASH_RESERVE if is_cash else Reason.ALLOCATION_TOO_SMALL
    return Allocation((), (_decide(signal, Action.BLOCK, reason, max(ZERO, most), least, "TRY"),))


def _rank(signal: Signal) -> tuple[bool, Decimal, Symbol]:
    notional = signal.qty * (signal.price or ZERO)
    return signal.side is Side.BUY, -notional, signal.symbol


def _decide(
    signal: Signal,
    action: Action,
    reason: Reason,
    observed: Decimal | None = None,
    limit: Decimal | None = None,
    unit: str = "",
    qty: Decimal | None = None,
) -> Decision:
    return Decision(
        symbol=signal.symbol,
        action=action,
        side=signal.side,
        reason=reason,
        price=signal.price,
        qty=qty,
        observed=observed,
        limit=limit,
        unit=unit,
    )
