"""The order machine: what may follow what, and what never changes."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcbot_core.domain.errors import InvariantBrokenError
from btcbot_core.domain.ids import ClientId, CycleId
from btcbot_core.domain.policy import OrderPolicy
from btcbot_core.domain.trading import (
    TERMINAL,
    Answer,
    AnswerKind,
    Fill,
    Order,
    OrderEventKind,
    OrderStatus,
    Side,
    Verb,
    ViewStatus,
)
from btcbot_core.oms.machine import TABLE, Happening, apply, may, planned
from btcbot_core.oms.reconcile import Evidence, Reconciled, may_be_its, reconcile_orders
from tests.build import BTC, a_fill, a_view, an_intent, an_order, at

NAME = ClientId("c1")


def happening(kind: OrderEventKind, qty: str = "0", seconds: int = 0) -> Happening:
    return Happening(kind=kind, at=at(seconds), cycle_id=CycleId("c"), qty=Decimal(qty))


def test_every_status_has_its_row() -> None:
    assert set(TABLE) == {None, *OrderStatus}


@given(st.lists(st.sampled_from(list(OrderEventKind)), max_size=30))
def test_filled_and_canceled_never_change_and_filled_quantity_only_grows(
    kinds: list[OrderEventKind],
) -> None:
    order, _ = planned(an_intent(qty="1"))
    for number, kind in enumerate(kinds):
        if not may(order.status, kind):
            with pytest.raises(InvariantBrokenError):
                apply(order, happening(kind))
            continue
        before = order
        order, event = apply(
            order, happening(kind, "0.3" if kind is OrderEventKind.FILLED else "0")
        )
        assert order.filled_qty >= before.filled_qty
        assert (event.seq, event.before, event.after) == (
            before.seq + 1,
            before.status,
            order.status,
        )
        if before.status in (OrderStatus.FILLED, OrderStatus.CANCELED):
            assert order.status is before.status
        assert number < 30


def test_a_cancel_that_was_accepted_is_not_a_cancel() -> None:
    order, _ = apply(an_order(), happening(OrderEventKind.CANCEL_SENT))
    order, _ = apply(order, happening(OrderEventKind.FILLED, "1"))
    assert order.status is OrderStatus.FILLED


def test_a_fill_after_a_cancel_is_still_counted() -> None:
    order, _ = apply(an_order(), happening(OrderEventKind.CANCELED))
    order, event = apply(order, happening(OrderEventKind.FILLED, "0.4"))
    assert (order.status, order.filled_qty) == (OrderStatus.CANCELED, Decimal("0.4"))
    assert event.qty == Decimal("0.4")


def hear(order: Order, **evidence: object) -> Reconciled:
    heard = Evidence(at=at(), cycle_id=CycleId("c"), **evidence)  # type: ignore[arg-type]
    return reconcile_orders({order.client_id: order}, heard, OrderPolicy())


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (AnswerKind.ACKED, OrderStatus.OPEN),
        (AnswerKind.REJECTED, OrderStatus.REJECTED),
        (AnswerKind.NOT_SENT, OrderStatus.NOT_PLACED),
        (AnswerKind.UNKNOWN, OrderStatus.UNKNOWN),
    ],
)
def test_an_answer_to_a_submit_decides_the_status(kind: AnswerKind, status: OrderStatus) -> None:
    answer = Answer(verb=Verb.SUBMIT, kind=kind, client_id=NAME, at=at(), exchange_id="x9")
    order, _ = planned(an_intent())
    assert hear(order, answers=(answer,)).orders[NAME].status is status


@pytest.mark.parametrize("status", [OrderStatus.PLANNED, OrderStatus.UNKNOWN, OrderStatus.MISSING])
def test_an_order_that_shows_up_is_adopted_with_its_fills(status: OrderStatus) -> None:
    order = an_order(status=status, exchange_id=None)
    heard = hear(order, views=(a_view(left="0.6"),), fills=(a_fill(qty="0.4"),))
    adopted = heard.orders[NAME]
    assert (adopted.status, adopted.exchange_id) == (OrderStatus.PARTIAL, "x1")
    assert [e.kind for e in heard.events] == [OrderEventKind.ACCEPTED, OrderEventKind.FILLED]


def test_a_cancel_waits_until_its_fills_are_booked() -> None:
    canceled = a_view(status=ViewStatus.CANCELED, left="0.6")
    early = hear(an_order(), views=(canceled,))
    assert early.orders[NAME].status is OrderStatus.OPEN
    late = hear(an_order(), views=(canceled,), fills=(a_fill(qty="0.4"),))
    assert late.orders[NAME].status is OrderStatus.CANCELED


def test_an_order_of_somebody_else_changes_nothing() -> None:
    heard = hear(
        an_order(),
        views=(a_view("x7", "other"),),
        fills=(a_fill(client="other", exchange_id="x7"),),
    )
    assert heard.events == ()
    assert heard.fills == ()


def absent(order: Order, times: int, each_s: int, is_settled: bool = True) -> Order:
    """The order after it was in no list so many times."""
    orders = {order.client_id: order}
    for number in range(times):
        heard = Evidence(
            at=at(number * each_s),
            cycle_id=CycleId("c"),
            absent=(order.client_id,),
            settled=frozenset({BTC} if is_settled else ()),
        )
        orders = dict(reconcile_orders(orders, heard, OrderPolicy()).orders)
    return orders[order.client_id]


def test_an_unknown_order_is_given_up_only_by_the_rule() -> None:
    unknown = an_order(status=OrderStatus.UNKNOWN)
    assert absent(unknown, 2, 600).status is OrderStatus.UNKNOWN  # often enough it was not
    assert absent(unknown, 5, 10).status is OrderStatus.UNKNOWN  # nor long enough
    assert absent(unknown, 9, 600, is_settled=False).status is OrderStatus.UNKNOWN
    assert absent(unknown, 3, 60).status is OrderStatus.NOT_PLACED


@pytest.mark.parametrize(
    ("fill", "shown", "may_be"),
    [
        (a_fill(client=NAME, exchange_id="x7"), {}, True),
        (a_fill(client="other", exchange_id="x7"), {}, False),
        (a_fill(client=None, exchange_id="x7"), {}, True),
        (a_fill(client=None, exchange_id="x7"), {"x7": NAME}, True),
        (a_fill(client=None, exchange_id="x7"), {"x7": ClientId("other")}, False),
        (a_fill(client=None, exchange_id="x7"), {"x7": None}, False),
        (a_fill(client=None, exchange_id="x7", side=Side.SELL), {}, False),
        (a_fill(client=None, exchange_id="x7", symbol="ETHTRY"), {}, False),
    ],
)
def test_whose_a_trade_is_tells_its_name_or_that_of_its_order(
    fill: Fill, shown: dict[str, ClientId | None], may_be: bool
) -> None:
    unknown = an_order(status=OrderStatus.UNKNOWN, exchange_id=None)
    assert may_be_its(unknown, fill, shown) is may_be
    given_up = absent(unknown, 3, 60)
    assert may_be_its(given_up, fill, shown) is may_be
    missing = an_order(status=OrderStatus.MISSING, exchange_id="x1")
    assert not may_be_its(missing, fill, shown)
    never_left = an_order(status=OrderStatus.NOT_PLACED, exchange_id=None)
    assert not may_be_its(never_left, fill, shown)


def test_a_missing_order_is_never_called_canceled() -> None:
    gone = absent(an_order(), 4, 60)
    assert gone.status is OrderStatus.UNKNOWN_CLOSED
    assert gone.status in TERMINAL


def test_a_planned_order_that_nobody_knows_is_unknown_first() -> None:
    order, _ = planned(an_intent())
    assert absent(order, 1, 0).status is OrderStatus.UNKNOWN
