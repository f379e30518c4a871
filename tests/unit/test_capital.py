"""Money that comes or goes without trading: no profit, no loss, and no drawdown."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcbot_core.app.capital import mismatch_words, worth
from btcbot_core.cycle.acts import Act, Acted, acted
from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.ids import CycleId
from btcbot_core.domain.money import ONE, ZERO
from btcbot_core.domain.symbol import Asset
from btcbot_core.ledger.book import Ledger
from btcbot_core.ledger.compare import Gap
from btcbot_core.ledger.flows import Flow
from btcbot_core.ledger.lots import add_lot
from btcbot_core.ledger.pnl import peak_after
from tests.build import BTC, TRY, at, d

COIN = Asset("BTC")
MONEY = st.decimals("0.01", "1000000", places=2)
HELD = Ledger(quote=TRY, seq=3, cash_try=d("800"), capital_try=d("1000"))
HELD = Ledger(
    quote=TRY,
    seq=3,
    cash_try=d("800"),
    capital_try=d("1000"),
    holdings={BTC: add_lot(HELD.holding(BTC), d("2"), d("100"))},
)
"""800 TRY and 2 BTC that were bought at 100 and stand at 50: 100 of a peak of 1,000 is lost."""


CARRIED = Carried(ledger=HELD, marks={BTC: d("50")}, peak_try=d("1000"))


def booked(asset: Asset, amount: str, carried: Carried = CARRIED) -> Acted:
    act = Act(who="operator", why="by hand", at=at(), deed=Flow(asset, d(amount)))
    return acted(carried, CycleId("r-1"), act)


@pytest.mark.parametrize(
    ("asset", "amount", "cash", "equity"),
    [
        (TRY, "5000", "5800", "5900"),
        (TRY, "-700", "100", "200"),
        (COIN, "1", "800", "950"),
        (COIN, "-1.5", "800", "825"),
    ],
)
def test_what_comes_or_goes_moves_equity_and_capital_alike_and_earns_nothing(
    asset: Asset, amount: str, cash: str, equity: str
) -> None:
    done = booked(asset, amount)
    before, after = worth(CARRIED), worth(done.carried)
    assert (after.cash_try, after.equity_try) == (d(cash), d(equity))
    assert after.capital_try - before.capital_try == after.equity_try - before.equity_try
    assert after.net_try == before.net_try == d("-100")
    assert after.drawdown_ratio <= before.drawdown_ratio
    assert [entry.seq for entry in done.entries] == [done.carried.ledger.seq] == [4]


def test_coins_that_go_take_their_oldest_lots_along_at_the_price_of_now() -> None:
    carried = booked(COIN, "-0.5").carried
    assert carried.ledger.holding(BTC).qty == d("1.5")
    assert worth(carried).realized_try == d("-25")


@pytest.mark.parametrize(
    ("asset", "amount", "words"),
    [
        (TRY, "0", "nothing came"),
        (TRY, "-800.01", "the books hold 800 TRY"),
        (COIN, "-3", "the books hold 2 BTC"),
        (Asset("DOGE"), "1", "no price of DOGE"),
    ],
)
def test_what_cannot_be_booked_is_refused_in_words(asset: Asset, amount: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        booked(asset, amount)


def test_books_that_are_not_open_yet_take_no_capital() -> None:
    with pytest.raises(ConfigError, match="not open yet"):
        booked(TRY, "1", Carried(ledger=Ledger(quote=TRY)))


@given(peak=MONEY, lost=st.decimals(0, 1, places=4), flow=st.decimals(-1, 10, places=4))
def test_a_flow_alone_deepens_no_drawdown(peak: Decimal, lost: Decimal, flow: Decimal) -> None:
    before = peak * (ONE - lost)
    after = before + (before if flow < ZERO else peak) * flow
    moved = peak_after(peak, before, after)
    assert moved >= after
    assert moved - after <= peak - before + d("0.00000001")
    if after > ZERO:
        assert (moved - after) / moved <= lost + d("0.00001")


def test_the_reason_of_the_kill_names_what_differs_and_fits_a_line() -> None:
    gaps = [Gap(Asset(f"COIN{n}"), d("-1.23456789"), ONE, ZERO) for n in range(9)]
    words = mismatch_words([Gap(TRY, d("5000"), ONE, ZERO), *gaps])
    assert words.startswith("the exchange holds 5000 TRY more and 1.23456789 COIN0 less")
    assert "btcbot-core capital" in words
    assert len(words) <= 200
