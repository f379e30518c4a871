"""The worked examples of the risk budget, strategies, allocation, lifecycle, anomalies, ladder."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from btcbot_core.cycle.budgeted import judge, propose
from btcbot_core.cycle.cycle import Cycle, Heard
from btcbot_core.cycle.plan import plan
from btcbot_core.cycle.renewing import renew
from btcbot_core.cycle.steps import judge as judge_without_budget
from btcbot_core.cycle.steps import mark, reconcile
from btcbot_core.cycle.watching import degrade, detect
from btcbot_core.domain.account import Portfolio, Position
from btcbot_core.domain.codes import AnomalyCode, Reason, Severity
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.gates import Gates
from btcbot_core.domain.ids import ClientId
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.policy import (
    AnomalyPolicy,
    DegradePolicy,
    LifecyclePolicy,
    LimitPolicy,
    MeanReversionPolicy,
    OrderPolicy,
    Policy,
    RiskPolicy,
    StrategyName,
    StrategyPolicy,
)
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import (
    Answer,
    AnswerKind,
    Order,
    OrderStatus,
    Side,
    Signal,
    Verb,
    ViewStatus,
)
from btcbot_core.oms.cursor import fills_since
from btcbot_core.oms.lifecycle import drift_bps, is_near_duplicate
from btcbot_core.oms.reconcile import Evidence, reconcile_orders, strangers
from btcbot_core.risk.anomalies import Anomaly, AnomalyFacts, anomalies, reject_spike
from btcbot_core.risk.budget import BudgetFacts, judge_budget
from btcbot_core.risk.day import Day, Snapshot, Today
from btcbot_core.risk.degrade import NOT_DEGRADED, RUNGS, Degrade, advance
from btcbot_core.risk.judge import RiskFacts
from btcbot_core.risk.limits import refuse_replacement
from btcbot_core.risk.verdict import RiskVerdict
from btcbot_core.strategy.allocation import Means, divide
from tests.build import (
    BTC,
    a_cycle,
    a_fill,
    a_position,
    a_signal,
    a_view,
    accounts,
    an_order,
    at,
    d,
    quote,
    rules,
)
from tests.examples import Example, examples, ident, one

replace = msgspec.structs.replace
HUGE = Decimal(10**9)
WARN_CODE = AnomalyCode.STALE_MARKET_DATA


# ------------------------------------------------------------------------------- risk.stage4


def _risk(limits: dict[str, str]) -> RiskPolicy:
    return RiskPolicy(
        max_drawdown_try=HUGE,
        max_daily_drawdown_try=HUGE,
        max_gross_exposure_try=d(limits["max_gross"]),
        max_position_ratio=Decimal(1),
        max_order_notional_try=d(limits["max_order_notional_try"]),
        max_daily_loss_try=d(limits["max_daily_loss_try"]),
        max_drawdown_ratio=d(limits["max_drawdown_pct"]) / 100,
        max_positions_try=d(limits["max_position_notional_try"]),
        max_position_per_pair_try=None,
        replace_budget_try=d(limits["replace_budget"]),
        slippage_bps=d(limits["slippage_bps_buffer"]),
    )


def _filtered(
    example: Example,
    signals: tuple[Signal, ...],
    position: Position | None = None,
    orders: tuple[Order, ...] = (),
) -> Cycle:
    """The example's actions under its limits, each pair with coarse steps and no costs."""
    given = example["input"]
    limits = given["limits"]
    symbols = tuple(dict.fromkeys([s.symbol for s in signals] + [o.symbol for o in orders] + [BTC]))
    held = {position.symbol: position} if position else {}
    cycle = a_cycle(
        symbols=symbols,
        quotes=tuple(quote(s) for s in symbols),
        orders=orders,
        balances=accounts(TRY="1000000", **{s.removesuffix("TRY"): "1000" for s in symbols}),
        pair_rules={s: rules(s, tick="0.01", step="0.0001") for s in symbols},
        policy=Policy(
            strategy=StrategyPolicy(
                taker_fee_bps=d(limits["fee_bps_taker"]),
                min_profit_bps=d(limits["min_profit_bps"]),
            ),
            limits=LimitPolicy(
                max_open_orders=limits["max_open_orders"],
                max_orders_per_cycle=99,
                max_notional_per_cycle_try=HUGE,
            ),
            orders=OrderPolicy(),
            risk=_risk(limits),
        ),
    )
    money = Portfolio(equity_try=HUGE, peak_try=HUGE, positions=held)
    day = None
    if "realized_today" in given:
        before = Snapshot(
            at=at(), equity_try=HUGE, capital_try=ZERO, realized_try=ZERO, fees_try=ZERO
        )
        day = Day(date=at().date(), baseline=before)
        money = replace(money, realized_try=d(given["realized_today"]))
    carried = replace(cycle.carried, day=day, marks=dict.fromkeys(symbols, d("100")))
    cycle = replace(cycle, portfolio=money, signals=signals, carried=carried)
    return plan(renew(judge(cycle)))


