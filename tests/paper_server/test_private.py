"""The private endpoints: keys, orders, cancels, trades and balances as BTCTurk answers them."""

import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.canaries import KEY, SECRET
from tests.paper_server.serving import (
    OTHER_KEY,
    SPARE_KEYS,
    Running,
    options,
    served,
    signed,
    until,
)

D = Decimal


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    with served() as running:
        yield running


_spare = iter(SPARE_KEYS)


@pytest.fixture
def server(shared: Running) -> Running:
    """The shared server, asked by an account that no other test has used."""
    return shared.as_(next(_spare))


def balance(server: Running, asset: str, key: str | None = None) -> dict[str, str]:
    rows = server.mine("GET", "users/balances", key=key).data
    found: dict[str, str] = next(row for row in rows if row["asset"] == asset)
    return found


def is_open(server: Running, order_id: int) -> bool:
    data = server.mine("GET", "openOrders", {"pairSymbol": "BTCTRY"}).data
    return any(row["id"] == order_id for row in [*data["bids"], *data["asks"]])


# Keys


def now_ms() -> int:
    return int(time.time() * 1000)


@pytest.mark.parametrize(
    ("key", "secret", "off_ms", "stamp", "why"),
    [
        ("", SECRET, 0, "", "Headers are missing"),
        ("nobody", SECRET, 0, "", "Invalid Public/Private key"),
        (KEY, "d3Jvbmc=", 0, "", "Invalid Request"),
        (KEY, SECRET, -3_600_000, "", "Invalid Nonce"),
        (KEY, SECRET, 6_000, "", "Invalid Nonce"),
        (KEY, SECRET, 0, "soon", "Invalid Nonce"),
        (KEY, SECRET, 0, "9" * 40, "Invalid Nonce"),
    ],
)
def test_who_does_not_prove_himself_is_not_let_in(
    server: Running, key: str, secret: str, off_ms: int, stamp: str, why: str
) -> None:
    headers = signed(key, secret, now_ms() + off_ms)
    if stamp:
        headers["X-Stamp"] = stamp
    refused = server.ask("GET", "/api/v1/users/balances", headers=headers)
    assert refused.status == 401
    assert refused.body == {"success": True, "message": f"Unauthorized - {why}", "code": 1037}


def test_a_stamp_may_be_five_seconds_off_and_may_repeat(server: Running) -> None:
    for stamp in (now_ms() - 4_000, now_ms() + 4_000):
        head = signed(server.key, SECRET, stamp)
        for _ in range(2):
            assert server.ask("GET", "/api/v1/users/balances", headers=head).status == 200


def test_each_key_has_an_account_of_its_own(server: Running) -> None:
    server.order("buy", "0.1", "300000")
    assert balance(server, "TRY")["locked"] == "30054"
    assert balance(server, "TRY", OTHER_KEY)["locked"] == "0"
    theirs = server.mine("GET", "openOrders", key=OTHER_KEY).data
    assert theirs == {"asks": [], "bids": []}


# Orders


def test_a_taken_order_is_answered_in_its_own_envelope(server: Running) -> None:
    taken = server.order("buy", "0.1", "300000", newOrderClientId="mine-1")
    assert taken.status == 200
    assert taken.body["httpStatusCode"] == 200
    data = taken.data
    assert (data["quantity"], data["price"], data["stopPrice"]) == ("0.1", "300000", None)
    assert (data["type"], data["method"]) == ("buy", "limit")
    assert data["newOrderClientId"] == "mine-1"
    assert isinstance(data["id"], int)
    assert abs(data["datetime"] - now_ms()) < 5_000


def test_a_listed_order_has_the_captured_fields(server: Running) -> None:
    order_id = server.order("buy", "0.1", "300000", newOrderClientId="mine-1").data["id"]
    (row,) = server.mine("GET", "openOrders", {"pairSymbol": "BTC_TRY"}).data["bids"]
    assert row["id"] == order_id
    assert (row["amount"], row["quantity"], row["leftAmount"]) == ("0.1", "0.1", "0.1")
    assert (row["status"], row["orderClientId"], row["time"]) == ("Untouched", "mine-1", 0)
    one = server.mine("GET", f"order/{order_id}").data
    assert one["pairSymbolNormalized"] == "BTC_TRY"
    assert one["time"] > 0


