"""From the plan's moves to named intents: built, weighed by risk, paced, or told why not."""

from decimal import Decimal

import msgspec

from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.facts import free_cash
from btcbot_core.cycle.rebalance import Rebalance
from btcbot_core.domain.account import Balance
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import Action, Decision
from btcbot_core.domain.ids import client_id
from btcbot_core.domain.money import ONE, ZERO, from_bps
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Intent, OrderType, Side
from btcbot_core.oms.building import Built, Means, Step, build_order
from btcbot_core.oms.machine import planned
from btcbot_core.oms.pacing import Bucket, refilled, taken
from btcbot_core.risk.budget_rules import refuse_order
from btcbot_core.strategy.portfolio import Move

replace = msgspec.structs.replace


class _Draft(msgspec.Struct):
    """The order list while it is made; only this module's walk changes it."""

    cash_try: Decimal
    turnover_try: Decimal
    bucket: Bucket
    intents: list[Intent]
    decisions: list[Decision]
    throttled: int = 0


def build(cycle: Cycle) -> Cycle:
    """Turn moves into sized, rounded, named intents, each already an order."""
    thought = cycle.rebalance
    if thought is None or not thought.allocation.moves:
        return cycle
    plan, pace = thought.allocation, cycle.policy.rebalance.pace
    draft = _Draft(
        (free_cash(cycle) or ZERO) - plan.cash_target_try,
        thought.params.turnover_cap_try,
        refilled(cycle.carried.rebalance.bucket, cycle.at, pace),
        [],
        [],
    )
    for move in plan.moves:
        _weigh(cycle, thought, draft, move)
    orders, events = dict(cycle.carried.orders), list(cycle.order_events)
    for intent in draft.intents:
        order, event = planned(intent)
        orders[order.client_id] = order
        events.append(event)
    memory = replace(cycle.carried.rebalance, bucket=draft.bucket)
    return replace(
        cycle,
        intents=tuple(draft.intents),
        decisions=(*cycle.decisions, *draft.decisions),
        order_events=tuple(events),
        rebalance=replace(thought, throttled=draft.throttled),
        carried=replace(cycle.carried, orders=orders, rebalance=memory),
    )


def _weigh(cycle: Cycle, thought: Rebalance, draft: _Draft, move: Move) -> None:
    built = _built(cycle, thought, draft, move)
    if built.problem is not None:
        draft.decisions.append(_block(move, built.problem, move.notional_try, built.limit))
        return
    refused = refuse_order(
        move.side,
        built.notional_try,
        _exposure_try(cycle, draft, move.symbol),
        len(draft.intents),
        thought.decision,
    )
    if refused is not None:
        draft.decisions.append(_block(move, *refused))
        return
    waits = _waiting(cycle, move.symbol)
    if waits is not None:
        draft.decisions.append(_block(move, waits))
        return
    bucket = taken(draft.bucket)
    if bucket is None:
        draft.throttled += 1
        draft.decisions.append(_block(move, Reason.SKIP_THROTTLED))
        return
    intent = _named(cycle, draft, move, built)
    if intent.client_id in cycle.carried.orders:
        draft.decisions.append(_block(move, Reason.DUPLICATE))
        return
    draft.bucket = bucket
    draft.intents.append(intent)
    draft.decisions.append(
        Decision(
            symbol=move.symbol,
            action=Action.PLACE,
            side=move.side,
            reason=intent.reason,
            price=built.price,
            qty=built.qty,
        )
    )
    draft.turnover_try -= built.notional_try
    if move.side is Side.BUY:
        fee = from_bps(cycle.policy.rebalance.sizing.fee_buffer_bps)
        draft.cash_try -= built.notional_try * (ONE + fee)


def _built(cycle: Cycle, thought: Rebalance, draft: _Draft, move: Move) -> Built:
    quote, rules = cycle.market.quotes.get(move.symbol), cycle.rules.get(move.symbol)
    free = ZERO
    if rules is not None and move.side is Side.SELL:
        free = cycle.accounts.get(rules.base, Balance(rules.base, ZERO, ZERO)).free
    return build_order(
        Step(side=move.side, notional_try=move.notional_try, qty=move.qty),
        None if quote is None else cycle.carried.marks.get(move.symbol, quote.mid),
        rules,
        Means(
            cash_try=draft.cash_try,
            turnover_try=draft.turnover_try,
            free_qty=free,
            most_try=thought.decision.caps.order_notional_try,
        ),
        (thought.params.order_offset_bps, cycle.policy.rebalance.sizing),
    )


def _waiting(cycle: Cycle, symbol: Symbol) -> Reason | None:
    """Whether the pair's last orders failed to leave, and it must wait."""
    retry = cycle.carried.rebalance.retries.get(symbol)
    if retry is None or retry.until <= cycle.at:
        return None
    is_last = retry.attempts >= cycle.policy.rebalance.pace.retries_max
    return Reason.SKIP_RETRY_GIVEUP if is_last else Reason.SKIP_RETRY_WAITS


def _exposure_try(cycle: Cycle, draft: _Draft, symbol: Symbol) -> Decimal:
    """What a pair is worth with the orders of this cycle; positions move while the list grows."""
    position = cycle.portfolio.positions.get(symbol)
    worth = position.value_try if position else ZERO
    for intent in draft.intents:
        if intent.symbol == symbol:
            worth += intent.notional_try if intent.side is Side.BUY else -intent.notional_try
    return worth


def _named(cycle: Cycle, draft: _Draft, move: Move, built: Built) -> Intent:
    kind = OrderType.LIMIT
    parts = (
        cycle.id, move.symbol, move.side, kind, built.price, built.qty, len(draft.intents)
    )  # fmt: skip
    return Intent(
        client_id=client_id(cycle.policy.orders.client_id_prefix, cycle.start, parts),
        cycle_id=cycle.id,
        symbol=move.symbol,
        side=move.side,
        price=built.price,
        qty=built.qty,
        ttl_s=cycle.policy.orders.ttl_s,
        reason=Reason.REBALANCE_BUY if move.side is Side.BUY else Reason.REBALANCE_SELL,
        decided_at=cycle.at,
    )


def _block(
    move: Move, reason: Reason, observed: Decimal | None = None, limit: Decimal | None = None
) -> Decision:
    return Decision(
        symbol=move.symbol,
        action=Action.BLOCK,
        side=move.side,
        reason=reason,
        observed=observed,
        limit=limit,
        unit="" if observed is None else "TRY",
    )
