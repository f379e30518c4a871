"""The worked examples of strategy, risk, accounting, dedupe, sizing, cancel and config."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from btcbot_core.cycle.cycle import Cycle, Heard, sent_key
from btcbot_core.cycle.plan import plan
from btcbot_core.cycle.steps import expire, judge, propose, reconcile
from btcbot_core.domain.account import Portfolio
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.ids import ClientId, CycleId, client_id
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.policy import LimitPolicy, StrategyPolicy
from btcbot_core.domain.symbol import Symbol, symbol_from
from btcbot_core.domain.trading import (
    Answer,
    AnswerKind,
    OrderStatus,
    OrderType,
    Side,
    Signal,
    Verb,
)
from btcbot_core.ledger.book import Ledger, fold
from btcbot_core.ledger.entries import LedgerEvent
from btcbot_core.ledger.journal import fill_entries
from btcbot_core.ledger.pnl import value
from btcbot_core.oms.planning import size
from btcbot_core.settings import load
from tests.build import (
    BTC,
    TRY,
    a_cycle,
    a_fill,
    a_policy,
    a_position,
    a_signal,
    accounts,
    an_order,
    at,
    d,
    quote,
    rules,
)
from tests.examples import Example, examples, ident, one

replace = msgspec.structs.replace


# --------------------------------------------------------------------------- strategy.profit_v1


@pytest.mark.parametrize("example", examples("strategy.profit_v1"), ids=ident)
def test_the_profit_aware_strategy_wishes_what_the_example_says(example: Example) -> None:
    """DEC-32: these examples have zero fees; their minimum total is ours of 10."""
    given, expect = example["input"], example["expect"]["intents"]
    cycle = a_cycle(
        quotes=(quote(bid=given["bid"], ask=given["ask"]),),
        balances=accounts(TRY=given.get("try_free", "0")),
        policy=a_policy(StrategyPolicy(taker_fee_bps=ZERO, min_profit_bps=Decimal(30))),
    )
    if held := given.get("position"):
        position = a_position(qty=held["qty"], avg=held["avg_cost"])
        cycle = replace(cycle, portfolio=Portfolio(positions={BTC: position}))
    signals = propose(cycle).signals
    assert [_as_example(s, e) for s, e in zip(signals, expect, strict=True)] == expect


def _as_example(signal: Signal, expect: dict[str, str]) -> dict[str, str]:
    known = {
        "side": signal.side.value,
        "qty": str(signal.qty),
        "price": str(signal.price),
        "reason": signal.reason.value,
        "confidence": str(signal.confidence_ratio),
    }
    return {key: known[key] for key in expect}


# ------------------------------------------------------------------------------- risk.stage3


@pytest.mark.parametrize("example", examples("risk.stage3"), ids=ident)
def test_the_risk_rules_of_stage_3_answer_as_the_example_says(example: Example) -> None:
    given, expect = example["input"], example["expect"]
    cycle = plan(judge(_weighed(given)))
    placed = {i.symbol.removesuffix("TRY"): i for i in cycle.intents}
    reasons = [decision.reason.value for decision in cycle.decisions]
    for approved in expect.get("approved", []):
        if isinstance(approved, str):
            assert approved * 2 in placed
        else:
            intent = placed["AA"]
            got = {"qty": intent.qty, "price": intent.price}
            assert {k: got[k] for k in approved} == {k: d(v) for k, v in approved.items()}
    if "approved" in expect:
        assert len(placed) == len(expect["approved"])
    for reason in expect.get("reasons", []):
        assert reason in reasons
    if "event" in expect:
        assert expect["event"] in reasons


def _weighed(given: dict[str, Any]) -> Cycle:
    """The example's wishes in a cycle; its one-letter pairs get names that a pair can have."""
    named = [text.split() for text in given["intents"]]
    names = {short: f"{short}{short}TRY" for short, *_ in named}
    limits = given["rules"]
    symbols = tuple(names.values())
    cycle = a_cycle(
        symbols=symbols,
        quotes=tuple(quote(s) for s in symbols),
        orders=tuple(
            an_order(name=f"o{s}{n}", symbol=names[s], exchange_id=f"x{s}{n}")
            for s, count in given.get("open_orders", {}).items()
            for n in range(count)
        ),
        balances=accounts(TRY=given.get("investable_try", "10000")),
        policy=a_policy(
            limits=LimitPolicy(
                max_orders_per_cycle=given["max_orders_per_cycle"],
                max_open_orders_per_symbol=given["max_open_orders_per_symbol"],
                cooldown_s=given["cooldown_seconds"],
                max_notional_per_cycle_try=d(given["notional_cap_try_per_cycle"]),
                max_notional_per_order_try=d(given["max_notional_per_order_try"])
                if "max_notional_per_order_try" in given
                else None,
            )
        ),
        pair_rules={
            Symbol(s): rules(s, limits["price_tick"], limits["qty_step"], limits["min_notional"])
            for s in symbols
        },
    )
    signals = tuple(_wish(names[short], side, size) for short, side, size in named)
    sent = {}
    if "last_intent_age_s" in given:
        key = sent_key(Symbol(symbols[0]), Side.BUY)
        sent = {key: at(-given["last_intent_age_s"])}
    return replace(cycle, signals=signals, carried=replace(cycle.carried, last_sent=sent))


