"""Private answers: balances, orders and trades of the account (API.md §5).

Here one bad row spoils the whole answer: nobody may act on half a list of orders.
"""

from enum import StrEnum
from typing import Annotated

import msgspec

from btcbot_core.adapters.btcturk.errors import clean
from btcbot_core.adapters.btcturk.wire.names import BadRowError, asset_named, pair_named
from btcbot_core.adapters.btcturk.wire.numbers import Millis, Number, decoder, instant
from btcbot_core.domain.account import Balance
from btcbot_core.domain.ids import ClientId, FillId
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Fill, OrderType, OrderView, Side, ViewStatus

ExchangeId = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
"""Trade ids have nineteen digits today: they are read as integers, never as floats."""


class Status(StrEnum):
    """The exchange's status words in one spelling each. BTCTurk itself uses four of them."""

    OPEN = "open"
    PARTIAL = "partial"
    FILLED = "filled"
    CLOSED = "closed"
    CANCELED = "canceled"
    REJECTED = "rejected"


_STATUS = {
    "untouched": Status.OPEN,
    "partial": Status.PARTIAL,
    "closed": Status.CLOSED,
    "filled": Status.FILLED,
    "completed": Status.FILLED,
    "canceled": Status.CANCELED,
    "cancelled": Status.CANCELED,
    "expired": Status.CANCELED,
    "rejected": Status.REJECTED,
}
_VIEW = {
    Status.OPEN: ViewStatus.OPEN,
    Status.PARTIAL: ViewStatus.PARTIAL,
    # How much of a closed order was filled, its fills say.
    Status.FILLED: ViewStatus.CLOSED,
    Status.CLOSED: ViewStatus.CLOSED,
    Status.CANCELED: ViewStatus.CANCELED,
    Status.REJECTED: ViewStatus.CANCELED,
}
_TYPE = {
    "limit": OrderType.LIMIT,
    "market": OrderType.MARKET,
    # We place no stop orders; those of a hand are shown as what they become when triggered.
    "stoplimit": OrderType.LIMIT,
    "stopmarket": OrderType.MARKET,
}


class BalanceRow(msgspec.Struct, frozen=True):
    asset: str
    free: Number
    locked: Number


class OrderRow(msgspec.Struct, frozen=True, rename="camel"):
    """An order as listed, or as looked up. `time` was 0 in live listings of 2021."""

    id: ExchangeId
    type: str
    method: str
    status: str
    left_amount: Number
    price: Number | None = None
    quantity: Number | None = None
    amount: Number | None = None
    pair_symbol: str | None = None
    pairsymbol: str | None = None
    order_client_id: str | None = None
    new_order_client_id: str | None = None
    time: Millis = 0
    update_time: Millis = 0


class OpenOrders(msgspec.Struct, frozen=True):
    asks: tuple[OrderRow, ...]
    bids: tuple[OrderRow, ...]


class PlacedRow(msgspec.Struct, frozen=True, rename="camel"):
    """What the exchange says it placed."""

    id: ExchangeId
    type: str
    method: str
    pair_symbol: str | None = None
    pairsymbol: str | None = None
    price: Number | None = None
    quantity: Number | None = None
    new_order_client_id: str | None = None
    order_client_id: str | None = None


class FillRow(msgspec.Struct, frozen=True, rename="camel"):
    """A trade of ours. `amount` is rounded and negative for sells; `preciseAmount` is exact."""

    id: ExchangeId
    timestamp: Millis
    price: Number
    amount: Number
    fee: Number
    tax: Number
    numerator_symbol: str
    denominator_symbol: str
    order_type: str
    order_id: ExchangeId
    order_client_id: str | None = None
    precise_amount: Number | None = None


BALANCES = decoder(tuple[BalanceRow, ...])
OPEN_ORDERS = decoder(OpenOrders)
ORDER = decoder(OrderRow)
ORDERS = decoder(tuple[OrderRow, ...])
PLACED = decoder(PlacedRow)
FILLS = decoder(tuple[FillRow, ...])


def status_of(word: str) -> Status:
    """Raises BadRowError for a word nobody has seen: what it means for money is not guessed."""
    status = _STATUS.get(word.lower())
    if status is None:
        raise BadRowError(f"unknown order status {clean(word[:40])!r}")
    return status


def side_of(word: str) -> Side:
    try:
        return Side(word.lower())
    except ValueError:
        raise BadRowError(f"unknown order type {clean(word[:40])!r}") from None


def type_of(word: str) -> OrderType:
    kind = _TYPE.get(word.lower().replace("_", ""))
    if kind is None:
        raise BadRowError(f"unknown order method {clean(word[:40])!r}")
    return kind


def pair_of(row: OrderRow | PlacedRow) -> Symbol:
    """Members' names come in two spellings."""
    return pair_named(row.pair_symbol or row.pairsymbol or "")


def client_id_of(row: OrderRow | PlacedRow) -> ClientId | None:
    """A hand may have put anything in here: cleaned, since it will be shown."""
    text = row.order_client_id or row.new_order_client_id
    return ClientId(clean(text)) if text else None


def balance_of(row: BalanceRow) -> Balance:
    if row.free < ZERO or row.locked < ZERO:
        raise BadRowError(f"negative balance of {clean(row.asset[:20])!r}")
    return Balance(asset_named(row.asset), row.free, row.locked)


def view_of(row: OrderRow) -> OrderView:
    """An order in our words. Raises BadRowError where its numbers contradict each other."""
    qty = row.amount if row.quantity is None else row.quantity
    if qty is None or not ZERO <= row.left_amount <= qty or qty == ZERO:
        raise BadRowError(f"order {row.id}: {row.left_amount} is left of {qty}")
    if row.price is not None and row.price < ZERO:
        raise BadRowError(f"order {row.id}: negative price")
    return OrderView(
        exchange_id=str(row.id),
        client_id=client_id_of(row),
        symbol=pair_of(row),
        side=side_of(row.type),
        type=type_of(row.method),
        price=ZERO if row.price is None else row.price,
        qty=qty,
        left_qty=row.left_amount,
        status=_VIEW[status_of(row.status)],
        updated_at=instant(row.update_time or row.time),
    )


def fill_of(row: FillRow) -> Fill:
    """A trade in our words: no signs, and the fee with its VAT (API.md §6)."""
    qty = abs(row.amount if row.precise_amount is None else row.precise_amount)
    at = instant(row.timestamp)
    if qty == ZERO or row.price <= ZERO or at is None:
        raise BadRowError(f"trade {row.id}: {qty} at {row.price}, time {row.timestamp}")
    base, quote = asset_named(row.numerator_symbol), asset_named(row.denominator_symbol)
    return Fill(
        id=FillId(str(row.id)),
        exchange_id=str(row.order_id),
        client_id=ClientId(clean(row.order_client_id)) if row.order_client_id else None,
        symbol=Symbol(base + quote),
        side=side_of(row.order_type),
        price=row.price,
        qty=qty,
        fee=abs(row.fee) + abs(row.tax),
        fee_asset=quote,
        at=at,
    )
