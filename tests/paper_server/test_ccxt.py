"""A client that nobody here wrote trades on the paper exchange: ccxt, told only other URLs."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.canaries import KEY, SECRET
from tests.paper_server.serving import Running, options, served, until

D = Decimal
PAIR = "BTC/TRY"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with served(options(has_quotas=True)) as running:
        yield running


@pytest.fixture
def client(server: Running) -> Iterator[Any]:
    made = connect(server)
    yield made
    made.session.close()


def connect(server: Running, secret: str = SECRET) -> Any:
    made = ccxt.btcturk({"apiKey": KEY, "secret": secret})
    made.urls["api"] = {
        "public": f"{server.url}/api/v2",
        "private": f"{server.url}/api/v1",
        "graph": f"{server.url}/v1",
    }
    return made


def exact(number: object) -> Decimal:
    """ccxt's numbers are floats that print as they were written."""
    return D(str(number))


def totals(client: Any) -> dict[str, Decimal]:
    rows = client.fetch_balance()["info"]["data"]
    return {row["asset"]: D(row["balance"]) for row in rows}


def test_markets_carry_scales_and_limits(client: Any) -> None:
    markets = client.load_markets()
    assert set(markets) == {"BTC/TRY", "ETH/TRY", "XRP/TRY", "USDT/TRY", "SOL/TRY", "AVAX/TRY"}
    market = markets[PAIR]
    assert exact(market["precision"]["amount"]) == D("1e-8")
    assert exact(market["precision"]["price"]) == 1
    assert exact(market["limits"]["cost"]["min"]) == D("99.91")
    assert market["active"]


def test_ticker_book_and_trades_are_of_one_market(client: Any) -> None:
    ticker = client.fetch_ticker(PAIR)
    book = client.fetch_order_book(PAIR)
    assert ticker["bid"] < ticker["ask"]
    assert (book["bids"][0][0], book["asks"][0][0]) == (ticker["bid"], ticker["ask"])
    assert len(book["bids"]) == len(book["asks"]) == 100
    assert abs(book["timestamp"] - client.milliseconds()) < 5_000
    (trade, *_) = client.fetch_trades(PAIR, limit=5)
    assert trade["side"] in ("buy", "sell")
    assert ticker["low"] <= ticker["last"] <= ticker["high"]


def test_candles_come_in_order_whatever_ccxt_asks_for(client: Any) -> None:
    for timeframe in ("1h", "1d"):
        candles = client.fetch_ohlcv(PAIR, timeframe, limit=10)
        assert 0 < len(candles) <= 10
        opened = [candle[0] for candle in candles]
        assert opened == sorted(opened)
        assert all(low <= close <= high for _, _, high, low, close, _ in candles)


def test_an_order_far_away_rests_is_listed_and_cancelled(client: Any) -> None:
    before = totals(client)
    placed = client.create_order(PAIR, "limit", "buy", 0.01, 200_000)
    (found,) = client.fetch_open_orders(PAIR)
    assert found["id"] == placed["id"]
    assert (found["side"], found["type"], found["status"]) == ("buy", "limit", "open")
    assert (found["price"], found["amount"], found["remaining"]) == (200_000, 0.01, 0.01)
    locked = client.fetch_balance()["TRY"]["used"]
    assert exact(locked) == D("2003.6")
    client.cancel_order(placed["id"])
    until(lambda: client.fetch_open_orders(PAIR) == [])
    assert client.fetch_balance()["TRY"]["used"] == 0
    assert totals(client) == before
    (order,) = [o for o in client.fetch_orders(PAIR) if o["id"] == placed["id"]]
    assert order["status"] == "canceled"


def test_a_marketable_order_moves_balances_by_price_quantity_fee_and_vat(
    client: Any,
) -> None:
    before = totals(client)
    ask = client.fetch_ticker(PAIR)["ask"]
    placed = client.create_order(PAIR, "limit", "buy", 0.01, int(ask * 1.01))
    trades = [t for t in client.fetch_my_trades(PAIR) if t["order"] == placed["id"]]
    (trade,) = trades
    row = trade["info"]
    price, qty = D(row["price"]), D(row["amount"])
    fee, tax = -D(row["fee"]), -D(row["tax"])
    assert (qty, exact(ask) <= price <= exact(ask) * D("1.01")) == (D("0.01"), True)
    assert fee + tax == (price * qty * D("0.0018")).quantize(D("0.00000001"), "ROUND_UP")
    assert fee == ((fee + tax) / D("1.2")).quantize(D("0.00000001"), "ROUND_UP")
    after = totals(client)
    assert after["BTC"] - before["BTC"] == qty
    assert before["TRY"] - after["TRY"] == price * qty + fee + tax
    (order,) = [o for o in client.fetch_orders(PAIR) if o["id"] == placed["id"]]
    assert (order["status"], order["remaining"]) == ("closed", 0)


def test_a_sell_gives_its_notional_less_fee_and_vat(client: Any) -> None:
    before = totals(client)
    placed = client.create_order(PAIR, "market", "sell", 0.01)
    (trade,) = [t for t in client.fetch_my_trades(PAIR) if t["order"] == placed["id"]]
    row = trade["info"]
    assert D(row["amount"]) == D("-0.01")
    cost = -D(row["fee"]) - D(row["tax"])
    after = totals(client)
    assert after["TRY"] - before["TRY"] == D(row["price"]) * D("0.01") - cost
    assert before["BTC"] - after["BTC"] == D("0.01")


def test_a_wrong_secret_is_not_let_in(server: Running) -> None:
    stranger = connect(server, secret="d3Jvbmc=")
    with pytest.raises(ccxt.ExchangeError, match="Unauthorized"):
        stranger.fetch_balance()
    stranger.session.close()


def test_too_little_money_is_insufficient_funds(client: Any) -> None:
    with pytest.raises(ccxt.InsufficientFunds):
        client.create_order(PAIR, "limit", "buy", 5, 300_000)


def test_too_small_an_order_is_refused(client: Any) -> None:
    with pytest.raises(ccxt.ExchangeError, match="FAILED_MIN_TOTAL_AMOUNT"):
        client.create_order(PAIR, "limit", "buy", 0.0001, 300_000)


def test_an_unknown_pair_is_refused(client: Any) -> None:
    client.load_markets()
    client.markets["DOGE/TRY"] = {**client.markets[PAIR], "id": "DOGETRY", "symbol": "DOGE/TRY"}
    with pytest.raises(ccxt.ExchangeError, match="PAIR_NOT_FOUND"):
        client.fetch_order_book("DOGE/TRY")
    with pytest.raises(ccxt.ExchangeError, match="PAIR_NOT_FOUND"):
        client.create_order("DOGE/TRY", "limit", "buy", 1, 300_000)


def test_a_second_cancel_is_fine_and_a_filled_orders_is_not(client: Any) -> None:
    placed = client.create_order(PAIR, "limit", "buy", 0.01, 200_000)
    client.cancel_order(placed["id"])
    until(lambda: client.fetch_open_orders(PAIR) == [])
    client.cancel_order(placed["id"])
    ask = client.fetch_ticker(PAIR)["ask"]
    filled = client.create_order(PAIR, "limit", "buy", 0.001, int(ask * 1.01))
    with pytest.raises(ccxt.ExchangeError, match="ORDER_COULD_NOT_BE_CANCELED"):
        client.cancel_order(filled["id"])
    with pytest.raises(ccxt.ExchangeError, match="NO_ORDER_MATCHES_YOUR_REQUEST"):
        client.cancel_order("1")
