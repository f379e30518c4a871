"""The step that tends to resting orders: cancel what is stale, and renew what is still wished for.

The old order is cancelled now; what is left of it is ordered in a later cycle, once the old one is
finished and if the plan still lets it pass. Old and new never rest at once.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from btcbot_core.cycle.cycle import CancelRequest, Cycle
from btcbot_core.cycle.facts import stale
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import Action, Decision, RiskMode
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Side, Signal
from btcbot_core.oms.lifecycle import REPLACEABLE, Stale, resting_buys
from btcbot_core.oms.replacing import Progress, Replacement, progress
from btcbot_core.risk.limits import refuse_replacement

replace = msgspec.structs.replace

Key = tuple[Symbol, Side]


class _Renewal(msgspec.Struct, frozen=True):
    """The wishes and replacements while they are gone through, and what was decided."""

    signals: tuple[Signal, ...]
    replacements: tuple[Replacement, ...] = ()
    decisions: tuple[Decision, ...] = ()
    replaced: frozenset[Key] = frozenset()
    """Sides on which a replacement began in this cycle."""


def renew(cycle: Cycle) -> Cycle:
    """Cancel stale orders; go on with replacements, and begin those whose wish still stands."""
    found = stale(cycle)
    renewal = _go_on(cycle)
    renewal = _begin(cycle, renewal, found)
    cancels = (*_cancels(found, renewal.replaced), *_pulled_buys(cycle, found))
    carried = cycle.carried
    if renewal.replacements != carried.replacements:
        carried = replace(carried, replacements=renewal.replacements)
    return replace(
        cycle,
        carried=carried,
        signals=renewal.signals,
        cancels=cancels,
        decisions=(*cycle.decisions, *renewal.decisions, *(c.decision for c in cancels)),
    )


def _go_on(cycle: Cycle) -> _Renewal:
    """Where the replacements stand. A kill ends them all: what comes after it begins anew."""
    if not cycle.carried.replacements or cycle.is_killed:
        return _Renewal(cycle.signals)
    kept: list[Replacement] = []
    rests: list[Signal] = []
    decisions: list[Decision] = []
    most = cycle.policy.lifecycle.replace_cycles_max
    for one in cycle.carried.replacements:
        state, rest = progress(one, cycle.carried.orders, cycle.step, most)
        if state is Progress.READY and (price := _price(cycle, one.wish)) is not None:
            if rest * price < _least(cycle, one.wish.symbol):
                state = Progress.OVER
            else:
                rests.append(replace(one.wish, qty=rest, price=price))
        if state is Progress.OVER:
            decisions.append(_say(one.wish, Action.HOLD, Reason.REPLACE_OVER))
        elif state is Progress.EXPIRED:
            decisions.append(_say(one.wish, Action.BLOCK, Reason.REPLACE_EXPIRED))
        else:
            kept.append(one)
    busy = {one.key for one in kept}
    waits = [s for s in cycle.signals if (s.symbol, s.side) in busy]
    decisions.extend(_say(s, Action.BLOCK, Reason.REPLACE_WAITS) for s in waits)
    others = (s for s in cycle.signals if (s.symbol, s.side) not in busy)
    return _Renewal((*rests, *others), tuple(kept), tuple(decisions))


def _begin(cycle: Cycle, renewal: _Renewal, found: Iterable[Stale]) -> _Renewal:
    """Replace stale orders whose side is wished for again, where the mode and the budget allow."""
    groups: dict[Key, list[Stale]] = {}
    for one in found:
        if one.reason in REPLACEABLE:
            groups.setdefault((one.order.symbol, one.order.side), []).append(one)
    busy = {one.key for one in renewal.replacements}
    for key, old in sorted(groups.items()):
        wish = next((s for s in renewal.signals if (s.symbol, s.side) == key), None)
        if wish is None or key in busy or not _may_trade(cycle, wish):
            continue
        signals = tuple(s for s in renewal.signals if (s.symbol, s.side) != key)
        refused = _refuse(cycle, wish, old)
        if refused is not None:
            decisions = (*renewal.decisions, refused)
            renewal = _Renewal(signals, renewal.replacements, decisions, renewal.replaced)
            continue
        begun = Replacement(
            old=tuple(sorted(one.order.client_id for one in old)),
            wish=wish,
            since_step=cycle.step,
        )
        renewal = _Renewal(
            signals,
            (*renewal.replacements, begun),
            renewal.decisions,
            renewal.replaced | {key},
        )
    return renewal


def _may_trade(cycle: Cycle, wish: Signal) -> bool:
    verdict = cycle.verdict
    if cycle.is_killed or not verdict.allows(wish.side) or wish.symbol in verdict.blocked:
        return False
    return wish.side is Side.SELL or verdict.caps is None or verdict.caps.buy_stop is None


def _refuse(cycle: Cycle, wish: Signal, old: list[Stale]) -> Decision | None:
    caps, price = cycle.verdict.caps, wish.price
    if wish.side is Side.SELL or caps is None or price is None:
        return None
    before = sum((one.order.left_qty * one.order.price for one in old), ZERO)
    after = sum((one.order.left_qty for one in old), ZERO) * price
    budget = cycle.policy.risk.replace_budget_try
    return refuse_replacement(wish.symbol, before, after, budget, caps.gross_left_try)


def _cancels(found: Iterable[Stale], replaced: frozenset[Key]) -> Iterable[CancelRequest]:
    for one in found:
        order = one.order
        is_replaced = one.reason in REPLACEABLE and (order.symbol, order.side) in replaced
        yield _cancel(one, Reason.REPLACED if is_replaced else one.reason)


def _pulled_buys(cycle: Cycle, found: Iterable[Stale]) -> Iterable[CancelRequest]:
    """Our resting BUYs, once, when the drawdown stops new orders (DEC-12); a kill has its own."""
    reasons = {r.reason for r in cycle.verdict.reasons if r.mode is RiskMode.OBSERVE_ONLY}
    if (
        Reason.DRAWDOWN_LIMIT not in reasons
        or cycle.carried.are_buys_pulled
        or not cycle.policy.lifecycle.cancel_buys_on_observe
    ):
        return
    gone = {one.order.client_id for one in found}
    for order in resting_buys(cycle.carried.orders.values()):
        if order.client_id not in gone:
            pulled = Stale(order, Reason.CANCEL_ON_OBSERVE, ZERO, ZERO, "")
            yield _cancel(pulled, pulled.reason)


def _cancel(one: Stale, reason: Reason) -> CancelRequest:
    decision = Decision(
        symbol=one.order.symbol,
        action=Action.CANCEL,
        side=one.order.side,
        reason=reason,
        price=one.order.price,
        qty=one.order.left_qty,
        observed=one.observed if one.unit else None,
        limit=one.limit if one.unit else None,
        unit=one.unit,
    )
    return CancelRequest(one.order.client_id, decision)


def _price(cycle: Cycle, wish: Signal) -> Decimal | None:
    """The price of now, at which the wish would fill."""
    quote = cycle.market.quotes.get(wish.symbol)
    if quote is None or wish.symbol in cycle.verdict.blocked:
        return None
    return quote.ask if wish.side is Side.BUY else quote.bid


def _least(cycle: Cycle, symbol: Symbol) -> Decimal:
    ours, rules = cycle.policy.limits.min_order_notional_try, cycle.rules.get(symbol)
    return max(ours, rules.min_notional) if rules else ours


def _say(wish: Signal, action: Action, reason: Reason) -> Decision:
    return Decision(
        symbol=wish.symbol, action=action, side=wish.side, reason=reason, price=wish.price
    )
