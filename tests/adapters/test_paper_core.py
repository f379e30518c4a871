"""The matching core: when orders fill, at which price, what they lock and cost, what is refused."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from btcbot_core.adapters.paper.model import (
    FillModel,
    Method,
    OrderChanged,
    PaperEvent,
    PaperOrder,
    PaperTrade,
    SimPolicy,
    Ticket,
)
from btcbot_core.domain.errors import InvariantBrokenError
from btcbot_core.domain.market import BookSource
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Side, ViewStatus
from tests.adapters.market import (
    BTC,
    BTCTRY,
    MINUTE,
    RULES,
    START,
    TRY,
    Desk,
    a_ticket,
    purse,
)

BUY, SELL = Side.BUY, Side.SELL
NEXT_STEP = SimPolicy(latency=MINUTE)
D = Decimal


def trades(desk: Desk, account: str = "a") -> list[PaperTrade]:
    """Oldest first."""
    return list(desk.core.trades(account, BTCTRY))[::-1]


def status(order: PaperOrder) -> ViewStatus:
    """As it is by now."""
    return order.status


# Against a recorded book


def test_a_buy_at_or_over_the_ask_fills_at_the_ask_plus_slippage() -> None:
    desk = Desk()
    desk.board.show("9990", "10000")
    order = desk.send(a_ticket(BUY, "0.1", "10100"))
    (trade,) = trades(desk)
    assert (trade.price, trade.qty) == (D(10005), D("0.1"))
    assert trade.slippage == D("0.5")
    assert order.status is ViewStatus.CLOSED


def test_a_fill_is_never_worse_than_the_limit() -> None:
    desk = Desk()
    desk.board.show("9990", "10000")
    desk.send(a_ticket(BUY, "0.1", "10000"))
    desk.send(a_ticket(SELL, "0.1", "9990"))
    assert [t.price for t in trades(desk)] == [D(10000), D(9990)]
    assert [t.slippage for t in trades(desk)] == [D(0), D(0)]


def test_a_sell_fills_at_the_bid_less_slippage_rounded_against_us() -> None:
    desk = Desk()
    desk.board.show("9990", "10000")
    desk.send(a_ticket(SELL, "0.1", "9900"))
    (trade,) = trades(desk)
    assert trade.price == D(9985)  # 9990 − 4.995, down to the tick
    assert trade.slippage == D("0.5")


def test_an_order_short_of_the_market_rests_until_the_market_comes() -> None:
    desk = Desk()
    desk.board.show("9990", "10000")
    order = desk.send(a_ticket(BUY, "0.1", "9900"))
    desk.step()
    assert status(order) is ViewStatus.OPEN
    desk.board.show("9880", "9890")
    desk.step()
    assert order.status is ViewStatus.CLOSED
    assert trades(desk)[0].price == D(9895)


def test_with_latency_an_order_can_fill_only_from_the_next_step() -> None:
    desk = Desk(NEXT_STEP)
    desk.board.show("9990", "10000")
    order = desk.send(a_ticket(BUY, "0.1", "10100"))
    desk.step(timedelta(seconds=59))
    assert status(order) is ViewStatus.OPEN
    desk.board.show("10040", "10050")
    desk.step(timedelta(seconds=1))
    assert order.status is ViewStatus.CLOSED
    assert trades(desk)[0].price == D(10056)


def test_without_a_quote_nothing_fills() -> None:
    desk = Desk()
    desk.board.show("9990", "10000")
    order = desk.send(a_ticket(BUY, "0.1", "9995"))
    desk.board.blank()
    desk.board.trade(START + MINUTE, "1", "2")
    desk.step(MINUTE * 5)
    assert order.status is ViewStatus.OPEN


# Without a recorded book


def modelled(policy: SimPolicy = NEXT_STEP) -> Desk:
    desk = Desk(policy)
    desk.board.show("9995", "10005", source=BookSource.MODELLED)
    return desk


def test_a_modelled_book_is_not_hit_a_later_candle_must_trade_through() -> None:
    desk = modelled()
    desk.board.trade(START - MINUTE, "9900", "10100")
    order = desk.send(a_ticket(BUY, "0.1", "10005"))
    desk.board.trade(START, "10005", "10100")
    desk.step()
    assert status(order) is ViewStatus.OPEN  # it touched the limit and did not go through it
    desk.board.trade(START + MINUTE, "10004", "10100")
    desk.step()
    (trade,) = trades(desk)
    assert (trade.price, trade.slippage, trade.at) == (D(10005), D(0), START + 2 * MINUTE)


def test_a_candle_that_began_before_the_order_does_not_fill_it() -> None:
    desk = modelled(SimPolicy())
    desk.board.trade(START - MINUTE, "1", "20000")
    order = desk.send(a_ticket(BUY, "0.1", "10005"))
    desk.step(timedelta(seconds=10))
    assert order.status is ViewStatus.OPEN


def test_a_sell_fills_when_a_later_candle_goes_over_its_limit() -> None:
    desk = modelled()
    desk.send(a_ticket(SELL, "0.1", "10000"))
    desk.board.trade(START, "9000", "10001")
    desk.step()
    assert trades(desk)[0].price == D(10000)


def test_where_the_modelled_book_is_the_book_it_can_be_hit() -> None:
    desk = modelled(SimPolicy(crosses_modelled=True))
    desk.send(a_ticket(BUY, "0.1", "10100"))
    assert trades(desk)[0].price == D(10011)


def test_the_comparison_model_fills_at_the_mid_with_slippage_within_the_limit() -> None:
    desk = Desk(SimPolicy(fill_model=FillModel.MARK_SLIPPAGE))
    desk.board.show("9990", "10010")
    desk.send(a_ticket(BUY, "0.1", "10100"))
    desk.send(a_ticket(BUY, "0.1", "9000"))
    assert [t.price for t in trades(desk)] == [D(10005), D(9000)]


# Participation


def test_a_cap_on_participation_gives_partial_fills() -> None:
    desk = Desk(SimPolicy(latency=MINUTE, participation_ratio=D("0.1")))
    desk.board.show("9990", "10000")
    order = desk.send(a_ticket(BUY, "0.25", "10100"))
    filled = []
    for step in range(3):
        desk.board.trade(START + step * MINUTE, "9900", "10100", volume="1")
        desk.step()
        filled.append((order.status, order.left))
    assert filled == [
        (ViewStatus.PARTIAL, D("0.15")),
        (ViewStatus.PARTIAL, D("0.05")),
        (ViewStatus.CLOSED, D(0)),
    ]


def test_one_candle_is_shared_by_all_orders_and_used_once() -> None:
    desk = Desk(SimPolicy(participation_ratio=D("0.1")))
    desk.board.show("9990", "10000")
    desk.board.trade(START, "9900", "10100", volume="1")
    first = desk.send(a_ticket(BUY, "0.07", "10100"))
    second = desk.send(a_ticket(BUY, "0.07", "10100"))
    desk.step(timedelta(seconds=1))
    assert (first.left, second.left) == (D(0), D("0.04"))


# Money


def test_a_limit_buy_locks_its_notional_and_the_fee_on_it() -> None:
    desk = Desk()
    desk.board.show("9990", "10000")
    desk.send(a_ticket(BUY, "0.5", "9900"))
    assert desk.locked(TRY) == D("4958.91")  # 4950 × 1.0018
    assert desk.free(TRY) == D("95041.09")


def test_a_sell_locks_base_only() -> None:
    desk = Desk()
    desk.board.show("9990", "10000")
    desk.send(a_ticket(SELL, "0.4", "10100"))
    assert (desk.locked(BTC), desk.free(BTC), desk.locked(TRY)) == (D("0.4"), D("0.6"), D(0))


def test_a_fill_moves_price_quantity_fee_and_vat_and_nothing_else() -> None:
    desk = Desk()
    desk.board.show("9990", "10000")
    desk.send(a_ticket(BUY, "0.1", "10100"))
    (trade,) = trades(desk)
    assert trade.cost == D("1.80090000")  # 1000.5 × 0.0018
    assert (trade.fee, trade.tax) == (D("1.50075000"), D("0.30015000"))
    assert desk.free(TRY) == D(100000) - D("1000.5") - D("1.8009")
    assert desk.free(BTC) == D("1.1")
    assert desk.locked(TRY) == 0


def test_fee_and_tax_have_eight_decimals_and_sum_to_the_fee_rounded_up() -> None:
    desk = Desk()
    desk.board.show("9990", "10001")
    desk.send(a_ticket(BUY, "0.0333", "10007"))
    (trade,) = trades(desk)
    assert trade.price == D(10007)
    assert trade.cost == D("0.59981958")  # 333.2331 × 0.0018 = 0.59981958
    assert trade.fee == D("0.49984965")
    assert trade.tax == D("0.09996993")


def test_a_resting_order_pays_the_makers_rate_and_gets_the_difference_back() -> None:
    desk = Desk(SimPolicy(maker_fee_bps=D(10)))
    desk.board.show("9990", "10000")
    desk.send(a_ticket(BUY, "0.1", "9900"))
    desk.board.show("9890", "9900")
    desk.step()
    (trade,) = trades(desk)
    assert trade.cost == D("0.99")
    assert not trade.is_taker
    assert desk.free(TRY) == D(100000) - D(990) - D("0.99")


def test_the_last_unit_of_a_purse_can_be_spent_in_pieces() -> None:
    """Each piece's fee is rounded up; together they must not ask for more than there is."""
    policy = SimPolicy(latency=MINUTE, participation_ratio=D(1))
    rules = msgspec.structs.replace(RULES, lot_step=D("0.00000001"), min_notional=D(0))
    whole = D("0.00000010") * D(9999)
    lock = whole + D("0.00000180")
    desk = Desk(policy, {BTCTRY: rules}, a={TRY: lock})
    desk.board.show("9990", "9999")
    order = desk.send(a_ticket(BUY, "0.0000001", "9999"))
    assert desk.free(TRY) == 0
    for step in range(10):
        desk.board.trade(START + step * MINUTE, "9", "10", volume="0.00000001")
        desk.step()
    assert order.status is ViewStatus.CLOSED
    assert len(trades(desk)) == 10
    assert all(trade.cost >= 0 for trade in trades(desk))
    assert (desk.free(TRY), desk.locked(TRY)) == (D(0), D(0))


