"""The plan under a risk budget: what is refused, what is made smaller, what always has a way."""

import msgspec
import pytest

from btcbot_core.cycle.budgeted import judge
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.plan import plan
from btcbot_core.cycle.renewing import renew
from btcbot_core.cycle.steps import judge as judge_without_budget
from btcbot_core.cycle.steps import mark
from btcbot_core.domain.account import Portfolio
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import Action
from btcbot_core.domain.policy import LimitPolicy, Policy, RiskPolicy
from btcbot_core.domain.trading import Side, Signal
from tests.build import BTC, a_cycle, a_position, a_signal, accounts, an_order, d, quote

replace = msgspec.structs.replace
ROOMY = LimitPolicy(max_notional_per_cycle_try=d("1000000"))


def a_planned(
    *signals: Signal,
    risk: RiskPolicy | None = None,
    limits: LimitPolicy = ROOMY,
    free: str = "5",
    under_budget: bool = True,
) -> Cycle:
    """A plan over 100 coins that are held, of which so many are free to sell."""
    cycle = a_cycle(
        quotes=(quote(bid="10", ask="10"),),
        balances=accounts(TRY="100000", BTC=free),
        policy=Policy(limits=limits, risk=risk or RiskPolicy()),
    )
    held = Portfolio(equity_try=d("100000"), positions={BTC: a_position(qty="100", mark="10")})
    cycle = replace(mark(cycle), portfolio=held, signals=signals)
    return plan(judge(cycle) if under_budget else judge_without_budget(cycle))


def told(cycle: Cycle) -> list[tuple[Action, Reason]]:
    return [(decision.action, decision.reason) for decision in cycle.decisions]


def a_sell(qty: str, reason: Reason = Reason.STOP_LOSS) -> Signal:
    return a_signal(side=Side.SELL, qty=qty, price="10", reason=reason)


def test_a_sell_is_made_as_small_as_what_is_free() -> None:
    cycle = a_planned(a_sell("7"))
    assert [i.qty for i in cycle.intents] == [d("5")]
    assert told(cycle)[0] == (Action.CAP, Reason.FREE_QTY)


def test_two_sells_do_not_sell_the_same_coins() -> None:
    limits = replace(ROOMY, max_open_orders_per_symbol=9)
    cycle = a_planned(a_sell("4"), a_sell("4"), limits=limits, free="6")
    assert [i.qty for i in cycle.intents] == [d("4"), d("2")]


def test_what_is_not_free_at_all_is_refused() -> None:
    assert told(a_planned(a_sell("7"), free="0")) == [(Action.BLOCK, Reason.NO_INVENTORY)]


def test_without_a_budget_a_sell_of_too_much_is_refused_as_before() -> None:
    cycle = a_planned(a_sell("7"), under_budget=False)
    assert told(cycle) == [(Action.BLOCK, Reason.NO_INVENTORY)]


@pytest.mark.parametrize(("ours", "sold"), [(None, "3"), (d("20"), "2")])
def test_an_exit_goes_in_slices_where_an_entry_would_be_refused(ours: object, sold: str) -> None:
    risk = RiskPolicy(max_order_notional_try=d("30"))
    limits = replace(ROOMY, max_notional_per_order_try=ours)
    cycle = a_planned(a_sell("5"), risk=risk, limits=limits)
    assert [i.qty for i in cycle.intents] == [d(sold)]
    buy = a_planned(a_signal(qty="5", price="10"), risk=risk)
    assert told(buy) == [(Action.BLOCK, Reason.MAX_ORDER_NOTIONAL)]


def test_a_buy_takes_room_from_the_next_one() -> None:
    risk = RiskPolicy(max_positions_try=d("1060"), max_gross_exposure_try=d("100000"))
    limits = replace(ROOMY, max_open_orders_per_symbol=9)
    first, second = a_signal(qty="4", price="10"), a_signal(qty="3", price="10")
    cycle = a_planned(first, second, risk=risk, limits=limits)
    assert [i.qty for i in cycle.intents] == [d("4")]
    assert cycle.decisions[-1].reason is Reason.MAX_POSITION_NOTIONAL
    assert (cycle.decisions[-1].observed, cycle.decisions[-1].limit) == (d("30"), d("20"))


def test_the_limit_of_all_exposure_holds_where_that_of_positions_is_wider() -> None:
    risk = RiskPolicy(max_positions_try=d("100000"), max_gross_exposure_try=d("1060"))
    limits = replace(ROOMY, max_open_orders_per_symbol=9)
    first, second = a_signal(qty="4", price="10"), a_signal(qty="3", price="10")
    cycle = a_planned(first, second, risk=risk, limits=limits)
    assert [i.qty for i in cycle.intents] == [d("4")]
    assert cycle.decisions[-1].reason is Reason.MAX_GROSS_EXPOSURE


def test_exposure_over_its_limit_leaves_no_room_and_not_less_than_none() -> None:
    risk = RiskPolicy(max_positions_try=d("10"), max_gross_exposure_try=d("100000"))
    (decision,) = a_planned(a_signal(qty="4", price="10"), risk=risk).decisions
    assert (decision.reason, decision.limit) == (Reason.MAX_POSITION_NOTIONAL, d("0"))


def test_a_cancel_frees_a_slot_in_all_but_not_on_its_own_pair() -> None:
    limits = LimitPolicy(max_open_orders=1, cooldown_s=0)
    old = an_order("old", rests_since_s=-121)
    pairs = ("BTCTRY", "ETHTRY")
    cycle = a_cycle(pairs, tuple(quote(s) for s in pairs), (old,), Policy(limits=limits))
    wishes = (a_signal("BTCTRY", Side.SELL), a_signal("ETHTRY"))
    after = plan(renew(replace(judge(mark(cycle)), signals=wishes)))
    assert [i.symbol for i in after.intents] == ["ETHTRY"]
    assert Reason.MAX_OPEN_ORDERS_PER_SYMBOL in {decision.reason for decision in after.decisions}