def _buy(text: str, symbol: str = "BTCTRY") -> Signal:
    """A BUY that comes to the amount, at a price of 1."""
    return a_signal(symbol, Side.BUY, text, "1")


def _outcome(cycle: Cycle, symbol: str = "BTCTRY") -> list[str]:
    """What was decided about the pair's wishes: `ok`, or the reason without its layer."""
    return [
        "ok" if decision.action == "place" else decision.reason.rpartition(":")[2]
        for decision in cycle.decisions
        if decision.symbol == symbol and decision.action in ("place", "block")
    ]


def test_rpo_01_a_days_loss_stops_buys_and_nothing_else() -> None:
    example = one("RPO-01")
    old = an_order("k", rests_since_s=-121, symbol="ETHTRY")
    signals = (a_signal(side=Side.SELL, qty="1", price="100"), a_signal("SOLTRY", Side.BUY))
    cycle = _filtered(example, signals, a_position(qty="2"), (old,))
    assert [c.client_id for c in cycle.cancels] == ["k"]
    assert _outcome(cycle) == ["ok"]
    assert _outcome(cycle, "SOLTRY") == [example["expect"]["rejected"]["b"]]


def test_rpo_03_no_more_orders_are_open_than_allowed() -> None:
    example = one("RPO-03")
    pairs = ("AATRY", "BBTRY", "CCTRY")
    cycle = _filtered(example, tuple(_buy("100", pair) for pair in pairs))
    assert [_outcome(cycle, pair) for pair in pairs] == [["ok"], ["ok"], ["max_open_orders"]]
    assert example["expect"]["rejected"] == {"#3": "max_open_orders"}


def test_rpo_04_a_cancel_frees_a_slot() -> None:
    example = one("RPO-04")
    resting = (
        an_order("k", rests_since_s=-121, symbol="ETHTRY"),
        an_order("other", symbol="SOLTRY", exchange_id="x2"),
    )
    assert len(resting) == example["input"]["open"]
    cycle = _filtered(example, (_buy("100"),), orders=resting)
    assert [c.client_id for c in cycle.cancels] == ["k"]
    assert _outcome(cycle) == ["ok"]


def test_rpo_05_the_largest_order_is_still_allowed() -> None:
    example = one("RPO-05")
    signals = (_buy("3000.01", "AATRY"), _buy("3000", "BBTRY"))
    cycle = _filtered(example, signals)
    assert _outcome(cycle, "AATRY") == [example["expect"]["rejected"]["b"]]
    assert _outcome(cycle, "BBTRY") == ["ok"]


def test_rpo_06_positions_and_planned_buys_together_are_limited() -> None:
    example = one("RPO-06")
    cycle = _filtered(example, (_buy("3000", "AATRY"), _buy("2000.01", "BBTRY")))
    assert _outcome(cycle, "AATRY") == ["ok"]
    assert _outcome(cycle, "BBTRY") == [example["expect"]["rejected"]["#2"]]


@pytest.mark.parametrize("price", one("RPO-07")["input"]["sells"])
def test_rpo_07_a_take_profit_earns_fee_slippage_and_profit(price: str) -> None:
    example = one("RPO-07")
    wish = a_signal(side=Side.SELL, qty="1", price=price, reason=Reason.TAKE_PROFIT)
    cycle = _filtered(example, (wish,), a_position(qty="2", avg=example["input"]["avg_cost"]))
    assert _outcome(cycle) == [example["expect"]["rejected"].get(price, "ok")]


def test_a_loss_may_be_taken_by_whoever_does_not_call_it_profit() -> None:
    wish = a_signal(side=Side.SELL, qty="1", price="900", reason=Reason.STOP_LOSS)
    cycle = _filtered(one("RPO-07"), (wish,), a_position(qty="2", avg="1000"))
    assert _outcome(cycle) == ["ok"]