# Market and stop orders


def test_a_market_buy_spends_an_amount_with_its_fee_and_no_more() -> None:
    desk = Desk()
    desk.board.show("9990", "10000")
    order = desk.send(a_ticket(BUY, "1000"))
    (trade,) = trades(desk)
    assert trade.qty == D("0.0997")  # 1000 / 1.0018 / 10005, down to the lot
    assert order.status is ViewStatus.CLOSED
    spent = D(100000) - desk.free(TRY)
    assert spent == trade.qty * trade.price + trade.cost
    assert spent <= 1000
    assert desk.locked(TRY) == 0


def test_a_market_sell_takes_the_bid() -> None:
    desk = Desk()
    desk.board.show("9990", "10000")
    desk.send(a_ticket(SELL, "0.1"))
    assert trades(desk)[0].price == D(9985)


def test_a_market_order_sweeps_five_percent_at_most() -> None:
    policy = SimPolicy(participation_ratio=D("0.1"))
    desk = Desk(policy, a=purse(TRY="100000"), b=purse(BTC="5"))
    desk.board.show("9990", "10000")
    desk.board.trade(START, "9900", "10100", volume="1")
    near = desk.send(a_ticket(SELL, "0.1", "10400"), "b")
    far = desk.send(a_ticket(SELL, "0.1", "10600"), "b")
    order = desk.send(a_ticket(BUY, "5000"))
    assert [t.price for t in trades(desk)] == [D(10005), D(10400)]
    assert (near.left, far.left) == (D(0), D("0.1"))
    assert order.status is ViewStatus.CANCELED


