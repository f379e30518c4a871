"""Stage 4 under anything that may happen: what must never be, whatever it is."""

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from btcbot_core.cycle.budgeted import allocate, judge
from btcbot_core.cycle.cycle import Cycle, Heard
from btcbot_core.cycle.plan import plan
from btcbot_core.cycle.renewing import renew
from btcbot_core.cycle.steps import book, mark, reconcile
from btcbot_core.domain.account import Balance, Portfolio, Position
from btcbot_core.domain.codes import AnomalyCode, Reason, Severity
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.ids import ClientId, CycleId, FillId
from btcbot_core.domain.market import BookSource, MarketSnapshot, Quote
from btcbot_core.domain.money import ONE, ZERO, from_bps
from btcbot_core.domain.policy import (
    AllocationPolicy,
    DegradePolicy,
    LimitPolicy,
    OrderPolicy,
    Policy,
    RiskPolicy,
    StrategyPolicy,
    UsageMode,
)
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import (
    TERMINAL,
    Answer,
    AnswerKind,
    Fill,
    Order,
    OrderType,
    OrderView,
    Side,
    Signal,
    Verb,
    ViewStatus,
)
from btcbot_core.ledger.book import Ledger
from btcbot_core.risk.anomalies import Anomaly
from btcbot_core.risk.budget import BudgetFacts, judge_budget
from btcbot_core.risk.day import Today
from btcbot_core.risk.degrade import NOT_DEGRADED, advance
from btcbot_core.risk.judge import RiskFacts
from btcbot_core.risk.verdict import ModeReason, RiskVerdict, strictest
from btcbot_core.strategy.allocation import Means, deployable, divide, one_per_pair
from tests.build import BTC, TRY, a_cycle, a_signal, at, d, rules

replace = msgspec.structs.replace
STRICTNESS = {mode: n for n, mode in enumerate(RiskMode)}
PAIRS = (Symbol("AATRY"), Symbol("BBTRY"), Symbol("CCTRY"))
MONEY = st.decimals(min_value=Decimal(-20_000), max_value=Decimal(20_000), places=2)
AMOUNTS = st.decimals(min_value=ZERO, max_value=Decimal(20_000), places=2)
PRICES = st.decimals(min_value=Decimal("0.5"), max_value=Decimal(2000), places=1)
SIZES = st.decimals(min_value=Decimal("0.0001"), max_value=Decimal(500), places=4)


# ---------------------------------------------------------------------------------- the mode


@st.composite
def budget_facts(draw: st.DrawFn) -> BudgetFacts:
    """Any portfolio, day, ladder and world."""
    values = draw(st.lists(AMOUNTS, max_size=3))
    positions = {
        pair: Position(
            symbol=pair, qty=value, cost_try=value, mark=ONE, is_mark_missing=draw(st.booleans())
        )
        for pair, value in zip(PAIRS, values, strict=False)
        if value
    }
    return BudgetFacts(
        money=Portfolio(equity_try=draw(MONEY), peak_try=draw(AMOUNTS), positions=positions),
        today=Today(pnl_try=draw(MONEY), realized_try=draw(MONEY), fees_try=draw(AMOUNTS)),
        open_buys_try=draw(AMOUNTS),
        unmarked=draw(st.sampled_from([(), PAIRS[:1], PAIRS])),
        tradable=draw(st.sampled_from([0, 3])),
        never_valued=draw(st.sampled_from([(), PAIRS[:1]])),
        ladder_level=draw(st.integers(0, 3)),
        floor_level=draw(st.integers(0, 3)),
        unresolved=draw(st.integers(0, 2)),
    )


ERRORS = (Anomaly(AnomalyCode.PNL_DIVERGENCE, Severity.ERROR),)


def _verdict(
    facts: BudgetFacts, cash: Decimal | None, is_killed: bool, errors: tuple[Anomaly, ...] = ()
) -> RiskVerdict:
    basic = RiskFacts(
        symbols=PAIRS,
        data_age_s={},
        unresolved=frozenset(),
        cash_free_try=cash,
        unconverted_fees={},
        is_killed=is_killed,
        errors=errors,
    )
    risk = RiskPolicy(max_fees_per_day_try=Decimal(100), min_cash_try=Decimal(50))
    return judge_budget(basic, facts, Policy(risk=risk))


