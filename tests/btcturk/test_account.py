"""Reading the account: complete or not at all, and never about something else than was asked."""

from datetime import timedelta

import pytest

from btcbot_core.adapters.btcturk.errors import RefusalError, UnusableAnswerError
from btcbot_core.adapters.btcturk.wire.numbers import millis_of
from btcbot_core.domain.errors import BadAnswerError, ExchangeUnavailableError
from btcbot_core.domain.symbol import Asset
from btcbot_core.domain.trading import OrderType, Side, ViewStatus
from tests.btcturk.conftest import OpenWorld
from tests.btcturk.loopback import Asked, Move, data, html, refusal
from tests.btcturk.world import BTCTRY, T0, always, an_order, order_row
from tests.build import d


def balance_row(**members: object) -> dict[str, object]:
    return {"asset": "TRY", "balance": "100", "free": "90", "locked": "10", **members}


def fill_row(number: int, millis: int, **members: object) -> dict[str, object]:
    return {
        "id": number,
        "timestamp": millis,
        "price": "10000",
        "amount": "0.1",
        "fee": "-1.5",
        "tax": "-0.3",
        "numeratorSymbol": "BTC",
        "denominatorSymbol": "TRY",
        "orderType": "buy",
        "orderId": 77,
        "orderClientId": "btcb-1",
        **members,
    }


def test_balances_are_by_asset_in_one_spelling(open_world: OpenWorld) -> None:
    world = open_world(always(data([balance_row(), balance_row(asset="Btc", free=0.5)])))
    accounts = world.account.balances()
    assert set(accounts) == {"TRY", "BTC"}
    assert (accounts[Asset("TRY")].free, accounts[Asset("TRY")].locked) == (d("90"), d("10"))
    assert accounts[Asset("BTC")].free == d("0.5")


@pytest.mark.parametrize(
    "bad",
    [
        {"free": None},
        {"free": "1,5"},
        {"free": "-1"},
        {"locked": "NaN"},
        {"asset": ""},
        {"asset": None},
        {"asset": "TRY"},
        {"asset": "T\x1b[31m"},
    ],
)
def test_one_bad_balance_spoils_them_all(open_world: OpenWorld, bad: dict[str, object]) -> None:
    world = open_world(always(data([balance_row(), balance_row(asset="BTC") | bad])))
    with pytest.raises(BadAnswerError):
        world.account.balances()


def test_open_orders_are_all_orders_of_the_pair_whoever_placed_them(open_world: OpenWorld) -> None:
    ask = order_row(id=78, type="Sell", method="STOP_LIMIT", orderClientId=None)
    world = open_world(always(data({"bids": [order_row()], "asks": [ask]})))
    bid, sell = world.account.open_orders(BTCTRY)
    assert (bid.exchange_id, bid.side, bid.client_id) == ("77", Side.BUY, "btcb-1")
    assert (sell.type, sell.client_id) == (OrderType.LIMIT, None)
    assert dict(world.asked("/api/v1/openOrders")[0].params) == {"pairSymbol": "BTCTRY"}


def test_a_members_name_in_lower_case_is_read_too(open_world: OpenWorld) -> None:
    row = order_row(pairsymbol="BTC_TRY")
    del row["pairSymbol"]
    world = open_world(always(data({"bids": [row], "asks": []})))
    assert world.account.open_orders(BTCTRY)[0].symbol == BTCTRY


def test_what_a_hand_wrote_into_a_client_id_reaches_nobody_raw(open_world: OpenWorld) -> None:
    row = order_row(orderClientId="\x1b]0;evil\x07" + "x" * 5000)
    world = open_world(always(data({"bids": [row], "asks": []})))
    name = world.account.open_orders(BTCTRY)[0].client_id
    assert name is not None
    assert name.isprintable()
    assert len(name) <= 200


BAD_ORDERS: dict[str, dict[str, object]] = {
    "unknown status": {"status": "Thinking"},
    "no status": {"status": None},
    "unknown type": {"type": "lend"},
    "unknown method": {"method": "iceberg"},
    "another pair": {"pairSymbol": "ETHTRY"},
    "no pair": {"pairSymbol": None},
    "wrong side": {"type": "sell"},
    "more left than there was": {"leftAmount": "0.2"},
    "negative left": {"leftAmount": "-0.1"},
    "no left": {"leftAmount": None},
    "no quantity": {"quantity": None, "amount": None},
    "zero quantity": {"quantity": "0", "leftAmount": "0"},
    "negative price": {"price": "-1"},
    "price is a list": {"price": ["9900"]},
    "price is NaN": {"price": "NaN"},
    "id is a float": {"id": 1e21},
    "id is zero": {"id": 0},
    "id is beyond 64 bits": {"id": 2**63},
    "time in seconds": {"updateTime": 1787525059},
}


@pytest.mark.parametrize("name", BAD_ORDERS)
def test_one_bad_order_spoils_the_list(open_world: OpenWorld, name: str) -> None:
    rows = [order_row(id=76), order_row(**BAD_ORDERS[name])]
    world = open_world(always(data({"bids": rows, "asks": []})))
    with pytest.raises(BadAnswerError):
        world.account.open_orders(BTCTRY)


