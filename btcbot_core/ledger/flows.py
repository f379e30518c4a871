"""Money and coins that came or went without a trade of ours: capital, neither profit nor loss.

A deposit is one, by the operator's word; so is what a trade by hand, on a pair that is not ours,
moved of what is.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal

import msgspec

from btcbot_core.domain.ids import CycleId, flow_event_id
from btcbot_core.domain.money import ZERO, canonical
from btcbot_core.domain.symbol import Asset, Symbol, halves
from btcbot_core.domain.trading import Fill, Side
from btcbot_core.ledger.entries import LedgerEvent, LedgerEventKind
from btcbot_core.ledger.journal import BY_HAND, UNNUMBERED


class Flow(msgspec.Struct, frozen=True, tag="capital"):
    """So much of an asset came without a trade of ours, or below zero went."""

    asset: Asset
    amount: Decimal

    def __str__(self) -> str:
        return f"{'+' if self.amount > ZERO else ''}{canonical(self.amount)} {self.asset}"


def flows_of(fill: Fill, quote: Asset, pairs: Collection[Symbol]) -> tuple[Flow, ...]:
    """What a trade moved of what is ours: of `quote`, and of the coins of `pairs`.

    Nothing where the pair's name does not tell what was traded for what.
    """
    found = _halves(fill)
    if found is None:
        return ()
    base, paid = found
    sign = 1 if fill.side is Side.BUY else -1
    moved: dict[Asset, Decimal] = {}
    for asset, amount in (
        (paid, -sign * fill.notional_try),
        (base, sign * fill.qty),
        (fill.fee_asset, -fill.fee),
    ):
        if asset == quote or Symbol(asset + quote) in pairs:
            moved[asset] = moved.get(asset, ZERO) + amount
    return tuple(Flow(asset, amount) for asset, amount in moved.items() if amount)


def with_flow(entry: LedgerEvent, flow: Flow, quote: Asset, price: Decimal) -> LedgerEvent:
    """A capital entry with what came or went: quote currency, or coins at a price in it."""
    if flow.asset == quote:
        return msgspec.structs.replace(entry, asset=flow.asset, amount=flow.amount)
    symbol = Symbol(flow.asset + quote)
    return msgspec.structs.replace(entry, symbol=symbol, qty=flow.amount, price=price)


def flow_entries(
    fill: Fill,
    cycle_id: CycleId,
    flows: Iterable[Flow],
    quote: Asset,
    prices: Mapping[Asset, Decimal],
) -> Iterator[LedgerEvent]:
    """A capital entry for each flow of a trade by hand; their names derive from the trade's."""
    size = f"{canonical(fill.qty)} at {canonical(fill.price)}"
    for number, flow in enumerate(flows, start=1):
        entry = LedgerEvent(
            id=flow_event_id(fill.id, number),
            seq=UNNUMBERED,
            kind=LedgerEventKind.CAPITAL,
            cycle_id=cycle_id,
            at=fill.at,
            exchange_id=fill.exchange_id,
            note=f"{BY_HAND}: {fill.symbol} {fill.side} {size}",
        )
        yield with_flow(entry, flow, quote, prices.get(flow.asset, ZERO))


def _halves(fill: Fill) -> tuple[Asset, Asset] | None:
    """Base and quote of a pair that we have no rules of.

    The exchange takes its fee in the quote currency (API.md §6), which tells it best.
    """
    base = fill.symbol.removesuffix(fill.fee_asset)
    return halves(fill.symbol) if base == fill.symbol else (Asset(base), fill.fee_asset)
