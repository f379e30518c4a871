"""Every recorded answer becomes the values that it means, or is refused for a stated reason."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from btcbot_core.adapters.btcturk.errors import NoAnswerError, RefusalError
from btcbot_core.adapters.btcturk.rules import fetch_rules
from btcbot_core.adapters.btcturk.wire import account as wire
from btcbot_core.adapters.btcturk.wire.envelope import Reply, data_of, parse
from btcbot_core.adapters.btcturk.wire.numbers import Millis, decoder
from btcbot_core.domain.errors import BadAnswerError
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import OrderType, OrderView, Side, ViewStatus
from tests.btcturk.conftest import OpenWorld
from tests.btcturk.loopback import Move, data, html, reply
from tests.btcturk.world import FIXTURES, World, always, an_order, fixture, fixture_bytes
from tests.build import d

Check = Callable[[OpenWorld, str], None]


def of_utc(millis: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millis)


def whole(open_world: OpenWorld, name: str, at: datetime | None = None) -> World:
    """A world whose server answers with just this file, at the time when it was recorded."""
    world = open_world(always(reply(fixture_bytes(name))))
    if at is not None:
        world.hands.wall_error = at - world.hands.now()
    return world


def as_reply(body: object, status: int = 200) -> Reply:
    text = json.dumps(body).encode()
    return Reply(status=status, is_json=True, body=text, request_id="r")


def exchangeinfo_2026(open_world: OpenWorld, name: str) -> None:
    rules = fetch_rules(whole(open_world, name).client)
    assert {"BTCTRY", "USDTTRY", "ETHUSDT"} == set(rules)
    btc = rules[Symbol("BTCTRY")]
    assert (btc.base, btc.quote) == ("BTC", "TRY")
    assert (btc.tick_size, btc.lot_step) == (d("1"), d("0.00000001"))
    assert btc.min_notional == d("99.91")
    assert btc.is_trading
    assert not btc.is_modelled
    assert rules[Symbol("USDTTRY")].tick_size == d("0.001")
    assert rules[Symbol("USDTTRY")].lot_step == d("0.01")
    assert rules[Symbol("ETHUSDT")].min_notional == d("9.91")


def exchangeinfo_2022(open_world: OpenWorld, name: str) -> None:
    btc = fetch_rules(whole(open_world, name).client)[Symbol("BTCTRY")]
    assert (btc.min_price, btc.max_price) == (d("63249.8"), d("6324980.0"))


def exchangeinfo_rows(open_world: OpenWorld, name: str) -> None:
    world = open_world(always(data({"symbols": fixture(name)})))
    rules = fetch_rules(world.client)
    assert rules[Symbol("BTCUSDT")].tick_size == 1
    assert rules[Symbol("BTCUSDT")].max_price == d("772950")


def exchangeinfo_error(open_world: OpenWorld, name: str) -> None:
    """The exchange's own trouble, though it came with HTTP 200: it may pass."""
    with pytest.raises(NoAnswerError, match="SYSTEM_ERROR"):
        fetch_rules(whole(open_world, name).client)


def a_ticker(pair: str, last: str, open_: str, bid: str, ask: str, millis: int) -> Check:
    def check(open_world: OpenWorld, name: str) -> None:
        ticker = whole(open_world, name).market.tickers()[Symbol(pair)]
        assert (ticker.last, ticker.open) == (d(last), d(open_))
        assert (ticker.bid, ticker.ask) == (d(bid), d(ask))
        assert ticker.at == of_utc(millis)

    return check


def a_book(pair: str, bid: str, ask: str, millis: int) -> Check:
    def check(open_world: OpenWorld, name: str) -> None:
        world = whole(open_world, name, of_utc(millis) + timedelta(seconds=2))
        quote = world.market.snapshot([Symbol(pair)]).quotes[Symbol(pair)]
        assert (quote.bid, quote.ask, quote.at) == (d(bid), d(ask), of_utc(millis))
        assert quote.age_s(world.clock.now()) == 2

    return check