def test_what_a_market_order_does_not_get_is_cancelled_and_given_back() -> None:
    desk = Desk(SimPolicy(participation_ratio=D("0.1")))
    desk.board.show("9990", "10000")
    desk.board.trade(START, "9900", "10100", volume="1")
    order = desk.send(a_ticket(BUY, "5000"))
    assert order.status is ViewStatus.CANCELED
    assert trades(desk)[0].qty == D("0.1")
    assert desk.locked(TRY) == 0


def test_a_market_order_without_a_market_is_refused() -> None:
    assert Desk().refused(a_ticket(BUY, "1000")).message == "FAILED_MARKET_ORDER"


def test_a_stop_limit_waits_for_its_price_and_rests_then() -> None:
    desk = Desk()
    desk.board.show("9990", "10000")
    stop = a_ticket(BUY, "0.1", "10200", method=Method.STOP_LIMIT, stop_price=D(10150))
    order = desk.send(stop)
    assert desk.core.resting(BTCTRY) == ([], [])
    assert desk.locked(TRY) == D("1021.836")
    desk.board.show("10190", "10210")
    desk.step()
    assert desk.core.resting(BTCTRY) == ([order], [])
    desk.board.show("10180", "10190")
    desk.step()
    assert trades(desk)[0].price == D(10196)