def test_rpo_08_a_refused_sell_frees_no_exposure() -> None:
    example = one("RPO-08")
    held = a_position(qty="50", avg="100")
    assert held.value_try == d(example["input"]["position_notional"])
    sell = a_signal(side=Side.SELL, qty="10", price="100", reason=Reason.TAKE_PROFIT)
    cycle = _filtered(example, (sell, _buy("1000", "AATRY")), held)
    assert _outcome(cycle) == [example["expect"]["rejected"]["rej"]]
    assert _outcome(cycle, "AATRY") == [example["expect"]["rejected"]["b"]]


@pytest.mark.parametrize("name", ["RPO-09", "RPO-10"])
def test_rpo_09_and_10_old_and_new_together_stay_in_the_replace_budget(name: str) -> None:
    example = one(name)
    given, limits = example["input"], example["input"]["limits"]
    refused = refuse_replacement(
        BTC, d(given["old"]), d(given["new"]), d(limits["replace_budget"]), d(limits["max_gross"])
    )
    rejected = example["expect"].get("rejected", {}).get("new")
    assert (refused is not None) is (rejected == "replace_worst_case_exposure_blocked")
    assert refused is None or refused.reason is Reason.REPLACE_EXPOSURE


def test_every_example_of_the_risk_budget_has_a_test() -> None:
    named = {f"RPO-{n}" for n in ("01", "03", "04", "05", "06", "07", "08", "09", "10")}
    assert {e["id"] for e in examples("risk.stage4")} == named


# --------------------------------------------------------------- risk.decide_mode, mode, budget

MODE_WORDS = {
    "DRAWDOWN_LIMIT": Reason.DRAWDOWN_LIMIT,
    "EXPOSURE_LIMIT": Reason.EXPOSURE_LIMIT,
    "FEE_BUDGET": Reason.FEE_BUDGET,
    "OK": Reason.MODE_OK,
    "fee_conversion_missing_rate": Reason.FEE_RATE_MISSING,
    "mark_price_missing_fail_closed": Reason.NO_MARKS,
}


def _judged(
    facts: BudgetFacts, risk: RiskPolicy, fees: dict[Asset, Decimal] | None = None
) -> RiskVerdict:
    basic = RiskFacts(
        symbols=(),
        data_age_s={},
        unresolved=frozenset(),
        cash_free_try=d("1000"),
        unconverted_fees=fees or {},
        is_killed=False,
    )
    return judge_budget(basic, facts, Policy(risk=risk))


def _mode_limits(limits: dict[str, str]) -> RiskPolicy:
    return RiskPolicy(
        max_daily_drawdown_try=d(limits["max_daily_drawdown_try"]),
        max_drawdown_try=d(limits["max_drawdown_try"]),
        max_gross_exposure_try=d(limits["max_gross_exposure_try"]),
        max_position_ratio=d(limits["max_position_pct"]),
        max_fees_per_day_try=d(limits["max_fee_try_per_day"]),
    )


def _mode_facts(signals: dict[str, str]) -> BudgetFacts:
    """A portfolio that shows the example's figures: gross in many pairs, or one large share."""
    gross, largest = d(signals["gross_exposure"]), d(signals["largest_pct"])
    equity = d("10000000")
    parts = {f"P{n}TRY": gross / 4 for n in range(4)} if gross else {}
    if largest and not gross:
        equity = d("10000")
        parts = {"P0TRY": largest * equity}
    elif largest:
        # The example's share and its gross are not of one portfolio: the share alone decides.
        equity = gross / 4 / largest
    positions = {
        Symbol(s): Position(symbol=Symbol(s), qty=v, cost_try=v, mark=Decimal(1))
        for s, v in parts.items()
    }
    return BudgetFacts(
        money=Portfolio(
            equity_try=equity, peak_try=equity + d(signals["drawdown"]), positions=positions
        ),
        today=Today(pnl_try=d(signals["daily_pnl"]), fees_try=d(signals["fees_today"])),
    )


@pytest.mark.parametrize("example", examples("risk.decide_mode"), ids=ident)
def test_the_mode_is_what_the_example_says(example: Example) -> None:
    """DEC-32: all reasons are kept, so MOD-05 names its fees too."""
    limits, expect = example["input"]["limits"], example["expect"]
    verdict = _judged(_mode_facts(example["input"]["signals"]), _mode_limits(limits))
    reasons = [MODE_WORDS[word] for word in expect["reasons"]]
    if example["id"] == "MOD-05":
        reasons.append(Reason.FEE_BUDGET)
    assert verdict.mode is RiskMode(expect["mode"])
    assert [r.reason for r in verdict.reasons] == reasons


