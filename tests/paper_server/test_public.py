"""The public endpoints: BTCTurk's paths, names, types and envelopes."""

import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from tests.adapters.recording import bar, candles_csv, manifest, write_dataset
from tests.paper_server.serving import Running, options, served

D = Decimal


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with served() as running:
        yield running


def test_the_time_has_no_envelope_and_is_now(server: Running) -> None:
    body = server.get("/api/v2/server/time").body
    assert set(body) == {"serverTime", "serverTime2"}
    assert abs(body["serverTime"] - time.time() * 1000) < 5_000
    assert "pong" in server.get("/api/v2/server/ping").body


@pytest.mark.parametrize(
    "path",
    ["/api/v2/server/exchangeInfo", "/API/V2/Server/ExchangeInfo", "/api/v2/server/exchangeinfo/"],
)
def test_paths_match_in_any_case(server: Running, path: str) -> None:
    assert server.get(path).status == 200


def test_exchange_info_has_the_captured_fields_and_types(server: Running) -> None:
    answer = server.get("/api/v2/server/exchangeinfo").body
    assert (answer["success"], answer["message"], answer["code"]) == (True, "", 0)
    data = answer["data"]
    assert data["timeZone"] == "UTC"
    (btc, *_) = data["symbols"]
    assert btc["name"] == "BTCTRY"
    assert btc["nameNormalized"] == "BTC_TRY"
    assert (btc["numeratorScale"], btc["denominatorScale"], btc["hasFraction"]) == (8, 0, False)
    (price_filter,) = btc["filters"]
    assert price_filter["minExchangeValue"] == "99.91"
    assert isinstance(price_filter["tickSize"], str)
    assert price_filter["minAmount"] is None
    usdt = next(row for row in data["symbols"] if row["name"] == "USDTTRY")
    assert (usdt["numeratorScale"], usdt["denominatorScale"], usdt["hasFraction"]) == (2, 2, True)
    assert {row["symbol"] for row in data["currencies"]} >= {"TRY", "BTC", "USDT"}


def test_the_ticker_is_always_a_list_of_json_numbers(server: Running) -> None:
    everything = server.get("/api/v2/ticker").data
    assert len(everything) == 6
    (row,) = server.get("/api/v2/ticker", pairSymbol="BTC_TRY").data
    for name in ("last", "high", "low", "bid", "ask", "open", "volume", "average"):
        assert isinstance(row[name], int | float)
    assert isinstance(row["timestamp"], int)
    assert row["daily"] == row["ask"] - row["open"]
    assert len(server.get("/api/v2/ticker", pairSymbol="").data) == 6
    rows = server.get("/api/v2/ticker/currency", symbol="usdt").data
    assert [row["pair"] for row in rows] == ["USDTTRY"]


def test_the_book_has_text_levels_best_first_and_a_fresh_time(server: Running) -> None:
    answer = server.get("/api/v2/orderBook", pairSymbol="BTCTRY", limit=5).body
    assert answer["code"] == "SUCCESS"
    data = answer["data"]
    bids, asks = data["bids"], data["asks"]
    assert len(bids) == len(asks) == 5
    assert [D(p) for p, _ in bids] == sorted((D(p) for p, _ in bids), reverse=True)
    assert [D(p) for p, _ in asks] == sorted(D(p) for p, _ in asks)
    assert D(bids[0][0]) < D(asks[0][0])
    assert abs(data["timestamp"] - time.time() * 1000) < 5_000
    assert len(server.get("/api/v2/orderbook", pairSymbol="BTCTRY").data["bids"]) == 100


def test_orders_of_accounts_stand_in_the_book(server: Running) -> None:
    (row,) = server.get("/api/v2/ticker", pairSymbol="BTCTRY").data
    price = row["bid"] + 1
    placed = server.order("buy", "0.001", str(price))
    assert placed.status == 200
    best = server.get("/api/v2/orderbook", pairSymbol="BTCTRY", limit=1).data["bids"][0]
    assert best == [str(price), "0.001"]
    assert server.get("/api/v2/ticker", pairSymbol="BTCTRY").data[0]["bid"] == price


def test_trades_are_newest_first_and_at_most_fifty(server: Running) -> None:
    rows = server.get("/api/v2/trades", pairSymbol="ETHTRY", last=1000).data
    assert len(rows) == 50
    times = [row["date"] for row in rows]
    assert times == sorted(times, reverse=True)
    assert {row["side"] for row in rows} <= {"buy", "sell"}
    assert all(isinstance(row["tid"], str) for row in rows)


