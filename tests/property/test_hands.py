"""Hands on the account, anywhere and at any time: ledger and balances agree to the last digit."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from btcbot_core.app.verify import verify_run
from btcbot_core.cycle.stages import STAGE3, STAGE4
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Asset
from btcbot_core.domain.trading import Side, ViewStatus
from btcbot_core.ledger.book import Ledger, fold
from btcbot_core.ports import unheard
from tests.build import BTC, TRY, a_fill, d
from tests.story.worlds import RUN, Rig

COIN = Asset("BTC")
QUOTES = {"BTCTRY": "TRY", "XRPTRY": "TRY", "BTCUSDT": "USDT", "ETHBTC": "BTC", "SOLUSDT": "USDT"}
FEE_RATIO = Decimal("0.0018")
TRADES = st.tuples(
    st.sampled_from(sorted(QUOTES)),
    st.sampled_from(list(Side)),
    st.decimals("0.0001", "3", places=4),
    st.decimals("0.5", "120", places=2),
)
MINUTES = st.lists(st.lists(TRADES, max_size=3), min_size=1, max_size=5)
"""What hands do in each minute."""


def trade(rig: Rig, symbol: str, side: Side, qty: Decimal, price: Decimal) -> None:
    """As the exchange would let a hand: with what is on the account."""
    paid = Asset(QUOTES[symbol])
    fee = qty * price * FEE_RATIO
    wanted = {paid: qty * price + fee} if side is Side.BUY else {Asset(symbol[:3]): qty}
    held = rig.exchange.balances()
    if all(asset in held and held[asset].total >= amount for asset, amount in wanted.items()):
        made = a_fill(symbol=symbol, side=side, exchange_id="h", fee_asset=paid)
        rig.exchange.by_hand(msgspec.structs.replace(made, qty=qty, price=price, fee=fee))


def fill_ours(rig: Rig) -> None:
    for name, view in list(rig.exchange.orders.items()):
        if view.status is ViewStatus.OPEN:
            rig.exchange.fill(name)


@settings(max_examples=40, deadline=None)
@given(MINUTES, st.sampled_from([STAGE3, STAGE4]), st.sampled_from([0, 45, 100]), st.integers(0, 5))
def test_whatever_hands_trade_the_books_come_to_the_balances_and_run_again_the_same(
    minutes: list[list[tuple[str, Side, Decimal, Decimal]]], stage: object, lag_s: int, ours: int
) -> None:
    with TemporaryDirectory() as folder:
        rig = Rig(Path(folder), STAGE3 if stage is STAGE3 else STAGE4, is_shared=True)
        rig.exchange.sent = {COIN: d("1"), Asset("USDT"): d("100")}
        rig.exchange.lag = timedelta(seconds=lag_s)
        rig.run(1)
        for minute, trades in enumerate(minutes, start=2):
            for each in trades:
                trade(rig, *each)
            if minute == ours:
                fill_ours(rig)
            rig.run(minute)
        rig.run(len(minutes) + 6)
        require_agreement(rig)


def require_agreement(rig: Rig) -> None:
    with rig.store.read() as work:
        state, entries, run = (
            work.checkpoints.load(RUN),
            work.ledger.events(RUN),
            work.runs.latest(),
        )
    assert state is not None
    assert run is not None
    balances, ledger = rig.exchange.balances(), state.ledger
    assert ledger.cash_try == balances[TRY].total
    assert ledger.holding(BTC).qty == balances[COIN].total
    assert ledger == fold(Ledger(quote=TRY), entries)
    assert state.peak_try >= ZERO
    assert not rig.latch.is_set()
    assert verify_run(rig.store, run, unheard).is_equal
