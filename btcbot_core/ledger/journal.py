"""What becomes a ledger event: the opening, orders placed and cancelled, fills and their fees."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from btcbot_core.domain.account import Accounts
from btcbot_core.domain.ids import ClientId, CycleId, EventId, fill_event_id
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import Fill, Order, OrderEvent, OrderEventKind
from btcbot_core.ledger.book import Ledger
from btcbot_core.ledger.entries import LedgerEvent, LedgerEventKind

BY_HAND = "by hand"
"""How the note on trades of the account that are not ours begins (FAULTS O11)."""
UNNUMBERED = 0
"""Entries get their number when they are booked."""


def opening_entries(
    ledger: Ledger,
    cycle_id: CycleId,
    at: datetime,
    accounts: Accounts,
    priced: Mapping[Symbol, tuple[str, Decimal | None]],
) -> list[LedgerEvent]:
    """What was there before us, as capital: cash as it is, holdings at their first mark.

    Nothing, until balances and a price for each holding are known: a holding opened at no
    price would later look like profit.
    """
    cash = accounts.get(ledger.quote)
    if ledger.seq or cash is None:
        return []
    held = {
        symbol: (accounts[Asset(base)].total, price)
        for symbol, (base, price) in priced.items()
        if Asset(base) in accounts and accounts[Asset(base)].total > ZERO
    }
    if any(price is None for _, price in held.values()):
        return []
    opening = [
        LedgerEvent(
            id=EventId("capital:opening"),
            seq=UNNUMBERED,
            kind=LedgerEventKind.CAPITAL,
            cycle_id=cycle_id,
            at=at,
            asset=ledger.quote,
            amount=cash.total,
            note="opening",
        )
    ]
    opening.extend(
        LedgerEvent(
            id=EventId(f"capital:opening:{symbol}"),
            seq=UNNUMBERED,
            kind=LedgerEventKind.CAPITAL,
            cycle_id=cycle_id,
            at=at,
            symbol=symbol,
            qty=qty,
            price=price or ZERO,
            note="opening",
        )
        for symbol, (qty, price) in sorted(held.items())
    )
    return opening


def numbered(entries: Iterable[LedgerEvent], after_seq: int) -> tuple[LedgerEvent, ...]:
    """The entries as they follow the ledger's event of this number."""
    told = enumerate(entries, start=after_seq + 1)
    return tuple(msgspec.structs.replace(entry, seq=number) for number, entry in told)


def fill_entries(
    fills: Iterable[Fill], cycle_id: CycleId, already: Collection[EventId], note: str = ""
) -> Iterator[LedgerEvent]:
    """A FILL and its FEE for each fill; a fill that was booked before is not booked again."""
    seen = set(already)
    for fill in fills:
        name = fill_event_id(fill.id)
        if name in seen:
            continue
        seen.add(name)
        yield LedgerEvent(
            id=name,
            seq=UNNUMBERED,
            kind=LedgerEventKind.FILL,
            cycle_id=cycle_id,
            at=fill.at,
            symbol=fill.symbol,
            side=fill.side,
            price=fill.price,
            qty=fill.qty,
            slippage_try=fill.slippage_try,
            client_id=fill.client_id,
            exchange_id=fill.exchange_id,
            note=note,
        )
        if fill.fee:
            yield LedgerEvent(
                id=EventId(f"fee:{fill.id}"),
                seq=UNNUMBERED,
                kind=LedgerEventKind.FEE,
                cycle_id=cycle_id,
                at=fill.at,
                symbol=fill.symbol,
                asset=fill.fee_asset,
                amount=fill.fee,
                client_id=fill.client_id,
                exchange_id=fill.exchange_id,
                note=note,
            )


_ORDER_KINDS = {
    OrderEventKind.ACCEPTED: (LedgerEventKind.ORDER_PLACED, "placed"),
    OrderEventKind.CANCELED: (LedgerEventKind.ORDER_CANCELED, "canceled"),
}


def order_entries(
    events: Iterable[OrderEvent],
    orders: Mapping[ClientId, Order],
    already: Collection[EventId],
) -> Iterator[LedgerEvent]:
    """Orders that came to rest on the exchange and orders that left it; they move no money."""
    for event in events:
        if event.kind not in _ORDER_KINDS:
            continue
        kind, word = _ORDER_KINDS[event.kind]
        name = EventId(f"{word}:{event.client_id}:{event.seq}")
        if name in already:
            continue
        order = orders[event.client_id]
        yield LedgerEvent(
            id=name,
            seq=UNNUMBERED,
            kind=kind,
            cycle_id=event.cycle_id,
            at=event.at,
            symbol=order.symbol,
            side=order.side,
            price=order.price,
            qty=order.qty,
            client_id=order.client_id,
            exchange_id=order.exchange_id,
        )