def test_mod_08_a_fee_without_a_rate_loosens_nothing() -> None:
    example = one("MOD-08")
    money = Portfolio(equity_try=d("6000"), peak_try=d("6000") + d(example["input"]["drawdown"]))
    foreign = {Asset(example["input"]["missing_fee_currency"]): d("2")}
    facts = BudgetFacts(money=money, today=Today())
    verdict = _judged(facts, RiskPolicy(), foreign)
    assert verdict.mode is RiskMode(example["expect"]["mode"])
    assert [r.reason for r in verdict.reasons] == [
        MODE_WORDS[word] for word in example["expect"]["reasons"]
    ]
    assert not verdict.allows(Side.BUY)
    assert not verdict.allows(Side.SELL)


def test_mod_09_only_todays_fees_count() -> None:
    given = one("MOD-09")["input"]
    money = Portfolio(equity_try=d("1000"), peak_try=d("1000"), fees_try=d(given["fees_lifetime"]))
    today = Today(fees_try=d(given["fees_today"]))
    risk = RiskPolicy(max_fees_per_day_try=d(given["limit"]))
    verdict = _judged(BudgetFacts(money=money, today=today), risk)
    assert verdict.mode is RiskMode(one("MOD-09")["expect"]["mode"])


def test_mod_10_without_any_price_nothing_new_is_done() -> None:
    """In every world, not only live: no line below the wiring asks which one it is."""
    example = one("MOD-10")
    cycle = judge(a_cycle(symbols=tuple(example["input"]["tradable"])))
    told = [(r.reason, r.observed) for r in cycle.verdict.reasons]
    mode, count = example["expect"]["reasons"]
    assert cycle.verdict.mode is RiskMode(example["expect"]["mode"])
    assert told == [(MODE_WORDS[mode], count)]


def test_mod_12_a_factor_of_nothing_is_no_buys_and_not_no_limit() -> None:
    example = one("MOD-12")
    facts = BudgetFacts(money=Portfolio(), today=Today(), ladder_level=3)
    assert str(RUNGS[facts.ladder_level].buy_ratio) == example["input"]["multiplier"]
    verdict = _judged(facts, RiskPolicy())
    assert verdict.notional_left_try == d(example["expect"]["cap"])
    assert verdict.allows(Side.BUY) is example["expect"]["buys_allowed"]


def test_every_example_of_the_modes_has_a_test() -> None:
    named = {e["id"] for area in ("risk.mode", "risk.budget") for e in examples(area)}
    assert named == {"MOD-08", "MOD-09", "MOD-10", "MOD-12"}


# ---------------------------------------------------------------------- strategy.mean_reversion


@pytest.mark.parametrize("example", examples("strategy.mean_reversion"), ids=ident)
def test_mean_reversion_wishes_what_the_example_says(example: Example) -> None:
    """Bid and ask are the example's mark, fees are zero, the smallest order is ours of 10."""
    given = example["input"]
    policy = Policy(
        strategy=StrategyPolicy(taker_fee_bps=ZERO),
        strategies=(StrategyName.MEAN_REVERSION,),
        mean_reversion=MeanReversionPolicy(
            band_bps=d(given["bps"]),
            anchor=d(given["anchor"]) if given.get("anchor") else None,
            first_entry_try=d(given["bootstrap"]),
            max_intent_try=d(given["max_notional"]),
        ),
    )
    orders = tuple(an_order(f"b{n}", exchange_id=f"x{n}") for n in range(given.get("open_buys", 0)))
    cycle = a_cycle(
        quotes=(quote(bid=given["mark"], ask=given["mark"]),),
        balances=accounts(TRY=given["try_free"]),
        policy=replace(policy, lifecycle=LifecyclePolicy(drift_bps=HUGE)),
        orders=orders,
    )
    if "qty" in given:
        position = a_position(qty=given["qty"], mark=given["mark"])
        cycle = replace(cycle, portfolio=Portfolio(positions={BTC: position}))
    if "history_mean" in given:
        seen = {BTC: (d(given["history_mean"]),) * 10}
        cycle = replace(cycle, carried=replace(cycle.carried, mids=seen))
    signals = propose(cycle).signals
    expect = example["expect"]["intents"]
    assert [_told(s, e) for s, e in zip(signals, expect, strict=True)] == expect