def test_an_order_that_is_listed_twice_spoils_the_list(open_world: OpenWorld) -> None:
    world = open_world(always(data({"bids": [order_row(), order_row()], "asks": []})))
    with pytest.raises(BadAnswerError, match="listed twice"):
        world.account.open_orders(BTCTRY)


def test_half_a_listing_is_no_listing(open_world: OpenWorld) -> None:
    world = open_world(always(data({"bids": []})))
    with pytest.raises(BadAnswerError):
        world.account.open_orders(BTCTRY)


def test_an_order_is_looked_up_by_its_number(open_world: OpenWorld) -> None:
    row = order_row(status="Partial", leftAmount="0.04")
    world = open_world(always(data(row)))
    view = world.account.find_order(an_order("77"))
    assert view is not None
    assert (view.status, view.filled_qty) == (ViewStatus.PARTIAL, d("0.06"))
    assert world.asked("/api/v1/order/77")


@pytest.mark.parametrize("other", [{"id": 78}, {"pairSymbol": "ETHTRY"}])
def test_an_answer_about_another_order_is_not_used(
    open_world: OpenWorld, other: dict[str, object]
) -> None:
    world = open_world(always(data(order_row(**other))))
    with pytest.raises(UnusableAnswerError):
        world.account.find_order(an_order("77"))


@pytest.mark.parametrize(
    "move",
    [refusal("Order not found", 1152), refusal("NO_ORDER_MATCHES_YOUR_REQUEST", 1052)],
)
def test_an_order_that_the_exchange_does_not_know_is_none(
    open_world: OpenWorld, move: Move
) -> None:
    assert open_world(always(move)).account.find_order(an_order("77")) is None


@pytest.mark.parametrize("move", [html(404), refusal("FAILED_ORDER_PARAMETER", 1121), html(504)])
def test_no_other_failure_passes_for_an_order_that_does_not_exist(
    open_world: OpenWorld, move: Move
) -> None:
    with pytest.raises((ExchangeUnavailableError, RefusalError)):
        open_world(always(move)).account.find_order(an_order("77"))


class Orders:
    """Serves open orders and pages of all orders."""

    def __init__(self, *pages: list[dict[str, object]], is_paged: bool = True) -> None:
        self.open: list[dict[str, object]] = []
        self.pages = pages
        self.is_paged = is_paged

    def __call__(self, asked: Asked) -> Move:
        if asked.path == "/api/v1/openOrders":
            return data({"bids": self.open, "asks": []})
        page = int(asked.params["page"]) - 1 if self.is_paged else 0
        return data(self.pages[page] if page < len(self.pages) else [])


def test_an_order_without_a_number_is_found_by_its_name_among_the_open(
    open_world: OpenWorld,
) -> None:
    orders = Orders()
    orders.open = [order_row(id=76, orderClientId="other"), order_row()]
    world = open_world(orders)
    view = world.account.find_order(an_order(None))
    assert view is not None
    assert view.exchange_id == "77"
    assert not world.asked("/api/v1/allOrders")


def test_an_order_without_a_number_is_found_on_any_page(open_world: OpenWorld) -> None:
    first = [order_row(id=number, orderClientId="other") for number in range(200, 100, -1)]
    world = open_world(Orders(first, [order_row(status="Closed", leftAmount="0")]))
    view = world.account.find_order(an_order(None))
    assert view is not None
    assert (view.exchange_id, view.status) == ("77", ViewStatus.CLOSED)


def test_an_order_that_is_on_no_page_is_none_only_after_an_empty_page(
    open_world: OpenWorld,
) -> None:
    world = open_world(Orders([order_row(orderClientId="other")]))
    assert world.account.find_order(an_order(None)) is None
    assert len(world.asked("/api/v1/allOrders")) == 2


def test_paging_stops_when_it_has_gone_back_far_enough(open_world: OpenWorld) -> None:
    old = millis_of(T0 - timedelta(hours=1))
    rows = [order_row(id=n, orderClientId="o", updateTime=old) for n in (9, 8, 7)]
    world = open_world(Orders(rows, rows))
    assert world.account.find_order(an_order(None)) is None
    assert len(world.asked("/api/v1/allOrders")) == 1


def test_a_listing_that_does_not_page_proves_no_absence(open_world: OpenWorld) -> None:
    rows = [order_row(id=number, orderClientId="other") for number in range(200, 100, -1)]
    with pytest.raises(UnusableAnswerError, match="repeats"):
        open_world(Orders(rows, is_paged=False)).account.find_order(an_order(None))
    few = open_world(Orders(rows[:3], is_paged=False))
    assert few.account.find_order(an_order(None)) is None


def test_two_orders_under_one_name_are_said_and_the_first_is_taken(
    open_world: OpenWorld, caplog: pytest.LogCaptureFixture
) -> None:
    orders = Orders()
    orders.open = [order_row(id=80), order_row(id=79)]
    view = open_world(orders).account.find_order(an_order(None))
    assert view is not None
    assert view.exchange_id == "79"
    assert "order.client_id_twice" in caplog.messages


