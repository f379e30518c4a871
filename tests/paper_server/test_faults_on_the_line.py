"""Faults as a client meets them over HTTP: what is heard, and whether it was done."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.canaries import KEY, SECRET
from tests.paper_server.serving import Running, options, served, signed


@contextmanager
def faulty(script: str, **changes: object) -> Iterator[Running]:
    with served(options(faults=script, **changes)) as server:
        yield server


def open_count(server: Running) -> int:
    data = server.mine("GET", "openOrders").data
    return len(data["bids"]) + len(data["asks"])


def raw_order(server: Running, wait_s: float = 1.0) -> bytes:
    """Send an order and read whatever comes until the line is cut or the time is over."""
    body = json.dumps(
        {
            "quantity": "0.1",
            "price": "300000",
            "orderMethod": "limit",
            "orderType": "buy",
            "pairSymbol": "BTCTRY",
        }
    )
    head = signed(KEY, SECRET, int(time.time() * 1000))
    lines = [
        "POST /api/v1/order HTTP/1.1",
        "Host: 127.0.0.1",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in head.items()),
    ]
    with socket.create_connection(("127.0.0.1", server.port), wait_s) as line:
        line.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        received = b""
        try:
            while chunk := line.recv(65536):
                received += chunk
        except TimeoutError:
            return received + b"<silence>"
        except ConnectionResetError:
            return received + b"<reset>"
        return received + b"<end>"


@pytest.mark.parametrize(("fault", "done"), [("timeout-before", 0), ("timeout-after", 1)])
def test_an_answer_may_never_come_with_the_order_done_or_not(fault: str, done: int) -> None:
    with faulty(f"submit nth=1 {fault}") as server:
        assert raw_order(server, 0.3) == b"<silence>"
        assert open_count(server) == done


@pytest.mark.parametrize("after", [0, 1, 17, 80, 200])
def test_the_line_may_break_at_any_byte_of_the_answer(after: int) -> None:
    with faulty(f"submit nth=1 reset={after}") as server:
        received = raw_order(server)
        assert received.endswith((b"<reset>", b"<end>"))
        assert len(received.rpartition(b"<")[0]) <= after
        assert open_count(server) == 1
        assert server.order("buy", "0.1", "300000").status == 200


def test_an_answer_may_be_late() -> None:
    with faulty("time nth=1 delay=300ms") as server:
        begun = time.monotonic()
        assert server.get("/api/v2/server/time").status == 200
        assert time.monotonic() - begun >= 0.3


@pytest.mark.parametrize(("word", "header"), [("429", None), ("429=7s", "7")])
def test_too_many_requests_come_with_and_without_a_time_to_wait(
    word: str, header: str | None
) -> None:
    with faulty(f"balances nth=1 {word}") as server:
        refused = server.mine("GET", "users/balances")
        assert refused.status == 429
        assert refused.headers.get("retry-after") == header
        assert server.mine("GET", "users/balances").status == 200


def test_server_errors_maintenance_and_odd_successes_are_answers() -> None:
    script = "submit nth=1 status=502\nsubmit nth=2 maintenance\nsubmit nth=3 unauthorized"
    with faulty(script) as server:
        assert server.order("buy", "0.1", "300000").status == 502
        closed = server.order("buy", "0.1", "300000")
        assert (closed.status, closed.body["code"]) == (503, "SYSTEM_UNDER_MAINTENANCE")
        odd = server.order("buy", "0.1", "300000")
        assert (odd.status, odd.body["success"], odd.body["code"]) == (200, True, 1037)
        assert open_count(server) == 0


def test_a_gateways_page_may_hide_an_order_that_was_taken() -> None:
    with faulty("submit nth=1 html-after") as server:
        page = server.order("buy", "0.1", "300000")
        assert (page.status, page.headers["content-type"].split(";")[0]) == (504, "text/html")
        assert page.content.startswith(b"<!DOCTYPE html>")
        assert open_count(server) == 1


def test_a_key_may_be_revoked_while_the_exchange_runs() -> None:
    with faulty("* after=60s revoked") as server:
        assert server.mine("GET", "users/balances").status == 200
        server.clock.moved += timedelta(seconds=61)
        assert server.mine("GET", "users/balances").status == 401
        assert server.get("/api/v2/ticker").status == 200


def test_the_exchanges_clock_may_be_off() -> None:
    with faulty("* clock=-7s") as server:
        off_s = time.time() - server.get("/api/v2/server/time").body["serverTime"] / 1000
        assert 6 < off_s < 9
        refused = server.mine("GET", "users/balances")
        assert refused.body["message"] == "Unauthorized - Invalid Nonce"


def test_a_cancel_may_be_taken_for_an_order_that_fills() -> None:
    with faulty("cancel nth=1 cancel-then-fill") as server:
        order_id = server.order("buy", "0.1", "300000").data["id"]
        assert server.mine("DELETE", "order", {"id": order_id}).status == 200
        assert server.mine("GET", f"order/{order_id}").data["status"] == "Closed"
        (row,) = server.mine("GET", "users/transactions/trade", {"orderId": order_id}).data
        assert row["price"] == "300000"


def test_an_order_may_be_in_no_list_for_a_while() -> None:
    script = "\n".join(f"{name} hide-orders=30s" for name in ("openorders", "allorders", "order"))
    with faulty(script) as server:
        order_id = server.order("buy", "0.1", "300000").data["id"]
        assert open_count(server) == 0
        assert server.mine("GET", "allOrders", {"pairSymbol": "BTCTRY"}).data == []
        assert server.mine("GET", f"order/{order_id}").status == 400
        server.clock.moved += timedelta(seconds=31)
        assert open_count(server) == 1
        assert server.mine("GET", f"order/{order_id}").status == 200


def test_trades_may_be_late_double_and_in_another_order() -> None:
    script = (
        "mytrades until=60s late-fills=30s\nmytrades after=60s duplicate-fills\n"
        "mytrades after=60s reorder-fills"
    )
    with faulty(script) as server:
        for _ in range(3):
            server.order("buy", "0.001", "400000")
        path = "users/transactions/trade"
        assert server.mine("GET", path).data == []
        server.clock.moved += timedelta(seconds=61)
        ids = [row["id"] for row in server.mine("GET", path).data]
        assert len(ids) == 6
        assert len(set(ids)) == 3
        assert ids != sorted(ids, reverse=True)


def test_a_book_may_stand_still_with_its_old_time() -> None:
    with faulty("orderbook from=2 frozen-book") as server:
        first = server.get("/api/v2/orderbook", pairSymbol="BTCTRY", limit=1).data
        server.clock.moved += timedelta(seconds=120)
        assert server.get("/api/v2/orderbook", pairSymbol="BTCTRY", limit=1).data == first


def test_books_may_be_crossed_or_hold_prices_that_are_none() -> None:
    script = (
        "orderbook nth=1 crossed-book\norderbook nth=2 nan-price\norderbook nth=3 negative-price\n"
        "ticker crossed-book"
    )
    with faulty(script) as server:
        crossed = server.get("/api/v2/orderbook", pairSymbol="BTCTRY").data
        assert float(crossed["bids"][0][0]) > float(crossed["asks"][0][0])
        asks = [server.get("/api/v2/orderbook", pairSymbol="BTCTRY").data["asks"] for _ in "ab"]
        assert [side[0][0] for side in asks] == ["NaN", "-1"]
        (row,) = server.get("/api/v2/ticker", pairSymbol="BTCTRY").data
        assert row["bid"] > row["ask"]


def test_a_pair_may_vanish_and_scales_may_move() -> None:
    script = "* missing-pair=ETHTRY\nexchangeinfo scale=-2\nsubmit scale=-4"
    with faulty(script) as server:
        symbols = server.get("/api/v2/server/exchangeinfo").data["symbols"]
        assert "ETHTRY" not in {row["name"] for row in symbols}
        assert {row["pair"] for row in server.get("/api/v2/ticker").data} & {"ETHTRY"} == set()
        assert server.get("/api/v2/orderbook", pairSymbol="ETHTRY").status == 400
        (btc,) = [row for row in symbols if row["name"] == "BTCTRY"]
        assert btc["numeratorScale"] == 6
        refused = server.order("buy", "0.10001", "300000")
        assert refused.body["message"] == "FAILED_INVALID_QUANTITY_SCALE"
        assert server.order("buy", "0.1", "300000").status == 200


def test_a_socket_may_be_refused_or_open_and_mute() -> None:
    with faulty("socket nth=1 reset=0\nsocket nth=2 timeout-after") as server:
        url = f"ws://127.0.0.1:{server.port}"
        with pytest.raises((InvalidStatus, ConnectionClosed)), connect(url, proxy=None) as line:
            line.recv(timeout=1)
        with connect(url, proxy=None) as line:
            line.recv(timeout=1)  # the greeting
            line.send('[151,{"type":151,"channel":"ticker","event":"BTCTRY","join":true}]')
            with pytest.raises(TimeoutError):
                line.recv(timeout=0.5)


def test_a_fault_leaves_the_connections_of_others_alone() -> None:
    with faulty("submit nth=1 reset=0") as server:
        other = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        other.request("GET", "/api/v2/server/time")
        assert other.getresponse().read()
        raw_order(server)
        other.request("GET", "/api/v2/server/time")
        assert other.getresponse().status == 200
        other.close()