def public_trades(open_world: OpenWorld, name: str) -> None:
    """Two pairs in one list, as the file was put together: each is read, one belongs."""
    world = whole(open_world, name)
    (trade,) = world.market.trades(Symbol("BTCTRY"))
    assert (trade.price, trade.qty, trade.taker) == (d("462585.00"), d("0.01618411"), Side.SELL)
    assert (trade.id, trade.at) == ("637544252214980918", of_utc(1618828421497))
    assert world.market.rows_dropped == 1


def klines_2026(open_world: OpenWorld, name: str) -> None:
    first = of_utc(1787684400_000)
    world = whole(open_world, name, of_utc(1787691600_000) + timedelta(minutes=59))
    candles = world.market.candles(Symbol("BTCTRY"), 3600, first, world.clock.now())
    # The third bar is not finished yet.
    assert [candle.close for candle in candles] == [d("3796125.0"), d("3761074.0")]
    assert (candles[0].opened_at, candles[0].high) == (first, d("3809691.0"))
    assert candles[1].volume == d("0.61832473")


def klines_2022(open_world: OpenWorld, name: str) -> None:
    """The minute between them had no trade: a hole stays a hole."""
    world = whole(open_world, name, of_utc(1661990700_000))
    candles = world.market.candles(Symbol("BTCTRY"), 60, of_utc(0), world.clock.now())
    assert [c.opened_at for c in candles] == [of_utc(1661990400_000), of_utc(1661990520_000)]


def balances_2019(open_world: OpenWorld, name: str) -> None:
    accounts = whole(open_world, name).account.balances()
    assert accounts[Asset("TRY")].free == d("102135.3712490135968651")
    assert accounts[Asset("TRY")].total == d("103158.9412490031968651")
    assert accounts[Asset("BTC")].locked == d("0.001")


def balances_with_commas(open_world: OpenWorld, name: str) -> None:
    """Its decimal commas are an accident of a locale; a comma is never guessed at."""
    with pytest.raises(BadAnswerError, match="expected a decimal number"):
        whole(open_world, name).account.balances()


def balances_entry(open_world: OpenWorld, name: str) -> None:
    world = open_world(always(data([fixture(name)])))
    assert world.account.balances()[Asset("TRY")].total == 0


def view_of(row: object) -> OrderView:
    made = as_reply(row)
    return wire.view_of(parse(made, made.body, wire.ORDER))


def open_orders(open_world: OpenWorld, name: str) -> None:
    """Its `time` is 0, so the time of the last change is taken."""
    world = open_world(always(data(fixture(name))))
    (view,) = world.account.open_orders(Symbol("EOSTRY"))
    assert view == OrderView(
        exchange_id="3028496980",
        client_id=view.client_id,
        symbol=Symbol("EOSTRY"),
        side=Side.SELL,
        type=OrderType.LIMIT,
        price=d("100.00"),
        qty=d("1.38"),
        left_qty=d("1.38"),
        status=ViewStatus.OPEN,
        updated_at=of_utc(1620514400663),
    )
    assert view.client_id == "advanced"


def all_orders_entry(_: OpenWorld, name: str) -> None:
    view = view_of(fixture(name))
    assert (view.exchange_id, view.left_qty) == ("2606012912", d("0.0003"))
    assert (view.status, view.symbol, view.side) == (ViewStatus.OPEN, "BTCUSDT", Side.BUY)


def single_order(open_world: OpenWorld, name: str) -> None:
    """A stop order of a hand is shown as what it becomes when triggered."""
    world = whole(open_world, name)
    view = world.account.find_order(an_order("61912740"))
    assert view is not None
    assert (view.type, view.side, view.client_id) == (OrderType.MARKET, Side.SELL, "BtcTurk API")
    assert world.asked("/api/v1/order/61912740")


def order_not_found(open_world: OpenWorld, name: str) -> None:
    world = open_world(always(reply(fixture_bytes(name), 400)))
    assert world.account.find_order(an_order("1")) is None


def placed_of(row: object) -> wire.PlacedRow:
    made = as_reply(row)
    return parse(made, made.body, wire.PLACED)


def submit_data(_: OpenWorld, name: str) -> None:
    row = placed_of(fixture(name))
    assert (row.id, row.price, row.quantity) == (2606935102, d("56000"), d("0.0002"))
    assert wire.pair_of(row) == "BTCUSDT"
    assert wire.client_id_of(row) == "98e5c491-7ed9-462b-9666-93553180fb28"