def test_klines_are_udf_numbers_in_rising_seconds(server: Running) -> None:
    now_s = int(time.time())
    asked = {"symbol": "BTCTRY", "resolution": "1 d", "from": -99 * 86_400, "to": now_s}
    body = server.get("/v1/klines/history", **asked).body
    assert body["s"] == "ok"
    assert body["t"] == sorted(body["t"])
    assert body["t"][-1] <= now_s
    assert len({len(body[name]) for name in "tohlcv"}) == 1
    assert len(body["t"]) > 600


def test_klines_without_data_or_of_no_resolution_say_so(server: Running) -> None:
    asked = {"symbol": "BTCTRY", "resolution": "60", "from": 1, "to": 2}
    assert server.get("/v1/klines/history", **asked).body["s"] == "no_data"
    asked["resolution"] = "soon"
    assert server.get("/v1/klines/history", **asked).status == 400


def test_daily_candles_come_as_a_bare_list_and_in_the_old_form(server: Running) -> None:
    rows = server.get("/v1/ohlcs", pair="BTCTRY", **{"from": 0, "to": int(time.time())}).body
    assert isinstance(rows[0]["time"], int)
    assert rows[0]["low"] <= rows[0]["open"] <= rows[0]["high"]
    (old, *_) = server.get("/api/v2/ohlc", pairSymbol="BTCTRY", last=3).data
    assert isinstance(old["close"], str)


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/api/v2/orderbook", {"pairSymbol": "DOGETRY"}, 400),
        ("/api/v2/orderbook", {"pairSymbol": "'; DROP TABLE"}, 400),
        ("/api/v2/orderbook", {}, 400),
        ("/api/v2/orderbook", {"pairSymbol": "BTCTRY", "limit": "many"}, 400),
        ("/api/v2/trades", {"pairSymbol": "BTCTRY", "last": "1e3"}, 400),
        ("/api/v3/orderbook", {}, 404),
        ("/", {}, 404),
    ],
)
def test_bad_questions_get_bad_answers(
    server: Running, path: str, query: dict[str, str], status: int
) -> None:
    assert server.get(path, **query).status == status


def test_a_path_asked_with_another_method_is_405(server: Running) -> None:
    assert server.ask("POST", "/api/v2/ticker").status == 405
    assert server.ask("PUT", "/api/v1/order").status == 405


# Time


def test_the_market_moves_at_its_speed_and_starts_over_at_the_end(tmp_path: Path) -> None:
    bars = [bar("100"), bar("200"), bar("300")]
    folder = write_dataset(tmp_path / "d", {"BTCTRY": candles_csv(bars)}, described=manifest())
    with served(options(speed=Fraction(1)), folder) as server:
        seen = []
        for _ in range(4):
            seen.append(server.get("/api/v2/ticker", pairSymbol="BTCTRY").data[0]["last"])
            server.clock.moved += timedelta(seconds=60)
        assert seen == [100, 200, 300, 100]


def test_at_speed_one_candles_are_where_the_wall_saw_them(tmp_path: Path) -> None:
    bars = [bar("100"), bar("200"), bar("300"), bar("400")]
    folder = write_dataset(tmp_path / "d", {"BTCTRY": candles_csv(bars)}, described=manifest())
    with served(options(speed=Fraction(1)), folder) as server:
        server.clock.moved += timedelta(seconds=150)
        now_s = int(server.clock.now().timestamp())
        asked = {"symbol": "BTCTRY", "resolution": "1", "from": now_s - 3600, "to": now_s}
        body = server.get("/v1/klines/history", **asked).body
        # One pass of history, then the candles of this one: 100 is over at the start.
        assert body["c"] == [100, 200, 300, 400, 100, 200, 300]
        assert {b - a for a, b in zip(body["t"], body["t"][1:], strict=False)} == {60}
        assert now_s - body["t"][-1] < 180


def test_faster_recordings_make_bars_of_many_candles(tmp_path: Path) -> None:
    bars = [bar(str(100 + i), low=str(50 + i), high=str(200 + i)) for i in range(120)]
    folder = write_dataset(tmp_path / "d", {"BTCTRY": candles_csv(bars)}, described=manifest())
    with served(options(speed=Fraction(60)), folder) as server:
        now_s = int(time.time())
        asked = {"symbol": "BTCTRY", "resolution": "1", "from": now_s - 3600, "to": now_s}
        body = server.get("/v1/klines/history", **asked).body
        # 120 recorded minutes pass in two minutes of wall time.
        assert 2 <= len(body["t"]) <= 4
        assert 120 <= sum(body["v"]) <= 150