def _told(signal: Signal, expect: str) -> str:
    notional = signal.qty * (signal.price or ZERO)
    words = (
        signal.side.value,
        format(notional.quantize(Decimal("0.01")).normalize(), "f"),
        signal.reason.value,
        str(signal.confidence_ratio),
    )
    return " ".join(words[: len(expect.split())])


# ---------------------------------------------------------------------------------- allocation


def test_all_02_a_buy_is_made_as_small_as_its_pair_has_room() -> None:
    example = one("ALL-02")
    given, (status, reason, amount) = example["input"], example["expect"]["out"]
    means = Means(
        deploy_try=HUGE,
        cycle_try=HUGE,
        pair_try=d(given["cap"]),
        exposure={BTC: d(given["held"])},
        rules={BTC: rules()},
    )
    granted = divide((a_signal(qty=given["intent"], price="1"),), means)
    assert granted.decisions[0].reason.endswith(reason)
    assert granted.signals[0].qty == d(amount)
    assert status == "scaled"


# ----------------------------------------------------------------------------------- lifecycle


def test_lif_01_drift_is_measured_on_the_orders_own_pair() -> None:
    given = one("LIF-01")["input"]
    order = replace(an_order(symbol=given["order"]["symbol"]), price=d(given["order"]["price"]))
    quotes = tuple(quote(s, bid=mid, ask=mid) for s, mid in given["mids"].items())
    cycle = judge(a_cycle(symbols=tuple(given["mids"]), quotes=quotes, orders=(order,)))
    assert list(renew(cycle).cancels) == one("LIF-01")["expect"]["actions"]


def test_lif_02_a_copy_within_the_tolerances_is_refused() -> None:
    given = one("LIF-02")["input"]
    qty, price = given["order"].split()[1].split("@")
    order = replace(an_order(qty=qty), price=d(price))
    qty, price = given["intent"].split()[1].split("@")
    assert is_near_duplicate(order, d(price), d(qty), LifecyclePolicy())
    assert not is_near_duplicate(order, d(price) + d("0.001"), d(qty), LifecyclePolicy())
    assert not is_near_duplicate(order, d(price), d(qty) + d("0.001"), LifecyclePolicy())


@pytest.mark.parametrize(("age_s", "is_stale"), [(119, False), (120, False), (121, True)])
def test_lif_03_an_order_is_stale_when_it_is_older_than_its_time_to_live(
    age_s: int, is_stale: bool
) -> None:
    """DEC-32: strictly older."""
    assert one("LIF-03")["input"]["ttl"] == 120
    cycle = judge(a_cycle(orders=(an_order(rests_since_s=-age_s),), quotes=(quote(),)))
    assert bool(renew(cycle).cancels) is is_stale


@pytest.mark.parametrize(
    ("bps", "is_stale"),
    zip(one("LIF-03")["input"]["drift_bps"], one("LIF-03")["expect"]["drift_stale"], strict=True),
)
def test_lif_03_an_order_is_stale_when_the_price_is_so_far_away(bps: str, is_stale: bool) -> None:
    mid = d("10000")
    order = replace(an_order(), price=mid * (1 - d(bps) / 10_000))
    assert drift_bps(order, mid) == d(bps)
    quoted = quote(bid=str(mid), ask=str(mid))
    cycle = judge(a_cycle(orders=(order,), quotes=(quoted,)))
    assert bool(renew(cycle).cancels) is is_stale


# ----------------------------------------------------------------------- reconcile and execution


def test_rec_01_an_order_of_ours_is_matched_by_the_exchanges_id() -> None:
    """DEC-18: there is one client id, so the exchange's copy may not even carry it."""
    given = one("REC-01")["input"]
    order = an_order("c1", exchange_id=given["db"]["exchange_id"])
    view = a_view(exchange_id=given["exchange"][0]["id"], client=given["exchange"][0]["client"])
    known = {order.client_id: order}
    found = strangers(known, (view,), "btcb")
    assert (found.orphans, found.foreign) == ((), ())
    told = Evidence(at=at(), cycle_id=order.cycle_id, views=(view,))
    assert reconcile_orders(known, told, OrderPolicy()).orders == known


def test_rec_03_a_listing_that_did_not_come_closes_nothing() -> None:
    """Half a list is no list: the turn is given up, so nothing is heard of the order at all."""
    order = an_order("c1")
    told = Evidence(at=at(), cycle_id=order.cycle_id)
    after = reconcile_orders({order.client_id: order}, told, OrderPolicy())
    assert one("REC-03")["expect"]["unknown_closed"] == list(after.events)


