"""Mean reversion: its anchor, its band, and when it holds."""

from decimal import Decimal

import msgspec
import pytest

from btcbot_core.cycle.budgeted import propose
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.watching import remember
from btcbot_core.domain.account import Portfolio, Position
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.policy import (
    MeanReversionPolicy,
    Policy,
    StrategyName,
    StrategyPolicy,
)
from btcbot_core.strategy.anchors import Mids, anchors, remembered
from tests.build import BTC, a_cycle, a_position, accounts, an_order, d, quote

replace = msgspec.structs.replace
KNOBS = MeanReversionPolicy(anchor=d("100"))


def a_wishing(
    mark: str = "100",
    position: Position | None = None,
    knobs: MeanReversionPolicy = KNOBS,
    cash: str = "500",
    working: bool = False,
) -> Cycle:
    """A cycle in which mean reversion alone was asked, without fees or spread."""
    policy = Policy(
        strategy=StrategyPolicy(taker_fee_bps=ZERO),
        strategies=(StrategyName.MEAN_REVERSION,),
        mean_reversion=knobs,
    )
    orders = (replace(an_order(), price=d(mark)),) if working else ()
    cycle = a_cycle(
        quotes=(quote(bid=mark, ask=mark),),
        orders=orders,
        policy=policy,
        balances=accounts(TRY=cash),
    )
    held = {BTC: position} if position else {}
    return propose(replace(cycle, portfolio=Portfolio(positions=held)))


def test_without_a_mean_it_holds_what_it_has() -> None:
    cycle = a_wishing(position=a_position(), knobs=MeanReversionPolicy())
    assert [h.reason for h in cycle.decisions] == [Reason.HOLD_NO_ANCHOR]


def test_inside_the_band_it_says_how_far_the_price_is() -> None:
    (hold,) = a_wishing("100.2", a_position()).decisions
    assert (hold.reason, hold.observed, hold.limit) == (Reason.HOLD_INSIDE_BAND, d("20"), d("50"))


def test_no_first_entry_is_no_first_entry() -> None:
    cycle = a_wishing(knobs=replace(KNOBS, first_entry_try=ZERO))
    assert [h.reason for h in cycle.decisions] == [Reason.HOLD_NO_FIRST_ENTRY]


def test_without_cash_it_buys_nothing() -> None:
    assert [h.reason for h in a_wishing(cash="0").decisions] == [Reason.HOLD_NO_CASH]


@pytest.mark.parametrize("mark", ["99", "100"])
def test_an_open_buy_is_enough(mark: str) -> None:
    cycle = a_wishing(mark, a_position() if mark == "99" else None, working=True)
    assert [h.reason for h in cycle.decisions] == [Reason.HOLD_OPEN_ORDER]


def test_a_position_too_small_to_sell_is_held() -> None:
    cycle = a_wishing("101", a_position(qty="0.05"))
    assert [h.reason for h in cycle.decisions] == [Reason.HOLD_DUST]


def test_all_is_sold_where_the_rest_would_be_too_small() -> None:
    part = a_wishing("101", a_position(qty="2")).signals
    whole = a_wishing("101", a_position(qty="1.05")).signals
    assert part[0].qty * d("101") == d("100")
    assert whole[0].qty == d("1.05")


def test_without_a_cap_it_sells_all_and_buys_for_all_cash() -> None:
    knobs = replace(KNOBS, max_intent_try=None)
    (sell,) = a_wishing("101", a_position(qty="9"), knobs).signals
    (buy,) = a_wishing("99", a_position(), knobs).signals
    assert sell.qty == d("9")
    assert buy.qty * d("99") == d("500")


def test_a_mean_needs_half_of_the_look_back() -> None:
    seen = {BTC: (d("1"), d("2"))}
    assert anchors(seen, 5) == {}
    assert anchors(seen, 4) == {BTC: d("1.5")}
    assert anchors({BTC: ()}, 2) == {}


def test_no_more_mids_are_kept_than_the_look_back() -> None:
    mids: Mids = {}
    for price in range(10):
        mids = remembered(mids, {BTC: Decimal(price)}, 3)
    assert mids == {BTC: (d("7"), d("8"), d("9"))}
    assert remembered(mids, {}, 3) == mids


def test_mids_are_kept_only_for_whoever_uses_them() -> None:
    assert remember(a_wishing()).carried.mids == {BTC: (d("100"),)}
    assert remember(a_cycle(quotes=(quote(),))).carried.mids == {}
