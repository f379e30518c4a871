"""The closing steps of rebalancing: count, flag, remember, move parameters for the next cycle."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

import msgspec

from btcbot_core.cycle import steps
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.rebalance import Flows, Memory, Rebalance
from btcbot_core.cycle.stage7 import learning
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import Action, RiskMode
from btcbot_core.domain.money import MONEY_STEP, ZERO
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import OrderEventKind
from btcbot_core.oms.pacing import Retry, failed
from btcbot_core.risk.day import snapshot
from btcbot_core.risk.flags import (
    NOTHING_COUNTED,
    Alert,
    Counts,
    Quality,
    alert_flags,
    quality_flags,
)
from btcbot_core.strategy.adaptation import Change, Outcome, Sample
from btcbot_core.strategy.adaptation import adapt as learn
from btcbot_core.strategy.bounds import bounds_of
from btcbot_core.strategy.portfolio import Allocation, Target
from btcbot_core.strategy.universe import Exclusion

replace = msgspec.structs.replace

_BLOCK = Action.BLOCK  # a name is looked up ten times as fast as a member
_FAILED = (OrderEventKind.REJECTED, OrderEventKind.NOT_SENT)


class ChangeRow(msgspec.Struct, frozen=True, array_like=True):
    """What adaptation did, as the trace keeps it."""

    outcome: Outcome
    reason: str
    from_version: int
    to_version: int
    fields: tuple[tuple[str, str, str], ...] = ()
    restored_from: int | None = None
    blocked_by: str = ""


class PairRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A candidate as the trace keeps it. Its other scores follow from quotes and volumes."""

    symbol: Symbol
    total: int
    deviation: int | None
    exclusions: tuple[Exclusion, ...] = ()


class PlanRow(msgspec.Struct, frozen=True, kw_only=True):
    """How the money was to be divided, of a cycle that moves towards it."""

    investable_try: Decimal
    cash_target_try: Decimal
    caps_hit: int
    targets: tuple[Target, ...]


class NoTrades(StrEnum):
    """Why a cycle did not trade."""

    KILLED = "kill_switch"
    OBSERVING = "mode_observe_only"
    NOTHING_PLANNED = "no_trade_planning"
    ALL_REFUSED = "all_intents_rejected_by_risk"
    NO_FILLS = "no_fills"


class RebalanceRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the trace keeps of a rebalancing cycle, beside what every trace holds."""

    pairs: tuple[PairRow, ...] = ()
    """Every candidate, best first, and why it was not taken."""
    orphans: tuple[Symbol, ...] = ()
    frozen: bool = False
    version: int = 1
    plan: PlanRow | None = None
    turnover: Decimal = ZERO
    no_trades: NoTrades | None = NoTrades.NOTHING_PLANNED
    """Why it did not trade; None where it did. The word of nearly all cycles goes unsaid."""
    throttled: int = 0
    retries: int = 0
    quality: tuple[Quality, ...] = ()
    alerts: tuple[Alert, ...] = ()
    change: ChangeRow | None = None


def measure(cycle: Cycle) -> Cycle:
    """Count what happened, raise the flags, and remember what the next cycle needs."""
    cycle = steps.measure(cycle)
    thought, memory = cycle.rebalance, cycle.carried.rebalance
    if thought is None:
        return cycle
    retries = _retries(cycle, memory) if cycle.order_events else memory.retries
    counts = _counts(cycle, thought, retries)
    policy = cycle.policy.rebalance
    flows = _flows(cycle, memory)
    thought = replace(
        thought,
        counts=counts,
        flows=flows,
        quality=quality_flags(counts, thought.figures, policy.budget),
        alerts=alert_flags(counts, thought.figures, policy.budget, policy.adaptation),
    )
    money = cycle.portfolio
    memory = replace(
        memory,
        retries=retries,
        losses_in_a_row=_losses(memory, money.realized_try),
        realized_try=money.realized_try,
        net_try=money.net_try,
        turnover_try=memory.turnover_try + flows.turnover_try,
        max_drawdown_ratio=max(memory.max_drawdown_ratio, money.drawdown_ratio),
    )
    carried = replace(cycle.carried, last=snapshot(money, cycle.at), rebalance=memory)
    return replace(cycle, rebalance=thought, carried=carried)


def adapt(cycle: Cycle) -> Cycle:
    """Move parameters for the next cycle where that is on; the trace gets its row here."""
    thought, policy = cycle.rebalance, cycle.policy.rebalance
    if thought is None:
        return cycle
    if policy.adaptation.is_on:
        bounds = bounds_of(policy.params, policy.sizing.cash_max_try)
        limit = policy.budget.max_drawdown_ratio
        state, change = learn(learning(cycle), _sample(thought), bounds, limit, policy.adaptation)
        memory = replace(cycle.carried.rebalance, adaptation=state)
        cycle = replace(cycle, carried=replace(cycle.carried, rebalance=memory))
        thought = replace(thought, change=change)
    return replace(
        cycle, rebalance=thought, records={**cycle.records, "rebalance": _row(cycle, thought)}
    )


def _no_trades(cycle: Cycle, thought: Rebalance) -> NoTrades | None:
    """In one word why a cycle did not trade; None where it did."""
    if cycle.fills:
        return None
    if cycle.is_killed:
        return NoTrades.KILLED
    if cycle.verdict.mode is RiskMode.OBSERVE_ONLY:
        return NoTrades.OBSERVING
    orders = cycle.carried.orders
    if cycle.intents or (orders and any(order.is_active for order in orders.values())):
        return NoTrades.NO_FILLS
    return NoTrades.ALL_REFUSED if thought.allocation.moves else NoTrades.NOTHING_PLANNED


def _plan(allocation: Allocation) -> PlanRow | None:
    """Nothing while every pair is where it should be, or may not move: the holds say so."""
    if not allocation.moves:
        return None
    return PlanRow(
        investable_try=allocation.investable_try.quantize(MONEY_STEP),
        cash_target_try=allocation.cash_target_try,
        caps_hit=allocation.caps_hit,
        targets=tuple(
            Target(t.symbol, t.target_try, t.current_try.quantize(MONEY_STEP))
            for t in allocation.targets
        ),
    )


def _row(cycle: Cycle, thought: Rebalance) -> RebalanceRow:
    change = thought.change
    return RebalanceRow(
        pairs=tuple(
            [
                PairRow(c.symbol, c.total, c.deviation, c.exclusions)
                for c in thought.selection.candidates
            ]
        ),
        orphans=thought.allocation.orphans,
        frozen=thought.selection.is_frozen,
        version=thought.version,
        plan=_plan(thought.allocation),
        turnover=thought.flows.turnover_try,
        no_trades=_no_trades(cycle, thought),
        throttled=thought.counts.throttled,
        retries=thought.counts.retries,
        quality=thought.quality,
        alerts=thought.alerts,
        change=None if change is None else _change_row(change),
    )


def _change_row(change: Change) -> ChangeRow:
    return ChangeRow(
        change.outcome,
        change.reason,
        change.from_version,
        change.to_version,
        change.fields,
        change.restored_from,
        change.blocked_by,
    )


def _counts(cycle: Cycle, thought: Rebalance, retries: Mapping[Symbol, Retry]) -> Counts:
    quotes = cycle.market.quotes
    unmarked = [s for s in cycle.symbols if s not in quotes]
    blocked = [d.reason for d in cycle.decisions if d.action is _BLOCK]
    if not (cycle.order_events or thought.allocation.moves or blocked or unmarked):
        return NOTHING_COUNTED
    kinds = [event.kind for event in cycle.order_events]
    most = cycle.policy.rebalance.pace.retries_max
    known = cycle.carried.rebalance.retries
    fresh = [r for s, r in retries.items() if r != known.get(s)]
    return Counts(
        rejected=kinds.count(OrderEventKind.REJECTED),
        throttled=thought.throttled,
        retries=len([r for r in fresh if r.attempts < most]),
        giveups=len([r for r in fresh if r.attempts >= most]),
        missing_marks=len(unmarked) + blocked.count(Reason.SKIP_MISSING_MARK),
    )


def _flows(cycle: Cycle, memory: Memory) -> Flows:
    pnl = cycle.portfolio.net_try - memory.net_try
    if not cycle.fills:
        return Flows(pnl_try=pnl)
    quote = cycle.carried.ledger.quote
    return Flows(
        turnover_try=sum((f.notional_try for f in cycle.fills), ZERO),
        fees_try=sum((f.fee for f in cycle.fills if f.fee_asset == quote), ZERO),
        slippage_try=sum((f.slippage_try for f in cycle.fills), ZERO),
        pnl_try=pnl,
    )


def _retries(cycle: Cycle, memory: Memory) -> dict[Symbol, Retry]:
    """Pairs whose orders failed to leave; one that was taken forgets its failures."""
    retries = dict(memory.retries)
    for event in cycle.order_events:
        order = cycle.carried.orders.get(event.client_id)
        if order is None:
            continue
        if event.kind is OrderEventKind.ACCEPTED:
            retries.pop(order.symbol, None)
        elif event.kind in _FAILED:
            pace = cycle.policy.rebalance.pace
            known = retries.get(order.symbol)
            retries[order.symbol] = failed(known, event.client_id, cycle.at, pace)
    return retries


def _losses(memory: Memory, realized_try: Decimal) -> int:
    """Cycles in a row whose sales lost; one that earned ends the row."""
    change = realized_try - memory.realized_try
    if not change:
        return memory.losses_in_a_row
    return memory.losses_in_a_row + 1 if change < ZERO else 0


def _sample(thought: Rebalance) -> Sample:
    alerts = thought.alerts
    return Sample(
        is_normal=thought.decision.mode is RiskMode.NORMAL,
        drawdown_ratio=thought.figures.drawdown_ratio,
        pnl_try=thought.flows.pnl_try,
        drawdown_breach=Alert.DRAWDOWN_BREACH in alerts,
        reject_spike=Alert.REJECT_SPIKE in alerts,
        throttled=Alert.THROTTLED in alerts,
        missing_mark=Quality.MISSING_MARK in thought.quality,
        has_alert=bool(alerts),
    )
