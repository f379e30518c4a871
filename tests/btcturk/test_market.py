"""Market data: what can be traded on, and in words why the rest cannot."""

import json
import threading
import time
from datetime import timedelta

import pytest

from btcbot_core.adapters.btcturk.errors import NoAnswerError, UnusableAnswerError
from btcbot_core.adapters.btcturk.rules import fetch_rules
from btcbot_core.adapters.btcturk.wire.numbers import millis_of
from btcbot_core.domain.errors import ExchangeUnavailableError
from btcbot_core.domain.market import BookSource
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import AnswerKind
from tests.btcturk.conftest import OpenWorld
from tests.btcturk.loopback import Asked, Move, data, html, refusal, reply
from tests.btcturk.world import BTCTRY, T0, always, an_intent, book, fixture
from tests.build import d

SIX = tuple(Symbol(name) for name in ("BTCTRY", "ETHTRY", "SOLTRY", "XRPTRY", "AVAXTRY", "USDTTRY"))


def test_a_quote_is_the_top_of_the_book_as_old_as_the_book_says(open_world: OpenWorld) -> None:
    world = open_world(always(data(book(at=T0 - timedelta(seconds=12)))))
    snapshot = world.market.snapshot([BTCTRY])
    quote = snapshot.quotes[BTCTRY]
    assert (quote.bid, quote.ask, quote.source) == (d("9990"), d("10000"), BookSource.LIVE)
    assert quote.age_s(snapshot.at) == 12
    assert not snapshot.problems


LEVEL = ["9990", "1"]
BAD_BOOKS: dict[str, tuple[dict[str, object], str]] = {
    "crossed": (book("10000", "9990"), "crossed"),
    "locked": (book("10000", "10000"), "crossed"),
    "no bids": ({**book(), "bids": []}, "no bids"),
    "no asks": ({**book(), "asks": []}, "no asks"),
    "empty": ({**book(), "bids": [], "asks": []}, "no bids"),
    "zero price": ({**book(), "bids": [LEVEL, ["0", "1"]]}, "not positive"),
    "negative size": ({**book(), "asks": [["10000", "1"], ["10001", "-1"]]}, "not positive"),
    "out of order": ({**book(), "bids": [LEVEL, ["9991", "1"]]}, "out of order"),
    "NaN": ({**book(), "bids": [["NaN", "1"]]}, "unusable"),
    "infinite": ({**book(), "asks": [["1e400", "1"]]}, "unusable"),
    "price is a list": ({**book(), "asks": [[["10000"], "1"]]}, "unusable"),
    "no time": ({**book(), "timestamp": 0}, "how old"),
    "time in seconds": ({**book(), "timestamp": 1787525059}, "unusable"),
    "time is missing": ({"bids": [LEVEL], "asks": [["10000", "1"]]}, "unusable"),
    "from the future": (book(at=T0 + timedelta(seconds=9)), "9 s ahead"),
}


@pytest.mark.parametrize("name", BAD_BOOKS)
def test_a_bad_book_is_that_pairs_problem_alone(open_world: OpenWorld, name: str) -> None:
    bad, words = BAD_BOOKS[name]

    def serve(asked: Asked) -> Move:
        return data(bad if asked.params["pairSymbol"] == "ETHTRY" else book())

    snapshot = open_world(serve).market.snapshot([BTCTRY, Symbol("ETHTRY")])
    assert list(snapshot.quotes) == [BTCTRY]
    assert words in snapshot.problems[Symbol("ETHTRY")]


def test_a_book_slightly_ahead_of_our_clock_is_not_younger_than_now(open_world: OpenWorld) -> None:
    world = open_world(always(data(book(at=T0 + timedelta(seconds=2)))))
    snapshot = world.market.snapshot([BTCTRY])
    assert snapshot.quotes[BTCTRY].age_s(snapshot.at) == 0


def test_a_frozen_book_grows_old(open_world: OpenWorld) -> None:
    world = open_world(always(data(book(at=T0))))
    world.market.snapshot([BTCTRY])
    world.hands.forward(40)
    snapshot = world.market.snapshot([BTCTRY])
    assert snapshot.quotes[BTCTRY].age_s(snapshot.at) == 40


@pytest.mark.parametrize("move", [html(404), html(504), refusal("PAIR_NOT_FOUND", 1026)])
def test_a_pair_that_is_gone_is_that_pairs_problem_alone(open_world: OpenWorld, move: Move) -> None:
    def serve(asked: Asked) -> Move:
        return move if asked.params["pairSymbol"] == "ETHTRY" else data(book())

    snapshot = open_world(serve).market.snapshot([BTCTRY, Symbol("ETHTRY")])
    assert list(snapshot.quotes) == [BTCTRY]
    assert list(snapshot.problems) == ["ETHTRY"]


def test_when_nothing_at_all_is_to_be_had_it_is_an_error(open_world: OpenWorld) -> None:
    with pytest.raises(ExchangeUnavailableError):
        open_world(always(html(504))).market.snapshot(SIX)


def test_no_pairs_are_an_empty_snapshot(open_world: OpenWorld) -> None:
    assert open_world(always(html(504))).market.snapshot([]).quotes == {}


