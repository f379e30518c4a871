"""From wishes to intents: risk refuses or trims, rounding by the rules, one id for each order."""

from decimal import Decimal

import msgspec

from btcbot_core.cycle.cycle import Cycle, sent_key
from btcbot_core.domain.account import Balance
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import Action, Decision
from btcbot_core.domain.ids import client_id
from btcbot_core.domain.money import ONE, ZERO, floor_to, from_bps
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Intent, OrderType, Side, Signal
from btcbot_core.oms.lifecycle import is_near_duplicate
from btcbot_core.oms.machine import planned
from btcbot_core.oms.planning import Sized, size
from btcbot_core.oms.replacing import Replacement
from btcbot_core.risk.limits import (
    Room,
    Standing,
    refuse_before_sizing,
    refuse_by_caps,
    refuse_exposure,
    refuse_sized,
)


class _Draft(msgspec.Struct, frozen=True):
    """The plan so far: what is left of the allowance, and what was decided."""

    room: Room
    intents: tuple[Intent, ...] = ()
    decisions: tuple[Decision, ...] = ()


def plan(cycle: Cycle) -> Cycle:
    """Turn wishes that may be granted into sized, rounded, named intents, each already an order."""
    draft = _Draft(Room.of(cycle.verdict))
    for signal in cycle.signals:
        draft = _weigh(cycle, draft, signal)
    orders, events = dict(cycle.carried.orders), list(cycle.order_events)
    for intent in draft.intents:
        order, event = planned(intent)
        orders[order.client_id] = order
        events.append(event)
    return msgspec.structs.replace(
        cycle,
        intents=draft.intents,
        decisions=(*cycle.decisions, *draft.decisions),
        order_events=tuple(events),
        carried=msgspec.structs.replace(
            cycle.carried, orders=orders, replacements=_unplaced(cycle, draft.intents)
        )
        if draft.intents
        else cycle.carried,
    )


def _unplaced(cycle: Cycle, intents: tuple[Intent, ...]) -> tuple[Replacement, ...]:
    """A replacement is done in the moment its rest is an order: both are stored as one."""
    placed = {(intent.symbol, intent.side) for intent in intents}
    return tuple(one for one in cycle.carried.replacements if one.key not in placed)


def _weigh(cycle: Cycle, draft: _Draft, signal: Signal) -> _Draft:
    limits = cycle.policy.limits
    refused = refuse_before_sizing(
        signal.symbol, signal.side, cycle.verdict, _standing(cycle, draft, signal), limits, cycle.at
    )
    rules = cycle.rules.get(signal.symbol)
    if refused is not None or rules is None or signal.price is None:
        return _decide(draft, refused)
    signal, trim = _trim(cycle, draft, signal)
    sized = size(
        rules, signal.side, signal.price or ZERO, signal.qty, limits.min_order_notional_try
    )
    capped, cap = _cap(cycle, signal, sized)
    if capped.problem is not None:
        return _decide(draft, trim, cap, _block_sized(cycle, signal, capped))
    cost = capped.notional_try * (ONE + from_bps(cycle.policy.strategy.taker_fee_bps))
    if (refused := _refuse(cycle, draft, signal, capped)) is not None:
        return _decide(draft, trim, cap, refused)
    intent = _name(cycle, draft, signal, capped)
    if intent.client_id in cycle.carried.orders:
        return _decide(draft, trim, cap, _block(signal, Reason.DUPLICATE))
    placed = Decision(
        symbol=signal.symbol,
        action=Action.PLACE,
        side=signal.side,
        reason=signal.reason,
        price=capped.price,
        qty=capped.qty,
    )
    return _Draft(
        draft.room.after(signal.side, capped.notional_try, cost),
        (*draft.intents, intent),
        (*draft.decisions, *filter(None, (trim, cap)), placed),
    )


def _standing(cycle: Cycle, draft: _Draft, signal: Signal) -> Standing:
    """Where the pair stands. Under a risk budget a cancel of this cycle frees a slot in all, but
    not on its pair: the old order may yet fill."""
    working = [o.symbol for o in cycle.carried.orders.values() if o.is_active]
    working.extend(i.symbol for i in draft.intents)
    leaving = len(cycle.cancels) if cycle.verdict.caps is not None else 0
    rules = cycle.rules.get(signal.symbol)
    return Standing(
        open_orders=working.count(signal.symbol),
        open_orders_all=len(working) - leaving,
        last_sent=cycle.carried.last_sent.get(sent_key(signal.symbol, signal.side)),
        has_price=signal.price is not None,
        has_rules=rules is not None,
        is_trading=rules is not None and rules.is_trading,
    )


def _refuse(cycle: Cycle, draft: _Draft, signal: Signal, sized: Sized) -> Decision | None:
    """The first reason why an order of this size may not be placed."""
    caps, notional = cycle.verdict.caps, sized.notional_try
    cost = notional * (ONE + from_bps(cycle.policy.strategy.taker_fee_bps))
    refused = None
    if caps is not None:
        wish = (signal.reason, sized.price, sized.qty)
        position = cycle.portfolio.positions.get(signal.symbol)
        refused = _refuse_copy(cycle, signal, sized) or refuse_by_caps(
            signal.symbol, signal.side, wish, position, caps
        )
    refused = refused or refuse_sized(signal.symbol, signal.side, notional, cost, draft.room)
    if refused is None and signal.side is Side.BUY:
        return refuse_exposure(signal.symbol, notional, draft.room)
    return refused or _refuse_inventory(cycle, draft, signal, sized)