def test_a_stop_market_sells_when_the_bid_falls_to_its_price() -> None:
    desk = Desk()
    desk.board.show("9990", "10000")
    stop = a_ticket(SELL, "0.1", method=Method.STOP_MARKET, stop_price=D(9900))
    order = desk.send(stop)
    desk.board.show("9890", "9895")
    desk.step()
    assert order.status is ViewStatus.CLOSED
    assert trades(desk)[0].price == D(9885)


# Accounts among themselves


def test_accounts_trade_with_each_other_at_the_resting_orders_price() -> None:
    desk = Desk(a=purse(TRY="100000"), b=purse(BTC="5"))
    desk.board.show("9000", "11000")
    resting = desk.send(a_ticket(SELL, "0.3", "9900"), "b")
    taking = desk.send(a_ticket(BUY, "0.1", "10000"))
    assert (trades(desk)[0].price, trades(desk, "b")[0].price) == (D(9900), D(9900))
    assert (trades(desk)[0].rival, trades(desk, "b")[0].rival) == ("b", "a")
    assert taking.status is ViewStatus.CLOSED
    assert (resting.status, resting.left) == (ViewStatus.PARTIAL, D("0.2"))
    assert desk.free(BTC) == D("0.1")
    assert desk.free(TRY, "b") == D(990) - D("1.782")


def test_the_better_price_trades_first_and_among_equals_the_older_order() -> None:
    desk = Desk(a=purse(TRY="100000"), b=purse(BTC="5"), c=purse(BTC="5"))
    desk.board.show("9000", "11000")
    dear = desk.send(a_ticket(SELL, "0.1", "9950"), "b")
    first = desk.send(a_ticket(SELL, "0.1", "9900"), "c")
    second = desk.send(a_ticket(SELL, "0.1", "9900"), "b")
    desk.send(a_ticket(BUY, "0.15", "10000"))
    assert (first.left, second.left, dear.left) == (D(0), D("0.05"), D("0.1"))


