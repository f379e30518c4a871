"""The paper exchange's money as properties: nothing appears, nothing is lost or negative."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from btcbot_core.adapters.paper.exchange import PaperExchange
from btcbot_core.adapters.paper.model import Method, PaperTrade, SimPolicy, Ticket
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.ids import ClientId, CycleId
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Asset
from btcbot_core.domain.trading import Order, OrderStatus, Side, ViewStatus
from tests.adapters.market import BTC, BTCTRY, MINUTE, RULES, TRY, Desk, purse

ACCOUNTS = ("a", "b", "c")
OPENING = purse(TRY="5000", BTC="0.5")
RULES_FINE = msgspec.structs.replace(
    RULES, lot_step=Decimal("0.00000001"), tick_size=Decimal("0.01"), min_notional=Decimal("0.01")
)

prices = st.integers(min_value=950_000, max_value=1_050_000).map(lambda n: Decimal(n).scaleb(-2))
quantities = st.integers(min_value=100, max_value=40_000_000).map(lambda n: Decimal(n).scaleb(-8))
amounts = st.integers(min_value=1, max_value=600_000).map(lambda n: Decimal(n).scaleb(-2))


@st.composite
def tickets(draw: st.DrawFn) -> Ticket:
    side = draw(st.sampled_from(Side))
    method = draw(st.sampled_from(Method))
    is_budget = method is Method.MARKET and side is Side.BUY
    return Ticket(
        symbol=BTCTRY,
        side=side,
        method=method,
        qty=draw(amounts if is_budget else quantities),
        price=ZERO if method.is_market else draw(prices),
        stop_price=draw(prices) if method.is_stop else ZERO,
        client_id="same",
    )


actions = st.one_of(
    st.tuples(st.just("send"), st.sampled_from(ACCOUNTS), tickets()),
    st.tuples(st.just("cancel"), st.sampled_from(ACCOUNTS), st.integers(0, 5)),
    st.tuples(st.just("show"), prices, st.integers(0, 200)),
    st.tuples(st.just("trade"), prices, st.integers(0, 50_000_000)),
    st.tuples(st.just("step"), st.integers(1, 90), st.none()),
)
policies = st.builds(
    SimPolicy,
    maker_fee_bps=st.sampled_from([None, Decimal(10), Decimal(0)]),
    latency=st.sampled_from([timedelta(0), MINUTE]),
    cancel_delay=st.sampled_from([None, timedelta(seconds=20)]),
    participation_ratio=st.sampled_from([None, Decimal("0.1"), Decimal(1)]),
    crosses_modelled=st.booleans(),
)


def play(desk: Desk, steps: list[tuple[str, object, object]]) -> list[PaperTrade]:
    """Do what was drawn, checking the locks after each act; give all trades back."""
    told: list[PaperTrade] = []
    desk.core.watch(lambda e: told.append(e) if isinstance(e, PaperTrade) else None)
    for act, first, second in steps:
        if act == "send" and isinstance(second, Ticket):
            desk.core.submit(str(first), second, desk.clock.now())
        elif act == "cancel" and isinstance(second, int):
            orders = desk.core.open_orders(str(first))
            if orders:
                desk.core.cancel(str(first), orders[second % len(orders)].id, desk.clock.now())
        elif act == "show" and isinstance(first, Decimal) and isinstance(second, int):
            desk.board.show(str(first), str(first + Decimal(second).scaleb(-2)))
        elif act == "trade" and isinstance(first, Decimal) and isinstance(second, int):
            volume = str(Decimal(second).scaleb(-8))
            desk.board.trade(desk.clock.now() - MINUTE, str(first), str(first), volume)
        elif act == "step" and isinstance(first, int):
            desk.step(timedelta(seconds=first))
        check_locks(desk)
    return told


def check_locks(desk: Desk) -> None:
    """What accounts have locked is what their open orders hold, to the last digit."""
    for account in ACCOUNTS:
        held = {TRY: ZERO, BTC: ZERO}
        for order in desk.core.open_orders(account):
            held[TRY if order.side is Side.BUY else BTC] += order.lock
            assert order.left > 0
        for asset, amount in held.items():
            assert desk.locked(asset, account) == amount


def moved(trades: list[PaperTrade]) -> Mapping[Asset, Decimal]:
    """What these trades change in the sum over all accounts."""
    base = sum((t.qty if t.side is Side.BUY else -t.qty for t in trades), ZERO)
    quote = sum(
        ((-1 if t.side is Side.BUY else 1) * t.price * t.qty - t.cost for t in trades), ZERO
    )
    return {BTC: base, TRY: quote}


@settings(max_examples=150, deadline=None)
@given(policy=policies, steps=st.lists(actions, max_size=40))
def test_money_moves_only_by_trades_and_fees_and_never_below_zero(
    policy: SimPolicy, steps: list[tuple[str, object, object]]
) -> None:
    desk = Desk(policy, {BTCTRY: RULES_FINE}, a=OPENING, b=OPENING, c=OPENING)
    desk.board.show("10000", "10001")
    trades = play(desk, steps)
    for asset, change in moved(trades).items():
        total = sum((desk.core.balances(account)[asset].total for account in ACCOUNTS), ZERO)
        assert total == OPENING[asset] * len(ACCOUNTS) + change
    among = [t for t in trades if t.rival is not None]
    assert moved(among)[BTC] == 0


@settings(max_examples=150, deadline=None)
@given(policy=policies, steps=st.lists(actions, max_size=40))
def test_no_fill_is_worse_than_asked_and_fees_are_as_stated(
    policy: SimPolicy, steps: list[tuple[str, object, object]]
) -> None:
    desk = Desk(policy, {BTCTRY: RULES_FINE}, a=OPENING, b=OPENING, c=OPENING)
    desk.board.show("10000", "10001")
    filled: dict[int, Decimal] = {}
    for trade in play(desk, steps):
        order = desk.core.order(trade.account, trade.order_id)
        assert order is not None
        assert trade.price <= order.bound if trade.side is Side.BUY else trade.price >= order.bound
        assert trade.slippage >= 0
        assert trade.fee >= 0
        assert trade.tax >= 0
        exact = trade.price * trade.qty * policy.taker_rate
        assert trade.cost - exact < Decimal("0.00000001")
        filled[order.id] = filled.get(order.id, ZERO) + trade.qty
        if not order.ticket.is_budget:
            assert filled[order.id] <= order.ticket.qty
            if order.status is ViewStatus.CLOSED and trade.order_id == order.id:
                assert order.left == 0


@settings(max_examples=60, deadline=None)
@given(policy=policies, steps=st.lists(actions, max_size=30))
def test_when_everything_is_cancelled_nothing_stays_locked(
    policy: SimPolicy, steps: list[tuple[str, object, object]]
) -> None:
    desk = Desk(policy, {BTCTRY: RULES_FINE}, a=OPENING, b=OPENING, c=OPENING)
    desk.board.show("10000", "10001")
    play(desk, steps)
    for account in ACCOUNTS:
        for order in desk.core.open_orders(account):
            desk.core.cancel(account, order.id, desk.clock.now())
    desk.board.blank()
    desk.step()
    for account in ACCOUNTS:
        assert desk.core.open_orders(account) == []
        assert desk.locked(TRY, account) == desk.locked(BTC, account) == 0


# A restart in the middle changes nothing

limits = st.tuples(st.sampled_from(Side), quantities, prices)
minutes = st.lists(
    st.tuples(prices, st.integers(0, 300), st.integers(1, 9_000_000), st.lists(limits, max_size=2)),
    min_size=2,
    max_size=12,
)
Minute = tuple[Decimal, int, int, list[tuple[Side, Decimal, Decimal]]]


def run_minutes(policy: SimPolicy, plan: list[Minute], restart_at: int | None) -> object:
    """Trade a plan minute by minute, perhaps dying and being rebuilt before one of them."""
    desk = Desk(policy, {BTCTRY: RULES_FINE}, a=OPENING)
    door = PaperExchange(desk.core, "a", desk.clock)
    told: list[PaperTrade] = []
    desk.core.watch(lambda e: told.append(e) if isinstance(e, PaperTrade) else None)
    for index, (bid, spread, volume, orders) in enumerate(plan):
        if index == restart_at:
            kept = [as_stored(desk, o.id) for o in desk.core.open_orders("a")]
            totals = {asset: b.total for asset, b in desk.core.balances("a").items()}
            desk = Desk(policy, {BTCTRY: RULES_FINE}, desk, a={})
            door = PaperExchange(desk.core, "a", desk.clock)
            door.restore(totals, kept)
            desk.core.watch(lambda e: told.append(e) if isinstance(e, PaperTrade) else None)
        desk.board.show(str(bid), str(bid + Decimal(spread).scaleb(-2)))
        opened = desk.clock.now()
        desk.clock.forward()
        desk.board.trade(opened, str(bid), str(bid), str(Decimal(volume).scaleb(-8)))
        door.balances()
        for side, qty, price in orders:
            ticket = Ticket(symbol=BTCTRY, side=side, method=Method.LIMIT, qty=qty, price=price)
            desk.core.submit("a", ticket, desk.clock.now())
    told = [msgspec.structs.replace(trade, is_taker=False) for trade in told]
    return told, dict(desk.core.balances("a")), [o.id for o in desk.core.open_orders("a")]


def as_stored(desk: Desk, order_id: int) -> Order:
    """An open order as our own store would hold it."""
    order = desk.core.order("a", order_id)
    assert order is not None
    return Order(
        client_id=ClientId(order.ticket.client_id),
        exchange_id=str(order.id),
        cycle_id=CycleId("c"),
        symbol=order.symbol,
        side=order.side,
        price=order.ticket.price,
        qty=order.ticket.qty,
        ttl_s=60,
        reason=Reason.CONSERVATIVE_ENTRY,
        status=OrderStatus.PARTIAL if order.left < order.ticket.qty else OrderStatus.OPEN,
        created_at=order.sent_at,
        updated_at=order.updated_at,
        filled_qty=order.ticket.qty - order.left,
        rests_since=None if order.is_waiting else order.live_from,
    )


@settings(max_examples=80, deadline=None)
@given(
    plan=minutes,
    latency=st.sampled_from([timedelta(0), MINUTE]),
    ratio=st.sampled_from([None, Decimal(1)]),
    at=st.integers(0, 11),
)
def test_a_rebuilt_account_goes_on_as_if_it_had_never_stopped(
    plan: list[Minute], latency: timedelta, ratio: Decimal | None, at: int
) -> None:
    policy = SimPolicy(latency=latency, participation_ratio=ratio)
    whole = run_minutes(policy, plan, None)
    assert run_minutes(policy, plan, at % len(plan)) == whole