def test_rec_04_an_order_that_was_filled_is_filled() -> None:
    order = an_order("c1", exchange_id="7")
    fill = a_fill(exchange_id="7", client=None)
    view = a_view(exchange_id="7", status=ViewStatus.CLOSED, left="0")
    told = Evidence(at=at(), cycle_id=order.cycle_id, fills=(fill,), views=(view,))
    after = reconcile_orders({order.client_id: order}, told, OrderPolicy())
    assert after.orders[order.client_id].status == one("REC-04")["expect"]["status"]


@pytest.mark.parametrize("name", ["REC-05", "SUB-03"])
def test_rec_05_and_sub_03_an_order_learns_its_exchange_id_by_its_client_id(name: str) -> None:
    listed = {"REC-05": "9", "SUB-03": "5"}[name]
    order = an_order("c1", OrderStatus.UNKNOWN, exchange_id=None)
    told = Evidence(at=at(), cycle_id=order.cycle_id, views=(a_view(exchange_id=listed),))
    after = reconcile_orders({order.client_id: order}, told, OrderPolicy()).orders[order.client_id]
    assert (after.exchange_id, after.status) == (listed, OrderStatus.OPEN)


def test_rec_06_an_order_without_a_client_id_is_shown_and_nothing_else() -> None:
    """DEC-11: placed by hand; it freezes nothing and is never touched."""
    example = one("REC-06")
    view = a_view(exchange_id=example["input"]["exchange"][0]["id"], client=None)
    heard = Heard(views=(view,), is_listed=True)
    cycle = reconcile(replace(a_cycle(quotes=(quote(),)), heard=heard))
    assert [v.exchange_id for v in cycle.carried.strangers] == example["expect"]["imported"]
    assert cycle.anomalies == ()
    assert judge(cycle).verdict.blocked == {}


def test_sub_04_an_order_of_unknown_outcome_freezes_its_pair_and_all_new_risk() -> None:
    order = an_order("c1", OrderStatus.UNKNOWN, exchange_id=None)
    other = an_order("c2", symbol="ETHTRY", exchange_id="x2", rests_since_s=-121)
    pairs = ("BTCTRY", "ETHTRY")
    quotes = tuple(quote(s) for s in pairs)
    gathered = a_cycle(symbols=pairs, quotes=quotes, orders=(order, other))
    cycle = renew(judge(detect(mark(gathered))))
    assert cycle.verdict.blocked == {BTC: Reason.UNKNOWN_ORDER}
    assert cycle.verdict.mode is RiskMode.REDUCE_RISK_ONLY
    assert bool(cycle.cancels) is one("SUB-04")["expect"]["cancels_allowed"]


def test_sub_05_an_order_of_equal_price_and_size_is_not_adopted() -> None:
    order = an_order("c1", OrderStatus.UNKNOWN, exchange_id=None)
    view = a_view(exchange_id="9", client="other", status=ViewStatus.CLOSED, left="0")
    told = Evidence(at=at(), cycle_id=order.cycle_id, views=(view,))
    after = reconcile_orders({order.client_id: order}, told, OrderPolicy())
    assert after.orders[order.client_id].status == one("SUB-05")["expect"]["order"]["status"]


def test_sub_06_a_definite_refusal_is_final_and_starts_no_pause() -> None:
    given, expect = one("SUB-06")["input"], one("SUB-06")["expect"]
    order = an_order("c1", OrderStatus.PLANNED, exchange_id=None)
    answer = Answer(
        verb=Verb.SUBMIT,
        kind=AnswerKind.REJECTED,
        client_id=ClientId("c1"),
        at=at(),
        code=str(given["code"]),
    )
    cycle = reconcile(replace(a_cycle(orders=(order,)), heard=Heard(answers=(answer,))))
    assert cycle.carried.orders[ClientId("c1")].status == expect["order_status"]
    assert (cycle.carried.last_sent == {}) is expect["retryable_next_cycle"]


def test_sub_07_an_order_that_no_look_up_shows_is_an_error_after_so_many() -> None:
    """DEC-16: it is asked for in every cycle; the example's growing pauses are not ours."""
    escalate_at = one("SUB-07")["expect"]["escalate_at"]
    severities = []
    for probes in (escalate_at - 1, escalate_at):
        order = replace(an_order(status=OrderStatus.UNKNOWN), absent_probes=probes)
        severities += [a.severity for a in detect(a_cycle(orders=(order,))).anomalies]
    assert severities == [Severity.WARN, Severity.ERROR]


