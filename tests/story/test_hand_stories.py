"""Hands on the account, on pairs that the bot does not trade: booked, and no reason to stop."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from btcbot_core.app.frames import NoteLevel
from btcbot_core.app.session import Session
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.stages import STAGE3, STAGE4, Stage
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.policy import LimitPolicy
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import Fill, Side
from btcbot_core.ledger.book import Ledger, fold
from btcbot_core.ledger.entries import LedgerEvent
from tests.build import BTC, TRY, a_fill, a_view, d
from tests.story.worlds import RUN, Rig

COIN = Asset("BTC")
XRP = a_fill(symbol="XRPTRY", qty="500", price="2", fee="1.8", exchange_id="h")
"""A thousand TRY and its fee, into coins that are not ours: more than an error of the books."""
replace = msgspec.structs.replace


@pytest.fixture(params=[STAGE3, STAGE4], ids=lambda stage: stage.name)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Rig:
    """A bot that watches BTCTRY and trades nothing, on an account that others use."""
    stage: Stage = request.param
    made = Rig(tmp_path, stage, is_shared=True)
    made.policy = replace(made.policy, limits=LimitPolicy(max_orders_per_cycle=0))
    return made


def lived(rig: Rig, steps: int) -> tuple[Session, list[Cycle]]:
    """One life of the process up to that step, with its cycles."""
    session, cycles = rig.session(steps), list[Cycle]()
    session.on_cycle = cycles.append
    session.run()
    assert session.error is None
    return session, cycles


def journal(rig: Rig) -> tuple[LedgerEvent, ...]:
    with rig.store.read() as work:
        return tuple(work.ledger.events(RUN))


def assert_books_agree(rig: Rig) -> None:
    ledger, balances = rig.carried().ledger, rig.exchange.balances()
    assert ledger.cash_try == balances[TRY].total
    assert ledger.holding(BTC).qty == balances[COIN].total
    assert ledger == fold(Ledger(quote=TRY), journal(rig))


def assert_nothing_froze(rig: Rig, cycles: list[Cycle]) -> None:
    assert not rig.latch.is_set()
    assert {cycle.verdict.mode for cycle in cycles} == {RiskMode.NORMAL}
    assert cycles[-1].anomalies == ()
    assert cycles[-1].portfolio.drawdown_ratio == ZERO


@pytest.mark.parametrize("lag_s", [0, 100])
def test_a_trade_by_hand_elsewhere_moves_capital_and_freezes_nothing(rig: Rig, lag_s: int) -> None:
    """Also where balances show it before any list does."""
    rig.run(1)
    rig.exchange.lag = timedelta(seconds=lag_s)
    rig.exchange.by_hand(XRP)
    _, cycles = lived(rig, 8)
    assert_nothing_froze(rig, cycles)
    assert_books_agree(rig)
    money = cycles[-1].portfolio
    assert (money.capital_try, money.net_try) == (d("8998.2"), ZERO)
    entries = [e for e in journal(rig) if e.id.startswith("flow:")]
    assert [(e.asset, e.amount) for e in entries] == [(TRY, d("-1001.8"))]


def test_a_trade_by_hand_elsewhere_is_told_and_booked_once_whatever_is_heard_again(
    rig: Rig,
) -> None:
    rig.run(1)
    rig.exchange.by_hand(XRP)
    session, _ = lived(rig, 2)
    assert [note.text for note in session.drain() if note.level is NoteLevel.WARNING] == [
        "traded by hand: XRPTRY buy 500 at 2; -1001.8 TRY booked as capital"
    ]
    rig.exchange.trades.append(rig.exchange.trades[-1])  # listed twice from now on
    rig.exchange.cash += d("1001.8")  # the second row moves no money
    session, _ = lived(rig, 6)
    assert [note for note in session.drain() if note.level is NoteLevel.WARNING] == []
    assert_books_agree(rig)


def test_what_was_traded_elsewhere_while_no_process_ran_is_booked_at_the_start(rig: Rig) -> None:
    rig.run(1)
    rig.exchange.by_hand(XRP)
    rig.slept = timedelta(hours=5)
    _, cycles = lived(rig, 4)
    assert_nothing_froze(rig, cycles)
    assert_books_agree(rig)


def test_what_was_traded_before_the_books_opened_is_in_their_opening(rig: Rig) -> None:
    rig.exchange.by_hand(XRP)
    rig.exchange.trades[0] = replace(rig.exchange.trades[0], at=rig.clock.now())
    _, cycles = lived(rig, 3)
    assert_nothing_froze(rig, cycles)
    assert [e.note for e in journal(rig)] == ["opening"]


@pytest.mark.parametrize(
    ("trade", "moved"),
    [
        (a_fill(symbol="BTCUSDT", qty="2", price="3", fee="0.01", fee_asset="USDT"), {BTC: "2"}),
        (a_fill(symbol="USDTTRY", qty="50", price="33", fee="1"), {TRY: "-1651"}),
        (a_fill(symbol="BTCTUSD", qty="2", price="3", fee="0.01", fee_asset="TUSD"), {BTC: "2"}),
        (a_fill(symbol="XRPTRY", qty="5", price="2", fee="0.1", fee_asset="BNB"), {TRY: "-10"}),
        (a_fill(symbol="SOLUSDT", qty="5", price="1", fee="0.1", fee_asset="USDT"), {}),
    ],
    ids=lambda value: value.symbol if isinstance(value, Fill) else "",
)
def test_of_a_trade_elsewhere_only_what_is_ours_is_booked(
    rig: Rig, trade: Fill, moved: dict[Symbol | Asset, str]
) -> None:
    rig.run(1)
    rig.exchange.by_hand(trade)
    _, cycles = lived(rig, 4)
    entries = [e for e in journal(rig) if e.id.startswith("flow:")]
    assert {e.symbol or e.asset: e.qty + e.amount for e in entries} == {
        name: d(amount) for name, amount in moved.items()
    }
    assert cycles[-1].portfolio.net_try == ZERO
    assert_nothing_froze(rig, cycles)


def test_coins_that_a_hand_bought_elsewhere_are_ours_and_may_be_sold_by_hand(rig: Rig) -> None:
    rig.run(1)
    rig.exchange.by_hand(a_fill(symbol="BTCUSDT", qty="3", price="3", fee_asset="USDT"))
    ether = a_fill(symbol="ETHBTC", qty="4", price="0.2", fee="0.2", fee_asset="BTC")
    rig.exchange.by_hand(ether)
    rig.exchange.by_hand(a_fill(side=Side.SELL, qty="1", price="100.05"))
    rig.exchange.by_hand(a_fill(side=Side.SELL, qty="1", price="100.05"))
    _, cycles = lived(rig, 4)
    assert_nothing_froze(rig, cycles)
    assert_books_agree(rig)
    assert cycles[-1].portfolio.cash_try == d("10200.1")


def test_what_came_unseen_and_was_sold_by_hand_is_capital_once_no_list_explains_it(
    rig: Rig,
) -> None:
    """Coins that were sent to the account and sold: no trade tells how they came."""
    rig.run(1)
    rig.exchange.by_hand(a_fill(qty="0.5", price="100"))
    rig.run(2)
    rig.exchange.sent = {COIN: d("1.5")}
    rig.exchange.by_hand(a_fill(side=Side.SELL, qty="2", price="100", fee="1"))
    _, cycles = lived(rig, 3)
    assert rig.carried().ledger.holding(BTC).qty == d("0.5")  # a list may still come
    _, cycles = lived(rig, 8)
    assert not rig.latch.is_set()
    assert_books_agree(rig)
    assert cycles[-1].portfolio.net_try == d("-1")


def test_orders_by_hand_elsewhere_are_shown_and_what_they_lock_is_no_difference(rig: Rig) -> None:
    resting = replace(a_view("h1", None, qty="500", left="500"), symbol=Symbol("XRPTRY"))
    rig.exchange.orders["h1"] = resting
    rig.exchange.locked = {TRY: Decimal(1000)}
    _, cycles = lived(rig, 5)
    assert_nothing_froze(rig, cycles)
    assert [cycle.carried.strangers for cycle in cycles] == [(resting,)] * 5
    assert rig.exchange.cancels == []
    del rig.exchange.orders["h1"]
    _, cycles = lived(rig, 6)
    assert cycles[-1].carried.strangers == ()


def test_an_order_under_our_name_stops_us_on_whatever_pair_it_is(rig: Rig) -> None:
    """Another program of ours, or books that are lost: until it has gone."""
    rig.run(1)
    orphan = replace(a_view("h1", "btcb-of-other-books"), symbol=Symbol("XRPTRY"))
    rig.exchange.orders["h1"] = orphan
    _, cycles = lived(rig, 3)
    assert cycles[-1].verdict.mode is RiskMode.OBSERVE_ONLY
    assert cycles[-1].carried.strangers == (orphan,)
    del rig.exchange.orders["h1"]
    _, cycles = lived(rig, 7)
    assert cycles[-1].verdict.mode is RiskMode.NORMAL


def test_the_cursors_do_not_grow_with_the_pairs_that_hands_trade(rig: Rig) -> None:
    rig.run(1)
    for name in ("XRP", "SOL", "AVAX", "USDT"):
        rig.exchange.by_hand(replace(XRP, symbol=Symbol(f"{name}TRY")))
    rig.run(4)
    state = rig.carried()
    assert set(state.fills_seen) == {BTC}
    assert state.elsewhere_seen == rig.exchange.trades[-1].at


def test_a_difference_that_no_trade_explains_kills_in_either_stage(rig: Rig) -> None:
    rig.run(1)
    rig.exchange.cash += Decimal(30)
    rig.run(5)
    killed = rig.latch.state()
    assert (killed.who, killed.is_set) == ("btcbot", True)
    assert "30 TRY more than our books" in killed.why
