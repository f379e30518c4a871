"""The deciding steps under a risk budget: several strategies, one verdict, money divided once."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.facts import (
    active_orders,
    open_buys_try,
    rung,
    stale,
)
from btcbot_core.cycle.steps import basic_facts, view, waiting
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.policy import StrategyName
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import UNRESOLVED, Side, Signal
from btcbot_core.oms.lifecycle import REPLACEABLE
from btcbot_core.risk.budget import BudgetFacts, judge_budget
from btcbot_core.risk.day import day_of, since_midnight, snapshot
from btcbot_core.strategy.allocation import Means, deployable, divide, one_per_pair
from btcbot_core.strategy.anchors import anchors
from btcbot_core.strategy.mean_reversion import mean_reversion
from btcbot_core.strategy.profit_aware import profit_aware
from btcbot_core.strategy.strategy import Strategy

replace = msgspec.structs.replace

STRATEGIES: Mapping[StrategyName, Strategy] = {
    StrategyName.PROFIT_AWARE: profit_aware,
    StrategyName.MEAN_REVERSION: mean_reversion,
}


def propose(cycle: Cycle) -> Cycle:
    """Ask each strategy of the policy, in its order, what it wants.

    An order that will be cancelled as stale does not count as working: whether its wish still
    stands decides whether it is replaced.
    """
    leaving = {s.order.client_id for s in stale(cycle) if s.reason in REPLACEABLE}
    shown = replace(
        view(cycle),
        symbols=_shown_pairs(cycle),
        working=frozenset(
            (o.symbol, o.side) for o in active_orders(cycle) if o.client_id not in leaving
        ),
        anchors=anchors(cycle.carried.mids, cycle.policy.mean_reversion.lookback),
    )
    asked = [STRATEGIES[name](shown) for name in cycle.policy.strategies]
    signals = tuple(signal for wishes in asked for signal in wishes.signals)
    holds = tuple(hold for wishes in asked for hold in wishes.holds)
    return replace(cycle, signals=signals, decisions=(*cycle.decisions, *holds))


def judge(cycle: Cycle) -> Cycle:
    """Decide the mode by every rule of the budget; a new day opens here."""
    day = day_of(cycle.carried.day, cycle.carried.last, snapshot(cycle.portfolio, cycle.at))
    tradable = [s for s in cycle.symbols if s in cycle.rules and cycle.rules[s].is_trading]
    marks, ladder = cycle.carried.marks, cycle.carried.degrade
    ours = {*cycle.portfolio.positions, *(order.symbol for order in active_orders(cycle))}
    facts = BudgetFacts(
        money=cycle.portfolio,
        today=since_midnight(day, cycle.portfolio),
        open_buys_try=sum(open_buys_try(cycle).values(), ZERO),
        unmarked=tuple(s for s in tradable if s not in marks),
        tradable=len(tradable),
        never_valued=tuple(sorted(s for s in ours if s not in marks)),
        ladder_level=ladder.level,
        floor_level=ladder.floor(cycle.at),
        unresolved=sum(1 for o in active_orders(cycle) if o.status in UNRESOLVED),
    )
    verdict = judge_budget(basic_facts(cycle), facts, cycle.policy)
    return replace(
        cycle,
        verdict=verdict,
        decisions=(*cycle.decisions, *waiting(verdict)),
        carried=replace(cycle.carried, day=day) if day is not cycle.carried.day else cycle.carried,
    )


def allocate(cycle: Cycle) -> Cycle:
    """Leave one wish for each pair, and divide what the verdict allows over them."""
    if not cycle.signals:
        return cycle
    chosen = one_per_pair(cycle.signals)
    open_ = [signal for signal in chosen.signals if _is_open(cycle, signal)]
    divided = divide(open_, _means(cycle))
    # What the plan will refuse takes no money from the others; it says why.
    refused = tuple(signal for signal in chosen.signals if not _is_open(cycle, signal))
    return replace(
        cycle,
        signals=(*divided.signals, *refused),
        decisions=(*cycle.decisions, *chosen.decisions, *divided.decisions),
    )


def _shown_pairs(cycle: Cycle) -> tuple[Symbol, ...]:
    """All pairs, or the first few of a degraded cycle and what we hold: that may always go."""
    most = rung(cycle).pairs_max
    if most is None or len(cycle.symbols) <= most:
        return cycle.symbols
    first = cycle.symbols[:most]
    return (*first, *(s for s in cycle.symbols[most:] if s in cycle.portfolio.positions))


def _is_open(cycle: Cycle, signal: Signal) -> bool:
    """Whether the verdict lets this side of the pair trade at all."""
    verdict = cycle.verdict
    is_stopped = (
        signal.side is Side.BUY and verdict.caps is not None and verdict.caps.buy_stop is not None
    )
    return verdict.allows(signal.side) and signal.symbol not in verdict.blocked and not is_stopped


def _means(cycle: Cycle) -> Means:
    verdict, policy, money = cycle.verdict, cycle.policy, cycle.portfolio
    caps = verdict.caps
    exposure = open_buys_try(cycle)
    for position in money.positions.values():
        exposure[position.symbol] = exposure.get(position.symbol, ZERO) + position.value_try
    return Means(
        deploy_try=deployable(
            verdict.cash_left_try,
            policy.limits.cash_target_try,
            policy.allocation,
            policy.strategy.taker_fee_bps,
        ),
        cycle_try=verdict.notional_left_try,
        total_try=None if caps is None else min(caps.positions_left_try, caps.gross_left_try),
        order_try=_order_room(cycle),
        pair_try=_pair_room(cycle),
        exposure=exposure,
        positions=money.positions,
        rules=cycle.rules,
        min_notional_try=policy.limits.min_order_notional_try,
    )


def _order_room(cycle: Cycle) -> Decimal | None:
    """What one order may come to: a BUY larger than the budget's own bound would be refused."""
    ours, caps = cycle.policy.limits.max_notional_per_order_try, cycle.verdict.caps
    if caps is None:
        return ours
    return caps.order_notional_try if ours is None else min(ours, caps.order_notional_try)


def _pair_room(cycle: Cycle) -> Decimal:
    """What one pair may come to: its own limit, and the share of equity that the judge allows."""
    risk = cycle.policy.risk
    share = max(ZERO, cycle.portfolio.equity_try) * risk.max_position_ratio
    most = risk.max_position_per_pair_try
    return share if most is None else min(most, share)