def _wish(symbol: str, side: str, size: str) -> Signal:
    qty, price = size.split("@")
    return a_signal(symbol, Side(side), qty, price)


# -------------------------------------------------------------------------------- accounting


def _booked(*fills: str) -> Ledger:
    """A ledger after fills such as `buy 1@100 fee 0.1`."""
    entries: list[LedgerEvent] = []
    for number, text in enumerate(fills):
        side, size, _, fee, *asset = text.split()
        qty, price = size.split("@")
        fill = a_fill(f"f{number}", Side(side), qty, price, fee, fee_asset=(asset or ["TRY"])[0])
        entries.extend(fill_entries([fill], CycleId("c"), ()))
    return fold(Ledger(quote=TRY), [replace(e, seq=n) for n, e in enumerate(entries, start=1)])


def test_acc_01_first_in_first_out_and_the_total() -> None:
    example = one("ACC-01")
    ledger = _booked(*example["input"]["fills"])
    # The example's cash is what is left after the fills.
    ledger = replace(ledger, cash_try=d("1000"), capital_try=d("1000") - ledger.cash_try)
    mark = d(example["input"]["mark"])
    money = value(ledger, {BTC: mark}, {}, ZERO)
    fifo = example["expect"]["fifo"]
    assert money.realized_try == d(fifo["realized_gross"])
    assert money.unrealized_try == d(fifo["unrealized"])
    assert money.fees_try == d(fifo["fees_try"])
    assert money.net_try == d(fifo["net"])
    assert [[str(lot.qty), str(lot.price)] for lot in ledger.holding(BTC).lots] == fifo["lots"]
    assert money.equity_try == d(example["expect"]["equity"])


def test_acc_02_the_total_is_the_same_with_one_accounting() -> None:
    """DEC-13: fees are their own series and lots are FIFO, so only the sums are the example's."""
    example = one("ACC-02")
    money = value(_booked(*example["input"]["fills"]), {BTC: d("120")}, {}, ZERO)
    assert money.fees_try == d(example["expect"]["fees_paid"])
    assert money.positions[BTC].qty == d(example["expect"]["qty"])
    assert money.net_try == d(example["expect"]["total"])


def test_acc_04_a_sell_is_positive_when_it_reaches_the_ledger() -> None:
    expect = one("ACC-04")["expect"]
    ledger = _booked("buy 1@100 fee 0", f"sell 0.5@110 fee {expect['fill']['fee_try']}")
    assert ledger.holding(BTC).qty == d(expect["position_qty"])
    assert ledger.realized_try == d(expect["realized_gross"])
    assert ledger.fees[TRY] == d(expect["fees"])


def test_acc_06_a_fee_without_a_rate_is_kept_and_tightens_the_mode() -> None:
    expect = one("ACC-06")["expect"]
    ledger = _booked("buy 1@100 fee 2 USDT")
    assert {k: str(v) for k, v in ledger.fees.items()} == expect["fees_by_currency"]
    money = value(ledger, {BTC: d("100")}, {}, ZERO)
    cycle = judge(replace(a_cycle(quotes=(quote(),)), portfolio=money))
    assert cycle.verdict.mode is RiskMode(expect["mode_at_least"])
    assert cycle.verdict.reasons[0].reason is Reason.FEE_RATE_MISSING