def test_every_example_of_execution_is_pure_and_tested_here_or_at_the_wire() -> None:
    """SUB-01 and SUB-02 are about the line: an answer that did not come, and a 503."""
    assert {e["id"] for e in examples("execution")} == {f"SUB-0{n}" for n in range(1, 8)}
    assert {e["id"] for e in examples("reconcile")} == {
        "REC-01",
        "REC-03",
        "REC-04",
        "REC-05",
        "REC-06",
    }


# --------------------------------------------------------------------------------------- fills


def test_cur_02_without_a_cursor_the_look_back_counts_from_now() -> None:
    given, expect = one("CUR-02")["input"], one("CUR-02")["expect"]
    now = at()
    since = fills_since(None, None, now, given["lookback_min"] * 60)
    assert now - since == timedelta(milliseconds=given["now_ms"] - expect["since_ms"])
    older = now - timedelta(hours=5)
    assert fills_since(None, older, now, given["lookback_min"] * 60) == older


def test_cur_04_two_equal_trades_of_one_instant_are_two() -> None:
    """The exchange's own trade id is the only one that we take; a row without it is refused at
    the border, so there is nothing to make a name up for."""
    assert "id" not in one("CUR-04")["input"]
    order = an_order("c1", qty="2")
    fills = (a_fill("t1"), a_fill("t2"))
    told = Evidence(at=at(), cycle_id=order.cycle_id, fills=fills)
    after = reconcile_orders({order.client_id: order}, told, OrderPolicy())
    assert after.orders[order.client_id].status is OrderStatus.FILLED


# ------------------------------------------------------------------------------------ anomaly


def _codes(found: tuple[Anomaly, ...]) -> list[str]:
    return [f"{a.code} {a.severity}" for a in found]


ANOMALIES: dict[str, tuple[str, Any]] = {
    "ANO-03": ("ms", lambda ms: AnomalyFacts(latency_ms=ms)),
    "ANO-04": ("stall", lambda cycles: AnomalyFacts(cursor_stalls=cycles)),
    "ANO-05": ("diff", lambda diff: AnomalyFacts(divergence_try=d(diff))),
    "ANO-06": ("skew", lambda skew: AnomalyFacts(clock_skew_s=Decimal(skew))),
}


@pytest.mark.parametrize("name", ANOMALIES)
def test_anomalies_are_found_from_the_examples_bound_on(name: str) -> None:
    key, facts = ANOMALIES[name]
    example = one(name)
    found = [_codes(anomalies(facts(v), AnomalyPolicy())) for v in example["input"][key]]
    assert found == example["expect"]["events"]


def test_ano_02_a_spike_of_rejects() -> None:
    example = one("ANO-02")
    found = [_codes(reject_spike(n, AnomalyPolicy())) for n in example["input"]["rejects"]]
    assert found == example["expect"]["events"]


def test_ano_07_a_quiet_market_is_no_stalled_cursor() -> None:
    """The exchange has nothing newer, so nothing stalls however many cycles pass."""
    cycle = detect(a_cycle(quotes=(quote(),)))
    assert list(cycle.anomalies) == one("ANO-07")["expect"]["events"]


def test_every_example_of_anomalies_has_a_test() -> None:
    assert {e["id"] for e in examples("anomaly")} == {*ANOMALIES, "ANO-02", "ANO-07"}


# ------------------------------------------------------------------------------------- degrade


def _found(*codes: str, severity: Severity = Severity.WARN) -> tuple[Anomaly, ...]:
    return tuple(Anomaly(AnomalyCode(code), severity) for code in codes)


def _after_streak(streak: int, codes: list[str], threshold: int = 3) -> Degrade:
    ladder = NOT_DEGRADED
    for _ in range(streak):
        ladder = advance(ladder, _found(*codes), at(), DegradePolicy(warn_threshold=threshold))
    return ladder