def test_six_books_are_fetched_at_once(open_world: OpenWorld) -> None:
    """The server answers only when all six questions have come."""
    together = threading.Barrier(len(SIX), timeout=5)

    def serve(asked: Asked) -> Move:
        together.wait()
        return data(book())

    assert len(open_world(serve).market.snapshot(SIX).quotes) == 6


def test_six_books_take_little_time(open_world: OpenWorld) -> None:
    world = open_world(always(data(book())))
    world.market.snapshot(SIX)
    best = 1.0
    for _ in range(5):
        world.hands.forward(60)
        started = time.perf_counter()
        world.market.snapshot(SIX)
        best = min(best, time.perf_counter() - started)
    assert best < 0.15


def test_six_pairs_a_second_share_the_limit_evenly(open_world: OpenWorld) -> None:
    world = open_world(lambda _: data(book(at=world.clock.now())))
    oldest = d("0")
    for _ in range(120):
        snapshot = world.market.snapshot(SIX)
        oldest = max([oldest, *(q.age_s(snapshot.at) for q in snapshot.quotes.values())])
        assert snapshot.problems == {}
        world.hands.forward(1)
    assert len(world.asked("/api/v2/orderbook")) <= 2 * 162
    assert oldest <= 3
    assert world.hands.slept == []


def test_a_book_that_is_held_back_fails_nothing_and_its_quote_grows_old(
    open_world: OpenWorld,
) -> None:
    moves = [data(book(at=T0))]
    world = open_world(lambda _: moves[-1])
    world.market.snapshot([BTCTRY])
    moves.append(reply(b"{}", 429, retry_after="60"))
    for seconds in (10, 30):
        world.hands.forward(seconds)
        snapshot = world.market.snapshot([BTCTRY])
    assert snapshot.quotes[BTCTRY].age_s(snapshot.at) == 40
    other = world.market.snapshot([Symbol("ETHTRY")])
    assert (other.quotes, list(other.problems)) == ({}, ["ETHTRY"])


def info(*rows: dict[str, object]) -> Move:
    return data({"timeZone": "UTC", "symbols": list(rows), "currencies": []})


def symbol_row(**members: object) -> dict[str, object]:
    return {**fixture("exchangeinfo_symbols_live_2026_ccxt.json")[0], **members}


@pytest.mark.parametrize(
    ("members", "tick", "step"),
    [
        ({"denominatorScale": 0, "hasFraction": False}, "1", "0.00000001"),
        ({"denominatorScale": 2, "hasFraction": False}, "1", "0.00000001"),
        ({"denominatorScale": 2, "hasFraction": True}, "0.01", "0.00000001"),
        ({"denominatorScale": 3, "hasFraction": True, "numeratorScale": 2}, "0.001", "0.01"),
        ({"denominatorScale": 0, "hasFraction": True, "numeratorScale": 0}, "1", "1"),
        ({"denominatorScale": None}, "10", "0.00000001"),
    ],
)
def test_steps_come_from_the_scales(
    open_world: OpenWorld, members: dict[str, object], tick: str, step: str
) -> None:
    """A pair without fraction has whole prices whatever its scale; ticks of 10 are not kept to."""
    world = open_world(always(info(symbol_row(**members))))
    rules = world.market.rules([BTCTRY])[BTCTRY]
    assert (rules.tick_size, rules.lot_step) == (d(tick), d(step))


@pytest.mark.parametrize(
    "members",
    [{"status": "HALTED"}, {"status": ""}, {"orderMethods": ["MARKET"]}, {"orderMethods": []}],
)
def test_a_pair_without_limit_orders_or_trading_is_not_traded(
    open_world: OpenWorld, members: dict[str, object]
) -> None:
    world = open_world(always(info(symbol_row(**members))))
    assert not world.market.rules([BTCTRY])[BTCTRY].is_trading


@pytest.mark.parametrize(
    "members",
    [
        {"numeratorScale": None},
        {"numeratorScale": -1},
        {"numeratorScale": 99},
        {"denominatorScale": "0"},
        {"filters": [{"filterType": "PRICE_FILTER", "minExchangeValue": "-1"}]},
        {"filters": [{"filterType": "PRICE_FILTER", "minExchangeValue": "NaN"}]},
        {"numerator": "ETH"},
        {"numerator": None},
        {"status": None},
    ],
)
def test_a_row_without_usable_rules_is_left_out_alone(
    open_world: OpenWorld, members: dict[str, object]
) -> None:
    other = fixture("exchangeinfo_symbols_live_2026_ccxt.json")[1]
    world = open_world(always(info(symbol_row(**members), other)))
    assert list(world.market.rules([BTCTRY, Symbol("BTCUSDT")])) == ["BTCUSDT"]


def test_an_answer_without_one_usable_row_is_unusable(open_world: OpenWorld) -> None:
    with pytest.raises(UnusableAnswerError, match="not one pair"):
        fetch_rules(open_world(always(info())).client)


