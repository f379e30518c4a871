"""The ledger against the exchange's balances: how far apart they are, in money and in coins."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from btcbot_core.domain.account import Accounts
from btcbot_core.domain.money import ONE, ZERO
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.ledger.book import Ledger


class Gap(msgspec.Struct, frozen=True):
    """What the exchange holds more (or, below zero, less) of an asset than the ledger."""

    asset: Asset
    qty: Decimal
    price: Decimal
    """In quote currency; 1 for the quote currency itself."""
    step: Decimal
    """The smallest amount of the asset that can be traded."""

    @property
    def value_try(self) -> Decimal:
        return self.qty * self.price


def gaps(
    ledger: Ledger,
    accounts: Accounts,
    rules: Mapping[Symbol, PairRules],
    marks: Mapping[Symbol, Decimal],
) -> tuple[Gap, ...] | None:
    """Each asset in which the two differ; None while there is nothing to compare.

    An asset without a mark cannot be valued and is left out, as is one of no pair of ours.
    """
    cash = accounts.get(ledger.quote)
    if ledger.seq == 0 or cash is None:
        return None
    found = [Gap(ledger.quote, cash.total - ledger.cash_try, ONE, ZERO)]
    for symbol, pair in rules.items():
        balance, mark = accounts.get(pair.base), marks.get(symbol)
        held = balance.total if balance is not None else ZERO
        if mark is not None:
            found.append(Gap(pair.base, held - ledger.holding(symbol).qty, mark, pair.lot_step))
    return tuple(gap for gap in found if gap.qty)


def divergence_try(apart: tuple[Gap, ...]) -> Decimal:
    """How much more or less the exchange's balances are worth than the ledger says."""
    return abs(sum((gap.value_try for gap in apart), ZERO))


def mismatches(apart: tuple[Gap, ...], tolerance_try: Decimal) -> dict[Asset, Decimal]:
    """The gaps, valued, that rounding cannot explain: over a step, and worth more than that."""
    return {
        gap.asset: gap.value_try
        for gap in apart
        if abs(gap.qty) > gap.step and abs(gap.value_try) > tolerance_try
    }
