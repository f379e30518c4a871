"""Yes, no, or neither: the envelope is believed only when status, code and success agree."""

import json
from itertools import product

import msgspec
import pytest

from btcbot_core.adapters.btcturk.errors import (
    NoAnswerError,
    RefusalError,
    UnusableAnswerError,
    clean,
)
from btcbot_core.adapters.btcturk.refusals import Refusal, refusal_code
from btcbot_core.adapters.btcturk.wire.envelope import Reply, data_of, parse_rows
from btcbot_core.adapters.btcturk.wire.market import TRADE_ROW


def verdict(status: int, body: object) -> str:
    text = json.dumps(body).encode()
    try:
        data_of(Reply(status=status, is_json=True, body=text, request_id="r"))
    except RefusalError:
        return "no"
    except (NoAnswerError, UnusableAnswerError):
        return "neither"
    return "yes"


@pytest.mark.parametrize("code", [0, "0", "SUCCESS", ""])
@pytest.mark.parametrize("message", [None, "", "SUCCESS", "OK"])
def test_a_yes_in_every_spelling_that_was_seen(code: object, message: object) -> None:
    body = {"data": [], "success": True, "message": message, "code": code, "extensions": None}
    assert verdict(200, body) == "yes"


def test_only_http_200_with_success_and_a_good_code_is_a_yes() -> None:
    for status, success, code in product(
        (200, 201, 204, 301, 400, 401, 404, 429, 500, 503),
        (True, False, None),
        (0, "SUCCESS", 1037, 1123, "INTERNAL_ERROR", 4242, None),
    ):
        body: object = {"data": {}, "success": success, "code": code, "message": ""}
        is_yes = (status, success) == (200, True) and code in (0, "SUCCESS")
        assert (verdict(status, body) == "yes") == is_yes


@pytest.mark.parametrize(
    ("status", "body", "is_"),
    [
        (200, {"success": True, "message": "Unauthorized - Invalid Nonce", "code": 1037}, "no"),
        (401, {"success": True, "message": "Unauthorized - Invalid Nonce", "code": 1037}, "no"),
        (200, {"success": False, "message": "FAILED_MIN_TOTAL_AMOUNT", "code": 1123}, "no"),
        (200, {"success": False, "message": "", "code": 0}, "no"),
        (400, {"success": False, "message": "Order not found", "code": 1152}, "no"),
        (200, {"success": False, "message": "INTERNAL_ERROR", "code": 500}, "neither"),
        (400, {"success": True, "message": "SUCCESS", "code": 0}, "neither"),
        (200, {"success": True, "message": "", "code": 4242}, "neither"),
        (200, {"data": {}}, "neither"),
        (400, {"type": "about:blank", "title": "Bad Request", "status": 400}, "neither"),
        (200, {"success": "true", "code": 0}, "neither"),
        (200, {"success": 1, "code": 0}, "neither"),
        (200, {"success": True, "code": 0.0}, "neither"),
        (200, {"success": True, "code": [0]}, "neither"),
        (200, [], "neither"),
        (200, "SUCCESS", "neither"),
        (200, None, "neither"),
    ],
)
def test_what_was_captured_and_what_could_come(status: int, body: object, is_: str) -> None:
    assert verdict(status, body) == is_


@pytest.mark.parametrize(
    ("message", "code", "name"),
    [
        ("FAILED_ORDER_WITH_OPEN_ORDERS", 1123, Refusal.FAILED_ORDER_WITH_OPEN_ORDERS),
        ("Unauthorized - Invalid Signature", 0, Refusal.UNAUTHORIZED),
        ("Order not found", 1152, Refusal.ORDER_NOT_FOUND),
        ("order not found", None, Refusal.ORDER_NOT_FOUND),
        ("MIN_TOTAL", None, Refusal.FAILED_MIN_TOTAL_AMOUNT),
        ("", 1052, Refusal.NO_ORDER_MATCHES_YOUR_REQUEST),
        ("", "INTERNAL_ERROR", Refusal.INTERNAL_ERROR),
        ("some new words", 1123, Refusal.FAILED_MIN_TOTAL_AMOUNT),
        ("some new words", 4242, "some new words"),
        ("", 4242, "4242"),
        ("", "NEW_WORD", "NEW_WORD"),
        ("", None, "UNNAMED"),
    ],
)
def test_a_refusal_is_named_by_its_message_before_its_number(
    message: str, code: int | str | None, name: str
) -> None:
    assert refusal_code(message, code) == name


def test_words_from_outside_are_made_fit_for_one_line() -> None:
    assert clean("a\x1b[31mb\r\n\u202ec\ud800") == "a�[31mb���c�"
    assert clean("x" * 500) == "x" * 199 + "…"
    assert clean("İşlem başarısız") == "İşlem başarısız"


def test_a_bad_row_of_market_data_is_dropped_and_counted() -> None:
    good = {"pair": "BTCTRY", "date": 1618828421497, "tid": "1", "price": "1", "amount": "1"}
    rows = [good, {**good, "price": "NaN"}, None, 7, {**good, "date": 1}, good]
    reply = Reply(status=200, is_json=True, body=b"", request_id="r")
    read, dropped = parse_rows(reply, json.dumps(rows).encode(), TRADE_ROW)
    assert (len(read), dropped) == (2, 4)
    with pytest.raises(UnusableAnswerError):
        parse_rows(reply, msgspec.Raw(b"{}"), TRADE_ROW)