@given(budget_facts(), st.none() | AMOUNTS, st.booleans(), st.sampled_from([(), ERRORS]))
def test_the_mode_is_never_looser_than_any_rule_that_spoke(
    facts: BudgetFacts, cash: Decimal | None, is_killed: bool, errors: tuple[Anomaly, ...]
) -> None:
    verdict = _verdict(facts, cash, is_killed, errors)
    assert all(STRICTNESS[verdict.mode] >= STRICTNESS[r.mode] for r in verdict.reasons)
    assert verdict.mode is strictest(verdict.reasons)
    assert verdict.reasons
    if is_killed or cash is None or errors:
        assert verdict.mode is RiskMode.OBSERVE_ONLY


@given(budget_facts(), AMOUNTS)
def test_one_more_thing_that_is_wrong_never_loosens_the_mode(
    facts: BudgetFacts, cash: Decimal
) -> None:
    before = STRICTNESS[_verdict(facts, cash, False).mode]
    worse = [
        replace(facts, ladder_level=3),
        replace(facts, floor_level=3),
        replace(facts, unresolved=facts.unresolved + 1),
        replace(facts, today=replace(facts.today, pnl_try=facts.today.pnl_try - 5000)),
        replace(facts, today=replace(facts.today, fees_try=facts.today.fees_try + 5000)),
        replace(facts, money=replace(facts.money, peak_try=facts.money.peak_try + 5000)),
    ]
    assert all(STRICTNESS[_verdict(w, cash, False).mode] >= before for w in worse)
    assert STRICTNESS[_verdict(facts, ZERO, False).mode] >= before
    assert STRICTNESS[_verdict(facts, cash, True).mode] >= before
    assert STRICTNESS[_verdict(facts, cash, False, ERRORS).mode] >= before


@given(st.lists(st.sampled_from(list(RiskMode)), max_size=6))
def test_the_strictest_mode_wins_in_any_order(modes: list[RiskMode]) -> None:
    said = tuple(ModeReason(mode, Reason.MODE_OK) for mode in modes)
    assert strictest(said) is strictest(said[::-1])
    assert STRICTNESS[strictest(said)] == max((STRICTNESS[m] for m in modes), default=0)


# -------------------------------------------------------------------------------- the ladder

FINDINGS = st.sampled_from(
    [
        (),
        (Anomaly(AnomalyCode.STALE_MARKET_DATA, Severity.WARN),),
        (Anomaly(AnomalyCode.EXCHANGE_LATENCY_SPIKE, Severity.WARN),),
        (Anomaly(AnomalyCode.PNL_DIVERGENCE, Severity.ERROR),),
        (Anomaly(AnomalyCode.MANUAL_OVERRIDE, Severity.WARN),),
    ]
)
CYCLES = st.lists(st.tuples(FINDINGS, st.integers(1, 1200)), max_size=60)


@given(CYCLES)
def test_the_ladder_never_loosens_before_its_cooldown_and_then_one_step_at_a_time(
    cycles: list[tuple[tuple[Anomaly, ...], int]],
) -> None:
    ladder, now = NOT_DEGRADED, at()
    for found, seconds in cycles:
        now += timedelta(seconds=seconds)
        before = ladder
        ladder = advance(ladder, found, now, DegradePolicy())
        assert 0 <= ladder.level <= 3
        if ladder.level < before.level:
            assert before.cooldown_until is not None
            assert now >= before.cooldown_until
            assert ladder.level == before.level - 1
            assert not any(a.severity is Severity.ERROR for a in found)
        if any(a.severity is Severity.ERROR for a in found):
            assert ladder.level == 3


