"""Allocation: what each wish gets, what is refused, and in whose favour."""

from decimal import Decimal

import msgspec
import pytest

from btcbot_core.cycle.budgeted import allocate, judge
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.plan import plan
from btcbot_core.cycle.steps import mark
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.policy import (
    AllocationPolicy,
    LimitPolicy,
    Policy,
    RiskPolicy,
    UsageMode,
)
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Order, OrderStatus, Side
from btcbot_core.ledger.book import Ledger
from btcbot_core.strategy.allocation import Allocation, Means, deployable, divide, one_per_pair
from tests.build import BTC, TRY, a_cycle, a_position, a_signal, accounts, an_order, d, quote, rules

replace = msgspec.structs.replace
PAIRS = tuple(Symbol(s) for s in ("AATRY", "BBTRY", "CCTRY"))
NO_TARGET = AllocationPolicy(cash_max_try=None, fee_buffer_bps=ZERO)


def means(**more: object) -> Means:
    """A thousand to deploy, coarse steps, and no other limit."""
    base = Means(
        deploy_try=d("1000"),
        cycle_try=Decimal(10**9),
        rules={pair: rules(pair, tick="1", step="0.01") for pair in (*PAIRS, BTC)},
        min_notional_try=d("10"),
    )
    return replace(base, **more)


def told(granted: Allocation) -> list[tuple[str, Reason]]:
    return [(decision.action.value, decision.reason) for decision in granted.decisions]


def bought(granted: Allocation) -> dict[str, Decimal]:
    return {s.symbol: s.qty * (s.price or ZERO) for s in granted.signals}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (NO_TARGET, "1000"),
        (replace(NO_TARGET, usage=UsageMode.FRACTION, usage_ratio=d("0.5")), "500"),
        (replace(NO_TARGET, usage=UsageMode.CAP, max_per_cycle_try=d("300")), "300"),
        (replace(NO_TARGET, cash_max_try=d("600")), "300"),
        (replace(NO_TARGET, cash_max_try=d("100")), "0"),
        (replace(NO_TARGET, fee_buffer_bps=d("2500")), "800"),
    ],
)
def test_what_may_be_deployed(policy: AllocationPolicy, expected: str) -> None:
    assert deployable(d("1000"), d("300"), policy, ZERO) == d(expected)


def test_the_fee_that_will_be_paid_is_set_aside_even_where_the_buffer_is_smaller() -> None:
    assert deployable(d("1001"), ZERO, NO_TARGET, d("10")) == d("1000")
    assert deployable(d("-5"), ZERO, NO_TARGET, ZERO) == ZERO


def test_the_larger_wish_goes_first_and_the_next_gets_the_rest() -> None:
    wishes = (a_signal("AATRY", qty="3"), a_signal("BBTRY", qty="9"))
    granted = divide(one_per_pair(wishes).signals, means())
    assert bought(granted) == {"BBTRY": d("900"), "AATRY": d("100")}
    assert told(granted) == [("cap", Reason.ALLOCATED_CASH)]


def test_what_lowers_risk_goes_before_what_raises_it() -> None:
    wishes = (
        a_signal("AATRY", Side.BUY, "9"),
        a_signal("BBTRY", Side.SELL, "1"),
        a_signal("AATRY", Side.SELL, "1"),
    )
    chosen = one_per_pair(wishes)
    assert [(s.symbol, s.side.value) for s in chosen.signals] == [
        ("AATRY", "sell"),
        ("BBTRY", "sell"),
    ]
    assert told(chosen) == [("block", Reason.ALLOCATION_PAIR_TAKEN)]


def test_a_wish_under_the_minimum_is_raised_where_there_is_room() -> None:
    granted = divide((a_signal("AATRY", qty="0.05"),), means())
    assert bought(granted) == {"AATRY": d("10")}
    assert told(granted) == [("cap", Reason.ALLOCATED_UP)]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"deploy_try": d("9.99")}, Reason.CASH_RESERVE),
        ({"cycle_try": d("9.99")}, Reason.ALLOCATION_TOO_SMALL),
        ({"order_try": d("9.99")}, Reason.ALLOCATION_TOO_SMALL),
        ({"pair_try": d("100"), "exposure": {PAIRS[0]: d("95")}}, Reason.ALLOCATION_TOO_SMALL),
    ],
)
def test_a_wish_that_no_limit_lets_reach_the_minimum_is_refused(
    limits: dict[str, object], reason: Reason
) -> None:
    granted = divide((a_signal("AATRY", qty="5"),), means(**limits))
    assert granted.signals == ()
    assert told(granted) == [("block", reason)]


