"""The worked examples of area http: what is asked of us binds (DEC-32)."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from btcbot_core.adapters.btcturk.auth import Credentials
from btcbot_core.adapters.btcturk.calls import Traffic
from btcbot_core.adapters.btcturk.errors import ThrottledError
from btcbot_core.adapters.btcturk.exchange import order_body
from btcbot_core.adapters.btcturk.server_clock import Stamps
from btcbot_core.adapters.btcturk.wire import account as wire
from btcbot_core.adapters.btcturk.wire.market import SYMBOL_ROW, rules_of
from btcbot_core.adapters.btcturk.wire.numbers import Number, decoder
from btcbot_core.domain.money import canonical
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import ViewStatus
from tests.btcturk.conftest import OpenWorld
from tests.btcturk.loopback import data, reply
from tests.btcturk.world import always, an_intent, order_row

_FILE = Path(__file__).parent.parent / "examples" / "stage3_6.json"
EXAMPLES = {each["id"]: each for each in json.loads(_FILE.read_bytes())}


def example(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return EXAMPLES[name]["input"], EXAMPLES[name]["expect"]


def test_http_01_a_request_is_signed() -> None:
    given, expected = example("HTTP-01")
    credentials = Credentials(given["api_key"], given["secret_b64"])
    assert credentials.signature(given["stamp_ms"]) == expected["signature"]


def test_http_02_stamps_strictly_increase() -> None:
    given, expected = example("HTTP-02")
    stamps = Stamps()
    assert [stamps.next(now) for now in given["clock_ms"]] == expected["stamps"]


def test_http_03_a_long_retry_after_is_not_sat_out_but_opens_the_circuit(
    open_world: OpenWorld,
) -> None:
    given, expected = example("HTTP-03")
    world = open_world(always(reply(b"{}", given["status"], retry_after=given["retry_after"])))
    with pytest.raises(ThrottledError, match="30 s"):
        world.account.balances()
    assert world.server.count("GET", "/api/v1/users/balances") == expected["requests"]
    assert world.client.limits.shut_for_s(Traffic.BALANCES) == expected["circuit_open_s"]
    assert sum(world.hands.slept) <= given["max_sleep_s"]


def test_http_04_a_trade_row_is_read_without_signs_and_only_for_its_own_pair(
    open_world: OpenWorld,
) -> None:
    given, expected = example("HTTP-04")
    row = {"id": 1, "timestamp": 1663848223334, "price": "122", "orderId": 2, **given["row"]}
    world = open_world(always(data([row])))
    since = world.clock.now()
    asked = Symbol(given["requested"].replace("_", ""))
    assert world.account.fills(asked, since) == ()
    (fill,) = world.account.fills(Symbol(expected["parsed"]["symbol"]), since)
    assert {
        "symbol": fill.symbol,
        "side": fill.side,
        "qty": canonical(fill.qty),
        "fee": canonical(fill.fee),
        "fee_currency": fill.fee_asset,
    } == expected["parsed"]


def test_http_05_an_open_order_with_time_0_takes_the_time_of_its_last_change() -> None:
    given, expected = example("HTTP-05")
    row = decoder(wire.OrderRow).decode(json.dumps(order_row(**given["row"])))
    view = wire.view_of(row)
    since_1970 = timedelta(milliseconds=expected["created_ms"])
    assert view.side == expected["side"]
    assert view.updated_at == datetime(1970, 1, 1, tzinfo=UTC) + since_1970
    assert view.status == expected["status"]


def test_http_06_a_null_in_a_filter_erases_nothing() -> None:
    given, expected = example("HTTP-06")
    row = {
        "name": "BTCTRY",
        "numerator": "BTC",
        "denominator": "TRY",
        "status": "TRADING",
        "numeratorScale": 8,
        "filters": [given["filter"]],
        "orderMethods": ["LIMIT"],
    }
    rules = rules_of(SYMBOL_ROW.decode(json.dumps(row)))
    assert canonical(rules.min_notional) == expected["min_total"]
    assert canonical(rules.tick_size) == expected["tick"]


def test_http_07_every_status_word_has_one_meaning() -> None:
    """`Closed` stays a word of its own: fills tell how much of it was filled."""
    given, expected = example("HTTP-07")
    read = [wire.status_of(word).value for word in given["words"]]
    assert read == [meaning.split("->")[0] for meaning in expected["map"]]
    row = decoder(wire.OrderRow).decode(json.dumps(order_row(status="Closed", leftAmount="0")))
    assert wire.view_of(row).status is ViewStatus.CLOSED


class _Row(msgspec.Struct, frozen=True):
    value: Number | None = None


def test_http_09_a_comma_is_an_error_and_a_null_is_missing() -> None:
    given, expected = example("HTTP-09")

    def read(value: str | None) -> str:
        try:
            number = decoder(_Row).decode(json.dumps({"value": value})).value
        except msgspec.ValidationError:
            return "error"
        return "missing" if number is None else canonical(number)

    assert [read(value) for value in given["values"]] == expected["out"]


def test_http_10_numbers_leave_plain_and_without_trailing_zeros() -> None:
    """`0` is no quantity and no price, so it is looked at as a number alone."""
    given, expected = example("HTTP-10")
    *sendable, zero = given["values"]
    bodies = [json.loads(order_body(an_intent(qty=value))) for value in sendable]
    assert [body["quantity"] for body in bodies] + [canonical(Decimal(zero))] == expected["out"]
