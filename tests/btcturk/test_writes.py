"""What a submit or a cancel answers, whatever happens to it; and that nothing is sent twice."""

import json
import time
from datetime import timedelta
from threading import Thread

import pytest

from btcbot_core.adapters.btcturk.exchange import BtcturkExchange
from btcbot_core.domain.arm import arm, arm_cancels
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.errors import GateClosedError
from btcbot_core.domain.gates import Gates
from btcbot_core.domain.trading import AnswerKind, OrderType, Side, Verb
from tests.btcturk.conftest import OpenWorld
from tests.btcturk.loopback import (
    Asked,
    Move,
    answer_bytes,
    data,
    html,
    raw,
    refusal,
    reply,
    reset,
)
from tests.btcturk.world import OPEN, always, an_intent, an_order, placed, tried
from tests.examples import one

ACK = json.dumps({"data": placed(), "success": True, "message": "OK", "code": 0}).encode()


def test_a_placed_order_is_acked_with_the_exchanges_number(open_world: OpenWorld) -> None:
    world = open_world(always(data(placed(), httpStatusCode=200)))
    answer = world.exchange.submit(an_intent())
    assert (answer.verb, answer.kind) == (Verb.SUBMIT, AnswerKind.ACKED)
    assert (answer.exchange_id, answer.client_id) == ("77", "btcb-1")
    assert (answer.code, answer.message) == ("", "")
    (asked,) = world.asked("/api/v1/order")
    assert asked.method == "POST"
    assert asked.headers["x-request-id"] == answer.request_id
    assert asked.headers["content-type"] == "application/json"
    assert json.loads(asked.body) == {
        "pairSymbol": "BTCTRY",
        "orderType": "buy",
        "orderMethod": "limit",
        "quantity": "0.1",
        "price": "9900",
        "newOrderClientId": "btcb-1",
    }


def test_numbers_are_sent_plain_whatever_their_exponent(open_world: OpenWorld) -> None:
    world = open_world(always(data(placed(price="1000", quantity="0.1"))))
    assert world.exchange.submit(an_intent(price="1E+3", qty="0.10000")).message == ""
    body = json.loads(world.asked("/api/v1/order")[0].body)
    assert (body["price"], body["quantity"]) == ("1000", "0.1")


@pytest.mark.parametrize(
    ("price", "qty", "name"),
    [
        ("0", "0.1", "btcb-1"),
        ("-5", "0.1", "btcb-1"),
        ("9900", "0", "btcb-1"),
        ("9900", "1E+13", "btcb-1"),
        ("9900", "1E-17", "btcb-1"),
        ("9900", "0.1", "a b"),
        ("9900", "0.1", "x" * 51),
        ("9900", "0.1", ""),
    ],
)
def test_what_the_exchange_could_not_read_is_never_sent(
    open_world: OpenWorld, price: str, qty: str, name: str
) -> None:
    world = open_world(always(data(placed())))
    answer = world.exchange.submit(an_intent(price=price, qty=qty, name=name))
    assert (answer.kind, answer.code) == (AnswerKind.NOT_SENT, "not_sayable")
    assert world.server.count("POST") == 0


def test_a_market_buy_states_the_amount_to_spend_and_no_price(open_world: OpenWorld) -> None:
    world = open_world(always(data(placed(method="market", price="0", quantity="1000"))))
    intent = an_intent(price="0", qty="1000", kind=OrderType.MARKET)
    assert world.exchange.submit(intent).kind is AnswerKind.ACKED
    body = json.loads(world.asked("/api/v1/order")[0].body)
    assert "price" not in body
    assert (body["orderMethod"], body["quantity"]) == ("market", "1000")


def test_what_was_taken_otherwise_than_sent_is_said(open_world: OpenWorld) -> None:
    world = open_world(always(data(placed(price="9901"))))
    answer = world.exchange.submit(an_intent())
    assert answer.kind is AnswerKind.ACKED
    assert answer.message == "price sent as 9900, taken as 9901"


@pytest.mark.parametrize(
    "other",
    [
        {"pairSymbol": "ETHTRY"},
        {"type": "sell"},
        {"method": "market"},
        {"newOrderClientId": "Sat"},
        {"type": "lend"},
        {"pairSymbol": None},
    ],
)
def test_an_acknowledgement_of_another_order_leaves_ours_unknown(
    open_world: OpenWorld, other: dict[str, object]
) -> None:
    world = open_world(always(data(placed(**other))))
    answer = world.exchange.submit(an_intent())
    assert (answer.kind, answer.exchange_id) == (AnswerKind.UNKNOWN, None)
    assert world.server.count("POST") == 1


