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
from btcbot_core.oms.machine import planned
from btcbot_core.oms.planning import Sized, size
from btcbot_core.risk.limits import Room, Standing, refuse_before_sizing, refuse_sized


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
        carried=msgspec.structs.replace(cycle.carried, orders=orders)
        if draft.intents
        else cycle.carried,
    )


def _weigh(cycle: Cycle, draft: _Draft, signal: Signal) -> _Draft:
    limits = cycle.policy.limits
    refused = refuse_before_sizing(
        signal.symbol, signal.side, cycle.verdict, _standing(cycle, draft, signal), limits, cycle.at
    )
    rules = cycle.rules.get(signal.symbol)
    if refused is not None or rules is None or signal.price is None:
        return _decide(draft, refused)
    sized = size(rules, signal.side, signal.price, signal.qty, limits.min_order_notional_try)
    capped, cap = _cap(cycle, signal, sized)
    if capped.problem is not None:
        return _decide(draft, cap, _block_sized(cycle, signal, capped))
    cost = capped.notional_try * (ONE + from_bps(cycle.policy.strategy.taker_fee_bps))
    refused = refuse_sized(signal.symbol, signal.side, capped.notional_try, cost, draft.room)
    refused = refused or _refuse_inventory(cycle, draft, signal, capped)
    if refused is not None:
        return _decide(draft, cap, refused)
    intent = _name(cycle, draft, signal, capped)
    if intent.client_id in cycle.carried.orders:
        return _decide(draft, cap, _block(signal, Reason.DUPLICATE))
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
        (*draft.decisions, *((cap,) if cap else ()), placed),
    )


def _standing(cycle: Cycle, draft: _Draft, signal: Signal) -> Standing:
    working = [o.symbol for o in cycle.carried.orders.values() if o.is_active]
    working.extend(i.symbol for i in draft.intents)
    rules = cycle.rules.get(signal.symbol)
    return Standing(
        open_orders=working.count(signal.symbol),
        open_orders_all=len(working),
        last_sent=cycle.carried.last_sent.get(sent_key(signal.symbol, signal.side)),
        has_price=signal.price is not None,
        has_rules=rules is not None,
        is_trading=rules is not None and rules.is_trading,
    )


def _cap(cycle: Cycle, signal: Signal, sized: Sized) -> tuple[Sized, Decision | None]:
    """Make an order smaller that is larger than one may be, and test it again."""
    most = cycle.policy.limits.max_notional_per_order_try
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


def _refuse_inventory(cycle: Cycle, draft: _Draft, signal: Signal, sized: Sized) -> Decision | None:
    if signal.side is not Side.SELL:
        return None
    free = _free_base(cycle, signal.symbol) - sum(
        (i.qty for i in draft.intents if i.symbol == signal.symbol and i.side is Side.SELL), ZERO
    )
    if sized.qty <= free:
        return None
    return _block(signal, Reason.NO_INVENTORY, sized.qty, free, "base")


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
        client_id=client_id(cycle.policy.orders.client_id_prefix, parts),
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
