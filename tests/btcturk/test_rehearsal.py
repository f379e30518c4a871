"""The live path against the paper exchange: both sides read the protocol from the same page."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest

from btcbot_core.adapters.btcturk.armed import ArmedExchange
from btcbot_core.adapters.btcturk.auth import Credentials
from btcbot_core.adapters.btcturk.client import BtcturkClient
from btcbot_core.adapters.btcturk.errors import NotSentError, RefusalError
from btcbot_core.adapters.btcturk.line import ClientOptions
from btcbot_core.adapters.btcturk.market import BtcturkMarket
from btcbot_core.domain.rules import round_price
from btcbot_core.domain.symbol import Asset
from btcbot_core.domain.trading import AnswerKind, Fill, Intent, Order, OrderType, Side, ViewStatus
from tests.btcturk.world import BTCTRY, OPEN, Gate, an_intent, an_order
from tests.build import d
from tests.canaries import KEY, SECRET
from tests.paper_server.serving import Running, options, served, until


class Rehearsal:
    """Every adapter against one running paper exchange."""

    def __init__(self, running: Running, key: str = KEY, secret: str = SECRET) -> None:
        self.running = running
        addresses = ClientOptions(base_url=running.url, graph_url=running.url, read_s=1.0)
        credentials = Credentials(key, secret)
        self.client = BtcturkClient(addresses, running.clock, Random(3), credentials)
        self.market = BtcturkMarket(self.client)
        self.exchange = ArmedExchange(self.client, lambda: OPEN, Gate())
        self.client.keep_clock()

    def close(self) -> None:
        self.market.close()
        self.client.close()

    def limit(self, side: Side, qty: str, ratio: str, name: str) -> Intent:
        """An order at a ratio of the mid, rounded as the exchange's rules say."""
        rules = self.market.rules([BTCTRY])[BTCTRY]
        price = round_price(rules, side, self.market.quote(BTCTRY).mid * d(ratio))
        return an_intent(side, str(price), qty, name=name)


@contextmanager
def rehearsing(faults: str = "", key: str = KEY, secret: str = SECRET) -> Iterator[Rehearsal]:
    with served(options(faults=faults)) as running:
        rehearsal = Rehearsal(running, key, secret)
        try:
            yield rehearsal
        finally:
            rehearsal.close()


@pytest.fixture
def stage() -> Iterator[Rehearsal]:
    with rehearsing() as rehearsal:
        yield rehearsal


def as_order(intent: Intent, exchange_id: str | None) -> Order:
    return an_order(exchange_id, intent.client_id)


def test_market_data_are_fresh_and_their_rules_are_known(stage: Rehearsal) -> None:
    rules = stage.market.rules([BTCTRY])
    snapshot = stage.market.snapshot(list(rules))
    quote = snapshot.quotes[BTCTRY]
    assert not snapshot.problems
    assert 0 < quote.bid < quote.ask
    assert quote.age_s(snapshot.at) < 120
    assert rules[BTCTRY].is_trading
    assert BTCTRY in stage.market.tickers()
    assert stage.market.rows_dropped == 0


def test_candles_and_trades_are_read(stage: Rehearsal) -> None:
    now = stage.client.clock.now()
    candles = stage.market.candles(BTCTRY, 60, now - timedelta(hours=2), now)
    assert all(a.opened_at < b.opened_at for a, b in pairwise(candles))
    stage.market.trades(BTCTRY)
    assert stage.market.rows_dropped == 0


def test_an_order_is_placed_found_by_either_id_and_cancelled(stage: Rehearsal) -> None:
    intent = stage.limit(Side.BUY, "0.01", "0.8", "btcb-rests")
    answer = stage.exchange.submit(intent)
    assert (answer.kind, answer.message) == (AnswerKind.ACKED, "")
    locked = stage.exchange.balances()[Asset("TRY")].locked
    assert locked > intent.notional_try
    (view,) = stage.exchange.open_orders(BTCTRY)
    assert (view.exchange_id, view.client_id) == (answer.exchange_id, intent.client_id)
    assert (view.price, view.qty, view.status) == (intent.price, intent.qty, ViewStatus.OPEN)
    for number in (answer.exchange_id, None):
        assert stage.exchange.find_order(as_order(intent, number)) == view
    order = as_order(intent, answer.exchange_id)
    assert stage.exchange.cancel(order).kind is AnswerKind.ACKED
    until(lambda: stage.exchange.open_orders(BTCTRY) == ())
    for number in (answer.exchange_id, None):
        gone = stage.exchange.find_order(as_order(intent, number))
        assert gone is not None
        assert gone.status is ViewStatus.CANCELED
    assert stage.exchange.balances()[Asset("TRY")].locked == 0


