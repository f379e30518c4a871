"""Resting orders: which are cancelled, which replaced, and when a rest is ordered."""

import msgspec
import pytest

from btcbot_core.cycle.budgeted import judge, propose
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.plan import plan
from btcbot_core.cycle.renewing import renew
from btcbot_core.cycle.steps import mark
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.ids import ClientId
from btcbot_core.domain.policy import LifecyclePolicy, LimitPolicy, Policy, RiskPolicy
from btcbot_core.domain.trading import Order, OrderStatus, OrderType, Side, Signal
from btcbot_core.oms.cursor import fills_since, moved
from btcbot_core.oms.lifecycle import drift_bps, is_near_duplicate
from btcbot_core.oms.replacing import Progress, Replacement, progress
from btcbot_core.risk.degrade import Degrade
from tests.build import BTC, a_cycle, a_fill, a_signal, an_order, at, d, quote

replace = msgspec.structs.replace
OLD = ClientId("old")
WISH = a_signal(qty="1", price="110")
AWAY = quote(bid="110", ask="110")
"""A price that has left an order at 100 behind."""


def a_renewed(
    orders: tuple[Order, ...] = (),
    signals: tuple[Signal, ...] = (),
    replacements: tuple[Replacement, ...] = (),
    policy: Policy | None = None,
    **changes: object,
) -> Cycle:
    cycle = a_cycle(quotes=(AWAY,), orders=orders, policy=policy or Policy())
    carried = replace(cycle.carried, replacements=replacements)
    judged = judge(mark(replace(cycle, carried=carried, **changes)))
    return renew(replace(judged, signals=signals))


def a_replacement(since_step: int = 1, wish: Signal = WISH) -> Replacement:
    return Replacement(old=(OLD,), wish=wish, since_step=since_step)


def told(cycle: Cycle) -> list[tuple[str, Reason]]:
    return [(decision.action.value, decision.reason) for decision in cycle.decisions]


def test_a_stale_order_without_a_wish_is_only_cancelled() -> None:
    cycle = a_renewed((an_order("old"),))
    assert told(cycle) == [("cancel", Reason.DRIFTED)]
    assert cycle.carried.replacements == ()


def test_a_stale_order_with_a_wish_is_replaced_and_the_wish_waits() -> None:
    cycle = a_renewed((an_order("old"),), (WISH,))
    assert told(cycle) == [("cancel", Reason.REPLACED)]
    assert cycle.signals == ()
    assert cycle.carried.replacements == (a_replacement(),)


def test_a_wish_for_the_other_side_replaces_nothing() -> None:
    sell = a_signal(side=Side.SELL)
    cycle = a_renewed((an_order("old"),), (sell,))
    assert told(cycle) == [("cancel", Reason.DRIFTED)]
    assert cycle.signals == (sell,)


def test_where_the_mode_forbids_the_side_nothing_is_replaced() -> None:
    cycle = a_cycle(quotes=(AWAY,), orders=(an_order("old"),))
    carried = replace(cycle.carried, degrade=Degrade(level=1))
    judged = judge(mark(replace(cycle, carried=carried)))
    after = renew(replace(judged, signals=(WISH,)))
    assert [c.decision.reason for c in after.cancels] == [Reason.DRIFTED]
    assert after.carried.replacements == ()


@pytest.mark.parametrize(
    "risk", [RiskPolicy(replace_budget_try=d("209.9")), RiskPolicy(max_gross_exposure_try=d("200"))]
)
def test_a_replacement_that_could_come_to_too_much_is_refused_and_the_old_order_goes(
    risk: RiskPolicy,
) -> None:
    cycle = a_renewed((an_order("old"),), (WISH,), policy=Policy(risk=risk))
    assert told(cycle) == [("block", Reason.REPLACE_EXPOSURE), ("cancel", Reason.DRIFTED)]
    assert cycle.signals == ()
    assert cycle.carried.replacements == ()


def test_a_second_wish_on_the_side_waits_for_the_rest() -> None:
    asked = an_order("old", OrderStatus.CANCEL_REQUESTED)
    cycle = a_renewed((asked,), (WISH,), (a_replacement(),))
    assert told(cycle) == [("block", Reason.REPLACE_WAITS)]
    assert cycle.signals == ()
    assert cycle.carried.replacements == (a_replacement(),)