def _refuse_copy(cycle: Cycle, signal: Signal, sized: Sized) -> Decision | None:
    """Refuse what would be nearly the same as an order that rests and stays."""
    leaving = {request.client_id for request in cycle.cancels}
    for order in cycle.carried.orders.values():
        if (
            (order.symbol, order.side) == (signal.symbol, signal.side)
            and order.is_active
            and order.client_id not in leaving
            and is_near_duplicate(order, sized.price, sized.qty, cycle.policy.lifecycle)
        ):
            return _block(signal, Reason.NEAR_DUPLICATE, sized.price, order.price, "price")
    return None


def _trim(cycle: Cycle, draft: _Draft, signal: Signal) -> tuple[Signal, Decision | None]:
    """Under a risk budget a SELL is made as small as what is free; nothing free is refused later.

    Without one it is refused as it is.
    """
    if cycle.verdict.caps is None or signal.side is not Side.SELL:
        return signal, None
    free = _free_to_sell(cycle, draft, signal.symbol)
    if signal.qty <= free or free <= ZERO:
        return signal, None
    return msgspec.structs.replace(signal, qty=free), Decision(
        symbol=signal.symbol,
        action=Action.CAP,
        side=signal.side,
        reason=Reason.FREE_QTY,
        price=signal.price,
        qty=free,
        observed=signal.qty,
        limit=free,
        unit="base",
    )


def _cap(cycle: Cycle, signal: Signal, sized: Sized) -> tuple[Sized, Decision | None]:
    """Make an order smaller that is larger than one may be, and test it again."""
    most = _most(cycle, signal.side)
    rules = cycle.rules[signal.symbol]
    if sized.problem is not None or most is None or sized.notional_try <= most:
        return sized, None
    smaller = size(
        rules,
        signal.side,
        sized.price,
        floor_to(most / sized.price, rules.lot_step),
        cycle.policy.limits.min_order_notional_try,
    )
    return smaller, Decision(
        symbol=signal.symbol,
        action=Action.CAP,
        side=signal.side,
        reason=Reason.ORDER_CAP,
        price=smaller.price,
        qty=smaller.qty,
        observed=sized.notional_try,
        limit=most,
        unit="TRY",
    )


def _most(cycle: Cycle, side: Side) -> Decimal | None:
    """What an order is made smaller to. The budget's own bound refuses a BUY and shrinks a SELL."""
    ours, caps = cycle.policy.limits.max_notional_per_order_try, cycle.verdict.caps
    if caps is None or side is Side.BUY:
        return ours
    return caps.order_notional_try if ours is None else min(ours, caps.order_notional_try)


def _refuse_inventory(cycle: Cycle, draft: _Draft, signal: Signal, sized: Sized) -> Decision | None:
    if signal.side is not Side.SELL:
        return None
    free = _free_to_sell(cycle, draft, signal.symbol)
    if sized.qty <= free:
        return None
    return _block(signal, Reason.NO_INVENTORY, sized.qty, free, "base")


def _free_to_sell(cycle: Cycle, draft: _Draft, symbol: Symbol) -> Decimal:
    """What is free of a pair's base asset, less what this cycle sells already."""
    return _free_base(cycle, symbol) - sum(
        (i.qty for i in draft.intents if i.symbol == symbol and i.side is Side.SELL), ZERO
    )


def _free_base(cycle: Cycle, symbol: Symbol) -> Decimal:
    base = cycle.rules[symbol].base
    return cycle.accounts.get(base, Balance(base, ZERO, ZERO)).free


def _name(cycle: Cycle, draft: _Draft, signal: Signal, sized: Sized) -> Intent:
    parts = (
        cycle.id,
        signal.symbol,
        signal.side,
        OrderType.LIMIT,
        sized.price,
        sized.qty,
        len(draft.intents),
    )
    return Intent(
        client_id=client_id(cycle.policy.orders.client_id_prefix, cycle.start, parts),
        cycle_id=cycle.id,
        symbol=signal.symbol,
        side=signal.side,
        price=sized.price,
        qty=sized.qty,
        ttl_s=cycle.policy.orders.ttl_s,
        reason=signal.reason,
        decided_at=cycle.at,
    )


def _block_sized(cycle: Cycle, signal: Signal, sized: Sized) -> Decision:
    least = max(cycle.policy.limits.min_order_notional_try, cycle.rules[signal.symbol].min_notional)
    return _block(signal, sized.problem or Reason.MIN_NOTIONAL, sized.notional_try, least, "TRY")


def _block(
    signal: Signal,
    reason: Reason,
    observed: Decimal | None = None,
    limit: Decimal | None = None,
    unit: str = "",
) -> Decision:
    return Decision(
        symbol=signal.symbol,
        action=Action.BLOCK,
        side=signal.side,
        reason=reason,
        observed=observed,
        limit=limit,
        unit=unit,
    )


def _decide(draft: _Draft, *decisions: Decision | None) -> _Draft:
    return _Draft(draft.room, draft.intents, (*draft.decisions, *filter(None, decisions)))
