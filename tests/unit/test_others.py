"""Trades of others: what they moved of ours, and when it is too early to say."""

from collections.abc import Iterable

import msgspec
import pytest

from btcbot_core.cycle.cycle import Cycle, Heard
from btcbot_core.cycle.steps import book
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import Fill, OrderStatus, Side
from btcbot_core.ledger.book import Ledger
from btcbot_core.ledger.entries import LedgerEventKind
from btcbot_core.ledger.flows import Flow, flows_of
from btcbot_core.ledger.lots import add_lot
from btcbot_core.oms.cursor import LOOK_BACK_MAX
from tests.build import BTC, TRY, a_cycle, a_fill, an_order, at, d, quote

PAIRS = (BTC, Symbol("ETHTRY"))
replace = msgspec.structs.replace


def flows(fill: Fill) -> dict[str, str]:
    return {flow.asset: str(flow.amount) for flow in flows_of(fill, TRY, PAIRS)}


@pytest.mark.parametrize(
    ("symbol", "side", "fee_asset", "moved"),
    [
        ("XRPTRY", Side.BUY, "TRY", {"TRY": "-20.1"}),
        ("XRPTRY", Side.SELL, "TRY", {"TRY": "19.9"}),
        ("STRY", Side.SELL, "TRY", {"TRY": "19.9"}),
        ("BTCUSDT", Side.BUY, "USDT", {"BTC": "2"}),
        ("ETHBTC", Side.SELL, "BTC", {"BTC": "19.9", "ETH": "-2"}),
        ("SBTC", Side.BUY, "BTC", {"BTC": "-20.1"}),
        ("XRPTRY", Side.BUY, "BTC", {"TRY": "-20", "BTC": "-0.1"}),
        ("SOLUSDT", Side.BUY, "USDT", {}),
        ("XRPDOGE", Side.BUY, "BNB", {}),
    ],
)
def test_a_trade_moves_its_quote_its_coins_and_its_fee_as_far_as_they_are_ours(
    symbol: str, side: Side, fee_asset: str, moved: dict[str, str]
) -> None:
    trade = a_fill(symbol=symbol, side=side, qty="2", price="10", fee="0.1", fee_asset=fee_asset)
    assert flows(trade) == moved


def test_a_flow_says_its_sign() -> None:
    assert [str(Flow(TRY, d("5"))), str(Flow(Asset("BTC"), d("-0.5")))] == ["+5 TRY", "-0.5 BTC"]


def heard(fills: Iterable[Fill], btc: str = "1", is_late: bool = False) -> Cycle:
    """A cycle that heard of trades by hand; its ledger holds 500 TRY and so many BTC at 100."""
    ledger = Ledger(quote=TRY, seq=3, opened_at=at(-60), cash_try=d("500"), capital_try=d("500"))
    if d(btc):
        held = add_lot(ledger.holding(BTC), d(btc), d("100"))
        capital_try = d("500") + d(btc) * 100
        ledger = replace(ledger, holdings={BTC: held}, capital_try=capital_try)
    cycle = a_cycle(quotes=(quote(bid="100", ask="100"),), ledger=ledger)
    told = tuple(replace(fill, id=f"h{n}", client_id=None) for n, fill in enumerate(fills))
    carried = replace(cycle.carried, mismatch_cycles=int(is_late))
    return replace(cycle, heard=Heard(fills=told, asked=(BTC,)), carried=carried)


def test_two_sales_that_fit_one_by_one_and_not_together_break_nothing() -> None:
    booked = book(heard([a_fill(side=Side.SELL, qty="0.6"), a_fill(side=Side.SELL, qty="0.6")]))
    assert booked.carried.ledger.holding(BTC).qty == d("0.4")
    assert booked.carried.fills_seen == {BTC: at(-1800)}  # the other one is heard again


def test_what_was_bought_and_sold_in_one_instant_fits_in_whatever_order_it_is_listed() -> None:
    bought, sold = a_fill(symbol="ETHTRY"), a_fill(symbol="ETHTRY", side=Side.SELL)
    for trades in ([bought, sold], [sold, bought]):
        cycle = replace(heard(trades, is_late=True), symbols=PAIRS)
        assert {e.kind for e in book(cycle).ledger_events} == {LedgerEventKind.FILL}


def test_coins_that_came_unseen_are_capital_at_the_price_of_their_sale() -> None:
    late = book(heard([a_fill(side=Side.SELL, qty="3", price="90")], is_late=True))
    kinds = [(e.kind, e.symbol, e.qty, e.price) for e in late.ledger_events]
    assert kinds == [
        (LedgerEventKind.CAPITAL, BTC, d("2"), d("90")),
        (LedgerEventKind.FILL, BTC, d("3"), d("90")),
    ]
    assert late.carried.ledger.cash_try == d("770")
    assert late.carried.ledger.realized_try == d("-10")  # of the one coin that was ours


@pytest.mark.parametrize("symbol", ["BTCTRY", "BTCUSDT"])
def test_while_an_order_of_ours_is_in_doubt_nothing_came_unseen(symbol: str) -> None:
    fee_asset = symbol.removeprefix("BTC")
    sold = a_fill(symbol=symbol, side=Side.SELL, qty="3", price="90", fee_asset=fee_asset)
    cycle = heard([sold], is_late=True)
    unknown = an_order(status=OrderStatus.UNKNOWN, exchange_id=None)
    waits = replace(cycle, carried=replace(cycle.carried, orders={unknown.client_id: unknown}))
    assert book(waits).ledger_events == ()
    assert book(cycle).carried.ledger.holding(BTC).qty == ZERO


def test_a_coin_of_ours_without_a_price_waits_and_is_heard_again_for_a_day() -> None:
    bought = a_fill(symbol="BTCUSDT", fee_asset="USDT")
    cycle = heard([bought])
    blind = replace(cycle, market=replace(cycle.market, quotes={}))
    seen = at(-600)
    blind = replace(blind, carried=replace(blind.carried, elsewhere_seen=seen))
    waits = book(blind)
    assert (waits.ledger_events, waits.carried.elsewhere_seen) == ((), seen)
    given_up = book(replace(blind, at=at() + LOOK_BACK_MAX))
    assert given_up.carried.elsewhere_seen == at(-1800) + LOOK_BACK_MAX
    assert [e.price for e in book(cycle).ledger_events] == [d("100")]


@pytest.mark.parametrize(("side", "peak"), [(Side.SELL, "1100"), (Side.BUY, "833.33333333")])
def test_what_came_deepens_no_drawdown_and_what_went_takes_its_share_of_it_along(
    side: Side, peak: str
) -> None:
    """From 600 of a peak of 1,000 on."""
    cycle = heard([a_fill(symbol="XRPTRY", side=side, qty="1", price="100")])
    moved = book(replace(cycle, carried=replace(cycle.carried, peak_try=d("1000"))))
    assert moved.carried.peak_try == d(peak)