@pytest.mark.parametrize("name", ["DEG-01", "DEG-02", "DEG-04"])
def test_warnings_in_a_row_climb_the_ladder(name: str) -> None:
    given, expect = one(name)["input"], one(name)["expect"]
    codes = given.get("codes", [WARN_CODE])
    ladder = _after_streak(given["streak"], codes, given.get("threshold", 3))
    assert ladder.level == expect["level"]
    rung = RUNGS[ladder.level]
    assert rung.mode == (expect.get("override") or RiskMode.NORMAL)
    if "cooldown_s" in expect:
        assert ladder.cooldown_until == at(expect["cooldown_s"])
        assert str(rung.buy_ratio) == expect["shrink"]
        assert rung.pairs_max == expect["universe_cap"]


def test_deg_05_one_error_stops_new_orders_for_half_an_hour() -> None:
    example = one("DEG-05")
    found = _found(*example["input"]["errors"], severity=Severity.ERROR)
    ladder = advance(NOT_DEGRADED, found, at(), DegradePolicy())
    expect = example["expect"]
    rung = RUNGS[ladder.level]
    assert ladder.level == expect["level"]
    assert rung.mode == expect["override"]
    assert rung.pairs_max == expect["universe_cap"]
    assert ladder.cooldown_until == at(expect["cooldown_s"])


def test_deg_06_an_open_breaker_is_an_error() -> None:
    found = anomalies(AnomalyFacts(is_breaker_open=True), AnomalyPolicy())
    assert [(a.code, a.observed) for a in found] == [(AnomalyCode.RATE_LIMITED, "breaker open")]
    assert advance(NOT_DEGRADED, found, at(), DegradePolicy()).level == 3


def test_deg_07_an_error_counts_in_the_middle_of_a_cooldown() -> None:
    given, expect = one("DEG-07")["input"], one("DEG-07")["expect"]
    ladder = Degrade(level=given["level"], cooldown_until=at(given["cooldown_left_s"]))
    found = _found(*given["errors"], severity=Severity.ERROR)
    after = advance(ladder, found, at(), DegradePolicy())
    assert after.level == expect["level"]
    assert RUNGS[after.level].mode == expect["override"]


def test_deg_08_it_comes_down_step_by_step_after_the_cooldown() -> None:
    example = one("DEG-08")
    every = example["input"]["cycle_s"]
    need = example["input"]["hysteresis"]
    policy = DegradePolicy(clean_cycles=(need["3"], need["2"], need["1"]))
    ladder = advance(NOT_DEGRADED, _found("PNL_DIVERGENCE", severity=Severity.ERROR), at(), policy)
    changes: list[list[object]] = [[0, ladder.level]]
    for minute in range(1, 50):
        before = ladder.level
        ladder = advance(ladder, (), at(minute * every), policy)
        if ladder.level != before:
            changes.append([f"{minute}m", ladder.level])
    assert changes == example["expect"]["level_changes"]


def test_every_example_of_the_ladder_has_a_test() -> None:
    named = {f"DEG-0{n}" for n in (1, 2, 4, 5, 6, 7, 8)}
    assert {e["id"] for e in examples("degrade")} == named


# -------------------------------------------------------------------------------------- arming


@pytest.mark.parametrize("name", ["ARM-03", "ARM-04", "ARM-05"])
def test_the_gates_name_every_one_that_is_closed(name: str) -> None:
    """DEC-8, DEC-9: no roles and no safe mode; the gates are called by their settings."""
    given, expect = one(name)["input"], one(name)["expect"]
    gates = Gates(
        dry_run=given["dry_run"],
        kill_switch=given["kill_switch"],
        live_trading=given["live_trading"],
        acknowledged=given["live_ack"],
    )
    ours = {"NOT_ARMED": "LIVE_TRADING", "ACK_MISSING": "LIVE_TRADING_ACK"}
    assert list(gates.closed) == [ours.get(reason, reason) for reason in expect["reasons"]]


def test_arm_09_a_kill_stops_submits_and_lets_cancels_pass() -> None:
    """DEC-8: there is no freezing of cancels."""
    expect = one("ARM-09")["expect"]
    cycle = a_cycle(quotes=(quote(),), orders=(an_order(),))
    killed = replace(cycle, is_killed=True, signals=(a_signal("ETHTRY"), a_signal()))
    after = plan(renew(judge(killed)))
    assert [c.decision.reason for c in after.cancels] == [Reason.CANCEL_ON_KILL]
    assert after.intents == ()
    assert (expect["allowed"], "submit" in expect["suppressed"]) == (["cancel"], True)
    assert judge_without_budget(killed).verdict.mode is RiskMode.OBSERVE_ONLY
    assert degrade(killed).carried.degrade == NOT_DEGRADED
