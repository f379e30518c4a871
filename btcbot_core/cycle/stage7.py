"""The steps of rebalancing: weigh pairs, hold the budget, divide the money, order, learn.

Each takes a cycle and gives it back with one thing added, like the steps of all stages; the rules
are in `strategy/`, `risk/` and `oms/`.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from btcbot_core.cycle import steps
from btcbot_core.cycle.cycle import CancelRequest, Cycle
from btcbot_core.cycle.facts import active_orders, free_cash
from btcbot_core.cycle.rebalance import Memory, Rebalance
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import Action, Decision, RiskMode
from btcbot_core.domain.money import BPS_PER_ONE, MONEY_STEP, ZERO, canonical
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import UNRESOLVED, Order, OrderStatus, Side
from btcbot_core.risk.budget_rules import BudgetCaps, BudgetDecision, BudgetInputs, decide
from btcbot_core.risk.day import day_of, since_midnight, snapshot
from btcbot_core.risk.flags import Figures
from btcbot_core.risk.verdict import ModeReason, RiskVerdict
from btcbot_core.strategy import portfolio
from btcbot_core.strategy.adaptation import AdaptationState, in_force
from btcbot_core.strategy.portfolio import CENT, FINE_UNIT, Holdings
from btcbot_core.strategy.universe import PairFigures
from btcbot_core.strategy.universe import select as choose
from btcbot_core.strategy.volatility import roll

replace = msgspec.structs.replace

_PRICE_UNITS = Decimal(100_000_000)
"""Prices enter the volatility in hundred millionths."""
_TWICE_BPS = 2 * BPS_PER_ONE
_FINE_BPS = Decimal("0.0001")
_COINS = frozenset({"BTC", "ETH"})
_NO_OBJECTION: tuple[ModeReason, ...] = (ModeReason(RiskMode.NORMAL, Reason.MODE_OK),)


def gauge(cycle: Cycle) -> Cycle:
    """Move each pair's rolling volatility on by this cycle's mark."""
    memory = cycle.carried.rebalance
    lookback = cycle.policy.rebalance.universe.lookback
    rolling = dict(memory.rolling)
    marks = cycle.carried.marks  # of just now, where the books were marked
    for symbol, quote in cycle.market.quotes.items():
        price = int((marks.get(symbol) or quote.mid) * _PRICE_UNITS)
        rolling[symbol] = roll(rolling.get(symbol), price, lookback)
    return _remembering(cycle, replace(memory, rolling=rolling))


def judge(cycle: Cycle) -> Cycle:
    """Decide the mode by every rule of the budget; a new day opens here."""
    policy, memory, money = cycle.policy.rebalance, cycle.carried.rebalance, cycle.portfolio
    learned = learning(cycle)
    params, budget = learned.active, policy.budget
    day = day_of(cycle.carried.day, cycle.carried.last, snapshot(money, cycle.at))
    today = since_midnight(day, money)
    ages_s, spreads = _ages_s(cycle), _spreads_bps(cycle)
    age_s = min(ages_s.values(), default=None)
    spread_bps = max([spreads[s] for s in _watched(cycle) if s in spreads], default=None)
    inputs = BudgetInputs(
        is_killed=cycle.is_killed,
        is_degraded=cycle.vitals.breaker_open,
        has_accounts=free_cash(cycle) is not None,
        data_age_s=age_s,
        drawdown_ratio=money.drawdown_ratio,
        daily_pnl_try=today.pnl_try,
        losses_in_a_row=memory.losses_in_a_row,
        spread_bps=spread_bps,
        quote_volume_try=_volume_try(cycle) if params.min_quote_volume_try else None,
        min_quote_volume_try=params.min_quote_volume_try,
        fees_today_try=today.fees_try,
        concentration_ratio=_concentration_ratio(cycle),
        pairs_without_rules=_pairs_without_rules(cycle),
    )
    caps = BudgetCaps(
        order_notional_try=min(budget.max_order_notional_try, params.turnover_cap_try),
        orders=params.max_orders_per_cycle,
        symbol_exposure_try=budget.max_symbol_exposure_try,
    )
    decision = decide(inputs, budget, caps, memory.budget, cycle.at)
    thought = Rebalance(
        params=params,
        version=learned.version,
        decision=decision,
        spreads_bps=spreads,
        ages_s=ages_s,
        figures=Figures(
            data_age_s=age_s, spread_bps=spread_bps, drawdown_ratio=money.drawdown_ratio
        ),
    )
    return replace(
        cycle,
        verdict=_verdict(cycle, decision, ages_s),
        rebalance=thought,
        carried=replace(cycle.carried, day=day, rebalance=_warned(memory, decision)),
    )


def _warned(memory: Memory, decision: BudgetDecision) -> Memory:
    """What is remembered of a decision."""
    if any(f.reason is Reason.CONSECUTIVE_LOSSES for f in decision.findings):
        # The count starts again once it has spoken: the cooldown is its answer.
        return replace(memory, budget=decision.state, losses_in_a_row=0)
    if decision.state is memory.budget:
        return memory
    return replace(memory, budget=decision.state)


def select(cycle: Cycle) -> Cycle:
    """Choose the pairs of this cycle; what there is of each is weighed and told."""
    thought = _thought(cycle)
    memory = cycle.carried.rebalance
    selection = choose(
        _figures(cycle, thought),
        thought.params,
        cycle.policy.rebalance.universe,
        memory.universe,
        cycle.at,
        is_frozen=cycle.is_killed or cycle.vitals.breaker_open,
    )
    cycle = replace(cycle, rebalance=replace(thought, selection=selection))
    if selection.state is memory.universe:
        return cycle
    return _remembering(cycle, replace(memory, universe=selection.state))


def allocate(cycle: Cycle) -> Cycle:
    """Divide the money over the chosen pairs; what is not done is decided and told."""
    thought, verdict = _thought(cycle), cycle.verdict
    waits = verdict.blocked
    if cycle.carried.orders:
        busy = {o.symbol: Reason.SKIP_OPEN_ORDER for o in active_orders(cycle)}
        waits = {**busy, **waits}
    holdings = Holdings(
        cash_free_try=free_cash(cycle) or ZERO,
        qty={s: p.qty for s, p in cycle.portfolio.positions.items()},
        marks=cycle.carried.marks,
        reserved_try=_reserved_try(cycle),
        waits=waits,
        rules=cycle.rules,
        # The order's price is off the mark: what is planned must fit under the cap with it.
        most_try=thought.decision.caps.order_notional_try * thought.params.order_room_ratio,
    )
    unit = FINE_UNIT if cycle.carried.ledger.quote in _COINS else CENT
    plan = portfolio.allocate(
        thought.selection.symbols,
        holdings,
        verdict.mode,
        cycle.policy.portfolio.targets,
        (thought.params, cycle.policy.rebalance.sizing),
        unit,
    )
    told = plan.skipped
    if not thought.selection.symbols:
        told = tuple(
            Decision(symbol=s, action=Action.BLOCK, reason=Reason.SKIP_EMPTY_UNIVERSE)
            for s in cycle.symbols
        )
    return replace(
        cycle,
        rebalance=replace(thought, allocation=plan),
        decisions=(*cycle.decisions, *told),
    )


def expire(cycle: Cycle) -> Cycle:
    """Cancel what rests too long or must go; on beginning to observe our BUYs go too, once.

    What is cancelled is planned anew by a later cycle, at that cycle's price: so it is replaced.
    """
    cycle = steps.expire(cycle)
    is_observing = cycle.verdict.mode is RiskMode.OBSERVE_ONLY
    if is_observing == cycle.carried.are_buys_pulled:
        return cycle
    cycle = replace(cycle, carried=replace(cycle.carried, are_buys_pulled=is_observing))
    if not is_observing or not cycle.policy.lifecycle.cancel_buys_on_observe:
        return cycle
    going = {request.client_id for request in cycle.cancels}
    pulled = tuple(
        _pull(order)
        for order in active_orders(cycle)
        if order.side is Side.BUY
        and order.status in (OrderStatus.OPEN, OrderStatus.PARTIAL)
        and order.client_id not in going
    )
    return replace(
        cycle,
        cancels=(*cycle.cancels, *pulled),
        decisions=(*cycle.decisions, *(request.decision for request in pulled)),
    )


def learning(cycle: Cycle) -> AdaptationState:
    """The parameters in force."""
    policy = cycle.policy.rebalance
    return in_force(cycle.carried.rebalance.adaptation, policy.params, policy.adaptation)


def _thought(cycle: Cycle) -> Rebalance:
    """What `judge` began. A cycle that was not judged has none: its decision allows nothing."""
    if cycle.rebalance is not None:
        return cycle.rebalance
    return Rebalance(
        params=cycle.policy.rebalance.params,
        version=1,
        figures=Figures(data_age_s=None),
        decision=decide(
            BudgetInputs(data_age_s=None),
            cycle.policy.rebalance.budget,
            BudgetCaps(order_notional_try=ZERO, orders=0, symbol_exposure_try=ZERO),
            cycle.carried.rebalance.budget,
            cycle.at,
        ),
    )


def _remembering(cycle: Cycle, memory: Memory) -> Cycle:
    return replace(cycle, carried=replace(cycle.carried, rebalance=memory))


def _watched(cycle: Cycle) -> tuple[Symbol, ...]:
    """The pairs whose market the budget looks at: the universe, before there is one all."""
    return cycle.carried.rebalance.universe.members or cycle.symbols


def _ages_s(cycle: Cycle) -> dict[Symbol, Decimal]:
    """How old each quote is."""
    now = cycle.at
    return {s: q.age_s(now) if q.at is not now else ZERO for s, q in cycle.market.quotes.items()}


def _spreads_bps(cycle: Cycle) -> dict[Symbol, Decimal]:
    """Each pair's spread in parts of its mid."""
    spreads = {}
    for symbol, quote in cycle.market.quotes.items():
        bid, ask = quote.bid, quote.ask
        spreads[symbol] = (_TWICE_BPS * (ask - bid) / (ask + bid)).quantize(_FINE_BPS)
    return spreads


