"""Rebalancing over any market: nothing is made from nothing, shares add up, modes do not loosen."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from btcbot_core.adapters.replay.synthetic import Recipe, Scenario
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.rebalancing import BudgetPolicy, Params, SizingPolicy
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Side
from btcbot_core.risk.budget_rules import CALM, BudgetCaps, BudgetInputs, decide
from btcbot_core.risk.verdict import strictness
from btcbot_core.strategy.adaptation import Outcome, Sample, adapt, came_back, started
from btcbot_core.strategy.bounds import bounds_of
from btcbot_core.strategy.portfolio import CENT, Holdings, allocate, divide
from btcbot_core.strategy.volatility import Rolling, roll
from tests.build import at
from tests.story.rebalancing import PAIRS, made_up, run
from tests.unit.test_examples_stage7 import BOUNDS, LIMIT, POLICY

AMOUNTS = st.decimals(min_value=ZERO, max_value=Decimal(10_000_000), places=2)
NAMES = st.lists(
    st.sampled_from([Symbol(f"{c}{c}{c}TRY") for c in "ABCDEFGH"]), min_size=1, unique=True
)
RECIPES = st.builds(
    Recipe,
    symbols=st.just(PAIRS),
    minutes=st.integers(10, 60),
    volatility_bps=st.integers(1, 300),
    spread_bps=st.integers(1, 60),
    scenario=st.sampled_from([Scenario.FLAT, Scenario.CRASH, Scenario.GAP]),
    seed=st.integers(0, 2**32),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RECIPES)
def test_in_any_market_money_is_conserved_and_no_fill_is_worse_than_asked(recipe: Recipe) -> None:
    """A thousand more in `make soak` (STAGE7 §27.1, §27.2)."""
    require_conserved(recipe)


def require_conserved(recipe: Recipe) -> None:
    """Run a made-up market to its end; raises AssertionError where money or a limit is broken."""
    with TemporaryDirectory() as name:
        dataset = made_up(Path(name) / "d", recipe)
        told = run(dataset, Path(name) / "a.db")
    limits = {i.client_id: i for c in told.cycles for i in c.intents}
    steps = {i.client_id: c.step for c in told.cycles for i in c.intents}
    for cycle in told.cycles:
        money = cycle.portfolio
        assert abs(money.equity_try - (money.capital_try + money.net_try)) <= Decimal("1e-8")
        assert money.cash_try >= ZERO
        assert all(lot.qty > ZERO for h in cycle.carried.ledger.holdings.values() for lot in h.lots)
        for fill in cycle.fills:
            assert fill.client_id is not None
            limit = limits[fill.client_id].price
            assert fill.price <= limit if fill.side is Side.BUY else fill.price >= limit
            assert cycle.step > steps[fill.client_id]


@given(AMOUNTS, NAMES)
def test_equal_shares_add_up_to_the_amount_and_differ_by_a_cent(
    amount: Decimal, names: list[Symbol]
) -> None:
    shares = divide(amount, tuple(names))
    assert sum(shares.values(), ZERO) == amount
    assert max(shares.values()) - min(shares.values()) <= CENT


@given(AMOUNTS, st.dictionaries(st.sampled_from(PAIRS), st.integers(1, 10_000), min_size=1))
def test_weighted_shares_add_up_too_and_none_is_off_by_a_cent(
    amount: Decimal, weights: dict[Symbol, int]
) -> None:
    exact = {s: Decimal(w) for s, w in weights.items()}
    shares, total = divide(amount, exact), sum(exact.values(), ZERO)
    assert sum(shares.values(), ZERO) == amount
    assert all(abs(shares[s] - amount * w / total) < CENT for s, w in exact.items())


@given(AMOUNTS, st.dictionaries(st.sampled_from(PAIRS), AMOUNTS), AMOUNTS, st.integers(0, 5))
def test_a_plan_never_spends_more_than_cash_turnover_and_orders_allow(
    cash: Decimal, held: dict[Symbol, Decimal], cap: Decimal, orders: int
) -> None:
    marks = dict.fromkeys(PAIRS, Decimal("12.5"))
    holdings = Holdings(cash_free_try=cash, qty=held, marks=marks)
    params = Params(turnover_cap_try=cap, max_orders_per_cycle=orders)
    sizing = SizingPolicy()
    from btcbot_core.domain.decisions import RiskMode

    plan = allocate(PAIRS, holdings, RiskMode.NORMAL, {}, (params, sizing))
    bought = sum((m.notional_try for m in plan.moves if m.side is Side.BUY), ZERO)
    assert sum((m.notional_try for m in plan.moves), ZERO) <= cap
    assert bought <= max(ZERO, cash - plan.cash_target_try)
    assert len(plan.moves) <= orders
    assert all(m.notional_try >= sizing.min_order_try for m in plan.moves)
    told = {m.symbol for m in plan.moves} | {s.symbol for s in plan.skipped}
    off = {t.symbol for t in plan.targets if t.target_try != t.current_try}
    assert told == off


INPUTS = st.builds(
    BudgetInputs,
    is_killed=st.booleans(),
    data_age_s=st.none() | st.decimals(0, 200, places=0),
    drawdown_ratio=st.decimals(0, 1, places=2),
    daily_pnl_try=st.decimals(-1000, 1000, places=0),
    losses_in_a_row=st.integers(0, 5),
    spread_bps=st.none() | st.decimals(0, 800, places=0),
    fees_today_try=st.decimals(0, 300, places=0),
)


@given(st.lists(st.tuples(INPUTS, st.integers(0, 1200)), max_size=12))
def test_while_a_cooldown_runs_the_mode_never_loosens(
    story: list[tuple[BudgetInputs, int]],
) -> None:
    state, now = CALM, at()
    caps = BudgetCaps(order_notional_try=Decimal(1), orders=1, symbol_exposure_try=Decimal(1))
    for inputs, wait_s in story:
        now += timedelta(seconds=wait_s)
        decision = decide(inputs, BudgetPolicy(), caps, state, now)
        until, after = state.cooldown_until, decision.state.cooldown_until
        if until is not None and until > now:
            assert strictness(decision.mode) >= strictness(state.mode)
            assert after is not None
            assert after >= until
            assert set(state.reasons) <= set(decision.reasons)
        state = decision.state


@given(st.lists(st.integers(1, 10**12), min_size=2, max_size=60), st.integers(2, 12))
def test_rolling_volatility_is_what_the_last_returns_alone_would_give(
    prices: list[int], lookback: int
) -> None:
    rolling: Rolling | None = None
    for price in prices:
        rolling = roll(rolling, price, lookback)
    fresh: Rolling | None = None
    for price in prices[-lookback - 1 :]:
        fresh = roll(fresh, price, lookback)
    assert rolling == fresh


SAMPLES = st.builds(
    Sample,
    is_normal=st.booleans(),
    drawdown_ratio=st.decimals(0, 1, places=2),
    pnl_try=st.decimals(-100, 100, places=0),
    drawdown_breach=st.booleans(),
    reject_spike=st.booleans(),
    throttled=st.booleans(),
    missing_mark=st.booleans(),
    has_alert=st.booleans(),
)


@given(st.lists(SAMPLES | st.none(), max_size=60))
def test_versions_only_count_up_and_parameters_stay_inside_what_was_configured(
    samples: list[Sample | None],
) -> None:
    """None stands for the operator, who resets them."""
    configured = Params()
    state, bounds = started(configured), bounds_of(configured, Decimal(600))
    assert bounds == BOUNDS
    for sample in samples:
        if sample is None:
            before, state = state, came_back(state, "by hand")
            is_back = state.active == configured and state.good == ((1, configured),)
            assert state == before or (is_back and state.version == before.version + 1)
            continue
        before = state
        state, change = adapt(state, sample, bounds, LIMIT, POLICY)
        assert bounds.clamp(state.active) == state.active
        assert state.good[0] == (1, configured)
        assert len(state.good) <= 8
        assert len(state.window) <= POLICY.window
        moved = change is not None and change.outcome in (Outcome.APPLIED, Outcome.ROLLED_BACK)
        assert state.version == before.version + (1 if moved else 0)