def test_a_better_market_goes_before_another_account() -> None:
    desk = Desk(a=purse(TRY="100000"), b=purse(BTC="5"))
    desk.board.show("9000", "11000")
    resting = desk.send(a_ticket(SELL, "0.1", "9900"), "b")
    desk.board.show("9700", "9800")
    desk.send(a_ticket(BUY, "0.1", "10000"))
    assert trades(desk)[0].rival is None
    assert resting.left == D("0.1")


def test_an_account_does_not_trade_with_itself() -> None:
    desk = Desk()
    desk.board.show("9000", "11000")
    desk.send(a_ticket(SELL, "0.1", "9900"))
    desk.send(a_ticket(BUY, "0.1", "10000"))
    assert trades(desk) == []


def test_one_account_cannot_see_or_cancel_anothers_order() -> None:
    desk = Desk(a=purse(TRY="1000"), b=purse(BTC="5"))
    desk.board.show("9000", "11000")
    order = desk.send(a_ticket(SELL, "0.1", "9900"), "b")
    assert desk.core.order("a", order.id) is None
    refused = desk.core.cancel("a", order.id, desk.clock.now())
    assert refused is not None
    assert refused.message == "NO_ORDER_MATCHES_YOUR_REQUEST"


# Cancels


def test_a_cancel_gives_back_what_was_locked() -> None:
    desk = Desk()
    desk.board.show("9990", "10000")
    order = desk.send(a_ticket(BUY, "0.5", "9900"))
    assert desk.core.cancel("a", order.id, desk.clock.now()) is None
    assert order.status is ViewStatus.CANCELED
    assert (desk.free(TRY), desk.locked(TRY)) == (D(100000), D(0))


def test_a_cancel_that_takes_its_time_may_come_too_late() -> None:
    desk = Desk(SimPolicy(cancel_delay=timedelta(seconds=1)))
    desk.board.show("9990", "10000")
    late = desk.send(a_ticket(BUY, "0.1", "9900"))
    quiet = desk.send(a_ticket(BUY, "0.1", "9000"))
    for order in (late, quiet, quiet):
        assert desk.core.cancel("a", order.id, desk.clock.now()) is None
    assert late.status is ViewStatus.OPEN
    desk.board.show("9890", "9895")
    desk.step(timedelta(seconds=1))
    assert (late.status, quiet.status) == (ViewStatus.CLOSED, ViewStatus.CANCELED)


def test_cancelling_what_is_finished_or_unknown_is_refused() -> None:
    desk = Desk()
    desk.board.show("9990", "10000")
    order = desk.send(a_ticket(BUY, "0.1", "10100"))
    done = desk.core.cancel("a", order.id, desk.clock.now())
    unknown = desk.core.cancel("a", 1, desk.clock.now())
    assert done is not None
    assert unknown is not None
    assert (done.code, unknown.code) == (1051, 1052)


# Refusals


@pytest.mark.parametrize(
    ("ticket", "code"),
    [
        (a_ticket(BUY, "0.1", "10000", symbol=Symbol("XYZTRY")), 1026),
        (a_ticket(BUY, "0", "10000"), 1121),
        (a_ticket(BUY, "-1", "10000"), 1121),
        (a_ticket(BUY, "0.1", "-10000"), 1121),
        (a_ticket(BUY, "0.1", "10000.5"), 1126),
        (a_ticket(BUY, "0.10001", "10000"), 1127),
        (a_ticket(BUY, "1000.000000001"), 1127),
        (a_ticket(BUY, "0.0099", "10000"), 1123),
        (a_ticket(BUY, "99"), 1123),
        (a_ticket(SELL, "0.0099"), 1123),
        (a_ticket(BUY, "100", "10000"), 1122),
        (a_ticket(SELL, "2", "10000"), 1122),
        (a_ticket(BUY, "100000000", "10000"), 1121),
        (a_ticket(BUY, "0.2", "900"), "ORDER_MIN_PRICE_EXCEEDED"),
        (a_ticket(SELL, "0.2", "100001"), "ORDER_MAX_PRICE_EXCEEDED"),
        (a_ticket(BUY, "1", "9", method=Method.STOP_LIMIT), "ORDER_MIN_PRICE_EXCEEDED"),
        (a_ticket(BUY, "1", "9900", method=Method.STOP_LIMIT), 1121),
        (a_ticket(BUY, "1", "9900", method=Method.STOP_LIMIT, stop_price=D("9900.5")), 1128),
        (a_ticket(BUY, "1", "9900", method=Method.STOP_LIMIT, stop_price=D(9900)), 1124),
        (a_ticket(SELL, "1", "9900", method=Method.STOP_LIMIT, stop_price=D(9995)), 1125),
    ],
)
def test_what_the_exchange_refuses_it_refuses_in_its_own_code(
    ticket: Ticket, code: int | str
) -> None:
    desk = Desk()
    desk.board.show("9990", "10000")
    before = dict(desk.core.balances("a"))
    assert desk.refused(ticket).code == code
    assert dict(desk.core.balances("a")) == before
    assert desk.core.orders("a") == []