def _volume_try(cycle: Cycle) -> Decimal | None:
    volumes = [v for s in _watched(cycle) if (v := cycle.market.volumes.get(s)) is not None]
    return sum(volumes, ZERO) if volumes else None


def _concentration_ratio(cycle: Cycle) -> Decimal | None:
    """The largest positions' part of equity; None where no rule asks for it."""
    budget, money = cycle.policy.rebalance.budget, cycle.portfolio
    if budget.max_concentration_ratio is None or money.equity_try <= ZERO:
        return None
    worth = sorted((p.value_try for p in money.positions.values()), reverse=True)
    return sum(worth[: budget.concentration_top_n], ZERO) / money.equity_try


def _pairs_without_rules(cycle: Cycle) -> int:
    """How many there are; 0 where no rule asks for it."""
    if not cycle.policy.rebalance.budget.is_observing_without_rules:
        return 0
    return sum(1 for s in cycle.symbols if s not in cycle.rules)


def _figures(cycle: Cycle, thought: Rebalance) -> tuple[PairFigures, ...]:
    """What is known of each pair; its spread was measured when the budget was judged."""
    volumes, rules = cycle.market.volumes, cycle.rules
    spreads, ages_s = thought.spreads_bps, thought.ages_s
    rolling = cycle.carried.rebalance.rolling
    figures = []
    for symbol in cycle.symbols:
        moves, pair = rolling.get(symbol), rules.get(symbol)
        figures.append(
            PairFigures(
                symbol=symbol,
                volume=volumes.get(symbol),
                spread_bps=spreads.get(symbol),
                volatility=None if moves is None else moves.volatility,
                age_s=ages_s.get(symbol),
                has_rules=pair is not None,
                is_trading=pair is not None and pair.is_trading,
            )
        )
    return tuple(figures)


