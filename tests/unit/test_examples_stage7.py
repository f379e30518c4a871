"""The worked examples of rebalancing: universe, portfolio, orders, budget, pacing, adaptation.

Codes are ours (DEC-32: one case, a layer in front); the tables here say which is which.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.money import ZERO, canonical
from btcbot_core.domain.rebalancing import (
    ONE_SCORE,
    AdaptationPolicy,
    BudgetPolicy,
    PacePolicy,
    Params,
    ScoreWeights,
    SizingPolicy,
)
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import Side
from btcbot_core.oms.building import Built, Means, Step, build_order
from btcbot_core.oms.pacing import Bucket, delay_ms, draw, refilled, taken, wait_s
from btcbot_core.risk.budget_rules import (
    CALM,
    BudgetCaps,
    BudgetDecision,
    BudgetInputs,
    BudgetState,
    decide,
    refuse_order,
)
from btcbot_core.risk.verdict import strictness
from btcbot_core.strategy.adaptation import (
    AdaptationState,
    Outcome,
    Sample,
    adapt,
    must_roll_back,
    propose,
    started,
)
from btcbot_core.strategy.bounds import Bounds, bounds_of
from btcbot_core.strategy.portfolio import Allocation, Holdings, allocate
from btcbot_core.strategy.universe import PairFigures, rank
from btcbot_core.strategy.volatility import ONE_RETURN, Rolling, roll
from tests.examples import Example, examples, ident
from tests.examples import one as _one

FILE = "stage7.json"
T0 = datetime(2026, 1, 1, tzinfo=UTC)
CAPS = BudgetCaps(order_notional_try=Decimal(1000), orders=2, symbol_exposure_try=Decimal(8000))


def one(name: str) -> Example:
    return _one(name, FILE)


def dec(value: Any) -> Decimal:
    return Decimal(str(value))


# ------------------------------------------------------------------------------- universe


def test_u03_the_volatility_is_the_population_deviation_of_simple_returns() -> None:
    example = one("U03")
    known: Rolling | None = None
    for close in example["inputs"]["closes"]:
        known = roll(known, int(dec(close)), 20)
    assert known is not None
    assert known.volatility is not None
    found = Decimal(known.volatility) / ONE_RETURN
    assert found == dec(example["expected"]["volatility"])


def figures(example: Example) -> tuple[PairFigures, ...]:
    rows = example["inputs"]["metrics[volume,spread_bps,volatility]"]
    return tuple(
        PairFigures(
            symbol=Symbol(name),
            volume=None if row[0] is None else dec(row[0]),
            spread_bps=None if row[1] is None else dec(row[1]),
            volatility=None if row[2] is None else int(dec(row[2]) * ONE_RETURN),
        )
        for name, row in rows.items()
    )


@pytest.mark.parametrize("name", ["U05", "U06"])
def test_scores_are_between_worst_and_best_and_missing_ones_count_against(name: str) -> None:
    example = one(name)
    ranked = rank(figures(example), ScoreWeights())
    wanted = example["expected"]["ranked"]
    assert [c.symbol for c in ranked] == [row["symbol"] for row in wanted]
    for found, row in zip(ranked, wanted, strict=True):
        parts = (found.liquidity, found.spread, found.volatility, found.total)
        keys = ("liquidity_score", "spread_score", "volatility_score", "total_score")
        assert [Decimal(p) / ONE_SCORE for p in parts] == [dec(row[key]) for key in keys]


def test_u07_ties_go_to_the_more_liquid_pair() -> None:
    example = one("U07")
    weights = ScoreWeights(**{k: dec(v) for k, v in example["inputs"]["weights"].items()})
    ranked = rank(figures(example), weights)
    assert [c.symbol for c in ranked] == example["better_expected"]["order"]


@pytest.mark.parametrize("example", examples("universe.weights", FILE), ids=ident)
def test_weights_are_shares_and_nothing_to_share_is_the_default(example: Example) -> None:
    given = ScoreWeights(**{k: dec(v) for k, v in example["inputs"]["weights"].items()})
    wanted = {k: dec(v) for k, v in example["expected"]["resolved"].items()}
    assert given.resolved() == ScoreWeights(**wanted)


# ------------------------------------------------------------------------------ portfolio

NOTES = {
    "min_notional": Reason.SKIP_MIN_NOTIONAL,
    "max_orders": Reason.SKIP_MAX_ORDERS,
    "observe_only": Reason.SKIP_OBSERVE_ONLY,
    "mode_reduce_risk_only": Reason.SKIP_REDUCE_ONLY,
}


def allocated(example: Example) -> Allocation:
    given, settings = example["inputs"], example["inputs"]["settings"]
    free = {k: dec(v) for k, v in given["balances_free"].items()}
    params = Params(
        turnover_cap_try=dec(settings.get("NOTIONAL_CAP_TRY_PER_CYCLE", 1000)),
        max_orders_per_cycle=settings.get("MAX_ORDERS_PER_CYCLE", 2),
        cash_target_try=dec(settings.get("TRY_CASH_TARGET", 300)),
    )
    sizing = SizingPolicy(
        cash_max_try=dec(settings.get("TRY_CASH_MAX", 600)),
        max_position_try=dec(settings.get("MAX_POSITION_NOTIONAL_TRY", 5000)),
    )
    holdings = Holdings(
        cash_free_try=free.pop("TRY"),
        qty={Symbol(f"{base}TRY"): qty for base, qty in free.items()},
        marks={Symbol(s): dec(mark) for s, mark in given["marks"].items()},
    )
    pairs = tuple(Symbol(s) for s in given["universe"])
    return allocate(pairs, holdings, RiskMode(given["mode"]), {}, (params, sizing))


@pytest.mark.parametrize("example", examples("portfolio.plan", FILE), ids=ident)
def test_the_plan_divides_the_money(example: Example) -> None:
    """P03: the cash of 300 is all to be kept, so its BUY is not made (DEC-32).

    P02 and P04 by their numbers as exact whole cents.
    """
    plan, wanted = allocated(example), example["expected"]
    assert plan.cash_target_try == dec(wanted["cash_target_try"])
    targets = {t.symbol: t.target_try for t in plan.targets}
    cents = {
        a["symbol"]: dec(a["target_notional_try"]).quantize(Decimal("0.01"))
        for a in wanted["allocations"]
    }
    assert targets == cents
    moves = [(m.symbol, m.side.name, m.notional_try) for m in plan.moves]
    actions = [
        (a["symbol"], a["side"], dec(a["target_notional_try"]).quantize(Decimal("0.01")))
        for a in wanted["actions"]
    ]
    if example["id"] == "P03":
        assert actions.pop()[0] == "BBBTRY"
        assert [(s.symbol, s.reason) for s in plan.skipped] == [("BBBTRY", Reason.SKIP_CASH_LIMIT)]
    assert moves == actions
    reasons = [skip.reason for skip in plan.skipped]
    for note in wanted["notes"]:
        name, _, count = note.partition("=")
        if name in NOTES:
            assert reasons.count(NOTES[name]) == int(count)
        if name == "per_symbol_cap_hits":
            assert plan.caps_hit == int(count)


@pytest.mark.parametrize(
    ("name", "qty"), [("P01", "0.0069986"), ("P02", "500"), ("P04", "100"), ("P08", "40")]
)
def test_quantities_of_the_plan_are_whole_where_the_money_is(name: str, qty: str) -> None:
    assert allocated(one(name)).moves[0].qty == dec(qty)


# ------------------------------------------------------------------------------ the builder

PAIR = PairRules(
    symbol=Symbol("BTCTRY"),
    base=Asset("BTC"),
    quote=Asset("TRY"),
    tick_size=Decimal("0.01"),
    lot_step=Decimal("0.00000001"),
    min_notional=Decimal(10),
)


def pair_of(given: dict[str, Any]) -> PairRules | None:
    """O08: rules may be missing where they are not required; then these are the fallback."""
    pair = given.get("pair")
    if pair is None:
        return PAIR if given.get("STAGE7_RULES_REQUIRE_METADATA") is False else None
    return PairRules(
        symbol=Symbol(pair["pairSymbol"]),
        base=Asset("BTC"),
        quote=Asset("TRY"),
        tick_size=dec(pair["tickSize"]),
        lot_step=dec(pair["stepSize"]),
        min_notional=dec(pair["minTotalAmount"]),
    )


@pytest.mark.parametrize("example", examples("order_builder", FILE), ids=ident)
def test_a_move_becomes_an_order_or_a_reason(example: Example) -> None:
    given, wanted = example["inputs"], example["expected"]["intents"][0]
    name, side, notional, qty, _ = given["action[symbol,side,target_notional,est_qty,reason]"]
    built = build_order(
        Step(side=Side[side], notional_try=dec(notional), qty=dec(qty)),
        {Symbol(s): dec(m) for s, m in given["marks"].items()}.get(Symbol(name)),
        pair_of(given),
        Means(
            cash_try=Decimal(1000),
            turnover_try=Decimal(1000),
            free_qty=dec(given.get("bal", {}).get("BTC", 0)),
        ),
        (Decimal(5), SizingPolicy()),
    )
    if wanted["skipped"]:
        assert built.problem is not None
        assert built.problem.value == f"skip:{wanted['skip_reason'].partition(':')[0]}"
        return
    assert built.problem is None
    found = (built.price, built.qty, built.notional_try)
    assert found == (dec(wanted["price_try"]), dec(wanted["qty"]), dec(wanted["notional_try"]))


@pytest.mark.parametrize("name", ["O13", "O14"])
def test_the_cycles_cap_runs_down_and_zero_means_nothing_more(name: str) -> None:
    example = one(name)
    pair = PairRules(
        symbol=Symbol("AAATRY"),
        base=Asset("AAA"),
        quote=Asset("TRY"),
        tick_size=Decimal("0.01"),
        lot_step=Decimal(1),
        min_notional=Decimal(10),
    )
    sizing = SizingPolicy(fee_buffer_bps=ZERO, rounding_buffer_try=Decimal("0.0000001"))
    left, found = dec(example["inputs"]["cap"]), list[tuple[str, Decimal, str | None]]()
    for symbol, notional in example["inputs"]["buys"]:
        built: Built = build_order(
            Step(side=Side.BUY, notional_try=dec(notional), qty=ZERO),
            Decimal(10),
            pair,
            Means(cash_try=Decimal(1000), turnover_try=left),
            (ZERO, sizing),
        )
        left -= built.notional_try
        code = built.problem.value.removeprefix("skip:") if built.problem else None
        found.append((symbol, built.notional_try, code))
    wanted = example.get("better_expected") or example["expected"]
    rows = wanted["[symbol,notional,skip]"]
    assert found == [(symbol, dec(notional), code) for symbol, notional, code in rows]


# -------------------------------------------------------------------------------- the budget

REASONS = {
    "OK": Reason.MODE_OK,
    "STALE_DATA": Reason.STALE_DATA,
    "LOSS_LIMIT": Reason.LOSS_LIMIT,
    "HIGH_VOL": Reason.HIGH_VOL,
    "COOLDOWN_ACTIVE": Reason.COOLDOWN_ACTIVE,
}


def judged(example: Example, now: datetime = T0, before: BudgetState = CALM) -> BudgetDecision:
    given = example["inputs"]
    inputs = BudgetInputs(
        data_age_s=dec(given.get("market_data_age_sec", 0)),
        daily_pnl_try=dec(given.get("daily_pnl_try", 0)),
        spread_bps=dec(given.get("observed_spread_bps", 0)),
    )
    return decide(inputs, BudgetPolicy(), CAPS, before, now)


@pytest.mark.parametrize("name", ["K01", "K03", "K04", "K05", "K06", "K07"])
def test_the_budget_decides_mode_and_caps(name: str) -> None:
    """K03 by its better answer. K07: a spread of 500 is a spike too, and REDUCE cools down too
    (STAGE7 §8.3), so it has one reason more and a deadline.
    """
    example = one(name)
    found, wanted = judged(example), {**example["expected"], **example.get("better_expected", {})}
    assert found.mode.value == wanted["mode"]
    assert {REASONS[r] for r in wanted["reasons"]} <= set(found.reasons)
    if name != "K07":
        assert len(found.reasons) == len(wanted["reasons"])
    assert found.caps.order_notional_try == dec(wanted["max_order_notional_try"])
    assert found.caps.orders == wanted["max_orders_per_cycle"]
    assert found.caps.symbol_exposure_try == dec(wanted["max_symbol_exposure_try"])
    if name == "K04":
        until = datetime.fromisoformat(wanted["cooldown_until"])
        assert found.state.cooldown_until == until


def test_k08_while_it_cools_the_mode_stays_and_its_reason_is_carried() -> None:
    example = one("K08")
    before = judged(one("K04")).state
    found = judged(example, T0 + timedelta(minutes=10), before)
    assert found.mode.value == example["better_expected"]["mode"]
    assert found.reasons == tuple(REASONS[r] for r in example["better_expected"]["reasons"])
    assert found.state.cooldown_until == before.cooldown_until


def test_k10_a_new_breach_makes_the_cooldown_longer() -> None:
    example = one("K10")
    found = judged(example, T0 + timedelta(minutes=10), judged(one("K04")).state)
    until = datetime.fromisoformat(example["better_expected"]["cooldown_until"])
    assert found.state.cooldown_until == until


def test_k13_of_two_modes_the_stricter_holds() -> None:
    for pair, wanted in one("K13")["expected"].items():
        base, _, other = pair.partition("+")
        modes = [RiskMode(base), *([] if other == "None" else [RiskMode(other)])]
        assert max(modes, key=strictness).value == wanted


def test_k14_orders_are_capped_one_by_one() -> None:
    codes = {
        "RISK_CAP_MAX_NOTIONAL": Reason.MAX_ORDER_NOTIONAL,
        "RISK_CAP_MAX_ORDERS": Reason.MAX_ORDERS_PER_CYCLE,
    }
    example, placed, exposure = one("K14"), 0, ZERO
    decision = judged(one("K01"))
    outcomes = {row[0]: row[1:] for row in example["expected"]["[id,skipped,reason]"]}
    for name, side, price, qty in example["inputs"]["intents[id,side,price,qty]"]:
        notional = dec(price) * dec(qty)
        refused = refuse_order(Side[side], notional, exposure, placed, decision)
        is_skipped, code = outcomes[name]
        assert (refused is not None) == is_skipped
        if refused is None:
            placed, exposure = placed + 1, exposure + notional
        else:
            assert refused[0] is codes[code]


# ------------------------------------------------------------------------------------ pacing


def test_m13_the_bucket_gives_and_refills() -> None:
    example = one("M13")
    pace = PacePolicy(rate=dec(example["inputs"]["rps"]), burst=example["inputs"]["burst"])
    bucket: Bucket | None = None
    for t, is_taken, wait in example["expected"]["[t, consumed, wait_before]"]:
        bucket = refilled(bucket, T0 + timedelta(seconds=t), pace)
        assert wait_s(bucket, pace) == dec(wait)
        after = taken(bucket)
        assert (after is not None) == is_taken
        bucket = after or bucket


@pytest.mark.parametrize("name", ["M06", "M14"])
def test_waits_double_are_jittered_and_never_over_the_most(name: str) -> None:
    """The documented hash draws the jitter and the clamp comes last (DEC-32: M06, M14)."""
    example = one(name)
    pace = PacePolicy(base_delay_ms=100, max_delay_ms=1000, seed=7)
    for attempt in range(1, example["inputs"]["max_attempts"]):
        base = 100 * 2 ** (attempt - 1)
        wait = delay_ms(pace, "btcb-1", attempt)
        assert min(1000, base // 2) <= wait <= min(1000, base * 3 // 2)
        assert wait == delay_ms(pace, "btcb-1", attempt)


@pytest.mark.parametrize("name", ["M09", "M10"])
def test_the_reject_draw_is_the_documented_hash(name: str) -> None:
    """By the seed and the order's name, never by a digit of it (DEC-32: M09, M10)."""
    limit = Decimal(one(name)["inputs"]["reject_prob_bps"]) / 10_000
    draws = [draw(123, f"order-{n}") for n in range(2_000)]
    assert all(0 <= u < 1 for u in draws)
    assert abs(Decimal(sum(u < limit for u in draws)) / 2_000 - limit) < Decimal("0.02")