def test_fills_come_oldest_first_without_signs_and_with_vat(open_world: OpenWorld) -> None:
    later, sooner = millis_of(T0) + 2000, millis_of(T0) + 1000
    rows = [
        fill_row(3, later, amount="-0.2", orderType="sell", preciseAmount=-0.20000001),
        fill_row(2, sooner),
        fill_row(1, sooner, orderClientId=None, fee="0", tax="0"),
        fill_row(4, sooner, numeratorSymbol="ETH"),
    ]
    world = open_world(always(data(rows)))
    fills = world.account.fills(BTCTRY, T0)
    assert [fill.id for fill in fills] == ["1", "2", "3"]
    assert [fill.side for fill in fills] == [Side.BUY, Side.BUY, Side.SELL]
    assert [fill.qty for fill in fills] == [d("0.1"), d("0.1"), d("0.20000001")]
    assert [fill.fee for fill in fills] == [d("0"), d("1.8"), d("1.8")]
    assert [fill.client_id for fill in fills] == [None, "btcb-1", "btcb-1"]
    (asked,) = world.asked("/api/v1/users/transactions/trade")
    assert asked.params["pairSymbol"] == "BTCTRY"
    assert int(asked.params["startDate"]) <= millis_of(T0)


def test_since_is_carried_over_to_the_exchanges_clock(open_world: OpenWorld) -> None:
    world = open_world(always(data([])))
    world.server_error = timedelta(seconds=-4)
    world.hands.forward(61)
    world.account.fills(BTCTRY, T0)
    start = int(world.asked("/api/v1/users/transactions/trade")[0].params["startDate"])
    assert start == millis_of(T0) - 4000 - 1000


@pytest.mark.parametrize(
    "bad",
    [
        {"amount": "0"},
        {"price": "0"},
        {"price": "-5"},
        {"fee": None},
        {"tax": "1,5"},
        {"orderType": "lend"},
        {"numeratorSymbol": ""},
        {"timestamp": 0},
        {"timestamp": 1787525059},
        {"id": None},
        {"orderId": "77"},
        {"preciseAmount": "NaN"},
    ],
)
def test_one_bad_trade_spoils_the_list(open_world: OpenWorld, bad: dict[str, object]) -> None:
    rows = [fill_row(1, millis_of(T0)), fill_row(2, millis_of(T0)) | bad]
    with pytest.raises(BadAnswerError):
        open_world(always(data(rows))).account.fills(BTCTRY, T0)


@pytest.mark.parametrize("is_newest_first", [True, False])
@pytest.mark.parametrize("cap", [50, 64, 100])
def test_a_long_history_comes_whole_however_the_exchange_cuts_it(
    open_world: OpenWorld, is_newest_first: bool, cap: int
) -> None:
    rows = [fill_row(n, millis_of(T0) + n // 3 * 1000) for n in range(1, 333)]

    def serve(asked: Asked) -> Move:
        first = int(asked.params["startDate"])
        last = int(asked.params.get("endDate", "9999999999999"))
        inside = [row for row in rows if first <= int(str(row["timestamp"])) <= last]
        return data(sorted(inside, key=lambda r: r["id"], reverse=is_newest_first)[:cap])  # type: ignore[arg-type, return-value]

    fills = open_world(serve).account.fills(BTCTRY, T0)
    assert [int(fill.id) for fill in fills] == list(range(1, 333))


def test_nothing_traded_is_an_empty_list(open_world: OpenWorld) -> None:
    world = open_world(always(data([])))
    assert world.account.fills(BTCTRY, T0) == ()
    assert len(world.asked("/api/v1/users/transactions/trade")) == 1


def test_ids_beyond_what_a_float_can_hold_stay_exact(open_world: OpenWorld) -> None:
    number = 1181163798924649599
    world = open_world(always(data([fill_row(number, millis_of(T0), orderId=number + 2)])))
    (fill,) = world.account.fills(BTCTRY, T0)
    assert (fill.id, fill.exchange_id) == (str(number), str(number + 2))


def test_trades_of_the_whole_account_are_read_whatever_their_pairs(open_world: OpenWorld) -> None:
    """Also of pairs whose names and rules nobody here knows: hands may trade anything."""
    at = millis_of(T0)
    odd = fill_row(2, at + 1, numeratorSymbol="S", denominatorSymbol="Usdt", amount="-3")
    world = open_world(always(data([fill_row(1, at), odd])))
    fills = world.account.fills(None, T0)
    assert [(f.symbol, f.side, f.qty, f.fee_asset) for f in fills] == [
        ("BTCTRY", Side.BUY, d("0.1"), "TRY"),
        ("SUSDT", Side.BUY, d("3"), "USDT"),
    ]
    (asked,) = world.asked("/api/v1/users/transactions/trade")
    assert "pairSymbol" not in asked.params