@pytest.mark.parametrize("missing", ["id", "type", "method"])
def test_an_acknowledgement_without_an_essential_member_is_unknown(
    open_world: OpenWorld, missing: str
) -> None:
    row = {name: value for name, value in placed().items() if name != missing}
    world = open_world(always(data(row)))
    assert world.exchange.submit(an_intent()).kind is AnswerKind.UNKNOWN


@pytest.mark.parametrize(
    ("move", "code"),
    [
        (refusal("FAILED_MIN_TOTAL_AMOUNT", 1123), "FAILED_MIN_TOTAL_AMOUNT"),
        (refusal("FAILED_MIN_TOTAL_AMOUNT", 1123, status=200), "FAILED_MIN_TOTAL_AMOUNT"),
        (refusal("FAILED_ORDER_WITH_OPEN_ORDERS", 1123), "FAILED_ORDER_WITH_OPEN_ORDERS"),
        (refusal("", 1126), "FAILED_INVALID_PRICE_SCALE"),
        (refusal("SOMETHING_NEW", 4242), "SOMETHING_NEW"),
        (refusal("Unauthorized - Invalid Nonce", 1037, success=True), "UNAUTHORIZED"),
        (
            refusal("Unauthorized - Invalid Nonce", 1037, status=401, success=True),
            "UNAUTHORIZED",
        ),
        (refusal("TOO_MANY_REQUESTS", 429, status=429, policy="ip"), "TOO_MANY_REQUESTS"),
    ],
)
def test_a_definite_no_is_a_rejection_with_its_name(
    open_world: OpenWorld, move: Move, code: str
) -> None:
    world = open_world(always(move))
    answer = world.exchange.submit(an_intent())
    assert (answer.kind, answer.code) == (AnswerKind.REJECTED, code)
    assert answer.exchange_id is None
    assert answer.request_id
    assert world.server.count("POST") == 1