# -------------------------------------------------------------------------------- adaptation

BOUNDS = bounds_of(Params(), Decimal(600))
LIMIT = Decimal("0.25")
POLICY = AdaptationPolicy(is_on=True)


def test_a01_parameters_stay_inside_their_bounds() -> None:
    example = one("A01")
    given, wanted = example["inputs"]["params"], example["expected"]
    bounds = Bounds(turnover_cap_try=(ZERO, Decimal(1000)), cash_target_try=(ZERO, Decimal(600)))
    assert params_of(wanted) == bounds.clamp(params_of(given))


def params_of(given: dict[str, Any]) -> Params:
    weights = {k: dec(v) for k, v in given["score_weights"].items()}
    return Params(
        universe_size=given["universe_size"],
        weights=ScoreWeights(**weights),
        order_offset_bps=dec(given["order_offset_bps"]),
        turnover_cap_try=dec(given["turnover_cap_try"]),
        max_orders_per_cycle=given["max_orders_per_cycle"],
        max_spread_bps=dec(given["max_spread_bps"]),
        cash_target_try=dec(given["cash_target_try"]),
        min_quote_volume_try=dec(given["min_quote_volume_try"]),
    )


def test_a02_three_good_cycles_grow_the_universe_and_nothing_changes_silently() -> None:
    example = one("A02")
    state, change = started(params_of(example["inputs"]["active"])), None
    for _ in range(3):
        state, change = adapt(state, Sample(), BOUNDS, LIMIT, POLICY)
    assert change is not None
    assert change.fields == (("universe_size", "20", "21"),)
    assert change.reason == example["expected"]["reason"]
    assert (change.outcome, change.to_version) == (Outcome.APPLIED, 2)
    assert state.active.max_spread_bps == Decimal(1_000_000)


