"""Ledger events: what happened to our money, in order; the fold of them is the ledger (DEC-13)."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from btcbot_core.domain.ids import ClientId, CycleId, EventId
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import Side


class LedgerEventKind(StrEnum):
    FILL = "fill"
    FEE = "fee"
    CAPITAL = "capital"  # deposit, withdrawal, opening
    ADJUSTMENT = "adjustment"
    ORDER_PLACED = "order_placed"
    ORDER_CANCELED = "order_canceled"


class LedgerEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of the journal. `seq` orders the events of a scope, never time or hash.

    FILL uses symbol, side, price, qty and slippage_try; FEE uses amount and asset; CAPITAL uses
    amount and asset, or symbol, qty and price for coins; below zero it is money that went.
    """

    id: EventId
    seq: int
    kind: LedgerEventKind
    cycle_id: CycleId
    at: datetime
    symbol: Symbol | None = None
    side: Side | None = None
    price: Decimal = ZERO
    qty: Decimal = ZERO
    slippage_try: Decimal = ZERO
    asset: Asset | None = None
    amount: Decimal = ZERO
    client_id: ClientId | None = None
    exchange_id: str | None = None
    note: str = ""