def test_when_the_old_order_is_gone_its_rest_is_wished_for_at_the_price_of_now() -> None:
    gone = an_order("old", OrderStatus.CANCELED, qty="3", filled="1")
    cycle = a_renewed((gone,), (), (a_replacement(),))
    assert [(s.qty, s.price, s.reason) for s in cycle.signals] == [(d("2"), d("110"), WISH.reason)]
    assert cycle.carried.replacements == (a_replacement(),)
    placed = plan(cycle)
    assert [i.qty for i in placed.intents] == [d("2")]
    assert placed.carried.replacements == ()


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (an_order("old", OrderStatus.FILLED, filled="1"), Reason.REPLACE_OVER),
        (an_order("old", OrderStatus.CANCELED, filled="0.95"), Reason.REPLACE_OVER),
        (an_order("old", OrderStatus.UNKNOWN_CLOSED), Reason.REPLACE_EXPIRED),
        (an_order("another"), Reason.REPLACE_EXPIRED),
    ],
    ids=["filled", "dust", "gone without a trace", "forgotten"],
)
def test_a_replacement_ends_where_nothing_is_left_or_nobody_knows(
    order: Order, reason: Reason
) -> None:
    calm = Policy(lifecycle=LifecyclePolicy(drift_bps=d("10000")))
    cycle = a_renewed((order,), (), (a_replacement(),), calm)
    assert [decision.reason for decision in cycle.decisions] == [reason]
    assert (cycle.signals, cycle.carried.replacements) == ((), ())


def test_a_replacement_is_given_up_after_so_many_cycles() -> None:
    waiting = {OLD: an_order("old", OrderStatus.CANCEL_REQUESTED)}
    states = [progress(a_replacement(), waiting, step, 10)[0] for step in (2, 11, 12)]
    assert states == [Progress.WAITS, Progress.WAITS, Progress.EXPIRED]


def test_the_rest_of_several_old_orders_is_one() -> None:
    both = Replacement(old=(OLD, ClientId("x")), wish=WISH, since_step=1)
    orders = {
        OLD: an_order("old", OrderStatus.CANCELED, qty="2", filled="1.5"),
        ClientId("x"): an_order("x", OrderStatus.REJECTED),
    }
    assert progress(both, orders, 2, 10) == (Progress.READY, d("1.5"))


def test_a_kill_ends_every_replacement() -> None:
    gone = an_order("old", OrderStatus.CANCELED)
    cycle = a_renewed((gone,), (), (a_replacement(),), is_killed=True)
    assert (cycle.signals, cycle.carried.replacements) == ((), ())


def test_a_stale_order_does_not_silence_its_own_strategy() -> None:
    """Whether it is still wished for decides whether it is replaced."""
    drifted, fresh = (
        a_cycle(quotes=(AWAY,), orders=(an_order(),)),
        a_cycle(quotes=(quote(bid="100", ask="100"),), orders=(an_order(),)),
    )
    assert [s.side for s in propose(mark(drifted)).signals] == [Side.BUY]
    assert [x.reason for x in propose(mark(fresh)).decisions] == [Reason.HOLD_OPEN_ORDER]


def test_an_old_price_leaves_no_order_behind() -> None:
    cycle = a_cycle(quotes=(replace(AWAY, at=at(-60)),), orders=(an_order("old"),))
    assert renew(judge(mark(cycle))).cancels == ()


def test_what_cannot_fill_yet_or_has_no_price_does_not_drift() -> None:
    for order in (
        an_order(rests_since_s=None),
        an_order(status=OrderStatus.CANCEL_REQUESTED),
        replace(an_order(), type=OrderType.MARKET),
    ):
        assert drift_bps(order, d("110")) is None


def test_a_copy_is_measured_by_what_is_left() -> None:
    half = an_order(qty="2", filled="1")
    assert is_near_duplicate(half, d("100"), d("1"), LifecyclePolicy())
    assert not is_near_duplicate(half, d("100"), d("2"), LifecyclePolicy())
    assert not is_near_duplicate(an_order(filled="1"), d("100"), d("1"), LifecyclePolicy())


def test_a_copy_of_a_resting_order_is_not_placed() -> None:
    limits = LimitPolicy(max_open_orders_per_symbol=9, cooldown_s=0)
    calm = LifecyclePolicy(drift_bps=d("10000"))
    resting = an_order("old")
    copy = a_signal(qty="1", price="100")
    cycle = a_renewed((resting,), (copy,), policy=Policy(limits=limits, lifecycle=calm))
    placed = plan(cycle)
    assert placed.intents == ()
    assert placed.decisions[-1].reason is Reason.NEAR_DUPLICATE


def test_trades_are_asked_for_from_behind_the_newest_one_seen() -> None:
    assert fills_since(at(100), None, at(9000), 60) == at(40)
    assert fills_since(at(100), at(10), at(9000), 60) == at(10)
    assert fills_since(at(3600), None, at(100), 60) == at(100 - 86_400)  # it was set back since
    assert moved({BTC: at(500)}, (a_fill(),), (BTC,), at(600), 60) == {BTC: at(540)}
