"""The ledger as a value, and the one way to change it: fold an event into it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from btcbot_core.domain.errors import InvariantBrokenError
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import Side
from btcbot_core.ledger.entries import LedgerEvent, LedgerEventKind
from btcbot_core.ledger.lots import Holding, add_lot, take_lots


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """Where our money stands. Amounts are in the quote currency; its size is that of the holdings.

    `seq` is the number of the last event folded in. Nothing here grows with history, so a
    cycle costs the same after a minute and after a year.
    """

    quote: Asset
    seq: int = 0
    opened_at: datetime | None = None
    """When its first event happened: what came before is in the opening balances."""
    cash_try: Decimal = ZERO
    capital_try: Decimal = ZERO
    realized_try: Decimal = ZERO
    slippage_try: Decimal = ZERO
    fees: Mapping[Asset, Decimal] = {}
    holdings: Mapping[Symbol, Holding] = {}

    def holding(self, symbol: Symbol) -> Holding:
        """The holding of a pair; an empty one where there is none."""
        return self.holdings.get(symbol) or Holding(symbol=symbol)


def fold(ledger: Ledger, events: Iterable[LedgerEvent]) -> Ledger:
    """The ledger after these events, in their order."""
    for event in events:
        ledger = book(ledger, event)
    return ledger


def book(ledger: Ledger, event: LedgerEvent) -> Ledger:
    """The ledger after one event.

    Raises InvariantBrokenError when the event does not follow the last one, or sells what
    is not held.
    """
    if event.seq != ledger.seq + 1:
        raise InvariantBrokenError(
            f"ledger event {event.id} has number {event.seq}, expected {ledger.seq + 1}"
        )
    match event.kind:
        case LedgerEventKind.FILL:
            return _fill(ledger, event)
        case LedgerEventKind.FEE:
            return _fee(ledger, event)
        case LedgerEventKind.CAPITAL | LedgerEventKind.ADJUSTMENT:
            return _capital(ledger, event)
        case LedgerEventKind.ORDER_PLACED | LedgerEventKind.ORDER_CANCELED:
            return msgspec.structs.replace(ledger, seq=event.seq)


def _fill(ledger: Ledger, event: LedgerEvent) -> Ledger:
    if event.symbol is None or event.side is None:
        raise InvariantBrokenError(f"fill {event.id} names no pair or side")
    old = ledger.holding(event.symbol)
    notional = event.price * event.qty
    if event.side is Side.BUY:
        new, cash = add_lot(old, event.qty, event.price), ledger.cash_try - notional
    else:
        new, cash = take_lots(old, event.qty, event.price), ledger.cash_try + notional
    return msgspec.structs.replace(
        ledger,
        seq=event.seq,
        cash_try=cash,
        realized_try=ledger.realized_try + new.realized_try - old.realized_try,
        slippage_try=ledger.slippage_try + event.slippage_try,
        holdings={**ledger.holdings, event.symbol: new},
    )


def _fee(ledger: Ledger, event: LedgerEvent) -> Ledger:
    asset = event.asset or ledger.quote
    paid = event.amount if asset == ledger.quote else ZERO
    return msgspec.structs.replace(
        ledger,
        seq=event.seq,
        cash_try=ledger.cash_try - paid,
        fees={**ledger.fees, asset: ledger.fees.get(asset, ZERO) + event.amount},
    )


def _capital(ledger: Ledger, event: LedgerEvent) -> Ledger:
    """Money that came or went without trading: it is no profit, so capital moves with it."""
    if event.symbol is None:
        return msgspec.structs.replace(
            ledger,
            seq=event.seq,
            opened_at=ledger.opened_at or event.at,
            cash_try=ledger.cash_try + event.amount,
            capital_try=ledger.capital_try + event.amount,
        )
    old = ledger.holding(event.symbol)
    # What leaves is worth its price of now: what it has earned until then stays earned.
    new = (
        add_lot(old, event.qty, event.price)
        if event.qty > ZERO
        else take_lots(old, -event.qty, event.price)
    )
    return msgspec.structs.replace(
        ledger,
        seq=event.seq,
        capital_try=ledger.capital_try + event.qty * event.price,
        realized_try=ledger.realized_try + new.realized_try - old.realized_try,
        holdings={**ledger.holdings, event.symbol: new},
    )