@pytest.mark.parametrize(
    "body",
    [
        {"Quantity": 0.1, "Price": 300000, "OrderMethod": "Limit", "OrderType": "Buy"},
        {"quantity": "0.1", "price": "300000", "orderMethod": "limit", "orderType": "buy"},
        {"QUANTITY": "0.10", "PRICE": "300000.0", "ordermethod": "LIMIT", "ordertype": "BUY"},
    ],
)
def test_members_match_in_any_case_and_numbers_may_be_text(
    server: Running, body: dict[str, object]
) -> None:
    taken = server.mine("POST", "order", body={**body, "pairSymbol": "BTCTRY"})
    assert taken.status == 200
    assert (taken.data["quantity"], taken.data["price"]) == ("0.1", "300000")


def test_a_form_is_understood_and_the_query_wins_over_the_body(server: Running) -> None:
    form = b"quantity=0.1&price=1&orderMethod=limit&orderType=buy&pairSymbol=BTCTRY"
    head = {
        **signed(server.key, SECRET, now_ms()),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    taken = server.ask("POST", "/api/v1/order", {"price": "300000"}, headers=head, raw=form)
    assert taken.status == 200
    assert taken.data["price"] == "300000"


def test_the_misspelt_client_id_is_taken_and_a_missing_one_made_up(server: Running) -> None:
    misspelt = server.order("buy", "0.1", "300000", newClientOrderId="from-ccxt")
    assert misspelt.data["newOrderClientId"] == "from-ccxt"
    assert len(server.order("buy", "0.1", "300000").data["newOrderClientId"]) == 36


def test_one_client_id_twice_is_two_orders(server: Running) -> None:
    ids = {server.order("buy", "0.01", "300000", newOrderClientId="a").data["id"] for _ in "ab"}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("changes", "message", "code"),
    [
        ({"quantity": "10"}, "FAILED_ORDER_WITH_OPEN_ORDERS", 1122),
        ({"quantity": "0.0001"}, "FAILED_MIN_TOTAL_AMOUNT", 1123),
        ({"price": "300000.5"}, "FAILED_INVALID_PRICE_SCALE", 1126),
        ({"quantity": "0.100000001"}, "FAILED_INVALID_QUANTITY_SCALE", 1127),
        ({"quantity": "-1"}, "FAILED_ORDER_PARAMETER", 1121),
        ({"quantity": "1e-1"}, "FAILED_ORDER_PARAMETER", 1121),
        ({"quantity": "0,1"}, "FAILED_ORDER_PARAMETER", 1121),
        ({"quantity": ""}, "FAILED_ORDER_PARAMETER", 1121),
        ({"newOrderClientId": "x" * 51}, "FAILED_ORDER_PARAMETER", 1121),
        ({"orderMethod": "iceberg"}, "ORDER_METHOD_NOT_SUPPORTED", 1134),
        ({"orderType": "hold"}, "ORDER_TYPE_NOT_SUPPORTED", 1193),
        ({"pairSymbol": "DOGETRY"}, "PAIR_NOT_FOUND", 1026),
        ({"pairSymbol": ""}, "PAIR_NOT_FOUND", 1026),
        (
            {"orderMethod": "stopLimit", "stopPrice": "300000"},
            "FAILED_STOP_PRICE_GREATER_THAN_BEST_ASK",
            1124,
        ),
    ],
)
def test_a_refused_order_has_btcturks_message_and_code(
    server: Running, changes: dict[str, str], message: str, code: int
) -> None:
    whole = {
        "quantity": "0.1",
        "price": "300000",
        "orderMethod": "limit",
        "orderType": "buy",
        "pairSymbol": "BTCTRY",
    }
    refused = server.mine("POST", "order", body={**whole, **changes})
    assert refused.status == 400
    assert refused.body == {
        "httpStatusCode": 400,
        "data": None,
        "success": False,
        "message": message,
        "code": code,
    }
    assert balance(server, "TRY")["locked"] == "0"