@given(CYCLES)
def test_every_level_is_left_by_enough_clean_cycles(
    cycles: list[tuple[tuple[Anomaly, ...], int]],
) -> None:
    policy = DegradePolicy()
    ladder, now = NOT_DEGRADED, at()
    for found, seconds in cycles:
        now += timedelta(seconds=seconds)
        ladder = advance(ladder, found, now, policy)
    now = max(now, ladder.cooldown_until or now)
    for _ in range(sum(policy.clean_cycles)):
        now += timedelta(seconds=1)
        ladder = advance(ladder, (), now, policy)
    assert ladder == NOT_DEGRADED


# ---------------------------------------------------------------------------------- allocation


@st.composite
def wishes(draw: st.DrawFn, sizes: st.SearchStrategy[Decimal] = SIZES) -> tuple[Signal, ...]:
    """Any wishes of several strategies, on a few pairs."""
    return tuple(
        a_signal(
            draw(st.sampled_from(PAIRS)),
            draw(st.sampled_from([Side.BUY, Side.BUY, Side.SELL])),
            str(draw(sizes)),
            str(draw(PRICES)),
        )
        for _ in range(draw(st.integers(0, 6)))
    )


CASH = st.decimals(min_value=ZERO, max_value=Decimal(3000), places=2)


@given(
    wishes(),
    CASH,
    st.none() | AMOUNTS,
    st.none() | AMOUNTS,
    st.none() | AMOUNTS,
    st.sampled_from(UsageMode),
)
def test_what_is_allocated_never_costs_more_than_the_cash_there_is(
    signals: tuple[Signal, ...],
    cash: Decimal,
    cash_max: Decimal | None,
    order_max: Decimal | None,
    pair_max: Decimal | None,
    usage: UsageMode,
) -> None:
    policy = AllocationPolicy(
        cash_max_try=cash_max, usage=usage, usage_ratio=d("0.7"), max_per_cycle_try=order_max
    )
    fee_bps = Decimal(18)
    means = Means(
        deploy_try=deployable(cash, ZERO, policy, fee_bps),
        cycle_try=Decimal(5000),
        order_try=order_max,
        pair_try=pair_max,
        rules={pair: rules(pair) for pair in PAIRS},
        min_notional_try=Decimal(10),
    )
    granted = divide(one_per_pair(signals).signals, means).signals
    buys = [s for s in granted if s.side is Side.BUY]
    spent = sum((s.qty * (s.price or ZERO) for s in buys), ZERO)
    assert spent * (ONE + from_bps(fee_bps)) <= cash
    assert spent <= means.cycle_try
    for buy in buys:
        notional = buy.qty * (buy.price or ZERO)
        assert order_max is None or notional <= order_max
        assert pair_max is None or notional <= pair_max
        assert notional >= means.min_notional_try
    assert len({s.symbol for s in granted}) == len(granted)


# ------------------------------------------------------------------ whole plans, any exchange