def test_a_fill_moves_the_balances_by_just_what_it_says(stage: Rehearsal) -> None:
    before, begun = stage.exchange.balances(), stage.client.clock.now()
    intent = stage.limit(Side.BUY, "0.01", "1.05", "btcb-crosses")
    answer = stage.exchange.submit(intent)
    assert answer.kind is AnswerKind.ACKED

    def ours() -> tuple[Fill, ...]:
        fills = stage.exchange.fills(BTCTRY, begun)
        return tuple(fill for fill in fills if fill.exchange_id == answer.exchange_id)

    until(lambda: sum(fill.qty for fill in ours()) == intent.qty)
    after = stage.exchange.balances()
    paid = sum((fill.notional_try + fill.fee for fill in ours()), d("0"))
    assert after[Asset("BTC")].total - before[Asset("BTC")].total == intent.qty
    assert before[Asset("TRY")].total - after[Asset("TRY")].total == paid
    assert all(fill.fee > 0 and fill.client_id == intent.client_id for fill in ours())


def test_an_order_that_nobody_sent_is_nowhere(stage: Rehearsal) -> None:
    assert stage.exchange.find_order(an_order("123456789", "btcb-never")) is None
    assert stage.exchange.find_order(an_order(None, "btcb-never")) is None
    refused = stage.exchange.cancel(an_order("123456789"))
    assert (refused.kind, refused.code) == (AnswerKind.REJECTED, "NO_ORDER_MATCHES_YOUR_REQUEST")


@pytest.mark.parametrize(
    ("qty", "price", "kind", "code"),
    [
        ("0.00000001", "300000", OrderType.LIMIT, "FAILED_MIN_TOTAL_AMOUNT"),
        ("0.01", "300000.5", OrderType.LIMIT, "FAILED_INVALID_PRICE_SCALE"),
        ("0.010000001", "300000", OrderType.LIMIT, "FAILED_INVALID_QUANTITY_SCALE"),
        ("50", "300000", OrderType.LIMIT, "FAILED_ORDER_WITH_OPEN_ORDERS"),
    ],
)
def test_a_refusal_comes_by_its_name(
    stage: Rehearsal, qty: str, price: str, kind: OrderType, code: str
) -> None:
    answer = stage.exchange.submit(an_intent(Side.BUY, price, qty, kind))
    assert (answer.kind, answer.code) == (AnswerKind.REJECTED, code)


def test_a_wrong_secret_is_refused() -> None:
    with rehearsing(secret="d3Jvbmctc2VjcmV0LXdyb25nLXNlY3JldA==") as rehearsal:
        with pytest.raises(RefusalError) as caught:
            rehearsal.exchange.balances()
        assert caught.value.code == "UNAUTHORIZED"


@pytest.mark.parametrize("fault", ["html-after", "reset=0", "reset=40", "status=502"])
def test_an_order_of_unknown_outcome_is_sent_once_and_found_by_its_name(fault: str) -> None:
    """Whether it was taken or not: what is found afterwards is what the exchange holds."""
    with rehearsing(f"submit nth=1 {fault}") as rehearsal:
        intent = rehearsal.limit(Side.BUY, "0.01", "0.8", "btcb-unknown")
        answer = rehearsal.exchange.submit(intent)
        assert answer.kind is AnswerKind.UNKNOWN
        found = rehearsal.exchange.find_order(as_order(intent, None))
        listed = rehearsal.exchange.open_orders(BTCTRY)
        assert listed == (() if found is None else (found,))
        assert (found is None) == (fault == "status=502")


def test_market_data_that_lie_are_problems_and_not_quotes() -> None:
    for fault, words in (
        ("crossed-book", "crossed"),
        ("nan-price", "unusable"),
        ("negative-price", "not positive"),
        ("missing-pair=BTCTRY", ""),
    ):
        with rehearsing(f"orderbook {fault}") as rehearsal:
            snapshot = rehearsal.market.snapshot([BTCTRY])
            assert not snapshot.quotes
            assert words in snapshot.problems[BTCTRY]


def test_a_server_with_another_clock_is_followed_up_to_a_point() -> None:
    with rehearsing("* clock=-3s") as rehearsal:
        assert rehearsal.exchange.balances()
        assert rehearsal.client.server_clock.offset_ms() == pytest.approx(-3000, abs=500)
    with rehearsing("* clock=6s") as rehearsal, pytest.raises(NotSentError, match="behind"):
        rehearsal.exchange.balances()
