"""What every exchange port must do, whichever exchange stands behind it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal

import pytest

from btcbot_core.domain.codes import Reason
from btcbot_core.domain.ids import ClientId, CycleId
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import (
    Answer,
    AnswerKind,
    Fill,
    Intent,
    Order,
    OrderStatus,
    OrderType,
    OrderView,
    Side,
    Verb,
    ViewStatus,
)
from tests.contract.wire_world import WireWorld
from tests.contract.worlds import PaperWorld, SlowCancelWorld, World

WORLDS: dict[str, Callable[[], World]] = {
    "paper": PaperWorld,
    "paper_slow_cancel": SlowCancelWorld,
    "wire": WireWorld,
}
BTCTRY = Symbol("BTCTRY")
BTC, TRY = Asset("BTC"), Asset("TRY")
D = Decimal


@pytest.fixture(params=sorted(WORLDS))
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    made = WORLDS[request.param]()
    yield made
    made.close()


def an_intent(at: datetime, side: Side, qty: str, price: str, name: str = "btcb-1") -> Intent:
    return Intent(
        client_id=ClientId(name),
        cycle_id=CycleId("c"),
        symbol=BTCTRY,
        side=side,
        price=D(price),
        qty=D(qty),
        ttl_s=60,
        reason=Reason.CONSERVATIVE_ENTRY,
        decided_at=at,
        type=OrderType.LIMIT if price != "0" else OrderType.MARKET,
    )


def send(world: World, side: Side, qty: str, price: str, name: str = "btcb-1") -> Answer:
    return world.exchange.submit(an_intent(world.now(), side, qty, price, name))


def as_order(answer: Answer, side: Side = Side.BUY, *, by_name: bool = False) -> Order:
    """The order as we would know it after this answer."""
    return Order(
        client_id=answer.client_id,
        exchange_id=None if by_name else answer.exchange_id,
        cycle_id=CycleId("c"),
        symbol=BTCTRY,
        side=side,
        price=D(9900),
        qty=D("0.1"),
        ttl_s=60,
        reason=Reason.CONSERVATIVE_ENTRY,
        status=OrderStatus.OPEN,
        created_at=answer.at,
        updated_at=answer.at,
    )


def listed(world: World) -> dict[str, OrderView]:
    return {view.exchange_id: view for view in world.exchange.open_orders(BTCTRY)}


def filled(world: World, since: datetime) -> tuple[Fill, ...]:
    return world.exchange.fills(BTCTRY, since)


def test_balances_state_free_and_locked(world: World) -> None:
    before = world.exchange.balances()
    assert (before[TRY].free, before[TRY].locked) == (D(100000), D(0))
    assert before[BTC].total == D(1)
    send(world, Side.BUY, "0.5", "9900")
    after = world.exchange.balances()
    assert after[TRY].locked == D("4958.91")
    assert after[TRY].total == D(100000)


def test_an_order_that_was_taken_is_listed_as_it_was_sent(world: World) -> None:
    answer = send(world, Side.BUY, "0.1", "9900")
    assert (answer.verb, answer.kind) == (Verb.SUBMIT, AnswerKind.ACKED)
    assert answer.exchange_id is not None
    view = listed(world)[answer.exchange_id]
    assert (view.side, view.type) == (Side.BUY, OrderType.LIMIT)
    assert (view.price, view.qty, view.left_qty) == (D(9900), D("0.1"), D("0.1"))
    assert (view.status, view.client_id) == (ViewStatus.OPEN, "btcb-1")
    assert view.symbol == BTCTRY


def test_an_order_can_be_found_by_either_id(world: World) -> None:
    answer = send(world, Side.BUY, "0.1", "9900")
    for by_name in (False, True):
        view = world.exchange.find_order(as_order(answer, by_name=by_name))
        assert view is not None
        assert view.exchange_id == answer.exchange_id


def test_an_order_nobody_sent_is_not_found(world: World) -> None:
    real = send(world, Side.BUY, "0.1", "9900")
    never = Answer(
        verb=Verb.SUBMIT,
        kind=AnswerKind.UNKNOWN,
        client_id=ClientId("btcb-never"),
        at=real.at,
        exchange_id="123456789",
    )
    assert world.exchange.find_order(as_order(never)) is None
    assert world.exchange.find_order(as_order(never, by_name=True)) is None


def test_a_marketable_order_fills_and_the_balances_move_by_just_that(world: World) -> None:
    begun = world.now()
    answer = send(world, Side.BUY, "0.1", "10100")
    world.later()
    (fill,) = filled(world, begun)
    assert fill.exchange_id == answer.exchange_id
    assert (fill.side, fill.symbol, fill.qty) == (Side.BUY, BTCTRY, D("0.1"))
    assert D(10000) <= fill.price <= D(10100)
    assert fill.fee_asset == TRY
    assert fill.fee - fill.notional_try * D("0.0018") < D("0.00000001")
    assert fill.fee >= fill.notional_try * D("0.0018")
    after = world.exchange.balances()
    assert after[TRY].total == D(100000) - fill.notional_try - fill.fee
    assert after[BTC].total == D("1.1")
    assert after[TRY].locked == 0
    view = world.exchange.find_order(as_order(answer))
    assert view is not None
    assert (view.status, view.left_qty) == (ViewStatus.CLOSED, D(0))
    assert listed(world) == {}


def test_a_sell_fill_has_positive_amounts(world: World) -> None:
    begun = world.now()
    send(world, Side.SELL, "0.1", "9900")
    world.later()
    (fill,) = filled(world, begun)
    assert fill.side is Side.SELL
    assert fill.qty == D("0.1")
    assert D(9900) <= fill.price <= D(9990)
    assert fill.fee > 0
    after = world.exchange.balances()
    assert after[TRY].total == D(100000) + fill.notional_try - fill.fee


def test_a_market_buy_spends_an_amount_of_quote_currency(world: World) -> None:
    begun = world.now()
    assert send(world, Side.BUY, "1000", "0").kind is AnswerKind.ACKED
    world.later()
    (fill,) = filled(world, begun)
    assert D(990) < fill.notional_try + fill.fee <= D(1000)


def test_an_order_away_from_the_market_rests_until_the_market_comes(world: World) -> None:
    begun = world.now()
    answer = send(world, Side.BUY, "0.1", "9900")
    world.later()
    assert filled(world, begun) == ()
    world.show("9890", "9895")
    world.later()
    (fill,) = filled(world, begun)
    assert fill.exchange_id == answer.exchange_id
    assert fill.price <= D(9900)


def test_fills_are_those_since_a_time_oldest_first_each_with_its_own_id(world: World) -> None:
    """One that is a moment older may come too: clocks differ, and its id tells it."""
    begun = world.now()
    send(world, Side.BUY, "0.1", "10100", "btcb-1")
    world.later()
    assert len(filled(world, begun)) == 1
    for _ in range(3):
        world.later()
    between = world.now()
    send(world, Side.BUY, "0.2", "10100", "btcb-2")
    world.later()
    fills = filled(world, begun)
    assert [fill.qty for fill in fills] == [D("0.1"), D("0.2")]
    assert len({fill.id for fill in fills}) == 2
    assert [fill.qty for fill in filled(world, between)] == [D("0.2")]
    assert filled(world, begun) == fills


def test_a_cancelled_order_leaves_the_list_and_frees_its_money(world: World) -> None:
    answer = send(world, Side.BUY, "0.1", "9900")
    world.later()
    cancel = world.exchange.cancel(as_order(answer))
    assert (cancel.verb, cancel.kind) == (Verb.CANCEL, AnswerKind.ACKED)
    world.later()
    assert listed(world) == {}
    assert world.exchange.balances()[TRY].locked == 0
    view = world.exchange.find_order(as_order(answer))
    assert view is not None
    assert (view.status, view.left_qty) == (ViewStatus.CANCELED, D("0.1"))


def test_a_filled_order_cannot_be_cancelled(world: World) -> None:
    answer = send(world, Side.BUY, "0.1", "10100")
    world.later()
    refused = world.exchange.cancel(as_order(answer))
    assert refused.kind is AnswerKind.REJECTED
    assert refused.message == "ORDER_COULD_NOT_BE_CANCELED"


def test_cancelling_an_order_nobody_sent_is_refused(world: World) -> None:
    answer = send(world, Side.BUY, "0.1", "9900")
    never = Answer(
        verb=Verb.SUBMIT,
        kind=AnswerKind.ACKED,
        client_id=ClientId("btcb-never"),
        at=answer.at,
        exchange_id="123456789",
    )
    refused = world.exchange.cancel(as_order(never))
    assert refused.kind is AnswerKind.REJECTED
    assert refused.message == "NO_ORDER_MATCHES_YOUR_REQUEST"


@pytest.mark.parametrize(
    ("side", "qty", "price", "message"),
    [
        (Side.BUY, "0.0001", "9900", "FAILED_MIN_TOTAL_AMOUNT"),
        (Side.BUY, "50", "9900", "FAILED_ORDER_WITH_OPEN_ORDERS"),
        (Side.SELL, "5", "10100", "FAILED_ORDER_WITH_OPEN_ORDERS"),
        (Side.BUY, "0.1", "9900.5", "FAILED_INVALID_PRICE_SCALE"),
        (Side.BUY, "0.10001", "9900", "FAILED_INVALID_QUANTITY_SCALE"),
    ],
)
def test_a_refused_order_says_why_and_leaves_no_trace(
    world: World, side: Side, qty: str, price: str, message: str
) -> None:
    before = dict(world.exchange.balances())
    refused = send(world, side, qty, price)
    assert (refused.kind, refused.message) == (AnswerKind.REJECTED, message)
    assert refused.exchange_id is None
    assert refused.code
    assert listed(world) == {}
    assert dict(world.exchange.balances()) == before


def test_one_client_id_sent_twice_is_two_orders(world: World) -> None:
    """The exchange does not protect from sending twice; that is our own store's work."""
    first = send(world, Side.BUY, "0.1", "9900")
    second = send(world, Side.BUY, "0.1", "9900")
    assert first.exchange_id != second.exchange_id
    assert len(listed(world)) == 2


def test_the_whole_account_is_listed_without_naming_a_pair(world: World) -> None:
    since = world.now()
    send(world, Side.BUY, "0.1", "10000")
    world.later()
    resting = send(world, Side.BUY, "0.1", "9900")
    assert [view.exchange_id for view in world.exchange.open_orders(None)] == [resting.exchange_id]
    assert world.exchange.fills(None, since) == filled(world, since) != ()


def test_a_pair_without_orders_has_an_empty_list(world: World) -> None:
    assert world.exchange.open_orders(BTCTRY) == world.exchange.open_orders(None) == ()
    assert filled(world, world.now()) == ()
