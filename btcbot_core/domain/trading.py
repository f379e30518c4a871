"""The words of trading: a signal becomes an intent, an intent an order, an order has fills."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from btcbot_core.domain.codes import Reason
from btcbot_core.domain.ids import ClientId, CycleId, FillId
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Asset, Symbol


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    LIMIT = "limit"
    MARKET = "market"


class OrderStatus(StrEnum):
    """Where an order stands. `oms/machine.py` alone says what may follow what."""

    PLANNED = "planned"  # the intent is durable; the socket may or may not have opened
    OPEN = "open"
    PARTIAL = "partial"
    CANCEL_REQUESTED = "cancel_requested"  # asked for, perhaps accepted: not yet a cancel
    UNKNOWN = "unknown"  # sent, no usable answer
    MISSING = "missing"  # was open, is in no list, no evidence yet
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    NOT_PLACED = "not_placed"  # evidence says that it never reached the book
    UNKNOWN_CLOSED = "unknown_closed"  # gone without a trace; only fills can still change it


TERMINAL = frozenset(
    {
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.REJECTED,
        OrderStatus.NOT_PLACED,
        OrderStatus.UNKNOWN_CLOSED,
    }
)
UNRESOLVED = frozenset({OrderStatus.PLANNED, OrderStatus.UNKNOWN, OrderStatus.MISSING})
"""States in which we do not know what the exchange holds: the symbol trades no more (DEC-16)."""


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy wishes, before risk and rounding."""

    symbol: Symbol
    side: Side
    qty: Decimal
    price: Decimal | None
    reason: Reason
    confidence_ratio: Decimal
    strategy: str


class Intent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order that we decided to place: sized, rounded, named. Stored before it is sent."""

    client_id: ClientId
    cycle_id: CycleId
    symbol: Symbol
    side: Side
    price: Decimal
    qty: Decimal
    ttl_s: int
    reason: Reason
    decided_at: datetime
    type: OrderType = OrderType.LIMIT
    """A market BUY's `qty` is an amount of quote currency to spend (API.md §5)."""

    @property
    def notional_try(self) -> Decimal:
        return self.price * self.qty


class Order(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of an intent, as far as the evidence goes."""

    client_id: ClientId
    exchange_id: str | None
    cycle_id: CycleId
    symbol: Symbol
    side: Side
    price: Decimal
    qty: Decimal
    ttl_s: int
    reason: Reason
    status: OrderStatus
    created_at: datetime
    updated_at: datetime
    type: OrderType = OrderType.LIMIT
    filled_qty: Decimal = ZERO
    rests_since: datetime | None = None
    """The first instant at which it could fill; its time to live counts from here (DEC-20)."""
    absent_probes: int = 0
    absent_since: datetime | None = None
    seq: int = 0
    """How many events it has had; the next event's number."""

    @property
    def left_qty(self) -> Decimal:
        return self.qty - self.filled_qty

    @property
    def is_active(self) -> bool:
        return self.status not in TERMINAL


class OrderEventKind(StrEnum):
    """What happened to an order, in the exchange's words or ours."""

    PLANNED = "planned"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    NO_ANSWER = "no_answer"
    FILLED = "filled"
    CANCEL_SENT = "cancel_sent"
    CANCEL_REFUSED = "cancel_refused"
    CANCELED = "canceled"
    ABSENT = "absent"
    GIVEN_UP = "given_up"


class OrderEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One transition of one order; the fold of them is the order."""

    client_id: ClientId
    seq: int
    cycle_id: CycleId
    at: datetime
    kind: OrderEventKind
    before: OrderStatus | None
    after: OrderStatus
    qty: Decimal = ZERO
    exchange_id: str | None = None
    evidence: str = ""
    """What told us, in a few words: a code, a listing, a fill id."""


class Fill(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A trade of ours. Amounts are positive, whatever signs the wire used; fee includes VAT."""

    id: FillId
    exchange_id: str
    client_id: ClientId | None
    symbol: Symbol
    side: Side
    price: Decimal
    qty: Decimal
    fee: Decimal
    fee_asset: Asset
    at: datetime
    slippage_try: Decimal = ZERO
    """What the price was worse than the quote it crossed, in quote currency; 0 where unknown."""

    @property
    def notional_try(self) -> Decimal:
        return self.price * self.qty


class ViewStatus(StrEnum):
    """What the exchange says of an order. An unknown word is refused at the border."""

    OPEN = "open"
    PARTIAL = "partial"
    CANCELED = "canceled"
    CLOSED = "closed"


class OrderView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order as the exchange shows it."""

    exchange_id: str
    client_id: ClientId | None
    symbol: Symbol
    side: Side
    type: OrderType
    price: Decimal
    qty: Decimal
    left_qty: Decimal
    status: ViewStatus
    updated_at: datetime | None = None

    @property
    def filled_qty(self) -> Decimal:
        return self.qty - self.left_qty


class AnswerKind(StrEnum):
    """What came back when we spoke. UNKNOWN is a state, never a guess (DEC-16)."""

    ACKED = "acked"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


class Verb(StrEnum):
    SUBMIT = "submit"
    CANCEL = "cancel"


class Answer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The exchange's answer to one submit or cancel of ours."""

    verb: Verb
    kind: AnswerKind
    client_id: ClientId
    at: datetime
    exchange_id: str | None = None
    code: str = ""
    message: str = ""
    request_id: str = ""
