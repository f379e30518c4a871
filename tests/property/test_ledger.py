"""The ledger under any run of trades: nothing is made, nothing lost."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcbot_core.domain.errors import InvariantBrokenError
from btcbot_core.domain.ids import CycleId
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Side
from btcbot_core.ledger.book import Ledger, fold
from btcbot_core.ledger.entries import LedgerEvent
from btcbot_core.ledger.journal import fill_entries, opening_entries
from btcbot_core.ledger.lots import OversellError
from btcbot_core.ledger.pnl import value
from tests.build import BTC, TRY, a_fill, accounts, at, d

PRICES = st.decimals(min_value=Decimal("0.00000123"), max_value=Decimal("9999999"), places=8)
SIZES = st.decimals(min_value=Decimal("0.00000001"), max_value=Decimal("9999"), places=8)
FEES = st.decimals(min_value=ZERO, max_value=Decimal("99"), places=8)
TRADES = st.lists(st.tuples(st.booleans(), PRICES, SIZES, FEES), max_size=40)


def entries_of(trades: list[tuple[bool, Decimal, Decimal, Decimal]]) -> list[LedgerEvent]:
    """Ledger events of these trades; a sell is cut to what is held."""
    held, entries = ZERO, list[LedgerEvent]()
    for number, (is_buy, price, size, fee) in enumerate(trades):
        qty = size if is_buy else min(size, held)
        if not qty:
            continue
        held += qty if is_buy else -qty
        side = Side.BUY if is_buy else Side.SELL
        fill = msgspec.structs.replace(a_fill(f"f{number}", side), price=price, qty=qty, fee=fee)
        entries.extend(fill_entries([fill], CycleId("c"), ()))
    return [msgspec.structs.replace(e, seq=n) for n, e in enumerate(entries, start=1)]


@given(TRADES, PRICES)
def test_both_ways_to_equity_agree_whatever_was_traded(
    trades: list[tuple[bool, Decimal, Decimal, Decimal]], mark: Decimal
) -> None:
    entries = entries_of(trades)
    ledger = fold(Ledger(quote=TRY), entries)
    money = value(ledger, {BTC: mark}, {}, ZERO)  # raises when they do not
    bought = sum((e.qty for e in entries if e.side is Side.BUY), ZERO)
    sold = sum((e.qty for e in entries if e.side is Side.SELL), ZERO)
    assert ledger.holding(BTC).qty == bought - sold
    assert all(lot.qty > ZERO for lot in ledger.holding(BTC).lots)
    assert sum((lot.qty for lot in ledger.holding(BTC).lots), ZERO) == ledger.holding(BTC).qty
    assert money.net_try == money.gross_try - money.fees_try - money.slippage_try


@given(TRADES, st.integers(0, 80))
def test_folding_in_two_parts_is_folding_at_once(
    trades: list[tuple[bool, Decimal, Decimal, Decimal]], cut: int
) -> None:
    entries = entries_of(trades)
    start = Ledger(quote=TRY)
    assert fold(fold(start, entries[:cut]), entries[cut:]) == fold(start, entries)


def test_an_event_out_of_its_turn_is_refused() -> None:
    entries = entries_of([(True, d("1"), d("1"), ZERO)])
    with pytest.raises(InvariantBrokenError, match="expected 1"):
        fold(
            Ledger(quote=TRY),
            entries[::-1] if len(entries) > 1 else [msgspec.structs.replace(entries[0], seq=7)],
        )


def test_selling_what_is_not_held_is_refused() -> None:
    sell = next(iter(fill_entries([a_fill(side=Side.SELL)], CycleId("c"), ())))
    with pytest.raises(OversellError):
        fold(Ledger(quote=TRY), [msgspec.structs.replace(sell, seq=1)])


def test_tiny_prices_are_not_rounded_away() -> None:
    """A million coins at 0.00123, sold at 0.00199, earn 760."""
    fills = [
        a_fill("f1", Side.BUY, qty="1000000", price="0.00123"),
        a_fill("f2", Side.SELL, qty="1000000", price="0.00199"),
    ]
    entries = list(fill_entries(fills, CycleId("c"), ()))
    ledger = fold(
        Ledger(quote=TRY), [msgspec.structs.replace(e, seq=n) for n, e in enumerate(entries, 1)]
    )
    assert ledger.realized_try == d("760")


def test_the_opening_waits_until_every_holding_has_a_price() -> None:
    empty, held = Ledger(quote=TRY), accounts(TRY="100", BTC="2")
    unpriced = {BTC: ("BTC", None)}
    assert opening_entries(empty, CycleId("c"), at(), held, unpriced) == []
    priced = {Symbol("BTCTRY"): ("BTC", d("50"))}
    entries = opening_entries(empty, CycleId("c"), at(), held, priced)
    ledger = fold(empty, [msgspec.structs.replace(e, seq=n) for n, e in enumerate(entries, 1)])
    assert (ledger.capital_try, ledger.cash_try) == (d("200"), d("100"))
    assert opening_entries(ledger, CycleId("c"), at(), held, priced) == []