def test_a04_each_alert_proposes_its_own_step() -> None:
    example = one("A04")
    active = Params(max_spread_bps=Decimal(300))
    bad = Sample(reject_spike=True, throttled=True, missing_mark=True, has_alert=True)
    proposed, notes = propose(active, (bad,), BOUNDS, LIMIT, POLICY)
    assert list(notes) == example["expected"]["notes"]
    for name, change in example["expected"]["changes"].items():
        assert getattr(active, name) == dec(change["old"])
        assert getattr(proposed, name) == dec(change["new"])


def test_a05_drawdown_is_a_ratio_on_both_sides() -> None:
    assert one("A05")["better_expected"]["changes"] == {}
    half_a_percent = Sample(drawdown_ratio=Decimal("0.005"), has_alert=True)
    active = Params()
    assert propose(active, (half_a_percent,), BOUNDS, LIMIT, POLICY) == (active, ())


ROLLBACKS = {
    "drawdown_any": (Sample(drawdown_breach=True), Sample(), Sample()),
    "reject_any": (Sample(reject_spike=True), Sample(), Sample()),
    "throttled_3": (Sample(throttled=True),) * 3,
    "throttled_2": (Sample(), Sample(throttled=True), Sample(throttled=True)),
    "pnl_-51x3": (Sample(pnl_try=Decimal(-51)),) * 3,
    "pnl_-50x3": (Sample(pnl_try=Decimal(-50)),) * 3,
}