class World:
    """Deciding steps on one side, on the other an exchange that does what the draw says."""

    def __init__(self, policy: Policy) -> None:
        self.step = 0
        self.cycle = a_cycle(symbols=PAIRS, policy=policy)
        ledger = Ledger(quote=TRY, seq=1, cash_try=d("100000"), capital_try=d("100000"))
        self.carried = replace(self.cycle.carried, ledger=ledger)
        self.heard = Heard()
        self.fills = 0

    @property
    def now(self) -> datetime:
        return at(60 * self.step)

    def decide(self, signals: tuple[Signal, ...], prices: dict[Symbol, Decimal]) -> Cycle:
        """One cycle up to its plan, everything that was heard before settled."""
        self.step += 1
        quotes = {s: Quote(s, p, p, self.now, BookSource.MODELLED) for s, p in prices.items()}
        cycle = replace(
            self.cycle,
            id=CycleId(f"run-{self.step:08d}"),
            step=self.step,
            at=self.now,
            market=MarketSnapshot(at=self.now, quotes=quotes),
            heard=self.heard,
            carried=self.carried,
            signals=signals,
            accounts=self._balances(),
        )
        cycle = plan(allocate(renew(judge(mark(book(reconcile(cycle)))))))
        self.carried, self.heard = cycle.carried, Heard()
        return cycle

    def _balances(self) -> dict[Asset, Balance]:
        """What the ledger says, with what orders lock: the exchange is honest here."""
        ledger = self.carried.ledger
        active = [order for order in self.carried.orders.values() if order.is_active]
        locked = sum((o.left_qty * o.price for o in active if o.side is Side.BUY), ZERO)
        found = {TRY: Balance(TRY, max(ZERO, ledger.cash_try - locked), locked)}
        for pair in PAIRS:
            base = Asset(pair.removesuffix("TRY"))
            offered = [o.left_qty for o in active if o.symbol == pair and o.side is Side.SELL]
            bound = sum(offered, ZERO)
            found[base] = Balance(base, max(ZERO, ledger.holding(pair).qty - bound), bound)
        return found

    def answer(self, cycle: Cycle, kinds: list[AnswerKind]) -> None:
        """Each word of ours gets one of the answers in turn; unknown ones were placed all the
        same."""
        words = [(Verb.CANCEL, c.client_id) for c in cycle.cancels]
        words += [(Verb.SUBMIT, i.client_id) for i in cycle.intents]
        answers = tuple(
            Answer(
                verb=verb,
                kind=kinds[n % len(kinds)],
                client_id=client_id,
                at=self.now,
                exchange_id=None if verb is Verb.CANCEL else f"x-{client_id}",
            )
            for n, (verb, client_id) in enumerate(words)
        )
        settled = reconcile(replace(cycle, heard=Heard(answers=answers), carried=self.carried))
        self.carried = settled.carried

    def happen(self, fates: list[int]) -> None:
        """What becomes of the orders that may rest: a fill, a part of one, an end, or nothing."""
        fills: list[Fill] = []
        views: list[OrderView] = []
        for n, order in enumerate(o for o in self.carried.orders.values() if o.is_active):
            match fates[n % len(fates)]:
                case 0:
                    fills.append(self._fill(order, order.left_qty))
                case 1 if order.left_qty > d("0.0002"):
                    fills.append(self._fill(order, d("0.0001")))
                case 2 if order.status == "cancel_requested":
                    views.append(_ended(order))
                case 3:
                    views.append(_ended(order))
        self.heard = Heard(fills=tuple(fills), views=tuple(views))

    def _fill(self, order: Order, qty: Decimal) -> Fill:
        self.fills += 1
        held = self.carried.ledger.holding(order.symbol).qty
        size = qty if order.side is Side.BUY else min(qty, held)
        return Fill(
            id=FillId(f"t{self.fills}"),
            exchange_id=order.exchange_id or f"x-{order.client_id}",
            client_id=order.client_id,
            symbol=order.symbol,
            side=order.side,
            price=order.price,
            qty=size,
            fee=ZERO,
            fee_asset=TRY,
            at=self.now,
        )


def _ended(order: Order) -> OrderView:
    return OrderView(
        exchange_id=order.exchange_id or f"x-{order.client_id}",
        client_id=order.client_id,
        symbol=order.symbol,
        side=order.side,
        type=OrderType.LIMIT,
        price=order.price,
        qty=order.qty,
        left_qty=order.left_qty,
        status=ViewStatus.CANCELED,
    )


WIDE = Policy(
    strategy=StrategyPolicy(taker_fee_bps=ZERO),
    limits=LimitPolicy(
        max_orders_per_cycle=9,
        max_open_orders=99,
        max_open_orders_per_symbol=9,
        cooldown_s=0,
        max_notional_per_cycle_try=Decimal(10**9),
    ),
    orders=OrderPolicy(ttl_s=100),
    risk=RiskPolicy(
        max_drawdown_try=Decimal(10**9),
        max_daily_drawdown_try=Decimal(10**9),
        max_daily_loss_try=Decimal(10**9),
        max_drawdown_ratio=ONE,
        max_position_ratio=ONE,
        max_position_per_pair_try=None,
        max_order_notional_try=Decimal(1500),
        max_positions_try=Decimal(4000),
        max_gross_exposure_try=Decimal(2500),
    ),
    allocation=AllocationPolicy(cash_max_try=None),
)
SMALL = st.decimals(min_value=ONE, max_value=Decimal(28), places=2)
"""Wishes of which the caps let a few pass, and not all."""
TURNS = st.lists(
    st.tuples(
        wishes(SMALL),
        st.lists(st.decimals(min_value=Decimal(50), max_value=Decimal(60), places=1), min_size=3),
        st.lists(st.sampled_from(list(AnswerKind)), min_size=1, max_size=4),
        st.lists(st.integers(0, 5), min_size=1, max_size=5),
    ),
    min_size=4,
    max_size=12,
)
Turns = list[tuple[tuple[Signal, ...], list[Decimal], list[AnswerKind], list[int]]]


