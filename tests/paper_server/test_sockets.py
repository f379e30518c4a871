"""The socket: greeting, joins, market frames, login and what happens to one's own orders."""

import hashlib
import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.canaries import SECRET
from tests.paper_server.serving import SPARE_KEYS, Running, options, served


class Client:
    """A socket and all it has heard."""

    def __init__(self, line: ClientConnection) -> None:
        self.line = line
        self.heard: list[tuple[int, dict[str, Any]]] = []

    def say(self, code: int, **body: object) -> None:
        self.line.send(json.dumps([code, {"type": code, **body}]))

    def join(self, channel: str, event: str, *, join: bool = True) -> None:
        self.say(151, channel=channel, event=event, join=join)

    def hear(self, code: int, fits: Callable[[dict[str, Any]], bool] = bool) -> dict[str, Any]:
        """The next frame of this kind, within a few seconds."""
        deadline = time.monotonic() + 6
        while True:
            text = self.line.recv(timeout=max(0.01, deadline - time.monotonic()))
            found, body = json.loads(text)
            self.heard.append((found, body))
            if found == code and fits(body):
                return dict(body)

    def login(self, key: str, secret: str = SECRET, nonce: int = 3000) -> dict[str, Any]:
        signature = hmac.new(b64decode(secret), f"{key}{nonce}".encode(), hashlib.sha256).digest()
        stamp = int(time.time() * 1000)
        signed = b64encode(signature).decode()
        self.say(114, publicKey=key, timestamp=stamp, nonce=nonce, signature=signed)
        return self.hear(114)


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    # A candle ends about five times a second, and news go out ten times.
    with served(options(speed=Fraction(300), news_every_s=0.1)) as running:
        yield running


_spare = iter(SPARE_KEYS)


@pytest.fixture
def server(shared: Running) -> Running:
    return shared.as_(next(_spare))


@contextmanager
def connected(server: Running) -> Iterator[Client]:
    with connect(f"ws://127.0.0.1:{server.port}", proxy=None) as line:
        yield Client(line)


def test_the_server_greets_with_its_versions(server: Running) -> None:
    with connected(server) as client:
        assert client.hear(991) == {"type": 991, "current": "6.0.0", "min": "2.3.0"}


def test_a_join_is_confirmed_and_a_leave_too(server: Running) -> None:
    with connected(server) as client:
        client.join("trade", "BTCTRY")
        assert client.hear(100) == {
            "type": 100,
            "id": 0,
            "ok": True,
            "message": "join|trade:BTCTRY",
        }
        client.join("trade", "BTCTRY", join=False)
        assert client.hear(100)["message"] == "leave|trade:BTCTRY"


@pytest.mark.parametrize(
    ("channel", "event"), [("trade", "DOGETRY"), ("nonsense", "BTCTRY"), ("trade", "btctry")]
)
def test_a_join_of_nothing_is_refused(server: Running, channel: str, event: str) -> None:
    with connected(server) as client:
        client.join(channel, event)
        assert client.hear(100)["ok"] is False


@pytest.mark.parametrize("text", ["", "{", "[]", "[151]", "[151,2]", "[" * 5000, "x" * 100_000])
def test_a_frame_that_makes_no_sense_is_answered_and_does_no_harm(
    server: Running, text: str
) -> None:
    with connected(server) as client:
        client.line.send(text)
        assert client.hear(100)["ok"] is False
        client.join("ticker", "BTCTRY")
        assert client.hear(402)["PS"] == "BTCTRY"


def test_tickers_come_for_one_pair_and_for_all(server: Running) -> None:
    with connected(server) as client:
        client.join("ticker", "BTCTRY")
        body = client.hear(402)
        assert (body["PS"], body["DS"], body["NS"], body["PId"]) == ("BTCTRY", "TRY", "BTC", 1)
        assert all(isinstance(body[name], str) for name in ("B", "A", "BA", "AA", "LA", "V"))
        client.join("ticker", "all")
        items = client.hear(401)["items"]
        assert items[0]["PS"] == "BTCTRY"
        assert "Ord" in items[0]
        assert "type" not in items[0]


def test_the_last_trades_come_first_and_then_each_new_one(server: Running) -> None:
    with connected(server) as client:
        client.join("trade", "BTCTRY")
        first = client.hear(421)
        assert len(first["items"]) == 50
        assert set(first["items"][0]) == {"D", "I", "A", "P", "S"}
        body = client.hear(422)
        assert isinstance(body["D"], str)
        assert (body["PS"], body["S"] in (0, 1)) == ("BTCTRY", True)
        assert body["I"] > first["items"][-1]["I"]