@pytest.mark.parametrize("raw", [b"{", b"[1]", b'{"quantity":NaN}', b"\xff\xfe", b"[" * 50_000])
def test_a_body_that_makes_no_sense_is_400(server: Running, raw: bytes) -> None:
    head = signed(server.key, SECRET, now_ms())
    assert server.ask("POST", "/api/v1/order", headers=head, raw=raw).status == 400


def test_a_body_that_is_too_large_is_413(server: Running) -> None:
    head = signed(server.key, SECRET, now_ms())
    assert server.ask("POST", "/api/v1/order", headers=head, raw=b" " * 70_000).status == 413


def test_a_market_buy_spends_quote_currency(server: Running) -> None:
    taken = server.order("buy", "1000", "0", orderMethod="market")
    (row,) = server.mine("GET", "users/transactions/trade", {"orderId": taken.data["id"]}).data
    spent = D(row["price"]) * D(row["amount"]) - D(row["fee"]) - D(row["tax"])
    assert D(999) < spent <= D(1000)
    one = server.mine("GET", f"order/{taken.data['id']}").data
    assert (one["status"], one["leftAmount"]) == ("Closed", "0")


def test_a_stop_order_waits(server: Running) -> None:
    taken = server.order("buy", "0.01", "400000", orderMethod="stopLimit", stopPrice="390000")
    assert taken.data["method"] == "stoplimit"
    (row,) = server.mine("GET", "openOrders").data["bids"]
    assert (row["stopPrice"], row["method"]) == ("390000", "stoplimit")


# Cancels


def test_a_cancel_is_taken_at_once_and_done_a_little_later(server: Running) -> None:
    order_id = server.order("buy", "0.1", "300000").data["id"]
    taken = server.mine("DELETE", "order", {"id": order_id})
    assert (taken.status, taken.body) == (
        200,
        {"success": True, "message": "SUCCESS", "code": 0},
    )
    until(lambda: not is_open(server, order_id))
    assert server.mine("GET", f"order/{order_id}").data["status"] == "Canceled"
    assert balance(server, "TRY")["locked"] == "0"


def test_a_second_cancel_is_fine_an_unknown_or_filled_one_is_not(server: Running) -> None:
    order_id = server.order("buy", "0.1", "300000").data["id"]
    server.mine("DELETE", "order", {"id": order_id})
    until(lambda: not is_open(server, order_id))
    assert server.mine("DELETE", "order", {"id": order_id}).status == 200
    unknown = server.mine("DELETE", "order", {"id": 42})
    assert (unknown.status, unknown.body["message"]) == (400, "NO_ORDER_MATCHES_YOUR_REQUEST")
    filled = server.order("buy", "0.01", "400000").data["id"]
    late = server.mine("DELETE", "order", {"id": filled})
    assert (late.status, late.body["message"]) == (400, "ORDER_COULD_NOT_BE_CANCELED")


def test_an_unknown_order_is_400_with_its_code(server: Running) -> None:
    for order_id in ("1", "abc", "9" * 30, "%27"):
        found = server.mine("GET", f"order/{order_id}")
        assert found.status == 400
        assert found.body == {"success": False, "message": "Order not found", "code": 1152}


# Listings


def test_all_orders_are_of_one_pair_newest_first_and_in_pages(server: Running) -> None:
    ids = [server.order("buy", "0.01", str(300000 + i)).data["id"] for i in range(5)]
    assert server.mine("GET", "allOrders").status == 400

    def listed(**query: object) -> list[int]:
        rows = server.mine("GET", "allOrders", {"pairSymbol": "BTCTRY", **query}).data
        return [row["id"] for row in rows]

    assert listed() == ids[::-1]
    assert listed(limit=2, page=2) == ids[1:3][::-1]
    assert listed(orderId=ids[3]) == ids[3:][::-1]
    assert listed(startTime=int(time.time()) + 60) == []
    assert listed(startTime=now_ms() - 60_000, endTime=now_ms() + 60_000) == ids[::-1]