@settings(max_examples=60, deadline=None)
@given(TURNS)
def test_an_order_and_its_replacement_never_rest_at_once(turns: Turns) -> None:
    world = World(WIDE)
    for signals, levels, kinds, fates in turns:
        prices = dict(zip(PAIRS, levels, strict=False))
        before = world.carried.replacements
        cycle = world.decide(_priced(signals, prices), prices)
        placed = {(i.symbol, i.side) for i in cycle.intents}
        pending = (*before, *cycle.carried.replacements)
        for one in pending:
            if one.key in placed:
                old = [cycle.carried.orders.get(client_id) for client_id in one.old]
                assert all(order is None or order.status in TERMINAL for order in old)
        keys = [one.key for one in cycle.carried.replacements]
        assert len(keys) == len(set(keys))
        world.answer(cycle, kinds)
        world.happen(fates)


@settings(max_examples=60, deadline=None)
@given(TURNS)
def test_no_run_of_plans_takes_exposure_over_its_cap(turns: Turns) -> None:
    world = World(WIDE)
    risk = WIDE.risk
    for signals, levels, kinds, fates in turns:
        prices = dict(zip(PAIRS, levels, strict=False))
        cycle = world.decide(_priced(signals, prices), prices)
        if any(intent.side is Side.BUY for intent in cycle.intents):
            held = sum((p.value_try for p in cycle.portfolio.positions.values()), ZERO)
            bids = sum(
                (
                    o.left_qty * o.price
                    for o in cycle.carried.orders.values()
                    if o.is_active and o.side is Side.BUY
                ),
                ZERO,
            )
            assert held + bids <= min(risk.max_gross_exposure_try, risk.max_positions_try)
        for intent in cycle.intents:
            assert intent.notional_try <= risk.max_order_notional_try
        world.answer(cycle, kinds)
        world.happen(fates)


def _priced(signals: tuple[Signal, ...], prices: dict[Symbol, Decimal]) -> tuple[Signal, ...]:
    return tuple(replace(s, price=prices[s.symbol]) for s in signals)


def test_the_world_of_these_properties_does_trade() -> None:
    """Else they would hold of nothing."""
    world = World(WIDE)
    prices = dict.fromkeys(PAIRS, d("50"))
    cycle = world.decide((a_signal(PAIRS[0], Side.BUY, "10", "50"),), prices)
    assert [(i.symbol, i.qty) for i in cycle.intents] == [(PAIRS[0], d("10"))]
    world.answer(cycle, [AnswerKind.ACKED])
    drifted = {**prices, PAIRS[0]: d("51")}
    cycle = world.decide((a_signal(PAIRS[0], Side.BUY, "10", "51"),), drifted)
    assert len(cycle.cancels) == len(cycle.carried.replacements) == 1
    world.answer(cycle, [AnswerKind.ACKED])
    world.happen([2])
    cycle = world.decide((), drifted)
    assert [(i.price, i.qty) for i in cycle.intents] == [(d("51"), d("10"))]
    world.answer(cycle, [AnswerKind.ACKED])
    world.happen([0])
    cycle = world.decide((), drifted)
    assert cycle.portfolio.positions[PAIRS[0]].qty == d("10")
    assert ClientId("") not in cycle.carried.orders
    assert BTC not in cycle.portfolio.positions