def _verdict(
    cycle: Cycle, decision: BudgetDecision, ages_s: Mapping[Symbol, Decimal]
) -> RiskVerdict:
    """The budget's decision in the words that all stages share."""
    reasons = _NO_OBJECTION
    if decision.mode is not RiskMode.NORMAL or decision.findings:
        known = {f.reason for f in decision.findings}
        reasons = (
            *(
                ModeReason(f.mode, f.reason, _text(f.observed), _text(f.limit))
                for f in decision.findings
            ),
            *(ModeReason(decision.mode, r) for r in decision.reasons if r not in known),
        )
    return RiskVerdict(
        mode=decision.mode,
        reasons=reasons,
        orders_left=decision.caps.orders,
        cash_left_try=free_cash(cycle) or ZERO,
        notional_left_try=decision.caps.order_notional_try * decision.caps.orders,
        blocked=_blocked(cycle, ages_s),
    )


def _blocked(cycle: Cycle, ages_s: Mapping[Symbol, Decimal]) -> Mapping[Symbol, Reason]:
    """Pairs that wait, an unknown order before old data."""
    oldest_s = cycle.policy.rebalance.universe.max_data_age_s
    blocked: dict[Symbol, Reason] = {}
    for symbol in cycle.symbols:
        age_s = ages_s.get(symbol)
        if age_s is None:
            blocked[symbol] = Reason.DATA_MISSING
        elif age_s > oldest_s:
            blocked[symbol] = Reason.DATA_STALE
    for order in cycle.carried.orders.values():
        if order.status in UNRESOLVED:
            blocked[order.symbol] = Reason.UNKNOWN_ORDER
    return blocked


def _reserved_try(cycle: Cycle) -> dict[Symbol, Decimal]:
    """What resting BUYs hold back, by pair."""
    reserved: dict[Symbol, Decimal] = {}
    for order in active_orders(cycle):
        if order.side is Side.BUY:
            held = order.left_qty * order.price
            reserved[order.symbol] = reserved.get(order.symbol, ZERO) + held
    return reserved


def _pull(order: Order) -> CancelRequest:
    return CancelRequest(
        order.client_id,
        Decision(
            symbol=order.symbol,
            action=Action.CANCEL,
            side=order.side,
            reason=Reason.CANCEL_ON_OBSERVE,
            price=order.price,
            qty=order.left_qty,
        ),
    )


def _text(value: Decimal | None) -> str:
    return "" if value is None else canonical(value.quantize(MONEY_STEP))