NO_USABLE_ANSWER: dict[str, Move] = {
    "html 504": html(504),
    "html 520": html(520),
    "html 200": html(200),
    "html 400": html(400),
    "html 403": html(403),
    "html 429": html(429, retry_after="1"),
    "500 in the envelope": refusal("INTERNAL_ERROR", "INTERNAL_ERROR", status=500),
    "internal error with 200": refusal("INTERNAL_ERROR", 500, status=200),
    "system error with 400": refusal("SYSTEM_ERROR", 1000),
    "maintenance": refusal("SYSTEM_UNDER_MAINTENANCE", "SYSTEM_UNDER_MAINTENANCE", 503),
    "503 with a definite word": refusal("FAILED_MIN_TOTAL_AMOUNT", 1123, status=503),
    "ack with 502": reply(ACK, 502),
    "ack with 201": reply(ACK, 201),
    "ack with 302": reply(ACK, 302, location="https://example.org/"),
    "empty": reply(b""),
    "truncated": raw(answer_bytes(ACK)[:-10]),
    "half": reply(ACK[: len(ACK) // 2]),
    "bom": reply(b"\xef\xbb\xbf" + ACK),
    "utf-16": reply(ACK.decode().encode("utf-16")),
    "list": reply(b"[]"),
    "null": reply(b"null"),
    "no data": data(None),
    "data is a list": data([placed()]),
    "id is a float": data(placed(id=1e21)),
    "id is a text": data(placed(id="77")),
    "success without a code": reply(json.dumps({"data": placed(), "success": True}).encode()),
    "success beside an unheard-of code": data(placed(), code=4242),
    "success is false beside data with 200": data(placed(), message="SYSTEM_ERROR", success=False),
    "code without success": reply(json.dumps({"data": placed(), "code": 0}).encode()),
    "success is a text": data(placed(), success="true"),
    "400 without an envelope": reply(b'{"title":"bad","status":400}', 400),
    "unknown packing": reply(ACK, content_encoding="br"),
    "not gzip": reply(ACK, content_encoding="gzip"),
    "bad status line": raw(b"HELLO\r\n\r\n"),
    "closed without a word": raw(b""),
    "reset": reset(),
    "reset in the head": reset(b"HTTP/1.1 200 OK\r\ncontent-le"),
    "reset in the body": reset(answer_bytes(ACK)[:-1]),
}


@pytest.mark.parametrize("name", NO_USABLE_ANSWER)
def test_no_usable_answer_to_a_submit_is_unknown_and_nothing_is_sent_twice(
    open_world: OpenWorld, name: str
) -> None:
    world = open_world(always(NO_USABLE_ANSWER[name]))
    answer = world.exchange.submit(an_intent())
    assert (answer.kind, answer.exchange_id) == (AnswerKind.UNKNOWN, None)
    assert answer.request_id in answer.message
    assert len(answer.message) < 320
    assert world.server.count("POST") == 1


DATA_IS_WRONG = {"no data", "data is a list", "id is a float", "id is a text"}
"""A cancel's answer has no data, so to a cancel these are a yes."""


@pytest.mark.parametrize("name", sorted(NO_USABLE_ANSWER.keys() - DATA_IS_WRONG))
def test_no_usable_answer_to_a_cancel_is_unknown_too(open_world: OpenWorld, name: str) -> None:
    world = open_world(always(NO_USABLE_ANSWER[name]))
    answer = world.exchange.cancel(an_order())
    assert (answer.kind, answer.exchange_id) == (AnswerKind.UNKNOWN, "77")
    assert world.server.count("DELETE") == 1


@pytest.mark.parametrize(
    ("name", "move"), [("SUB-01", raw(b"")), ("SUB-02", html(503))], ids=["SUB-01", "SUB-02"]
)
def test_a_submit_without_an_answer_is_sent_once_and_uncertain(
    open_world: OpenWorld, name: str, move: Move
) -> None:
    """The examples' UNCERTAIN is our UNKNOWN (DEC-16)."""
    world, wanted = open_world(always(move)), one(name)["expect"]
    assert (world.exchange.submit(an_intent()).kind, wanted["outcome"]) == (
        AnswerKind.UNKNOWN,
        "UNCERTAIN",
    )
    assert world.server.count("POST") == wanted["posts"]


def test_an_answer_reset_at_any_byte_is_unknown(open_world: OpenWorld) -> None:
    whole = answer_bytes(ACK)
    cuts = range(0, len(whole), 3)
    left = iter(cuts)
    world = open_world(lambda _: reset(whole[: next(left)]))
    for _ in cuts:
        world.hands.forward(1)
        world.client.keep_clock()
        assert world.exchange.submit(an_intent()).kind is AnswerKind.UNKNOWN
    assert world.server.count("POST") == len(cuts)


def test_a_server_that_says_nothing_makes_it_unknown(open_world: OpenWorld) -> None:
    world = open_world(lambda _: world.server.stall(), read_s=0.2)
    assert world.exchange.submit(an_intent()).kind is AnswerKind.UNKNOWN


def test_a_cancel_names_the_order_in_the_query(open_world: OpenWorld) -> None:
    world = open_world(always(reply(b'{"success":true,"message":"SUCCESS","code":0}')))
    answer = world.exchange.cancel(an_order("21770789256"))
    assert (answer.verb, answer.kind) == (Verb.CANCEL, AnswerKind.ACKED)
    assert answer.exchange_id == "21770789256"
    (asked,) = world.asked("/api/v1/order")
    assert (asked.method, dict(asked.params), asked.body) == (
        "DELETE",
        {"id": "21770789256"},
        b"",
    )


def test_a_cancel_of_an_unknown_order_is_a_rejection(open_world: OpenWorld) -> None:
    world = open_world(always(refusal("NO_ORDER_MATCHES_YOUR_REQUEST", 1052)))
    answer = world.exchange.cancel(an_order())
    assert (answer.kind, answer.code) == (AnswerKind.REJECTED, "NO_ORDER_MATCHES_YOUR_REQUEST")


@pytest.mark.parametrize("number", [None, "77/../8", "", "７７", "1" * 20, "77?id=8"])
def test_a_cancel_without_a_number_is_not_sent(open_world: OpenWorld, number: str | None) -> None:
    world = open_world(always(data(None)))
    answer = world.exchange.cancel(an_order(number))
    assert answer.kind is AnswerKind.NOT_SENT
    assert world.server.count("DELETE") == 0


def test_nothing_listens_means_not_sent(open_world: OpenWorld) -> None:
    world = open_world(always(data(placed())))
    world.server.close()
    answer = world.exchange.submit(an_intent())
    assert (answer.kind, answer.code) == (AnswerKind.NOT_SENT, "not_sent")
    assert world.gate.asked == 0  # it never came to that
    assert world.exchange.cancel(an_order()).kind is AnswerKind.NOT_SENT


def test_the_permit_is_asked_at_the_socket(open_world: OpenWorld) -> None:
    world = open_world(always(data(placed())))
    world.gate.shut()
    answer = world.exchange.submit(an_intent())
    assert (answer.kind, answer.code) == (AnswerKind.NOT_SENT, Reason.KILLED)
    assert world.gate.asked == 1
    assert world.server.count("POST") == 0
    assert world.exchange.cancel(an_order()).kind is AnswerKind.ACKED


def test_an_arm_for_elsewhere_opens_nothing(open_world: OpenWorld) -> None:
    world = open_world(always(data(placed())))
    with pytest.raises(GateClosedError, match="armed for"):
        BtcturkExchange(world.client, arm(OPEN, "http://localhost:1"), world.gate)


def test_a_sell_is_sent_as_one(open_world: OpenWorld) -> None:
    world = open_world(always(data(placed(type="Sell", method="Limit"))))
    assert world.exchange.submit(an_intent(side=Side.SELL)).kind is AnswerKind.ACKED
    assert json.loads(world.asked("/api/v1/order")[0].body)["orderType"] == "sell"


def test_an_arm_for_cancels_sends_no_order_and_still_cancels(open_world: OpenWorld) -> None:
    world = open_world(always(data(placed())))
    pulled = arm_cancels(
        Gates(dry_run=False, live_trading=True, acknowledged=True), world.server.url
    )
    exchange = BtcturkExchange(world.client, pulled, world.gate)
    answer = exchange.submit(an_intent())
    assert (answer.kind, answer.code) == (AnswerKind.NOT_SENT, Reason.NOT_ARMED)
    assert exchange.cancel(an_order()).kind is AnswerKind.ACKED
    assert world.server.count("POST") == 0


def test_our_own_limit_holds_orders_back_at_once_and_leaves_room_for_cancels(
    open_world: OpenWorld,
) -> None:
    world = open_world(always(data(placed())))
    kinds = [world.exchange.submit(an_intent()) for _ in range(9)]
    assert [answer.kind for answer in kinds] == [AnswerKind.ACKED] * 7 + [AnswerKind.NOT_SENT] * 2
    assert kinds[-1].code == "own_rate_limit"
    assert world.hands.slept == []
    for _ in range(3):
        assert world.exchange.cancel(an_order()).kind is AnswerKind.ACKED
    assert world.hands.slept == []
    assert world.exchange.cancel(an_order()).kind is AnswerKind.ACKED
    assert sum(world.hands.slept) <= 1


def test_after_a_429_new_orders_wait_as_told_while_cancels_go(open_world: OpenWorld) -> None:
    told = reply(
        b'{"success":false,"message":"TOO_MANY_REQUESTS","code":429}', 429, retry_after="9"
    )
    world = open_world(always(told, data(placed())))
    assert world.exchange.submit(an_intent()).kind is AnswerKind.REJECTED
    assert world.exchange.submit(an_intent()).kind is AnswerKind.NOT_SENT
    assert world.exchange.cancel(an_order()).kind is AnswerKind.ACKED
    world.hands.forward(9)
    assert world.exchange.submit(an_intent()).kind is AnswerKind.ACKED
    assert world.server.count("POST") == 2


def test_an_order_is_not_signed_by_a_clock_that_is_in_doubt(open_world: OpenWorld) -> None:
    world = open_world(always(data(placed())))
    world.hands.wall_error = timedelta(seconds=1)
    answer = world.exchange.submit(an_intent())
    assert (answer.kind, answer.code) == (AnswerKind.NOT_SENT, "clock")
    assert world.server.count("POST") == 0
    assert world.server.count("GET") == 1  # a new order does not wait for another look
    assert world.exchange.cancel(an_order()).kind is AnswerKind.ACKED  # a cancel does
    assert world.exchange.submit(an_intent()).kind is AnswerKind.ACKED


def test_a_refused_stamp_stops_orders_until_the_clock_was_looked_at(open_world: OpenWorld) -> None:
    nonce = refusal("Unauthorized - Invalid Nonce", 1037, 401, success=True)
    world = open_world(always(nonce, data(placed())))
    assert world.exchange.submit(an_intent()).code == "UNAUTHORIZED"
    assert world.exchange.submit(an_intent()).kind is AnswerKind.NOT_SENT
    world.client.keep_clock()
    assert world.exchange.submit(an_intent()).kind is AnswerKind.ACKED
    assert world.server.count("POST") == 2


def test_an_order_that_finds_no_free_connection_was_not_sent(open_world: OpenWorld) -> None:
    def serve(asked: Asked) -> Move:
        return world.server.stall() if asked.method == "GET" else data(placed())

    world = open_world(serve, read_s=3.0, connections_max=1)
    reading = Thread(target=lambda: tried(world.market.tickers))
    reading.start()
    deadline = time.monotonic() + 5
    while not world.asked("/api/v2/ticker") and time.monotonic() < deadline:
        time.sleep(0.005)
    answer = world.exchange.submit(an_intent())
    assert (answer.kind, answer.code) == (AnswerKind.NOT_SENT, "not_sent")
    assert "PoolTimeout" in answer.message
    world.server.close()
    reading.join(10)
    assert world.server.count("POST") == 0