def test_who_joins_later_is_told_no_trade_twice() -> None:
    with served(options(speed=Fraction(60))) as server:
        for _ in range(2):
            with connected(server) as client:
                client.join("trade", "BTCTRY")
                newest = client.hear(421)["items"][-1]["I"]
                assert client.hear(422)["I"] > newest
            server.clock.moved += timedelta(minutes=10)


def test_a_book_comes_whole_again_and_again(server: Running) -> None:
    with connected(server) as client:
        client.join("orderbook", "ETHTRY")
        for _ in range(2):
            body = client.hear(431)
            assert (len(body["AO"]), len(body["BO"])) == (100, 100)
            assert float(body["BO"][0]["P"]) < float(body["AO"][0]["P"])


def test_differences_lead_from_one_book_to_the_next(server: Running) -> None:
    with connected(server) as client:
        client.join("obdiff", "BTCTRY")
        whole = client.hear(431)
        book = {row["P"]: row["A"] for row in whole["BO"]}
        change = whole["CS"]
        for _ in range(2):
            body = client.hear(432)
            assert body["CS"] > change
            change = body["CS"]
            for row in body["BO"]:
                if row["CP"] == 3:
                    assert row["A"] != "0"
                    del book[row["P"]]
                else:
                    assert (row["P"] in book) is (row["CP"] == 0)
                    book[row["P"]] = row["A"]
        assert len(book) == 100


def test_the_running_bar_comes_for_a_chart(server: Running) -> None:
    with connected(server) as client:
        client.join("tradeview", "BTCTRY_60")
        body = client.hear(428)
        assert (body["P"], body["R"]) == ("BTCTRY", "60")
        assert isinstance(body["D"], int)


def test_a_login_needs_the_right_key_nonce_and_signature(server: Running) -> None:
    with connected(server) as client:
        assert client.login("nobody")["ok"] is False
        assert client.login(server.key, nonce=1)["message"] == "Unauthorized - Invalid Nonce"
        assert client.login(server.key, secret="d3Jvbmc=")["ok"] is False
        answer = client.login(server.key)
        assert (answer["ok"], answer["message"]) == (True, None)
        assert answer["id"] > 0


def test_own_orders_are_told_of_from_insert_to_delete(server: Running) -> None:
    with connected(server) as client:
        client.login(server.key)
        order_id = server.order("buy", "0.01", "200000", newOrderClientId="a").data["id"]
        inserted = client.hear(451)
        assert (inserted["id"], inserted["symbol"]) == (order_id, "BTCTRY")
        assert (inserted["method"], inserted["orderType"]) == (0, 0)
        assert (inserted["numLeft"], inserted["newOrderClientId"]) == ("0.01", "a")
        server.mine("DELETE", "order", {"id": order_id})
        deleted = client.hear(452)
        assert deleted["id"] == order_id
        assert deleted["numLeft"] == "0.0100000000000000"


def test_own_trades_are_told_of_and_the_public_hears_of_them(server: Running) -> None:
    with connected(server) as client, connected(server) as stranger:
        stranger.join("trade", "BTCTRY")
        stranger.hear(421)
        client.login(server.key)
        order_id = server.order("buy", "0.0123", "400000", newOrderClientId="t").data["id"]
        match = client.hear(441)
        assert (match["id"], match["isBid"], match["clientId"]) == (order_id, True, "t")
        assert match["amount"] == "0.0123000000"
        trade = client.hear(423)
        assert "type" not in trade
        (row,) = server.mine("GET", "users/transactions/trade", {"orderId": order_id}).data
        assert trade == row
        assert client.hear(201)["userId"] == match["user"]
        public = stranger.hear(422, lambda body: body["A"] == "0.0123000000")
        assert public["S"] == 0
        assert {code for code, _ in stranger.heard} <= {991, 100, 421, 422}


def test_a_socket_without_login_hears_nothing_of_accounts(server: Running) -> None:
    with connected(server) as client:
        client.join("ticker", "BTCTRY")
        server.order("buy", "0.01", "200000")
        for _ in range(2):
            client.hear(402)
        assert {code for code, _ in client.heard} == {991, 100, 402}


def test_only_so_many_connects_a_minute_are_let_in() -> None:
    with served(options(has_quotas=True)) as server, ExitStack() as lines:
        for _ in range(15):
            client = lines.enter_context(connected(server))
            client.hear(991)
        with pytest.raises(InvalidStatus), connected(server):
            pytest.fail("the sixteenth was let in")