def test_prices_outside_a_pairs_own_bounds_are_refused() -> None:
    rules = msgspec.structs.replace(RULES, min_price=D(9000), max_price=D(11000))
    desk = Desk(SimPolicy(), {BTCTRY: rules})
    assert desk.refused(a_ticket(BUY, "0.1", "8999")).code == 1227
    assert desk.refused(a_ticket(BUY, "0.1", "11001")).code == 1226


def test_quantities_outside_a_pairs_own_bounds_are_refused() -> None:
    rules = msgspec.structs.replace(RULES, min_qty=D("0.1"), max_qty=D(2))
    desk = Desk(SimPolicy(), {BTCTRY: rules})
    assert desk.refused(a_ticket(BUY, "0.05", "9000")).code == 1121
    assert desk.refused(a_ticket(BUY, "2.1", "9000")).code == 1121


def test_a_pair_that_does_not_trade_takes_no_order() -> None:
    rules = msgspec.structs.replace(RULES, is_trading=False)
    desk = Desk(SimPolicy(), {BTCTRY: rules})
    assert desk.refused(a_ticket(BUY, "0.1", "9000")).code == 1120


def test_equal_client_ids_are_two_orders() -> None:
    desk = Desk()
    desk.board.show("9990", "10000")
    first = desk.send(a_ticket(BUY, "0.1", "9900"))
    second = desk.send(a_ticket(BUY, "0.1", "9900"))
    assert first.id != second.id
    assert len(desk.core.open_orders("a", BTCTRY)) == 2


# Order and ids


def test_events_come_in_the_order_in_which_things_happened() -> None:
    desk = Desk()
    seen: list[PaperEvent] = []
    desk.core.watch(seen.append)
    desk.board.show("9990", "10000")
    desk.send(a_ticket(BUY, "0.1", "10100"))
    kinds = [e.change.value if isinstance(e, OrderChanged) else "trade" for e in seen]
    assert kinds == ["opened", "trade", "closed"]


def test_the_same_calls_give_the_same_ids_and_later_ones_greater_ids() -> None:
    runs = []
    for _ in range(2):
        desk = Desk()
        desk.board.show("9990", "10000")
        first = desk.send(a_ticket(BUY, "0.1", "10100"))
        desk.step()
        second = desk.send(a_ticket(BUY, "0.1", "9900"))
        assert first.id < trades(desk)[0].id < second.id < 2**53
        runs.append((first.id, trades(desk)[0].id, second.id))
    assert runs[0] == runs[1]


def test_time_does_not_go_backwards() -> None:
    desk = Desk()
    desk.board.show("9990", "10000")
    desk.step()
    desk.core.advance(START)
    assert desk.core.now == START + MINUTE


def test_an_account_with_less_than_nothing_cannot_be_opened() -> None:
    with pytest.raises(InvariantBrokenError):
        Desk(a=purse(TRY="-1"))
