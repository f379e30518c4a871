"""Anomalies: what is odd, what is not, and what cannot be told."""

import msgspec
import pytest

from btcbot_core.cycle.cycle import Cycle, Heard, Vitals
from btcbot_core.cycle.steps import book, mark
from btcbot_core.cycle.watching import detect
from btcbot_core.domain.account import Accounts
from btcbot_core.domain.codes import AnomalyCode, Severity
from btcbot_core.domain.ids import CycleId
from btcbot_core.domain.policy import AnomalyPolicy
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import OrderStatus
from btcbot_core.ledger.book import Ledger
from btcbot_core.ledger.compare import divergence_try, gaps, mismatches
from btcbot_core.ledger.journal import fill_entries
from btcbot_core.ledger.lots import add_lot
from btcbot_core.risk.anomalies import Anomaly, AnomalyFacts, anomalies
from tests.build import BTC, TRY, a_cycle, a_fill, a_view, accounts, an_order, at, d, quote, rules

replace = msgspec.structs.replace
ETH = Symbol("ETHTRY")
HELD = Ledger(quote=TRY, seq=3, cash_try=d("500"), capital_try=d("600"))
HELD = replace(HELD, holdings={BTC: add_lot(HELD.holding(BTC), d("1"), d("100"))})


def a_compared(balances: Accounts, mismatch_cycles: int = 0, since_s: int = 60) -> Cycle:
    """A cycle whose ledger holds 500 TRY and 1 BTC at 100, against these balances."""
    cycle = a_cycle(quotes=(quote(bid="100", ask="100"),), balances=balances, ledger=HELD)
    since = at(-since_s) if mismatch_cycles else None
    carried = replace(cycle.carried, mismatch_cycles=mismatch_cycles, mismatch_since=since)
    return detect(mark(replace(cycle, carried=carried)))


def told(cycle: Cycle) -> list[tuple[AnomalyCode, Severity, str, str]]:
    return [(a.code, a.severity, a.observed, a.about) for a in cycle.anomalies]


def test_books_that_agree_are_not_odd() -> None:
    assert told(a_compared(accounts(TRY="500", BTC="1"))) == []


def test_coins_for_cash_are_worth_the_same_and_still_a_mismatch() -> None:
    """A hand that sold beside us: equity is right, each balance is wrong."""
    assert told(a_compared(accounts(TRY="600", BTC="0"))) == [
        (AnomalyCode.BALANCE_MISMATCH, Severity.WARN, "100", "TRY")
    ]


def test_a_mismatch_that_lasts_is_an_error() -> None:
    cycle = a_compared(accounts(TRY="450", BTC="1"), mismatch_cycles=2)
    assert (AnomalyCode.BALANCE_MISMATCH, Severity.ERROR, "-50", "TRY") in told(cycle)
    assert (AnomalyCode.PNL_DIVERGENCE, Severity.WARN, "50", "") in told(cycle)
    assert cycle.carried.mismatch_cycles == 3


@pytest.mark.parametrize(("since_s", "is_error"), [(29, False), (30, True)])
def test_short_cycles_make_no_mismatch_an_error_sooner(since_s: int, is_error: bool) -> None:
    """The list of trades may lag behind the balances for some seconds (API.md §5)."""
    cycle = a_compared(accounts(TRY="450", BTC="1"), mismatch_cycles=20, since_s=since_s)
    severities = {a.severity for a in cycle.anomalies if a.code is AnomalyCode.BALANCE_MISMATCH}
    assert severities == {Severity.ERROR if is_error else Severity.WARN}


def test_a_trade_that_the_exchange_counts_and_does_not_list_yet_explains_a_mismatch() -> None:
    cycle = mark(a_cycle(quotes=(quote(),), balances=accounts(TRY="1"), ledger=HELD))
    orders = {order.client_id: order for order in (an_order(filled="0.1"),)}
    seen = Heard(views=(a_view(left="0.8"),))
    cycle = replace(cycle, heard=seen, carried=replace(cycle.carried, orders=orders))
    assert detect(cycle).carried.mismatch_cycles == 0


def test_a_mismatch_that_ends_is_forgotten() -> None:
    cycle = a_compared(accounts(TRY="500", BTC="1"), mismatch_cycles=2)
    assert cycle.carried.mismatch_cycles == 0