@pytest.mark.parametrize("case", sorted(one("A06")["expected"]))
def test_a06_what_takes_a_change_back(case: str) -> None:
    assert must_roll_back(ROLLBACKS[case], POLICY) == one("A06")["expected"][case]


def test_a08_numbers_configured_anew_are_not_shadowed_by_old_ones() -> None:
    example = one("A08")
    for given in (example["inputs"]["first_env"], example["inputs"]["second_env_same_db"]):
        configured = Params(
            turnover_cap_try=dec(given["cap"]), order_offset_bps=dec(given["offset_bps"])
        )
        state = started(configured)
        found = [state.active.turnover_cap_try, state.active.order_offset_bps]
        assert found == [dec(given["cap"]), dec(given["offset_bps"])]
    assert [canonical(v) for v in found] == example["better_expected"]["second"]


def test_a09_a_reduced_cap_grows_back_towards_the_configured_one() -> None:
    example = one("A09")
    configured = Params(turnover_cap_try=dec(example["inputs"]["configured_cap"]))
    active = Params(turnover_cap_try=dec(example["inputs"]["active_cap"]))
    state = AdaptationState(baseline=configured, active=active, good=((1, configured),))
    for _ in range(3):
        state, _ = adapt(state, Sample(), bounds_of(configured, Decimal(600)), LIMIT, POLICY)
    assert state.active.turnover_cap_try == dec(example["better_expected"]["new_cap"])