def test_acc_07_the_same_fill_twice_is_booked_once() -> None:
    fill = a_fill(fee="1")
    entries = list(fill_entries([fill, fill], CycleId("c"), ()))
    assert len(entries) == one("ACC-07")["expect"]["ledger_inserted"]


def test_acc_08_a_missing_mark_is_the_last_one_then_cost_and_never_zero() -> None:
    ledger = _booked("buy 1@100 fee 0")
    by_cost = value(ledger, {}, {}, ZERO)
    assert by_cost.positions[BTC].value_try == d(one("ACC-08")["expect"]["equity"])
    assert by_cost.positions[BTC].is_mark_missing
    assert value(ledger, {}, {BTC: d("105")}, ZERO).positions[BTC].mark == d("105")


def test_acc_09_yesterdays_loss_is_not_todays() -> None:
    """Realized today is a difference of two sums: nothing new, nothing realized."""
    ledger = _booked("buy 1@2000 fee 0", "sell 1@500 fee 0")
    assert ledger.realized_try == d(one("ACC-09")["input"]["yesterday_realized_total"])
    today = fold(ledger, ()).realized_try - ledger.realized_try
    assert today == d(one("ACC-09")["expect"]["realized_today"])


def test_acc_11_no_cash_is_no_cash() -> None:
    cycle = judge(a_cycle(balances=accounts(TRY=one("ACC-11")["input"]["try_free"])))
    assert cycle.verdict.cash_left_try == d(one("ACC-11")["expect"]["cash"])


def test_every_accounting_example_has_a_test() -> None:
    named = {f"ACC-{n}" for n in ("01", "02", "04", "06", "07", "08", "09", "11")}
    assert {e["id"] for e in examples("accounting")} == named


# ------------------------------------------------------------------------- dedupe and sizing


def test_ded_01_an_id_is_a_hash_over_the_decision() -> None:
    """DEC-18 and DEC-32: the behaviour binds, the hash is ours."""
    given = one("DED-01")["input"]
    symbol = symbol_from(given["symbol"])

    def named(qty: str, start: str = "") -> ClientId:
        cycle = CycleId(given["cycle_id"])
        price = d(given["price"])
        return client_id(
            "btcb", start, (cycle, symbol, Side.BUY, OrderType.LIMIT, d(qty), price, 0)
        )

    assert named(given["qty"]) == named("0.00100")
    assert named(given["qty"]) != named("0.002")
    assert len({named(given["qty"], start) for start in ("", "one start", "another")}) == 3
    assert len(named(given["qty"])) == 36


def test_ded_05_the_same_intent_twice_in_a_cycle_is_sent_once() -> None:
    expect = one("DED-05")["expect"]
    cycle = judge(replace(a_cycle(quotes=(quote(),)), signals=(a_signal(), a_signal())))
    first = plan(cycle)
    assert len(first.intents) == expect["exchange_posts"]
    loose = replace(first, policy=a_policy(limits=LimitPolicy(max_open_orders_per_symbol=9)))
    second = plan(replace(loose, signals=(a_signal(),), decisions=()))
    assert [decision.reason for decision in second.decisions] == [Reason.DUPLICATE]


def test_siz_01_size_from_notional() -> None:
    given, expect = one("SIZ-01")["input"], one("SIZ-01")["expect"]["out"]
    pair = rules(tick=given["rules"]["tick"], step="0.00000001", least=given["rules"]["min_total"])
    sized = [size(pair, Side.BUY, d(p), d(n) / d(p), ZERO) for n, p in given["cases"]]
    ok = sized[0]
    assert [ok.price, ok.qty, ok.notional_try] == [d(text) for text in expect[0][1:]]
    assert [s.problem for s in sized] == [
        None,
        Reason.MIN_NOTIONAL,
        Reason.MIN_NOTIONAL,
        Reason.NON_POSITIVE_AFTER_QUANTIZE,
    ]


# ---------------------------------------------------------------------- execution.cancel_stale