def test_while_trades_come_in_the_comparison_tells_nothing() -> None:
    cycle = mark(a_cycle(quotes=(quote(),), balances=accounts(TRY="1"), ledger=HELD))
    assert detect(cycle).carried.mismatch_cycles == 1
    booked = tuple(fill_entries((a_fill(),), CycleId("c"), ()))
    moved = detect(replace(cycle, ledger_events=booked))
    assert told(moved) == []
    assert moved.carried.mismatch_cycles == 0


def test_rounding_of_the_exchange_is_no_mismatch() -> None:
    pair = {BTC: rules(step="0.0001")}
    found = gaps(HELD, accounts(TRY="500.90", BTC="1.0001"), pair, {BTC: d("100000")})
    assert found is not None
    assert mismatches(found, d("1")) == {}
    assert mismatches(found, d("0.5")) == {TRY: d("0.90")}
    assert divergence_try(found) == d("10.90")


def test_what_cannot_be_valued_or_compared_is_left_out() -> None:
    assert gaps(HELD, {}, {BTC: rules()}, {BTC: d("100")}) is None
    assert gaps(Ledger(quote=TRY), accounts(TRY="1"), {}, {}) is None
    assert gaps(HELD, accounts(TRY="500"), {BTC: rules()}, {}) == ()


def test_a_pair_that_lost_its_price_is_stale_and_one_that_never_had_one_is_not() -> None:
    cycle = a_cycle(("BTCTRY", "ETHTRY"), (quote(),))
    assert told(detect(mark(cycle))) == []
    known = replace(cycle.carried, marks={ETH: d("50")})
    assert told(detect(mark(replace(cycle, carried=known)))) == [
        (AnomalyCode.STALE_MARKET_DATA, Severity.WARN, "none", "ETHTRY")
    ]


@pytest.mark.parametrize(("age_s", "is_odd"), [(30, False), (31, True)])
def test_data_are_stale_when_they_are_older_than_the_limit(age_s: int, is_odd: bool) -> None:
    found = detect(mark(a_cycle(quotes=(quote(age_s=age_s),)))).anomalies
    assert [a.code for a in found] == [AnomalyCode.STALE_MARKET_DATA] * is_odd


def test_what_the_runner_measured_becomes_anomalies() -> None:
    vitals = Vitals(
        exchange_latency_ms=2500, clock_skew_s=d("-31"), rate_limited=True, cursor_stalls=5
    )
    found = detect(replace(a_cycle(), vitals=vitals)).anomalies
    assert [a.code for a in found] == [
        AnomalyCode.EXCHANGE_LATENCY_SPIKE,
        AnomalyCode.CURSOR_STALL,
        AnomalyCode.CLOCK_SKEW,
        AnomalyCode.RATE_LIMITED,
    ]
    assert {a.severity for a in found} == {Severity.WARN}


def test_a_check_that_is_turned_off_says_nothing() -> None:
    facts = AnomalyFacts(latency_ms=10**6)
    assert anomalies(facts, AnomalyPolicy(latency_ms=None)) == ()


def test_each_code_comes_once_with_the_worst() -> None:
    facts = AnomalyFacts(data_age_s={BTC: d("40"), ETH: d("50")})
    assert anomalies(facts, AnomalyPolicy()) == (
        Anomaly(AnomalyCode.STALE_MARKET_DATA, Severity.WARN, "50", "30", "ETHTRY"),
    )


def test_an_intent_that_a_crash_left_behind_is_an_order_of_unknown_outcome() -> None:
    left = an_order("c1", OrderStatus.PLANNED, exchange_id=None)
    assert told(detect(a_cycle(orders=(left,)))) == [
        (AnomalyCode.UNKNOWN_ORDER, Severity.WARN, "0", "BTCTRY")
    ]


def test_the_cursor_moves_with_trades_and_with_complete_looks() -> None:
    lookback_s = a_cycle().policy.lifecycle.fills_lookback_s
    heard = Heard(fills=(a_fill(),), asked=(BTC, ETH))
    seen = book(replace(a_cycle(), heard=heard)).carried.fills_seen
    assert seen == {BTC: at(), ETH: at(-lookback_s)}
    assert book(a_cycle()).carried.fills_seen == {}