def test_a_quantity_that_rounding_takes_under_the_minimum_is_raised_by_a_step() -> None:
    """10 TRY at 3 are 3.33 coins, worth 9.99: it takes 3.34."""
    known = {PAIRS[0]: rules("AATRY", tick="1", step="0.01")}
    granted = divide((a_signal("AATRY", qty="3.334", price="3"),), means(rules=known))
    assert [s.qty for s in granted.signals] == [d("3.34")]


def test_no_more_is_sold_than_is_held() -> None:
    held = {BTC: a_position(qty="2")}
    granted = divide((a_signal(side=Side.SELL, qty="5"),), means(positions=held))
    assert [s.qty for s in granted.signals] == [d("2")]
    assert told(granted) == [("cap", Reason.ALLOCATED_HELD)]
    none = divide((a_signal("AATRY", Side.SELL, "5"),), means(positions=held))
    assert told(none) == [("block", Reason.ALLOCATION_NO_POSITION)]


def test_a_wish_without_price_or_rules_is_left_to_the_plan() -> None:
    wishes = (a_signal("ZZTRY", qty="5"), a_signal("AATRY", price=None))
    assert divide(wishes, means()) == Allocation(wishes, ())


def a_judged(cash: str, orders: tuple[Order, ...] = (), risk: RiskPolicy | None = None) -> Cycle:
    """A cycle of two pairs at 100, with so much cash in the books and at the exchange."""
    limits = LimitPolicy(max_notional_per_cycle_try=d("9999"))
    policy = Policy(allocation=NO_TARGET, limits=limits, risk=risk or RiskPolicy())
    quotes = tuple(quote(s, bid="100", ask="100") for s in PAIRS[:2])
    ledger = Ledger(quote=TRY, seq=1, cash_try=d(cash), capital_try=d(cash))
    cycle = a_cycle(PAIRS[:2], quotes, orders, policy, accounts(TRY=cash), ledger)
    return judge(mark(cycle))


def test_a_wish_that_will_be_refused_takes_no_money_from_another() -> None:
    frozen = an_order("c1", OrderStatus.UNKNOWN, symbol="AATRY", side=Side.SELL)
    held = {pair: a_position(pair, qty="9") for pair in PAIRS[:2]}
    cycle = a_judged("1000", (frozen,))
    cycle = replace(cycle, portfolio=replace(cycle.portfolio, positions=held))
    wishes = (a_signal("AATRY", Side.SELL, "10"), a_signal("BBTRY", Side.SELL, "10"))
    granted = {s.symbol: s.qty for s in allocate(replace(cycle, signals=wishes)).signals}
    assert granted == {PAIRS[0]: d("10"), PAIRS[1]: d("9")}


def test_no_pair_is_bought_beyond_its_share_of_equity() -> None:
    wish = a_signal("AATRY", qty="9")
    rich = allocate(replace(a_judged("10000"), signals=(wish,)))
    poor = allocate(replace(a_judged("1000"), signals=(wish,)))
    assert [s.qty for s in (*rich.signals, *poor.signals)] == [d("9"), d("3")]
    assert [c.reason for c in poor.decisions] == [Reason.ALLOCATED_POSITION]


def test_open_buys_of_a_pair_count_as_its_position() -> None:
    resting = an_order("c1", symbol="AATRY", qty="2")
    cycle = a_judged("1000", (resting,))
    assert [
        s.qty for s in allocate(replace(cycle, signals=(a_signal("AATRY", qty="9"),))).signals
    ] == [d("1")]


def test_wishes_are_sized_to_what_the_budget_would_let_pass() -> None:
    """Else the plan would refuse an order whose money another wish could have used."""
    risk = RiskPolicy(max_order_notional_try=d("300"), max_gross_exposure_try=d("500"))
    cycle = a_judged("10000", risk=risk)
    wishes = (a_signal("AATRY", qty="9"), a_signal("BBTRY", qty="8"))
    after = allocate(replace(cycle, signals=wishes))
    assert [s.qty for s in after.signals] == [d("3"), d("2")]
    assert [c.reason for c in after.decisions] == [
        Reason.ALLOCATED_ORDER,
        Reason.ALLOCATED_EXPOSURE,
    ]
    assert [i.qty for i in plan(after).intents] == [d("3"), d("2")]


def test_a_cycle_without_wishes_is_left_as_it_is() -> None:
    cycle = a_judged("1000")
    assert allocate(cycle) is cycle