@pytest.mark.parametrize(("age_s", "is_canceled"), [(120, False), (121, True)])
def test_can_02_an_order_as_old_as_its_time_to_live_is_not_stale(
    age_s: int, is_canceled: bool
) -> None:
    assert one("CAN-02")["input"] == {"ttl": 120, "age": 120}
    cycle = expire(a_cycle(orders=(an_order(rests_since_s=-age_s),)))
    assert bool(cycle.cancels) is is_canceled


def test_can_03_a_second_pass_does_not_cancel_again() -> None:
    cycle = expire(a_cycle(orders=(an_order(rests_since_s=-121),)))
    asked = _hear_cancel(cycle, AnswerKind.ACKED)
    again = expire(replace(asked, cancels=()))
    assert len(cycle.cancels) + len(again.cancels) == one("CAN-03")["expect"]["exchange_cancels"]


def test_can_04_a_cancel_without_answer_and_an_absent_order_stay_unresolved() -> None:
    """The example's `unknown` is our `missing`: frozen, asked for again, never guessed (DEC-16)."""
    cycle = expire(a_cycle(orders=(an_order(rests_since_s=-121),), quotes=(quote(),)))
    asked = _hear_cancel(cycle, AnswerKind.UNKNOWN)
    absent = reconcile(replace(asked, heard=Heard(absent=(ClientId("c1"),))))
    assert absent.carried.orders[ClientId("c1")].status is OrderStatus.MISSING
    assert judge(absent).verdict.blocked == {BTC: Reason.UNKNOWN_ORDER}


def test_can_05_a_dry_run_cancels_on_paper() -> None:
    """DEC-32: the paper exchange takes the cancel; nothing but the port differs from live."""
    cycle = expire(a_cycle(orders=(an_order(rests_since_s=-121),)))
    assert len(cycle.cancels) == one("CAN-05")["expect"]["count"]


def _hear_cancel(cycle: Cycle, kind: AnswerKind) -> Cycle:
    answer = Answer(verb=Verb.CANCEL, kind=kind, client_id=ClientId("c1"), at=at())
    return reconcile(replace(cycle, heard=Heard(answers=(answer,))))


# -------------------------------------------------------------------------------------- config


@pytest.mark.parametrize("name", ["CFG-01", "CFG-02", "CFG-03", "CFG-05"])
def test_cfg_symbols_are_read_in_every_usual_spelling(name: str) -> None:
    example = one(name)
    loaded = load(environment={"SYMBOLS": example["input"]["SYMBOLS"]})
    assert list(loaded.settings.symbols) == example["expect"]["symbols"]


def test_cfg_10_negative_caps_are_refused_all_at_once() -> None:
    example = one("CFG-10")
    with pytest.raises(ConfigError) as refused:
        load(environment={k: str(v) for k, v in example["input"].items()})
    named = {problem.split(":")[0] for problem in refused.value.problems}
    assert named == set(example["expect"]["error_fields"])


def test_cfg_11_an_unknown_warn_code_fails_at_load() -> None:
    with pytest.raises(ConfigError, match=one("CFG-11")["expect"]["error"]):
        load(environment=one("CFG-11")["input"])


def test_cfg_12_targets_that_nearly_add_up_are_made_to() -> None:
    example = one("CFG-12")
    loaded = load(environment=_targets(example))
    weights = {k: str(v) for k, v in loaded.settings.policy().portfolio.targets.items()}
    assert weights == example["expect"]["weights"]


def test_cfg_13_targets_that_do_not_add_up_are_refused() -> None:
    example = one("CFG-13")
    with pytest.raises(ConfigError, match=example["expect"]["error"]):
        load(environment=_targets(example))


def _targets(example: Example) -> dict[str, str]:
    given = example["input"]
    targets: str = given["PORTFOLIO_TARGETS"]
    return {"PORTFOLIO_TARGETS": targets, "SYMBOLS": ",".join(given["universe"])}


def test_cfg_14_the_first_entry_is_raised_to_the_minimum() -> None:
    example = one("CFG-14")
    policy = load(environment=example["input"]).settings.policy()
    raised = example["expect"]["STAGE5_BOOTSTRAP_NOTIONAL_TRY"]
    assert policy.mean_reversion.first_entry_try == d(raised)
