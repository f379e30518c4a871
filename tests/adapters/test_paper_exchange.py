"""The paper exchange's door in this process: catching up by itself, restoring, and its speed."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

import btcbot_core
from btcbot_core.adapters.paper.core import PaperCore
from btcbot_core.adapters.paper.exchange import PaperExchange
from btcbot_core.adapters.paper.history import TRADES_KEPT
from btcbot_core.adapters.paper.model import SimPolicy
from btcbot_core.adapters.paper.tape import ObservedMarket
from btcbot_core.adapters.replay.clock import ReplayTimeline, clock_of
from btcbot_core.adapters.replay.dataset import load
from btcbot_core.adapters.replay.market import ReplayMarket
from btcbot_core.domain.errors import ExchangeUnavailableError, InvariantBrokenError
from btcbot_core.domain.money import floor_to
from btcbot_core.domain.trading import Order, OrderStatus, Side, ViewStatus
from tests.adapters.market import BTC, BTCTRY, MINUTE, START, TRY, Desk, a_ticket, purse
from tests.adapters.test_paper_money import as_stored

DEMO = Path(btcbot_core.__file__).parent / "demo" / "ftx_night"
D = Decimal


def door(desk: Desk) -> PaperExchange:
    return PaperExchange(desk.core, "a", desk.clock)


def resting(**changes: object) -> Order:
    """A buy of ours that rests at 9900, as the store holds it."""
    desk = Desk()
    desk.board.show("9990", "10000")
    order = as_stored(desk, desk.send(a_ticket(Side.BUY, "0.1", "9900")).id)
    return msgspec.structs.replace(order, **changes)


def test_asking_is_enough_to_see_what_happened_since() -> None:
    desk = Desk(SimPolicy(latency=MINUTE))
    desk.board.show("9990", "10000")
    desk.send(a_ticket(Side.BUY, "0.1", "10100"))
    exchange = door(desk)
    assert exchange.fills(BTCTRY, START) == ()
    desk.clock.forward()
    assert exchange.open_orders(BTCTRY) == ()
    assert exchange.balances()[BTC].free == D("1.1")
    assert exchange.fills(BTCTRY, START)[0].slippage_try == D("0.5")


def test_a_restored_account_has_its_totals_and_its_orders() -> None:
    desk = Desk()
    desk.board.show("9990", "10000")
    order = resting(filled_qty=D("0.04"), status=OrderStatus.PARTIAL)
    exchange = door(desk)
    exchange.restore(purse(TRY="1000", BTC="0.04"), [order])
    balances = exchange.balances()
    assert balances[TRY].total == D(1000)
    assert balances[TRY].locked == D("0.06") * D(9900) * D("1.0018")
    (view,) = exchange.open_orders(BTCTRY)
    assert (view.exchange_id, view.client_id) == (order.exchange_id, order.client_id)
    assert (view.left_qty, view.status) == (D("0.06"), ViewStatus.PARTIAL)


def test_a_restored_exchange_gives_no_id_out_twice() -> None:
    desk = Desk()
    desk.board.show("9990", "10000")
    order = resting()
    exchange = door(desk)
    exchange.restore(purse(TRY="10000"), [order])
    assert desk.send(a_ticket(Side.BUY, "0.1", "9900")).id > int(order.exchange_id or 0)


def test_what_never_arrived_or_is_over_is_not_restored() -> None:
    desk = Desk()
    exchange = door(desk)
    lost = resting(exchange_id=None, status=OrderStatus.UNKNOWN)
    exchange.restore(purse(TRY="10000"), [lost, resting(status=OrderStatus.FILLED)])
    assert exchange.open_orders(BTCTRY) == ()
    assert exchange.find_order(lost) is None


def test_an_order_whose_cancel_was_taken_is_restored_as_cancelled() -> None:
    desk = Desk()
    order = resting(status=OrderStatus.CANCEL_REQUESTED)
    exchange = door(desk)
    exchange.restore(purse(TRY="10000"), [order])
    view = exchange.find_order(order)
    assert view is not None
    assert view.status is ViewStatus.CANCELED
    assert exchange.balances()[TRY].locked == 0


def test_an_order_whose_slow_cancel_was_taken_is_cancelled_next() -> None:
    desk = Desk(SimPolicy(cancel_delay=MINUTE))
    desk.board.show("9990", "10000")
    order = resting(status=OrderStatus.CANCEL_REQUESTED)
    exchange = door(desk)
    exchange.restore(purse(TRY="10000"), [order])
    desk.clock.forward()
    assert exchange.open_orders(BTCTRY) == ()


def test_orders_that_the_money_does_not_cover_are_a_broken_invariant() -> None:
    desk = Desk()
    with pytest.raises(InvariantBrokenError):
        door(desk).restore(purse(TRY="10"), [resting()])


def test_a_clock_that_is_still_before_the_restored_orders_fills_nothing() -> None:
    desk = Desk()
    desk.board.show("9000", "9100")  # what the recording shows long before the order was sent
    later = START + MINUTE * 60
    exchange = door(desk)
    exchange.restore(purse(TRY="10000"), [resting(created_at=later, updated_at=later)])
    desk.clock.forward()
    assert len(exchange.open_orders(BTCTRY)) == 1
    desk.clock.forward(later - desk.clock.now())
    assert exchange.open_orders(BTCTRY) == ()


def test_a_step_that_was_committed_is_not_done_again() -> None:
    desk = Desk(SimPolicy(participation_ratio=D(1)))
    desk.board.show("9890", "9900")
    desk.clock.forward()
    desk.board.trade(desk.clock.now() - MINUTE, "9890", "9900", volume="0.04")
    at = desk.clock.now()
    half = resting(filled_qty=D("0.04"), status=OrderStatus.PARTIAL, updated_at=at)
    exchange = door(desk)
    exchange.restore(purse(TRY="10000", BTC="0.04"), [half])
    assert exchange.fills(BTCTRY, START) == ()
    desk.clock.forward()
    assert exchange.fills(BTCTRY, START) != ()


def test_an_id_of_another_exchange_is_simply_not_known() -> None:
    desk = Desk()
    order = resting(exchange_id="not-a-number")
    assert door(desk).find_order(order) is None


def test_trades_that_are_no_longer_kept_are_said_to_be_missing() -> None:
    desk = Desk(a=purse(TRY="10000000000", BTC="0"))
    desk.board.show("9990", "10000")
    for _ in range(TRADES_KEPT + 1):
        desk.send(a_ticket(Side.BUY, "0.01", "10100"))
    desk.clock.forward()
    exchange = door(desk)
    with pytest.raises(ExchangeUnavailableError):
        exchange.fills(BTCTRY, START)
    assert exchange.fills(BTCTRY, desk.clock.now()) == ()


def test_a_live_market_is_traded_at_just_the_quotes_that_were_shown() -> None:
    demo = load(DEMO)
    clock = clock_of(demo)
    timeline = ReplayTimeline(demo, clock)
    market = ObservedMarket(ReplayMarket(demo, clock))
    timeline.advance(-1)
    assert market.quote(BTCTRY) is None
    snapshot = market.snapshot(demo.symbols)
    assert market.quote(BTCTRY) == snapshot.quotes[BTCTRY]
    timeline.advance(0)
    assert market.quote(BTCTRY) == snapshot.quotes[BTCTRY]
    assert market.rules((BTCTRY,))[BTCTRY].tick_size == 1


def test_orders_that_nothing_meets_rest_through_a_whole_night() -> None:
    demo = load(DEMO)
    clock = clock_of(demo)
    timeline, market = ReplayTimeline(demo, clock), ReplayMarket(demo, clock)
    core = PaperCore(market.rules(demo.symbols), market, SimPolicy(latency=demo.interval))
    core.open_account("a", purse(TRY="10000000"))
    exchange = PaperExchange(core, "a", clock)
    step = timeline.advance(-1)
    for symbol in demo.symbols:
        quote = market.quote(symbol)
        assert quote is not None
        price = floor_to(quote.bid / 2, demo.pairs[symbol].rules.tick_size)
        core.submit("a", a_ticket(Side.BUY, "5000", str(price), symbol=symbol), clock.now())
        core.submit("a", a_ticket(Side.BUY, "1", str(price), symbol=symbol), clock.now())
    resting = len(core.open_orders("a"))
    assert resting >= len(demo.symbols)
    before = exchange.balances()
    while step is not None and (step := timeline.advance(step)) is not None:
        assert exchange.balances() == before
    assert len(core.open_orders("a")) == resting