def submit_docs(_: OpenWorld, name: str) -> None:
    """Capitals, as answers had them before 2020."""
    made = as_reply(fixture(name))
    row = parse(made, data_of(made), wire.PLACED)
    assert (wire.side_of(row.type), wire.type_of(row.method)) == (Side.BUY, OrderType.LIMIT)
    assert (row.id, row.new_order_client_id) == (9932534, "test")


def submit_cut(_: OpenWorld, name: str) -> None:
    """Refused as an answer, since its end with code and success was cut off; its data is read."""
    made = as_reply(fixture(name))
    with pytest.raises(BadAnswerError, match="contradict"):
        data_of(made)
    row = placed_of(fixture(name)["data"])
    assert (row.id, row.price, wire.client_id_of(row)) == (21770789256, d("1.994"), "Sat")


def cancel_ok(_: OpenWorld, name: str) -> None:
    assert bytes(data_of(as_reply(fixture(name)))) == b"null"


def fills_of(name: str) -> list[tuple[str, str, Side, Decimal, Decimal, Decimal, str]]:
    made = as_reply(fixture(name))
    fills = [wire.fill_of(row) for row in parse(made, data_of(made), wire.FILLS)]
    return [(f.id, f.symbol, f.side, f.price, f.qty, f.fee, f.fee_asset) for f in fills]


def user_trades_2020(_: OpenWorld, name: str) -> None:
    buys = [
        ("71225021", "BTCUSDT", Side.BUY, d("17050"), d("0.01673"), d("0"), "USDT"),
        ("320874372", "BTCUSDT", Side.BUY, d("56000"), d("0.0002"), d("0"), "USDT"),
    ]
    assert fills_of(name) == buys


def user_trades_2021(_: OpenWorld, name: str) -> None:
    """Fee and VAT together are 0.18 % of the notional, as the exchange charged then."""
    sell, buy, _old = fills_of(name)
    assert sell[2:6] == (Side.SELL, d("313000.00"), d("0.0004"), d("0.22535945"))
    assert buy[2:6] == (Side.BUY, d("399742.00"), d("0.00024971"), d("0.17967615"))


def user_trades_2022(_: OpenWorld, name: str) -> None:
    """The exact quantity is the one to book; the other was rounded by the exchange."""
    (sell,) = fills_of(name)
    assert sell[0] == "1181163798924649598"
    assert sell[4:] == (d("0.33840811"), d("0.07431424"), "TRY")


def errors_captured(open_world: OpenWorld, name: str) -> None:
    """What a read makes of each; where the status was not noted, that of its kind is taken."""
    outcomes = []
    for entry in fixture(name):
        body = entry.get("body", {})
        status = entry["http"] or (400 if body["message"] == "SYSTEM_UNDER_MAINTENANCE" else 500)
        headers = {k.replace("-", "_"): v for k, v in entry.get("headers", {}).items()}
        outcomes.append(outcome(open_world, _error(entry, status, headers)))
    refused = "RefusalError FAILED_ORDER_WITH_OPEN_ORDERS"
    assert outcomes == [
        "RefusalError UNAUTHORIZED",
        *[refused] * 4,
        "RefusalError NO_ORDER_MATCHES_YOUR_REQUEST",
        "NoAnswerError",
        "NoAnswerError",
        "NoAnswerError",
        "NoAnswerError",
        "ThrottledError",
        "OwnLimitError",
        "()",
    ]


def _error(entry: dict[str, Any], status: int, headers: dict[str, str]) -> Move:
    if "body" not in entry:
        return html(status)
    return reply(json.dumps(entry["body"]).encode(), status, **headers)


def outcome(open_world: OpenWorld, move: Move) -> str:
    world = open_world(always(move))
    try:
        return str(world.account.fills(Symbol("BTCTRY"), world.clock.now()))
    except RefusalError as refusal:
        return f"RefusalError {refusal.code}"
    except Exception as error:  # noqa: BLE001 - its kind is what is looked at
        return type(error).__name__