def test_trades_carry_signs_fee_and_vat(server: Running) -> None:
    server.order("buy", "0.01", "400000", newOrderClientId="b")
    server.order("sell", "0.01", "300000", newOrderClientId="s")
    sell, buy = server.mine("GET", "users/transactions/trade").data
    assert (buy["orderType"], buy["amount"], buy["preciseAmount"]) == ("buy", "0.01", 0.01)
    assert (sell["orderType"], sell["amount"], sell["preciseAmount"]) == ("sell", "-0.01", -0.01)
    assert (buy["orderClientId"], sell["orderClientId"]) == ("b", "s")
    assert buy["id"] > 2**53
    for row in (buy, sell):
        cost = -D(row["fee"]) - D(row["tax"])
        exact = D(row["price"]) * D("0.01") * D("0.0018")
        assert exact <= cost < exact + D("0.00000001")
        assert D(row["fee"]) < D(row["tax"]) < 0


def test_trades_can_be_asked_for_by_pair_side_asset_order_and_time(server: Running) -> None:
    bought = server.order("buy", "0.01", "400000").data["id"]
    server.order("sell", "0.01", "300000")

    def count(**query: object) -> int:
        return len(server.mine("GET", "users/transactions/trade", query).data)

    assert count() == 2
    assert count(orderId=bought) == 1
    assert count(type="sell") == 1
    assert count(type=["buy", "sell"]) == 2
    assert count(symbol=["btc", "try"]) == 2
    assert count(symbol="eth") == 0
    assert count(pairSymbol="ETHTRY") == 0
    assert count(startDate=now_ms() + 60_000) == 0


def test_deposits_and_withdrawals_are_empty_lists(server: Running) -> None:
    for method in ("GET", "POST"):
        assert server.mine(method, "users/transactions/crypto").data == []


# Accounts among themselves


def test_two_accounts_trade_with_each_other_inside_the_spread(server: Running) -> None:
    (row,) = server.get("/api/v2/ticker", pairSymbol="BTCTRY").data
    price = str(row["bid"] + 10)
    sold = server.order("sell", "0.02", price, key=OTHER_KEY)
    assert sold.status == 200
    assert server.order("buy", "0.02", price).status == 200
    ours = server.mine("GET", "users/transactions/trade").data
    theirs = server.mine("GET", "users/transactions/trade", key=OTHER_KEY).data
    assert [r["price"] for r in ours] == [r["price"] for r in theirs] == [price]
    newest = server.get("/api/v2/trades", pairSymbol="BTCTRY", last=1).data[0]
    assert (newest["price"], newest["amount"], newest["side"]) == (price, "0.02", "buy")


# Rate limits


def test_one_order_too_many_is_429_with_the_seconds_to_wait() -> None:
    with served(options(has_quotas=True)) as server:
        server.clock.stop()
        for _ in range(10):
            assert server.order("buy", "0.001", "300000").status == 200
        refused = server.order("buy", "0.001", "300000")
        assert refused.status == 429
        assert refused.headers["retry-after"] == "1"
        assert refused.body["message"] == "TOO_MANY_REQUESTS"
        assert (refused.body["limit"], refused.body["period"]) == ("10", "1s")
        assert refused.body["policy"] == "account"
        assert server.order("buy", "0.001", "300000", key=OTHER_KEY).status == 200
        server.clock.moved += timedelta(seconds=1)
        assert server.order("buy", "0.001", "300000").status == 200


def test_who_asks_too_often_is_blocked_for_a_minute() -> None:
    with served(options(has_quotas=True)) as server:
        server.clock.stop()
        statuses = [server.mine("GET", "users/balances").status for _ in range(121)]
        assert (statuses.count(200), statuses[-1]) == (120, 429)
        blocked = server.mine("GET", "users/balances")
        assert blocked.headers["retry-after"] == "60"
        assert blocked.body["details"] == "Quota exceeded. Maximum allowed: 120 per 1m."
        server.clock.moved += timedelta(seconds=61)
        assert server.mine("GET", "users/balances").status == 200