def test_rules_are_asked_for_once_an_hour(open_world: OpenWorld) -> None:
    world = open_world(always(info(symbol_row())))
    for _ in range(5):
        world.market.rules([BTCTRY])
    world.hands.forward(3599)
    world.market.rules([BTCTRY])
    assert world.server.count("GET") == 2  # the time, and the rules
    world.hands.forward(2)
    world.market.rules([BTCTRY])
    assert world.server.count("GET") == 3


def test_after_a_refused_order_rules_are_asked_for_anew(open_world: OpenWorld) -> None:
    coarse = symbol_row(numeratorScale=4)
    world = open_world(always(info(symbol_row()), refusal("", 1126), info(coarse)))
    fine = world.market.rules([BTCTRY])[BTCTRY].lot_step
    assert world.exchange.submit(an_intent()).kind is AnswerKind.REJECTED
    assert world.market.rules([BTCTRY])[BTCTRY].lot_step == fine, "not twice within half a minute"
    world.hands.forward(31)
    assert world.market.rules([BTCTRY])[BTCTRY].lot_step > fine


def test_the_last_good_rules_serve_for_a_day_and_no_longer(
    open_world: OpenWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world = open_world(always(info(symbol_row()), html(503)))
    assert BTCTRY in world.market.rules([BTCTRY])
    world.hands.forward(23 * 3600)
    assert BTCTRY in world.market.rules([BTCTRY])
    assert "rules.not_refreshed" in caplog.messages
    asked = world.server.count("GET")
    world.market.rules([BTCTRY])
    assert world.server.count("GET") == asked
    world.hands.forward(3600)
    assert world.market.rules([BTCTRY]) == {}


def test_rules_that_change_are_announced_but_not_the_bounds_that_follow_the_price(
    open_world: OpenWorld, caplog: pytest.LogCaptureFixture
) -> None:
    moved = symbol_row(maximumLimitOrderPrice=1, minimumLimitOrderPrice=0.5)
    coarse = symbol_row(numeratorScale=4)
    world = open_world(always(info(symbol_row()), info(moved), info(coarse)))
    for _ in range(2):
        world.market.rules([BTCTRY])
        world.hands.forward(3601)
    assert "rules.changed" not in caplog.messages
    world.market.rules([BTCTRY])
    assert "rules.changed" in caplog.messages


def kline(**columns: object) -> Move:
    whole = {
        "s": "ok",
        "t": [1661990400, 1661990460],
        "o": [10, 11],
        "h": [12, 12],
        "l": [9, 10],
        "c": [11, 10.5],
        "v": [1, 0],
        **columns,
    }
    return reply(json.dumps(whole).encode())


def closes(open_world: OpenWorld, move: Move) -> list[str]:
    world = open_world(always(move))
    first = T0 - timedelta(days=3000)
    return [str(c.close) for c in world.market.candles(BTCTRY, 60, first, T0)]


def test_candles_are_read_from_columns(open_world: OpenWorld) -> None:
    assert closes(open_world, kline()) == ["11", "10.5"]
    assert closes(open_world, kline(s="no_data", t=[], o=[], h=[], l=[], c=[], v=[])) == []


@pytest.mark.parametrize(
    "columns",
    [
        {"c": [11]},
        {"t": [1661990460, 1661990400]},
        {"t": [1661990400, 1661990400]},
        {"t": [1661990400, "x"]},
        {"t": [0, 1]},
        {"t": [1661990400, 99999999999]},
        {"s": "error"},
        {"v": None},
        {"o": [10, "1_1"]},
    ],
)
def test_columns_that_do_not_fit_together_are_unusable(
    open_world: OpenWorld, columns: dict[str, object]
) -> None:
    with pytest.raises(UnusableAnswerError):
        closes(open_world, kline(**columns))


@pytest.mark.parametrize("columns", [{"h": [12, 9]}, {"l": [9, 0]}, {"v": [1, -1]}])
def test_a_bar_that_cannot_be_is_dropped_alone(
    open_world: OpenWorld, columns: dict[str, object]
) -> None:
    assert closes(open_world, kline(**columns)) == ["11"]


def test_candles_are_asked_for_in_seconds_and_in_the_exchanges_words(
    open_world: OpenWorld,
) -> None:
    world = open_world(always(kline()))
    world.market.candles(BTCTRY, 86_400, T0 - timedelta(days=2), T0)
    (asked,) = world.asked("/v1/klines/history")
    assert asked.params["resolution"] == "1D"
    assert int(asked.params["to"]) == millis_of(T0) // 1000


def test_a_page_in_place_of_candles_is_unusable(open_world: OpenWorld) -> None:
    with pytest.raises((UnusableAnswerError, NoAnswerError)):
        closes(open_world, html(200))


def test_a_bad_ticker_row_is_dropped_and_counted(open_world: OpenWorld) -> None:
    good = fixture("ticker_BTCTRY_live_2026-09-14.json")["data"][0]
    bad = [{**good, "last": 0}, {**good, "pair": "Ü"}, {**good, "timestamp": 0}, {}]
    bad.append({**good, "volume": -1})
    world = open_world(always(data([good, *bad])))
    assert list(world.market.tickers()) == ["BTCTRY"]
    assert world.market.rows_dropped == 5