def socket_frames(_: OpenWorld, name: str) -> None:
    """Frames of the socket are lists, and no answer to a request of ours: refused as a whole."""
    with pytest.raises(BadAnswerError, match="ValidationError"):
        data_of(as_reply(fixture(name)))


def graph_ohlcs(_: OpenWorld, name: str) -> None:
    """Daily bars come from klines too, so this call is not made; its list is no envelope."""
    socket_frames(_, name)


class Timed(msgspec.Struct, frozen=True):
    time: Millis


def ohlc_2019(_: OpenWorld, name: str) -> None:
    """Of a call that the exchange dropped. Its times are in no known unit: refused."""
    made = as_reply(fixture(name))
    with pytest.raises(BadAnswerError, match="found 15334272"):
        parse(made, data_of(made), decoder(tuple[Timed, ...]))


CHECKS: dict[str, Check] = {
    "all_orders_entry_live_2021-04.json": all_orders_entry,
    "balances_docs_2019.json": balances_2019,
    "balances_docs_2025-01.json": balances_with_commas,
    "balances_entry_live_ccxt.json": balances_entry,
    "cancel_order_ok_live_2025-01.json": cancel_ok,
    "errors_captured.json": errors_captured,
    "exchangeinfo_error.json": exchangeinfo_error,
    "exchangeinfo_live_2022-03.json": exchangeinfo_2022,
    "exchangeinfo_live_2026-08.json": exchangeinfo_2026,
    "exchangeinfo_symbols_live_2026_ccxt.json": exchangeinfo_rows,
    "graph_ohlcs_docs.json": graph_ohlcs,
    "klines_BTCTRY_60_live_2026-08-25.json": klines_2026,
    "klines_live_2022-09.json": klines_2022,
    "ohlc_v2_docs_2019.json": ohlc_2019,
    "open_orders_live_2021-05.json": open_orders,
    "orderbook_BTCTRY_live_2026-08-23.json": a_book("BTCTRY", "3712281", "3715990", 1787525059089),
    "orderbook_USDTTRY_live_2019-09-19.json": a_book("USDTTRY", "5.74", "5.76", 1568899482709),
    "orderbook_live_2022-03-17.json": a_book("BTCUSDT", "41177", "41231", 1647493701782),
    "single_order_docs_2022-03.json": single_order,
    "single_order_not_found.json": order_not_found,
    "submit_order_docs.json": submit_docs,
    "submit_order_live_2021-04.json": submit_data,
    "submit_order_live_2024-04_cut.json": submit_cut,
    "ticker_BTCTRY_live_2026-08-23.json": a_ticker(
        "BTCTRY", "3713440", "3686279", "3712281", "3715990", 1787525058187
    ),
    "ticker_BTCTRY_live_2026-09-14.json": a_ticker(
        "BTCTRY", "3844648", "3760295", "3842925", "3844704", 1789410188492
    ),
    "ticker_BTCUSDT_live_2022-03-16.json": a_ticker(
        "BTCUSDT", "40585", "38699", "40569", "40587", 1647430954506
    ),
    "ticker_BTCUSDT_live_2026-09-14.json": a_ticker(
        "BTCUSDT", "79152", "77356", "79164", "79185", 1789410188498
    ),
    "ticker_BTCUSDT_live_2026-09-15.json": a_ticker(
        "BTCUSDT", "77254", "77614", "77222", "77226", 1789455232698
    ),
    "trades_live_2021-04.json": public_trades,
    "user_trades_docs_2021-08.json": user_trades_2021,
    "user_trades_docs_2022-09.json": user_trades_2022,
    "user_trades_live_2020_2021.json": user_trades_2020,
    "ws_frames_public_2022-03.json": socket_frames,
    "ws_frames_public_2025_2026.json": socket_frames,
    "ws_frames_user.json": socket_frames,
}


def test_every_recorded_file_is_looked_at() -> None:
    assert set(CHECKS) == {path.name for path in FIXTURES.glob("*.json")}


@pytest.mark.parametrize("name", CHECKS)
def test_a_recorded_answer_means_what_it_meant(open_world: OpenWorld, name: str) -> None:
    CHECKS[name](open_world, name)
