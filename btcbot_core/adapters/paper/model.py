"""The words of the paper exchange: its orders, trades, refusals and the numbers it runs by."""

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

import msgspec

from btcbot_core.domain.money import ZERO, from_bps
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import Side, ViewStatus


class FillModel(StrEnum):
    """How orders meet the recorded market (DEC-20)."""

    BOOK_CROSS = "book_cross"
    MARK_SLIPPAGE = "mark_slippage"


class SimPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of the simulation. Rates include VAT."""

    fee_bps: Decimal = Decimal(18)
    maker_fee_bps: Decimal | None = None
    """None: as the taker's."""
    vat_ratio: Decimal = Decimal("0.2")
    slippage_bps: Decimal = Decimal(5)
    latency: timedelta = timedelta(0)
    """How long after it was sent an order can fill at the earliest: steps × interval."""
    cancel_delay: timedelta | None = None
    """None: a cancel acts at once. Else it is taken, and acts later: until then orders fill."""
    participation_ratio: Decimal | None = None
    """The part of a candle's volume that all our orders of a pair may take; None is no cap."""
    fill_model: FillModel = FillModel.BOOK_CROSS
    crosses_modelled: bool = False
    """Whether a modelled bid and ask can be hit, as on an exchange that shows them as its book."""

    @property
    def taker_rate(self) -> Decimal:
        return from_bps(self.fee_bps)

    @property
    def maker_rate(self) -> Decimal:
        return self.taker_rate if self.maker_fee_bps is None else from_bps(self.maker_fee_bps)

    @property
    def slippage_ratio(self) -> Decimal:
        return from_bps(self.slippage_bps)


class Method(StrEnum):
    """Kinds of orders, in the exchange's own spelling (API.md §5)."""

    LIMIT = "limit"
    MARKET = "market"
    STOP_LIMIT = "stoplimit"
    STOP_MARKET = "stopmarket"

    @property
    def is_market(self) -> bool:
        return self in (Method.MARKET, Method.STOP_MARKET)

    @property
    def is_stop(self) -> bool:
        return self in (Method.STOP_LIMIT, Method.STOP_MARKET)


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks for. A market BUY's `qty` is an amount of quote currency to spend."""

    symbol: Symbol
    side: Side
    method: Method
    qty: Decimal
    price: Decimal = ZERO
    stop_price: Decimal = ZERO
    client_id: str = ""

    @property
    def is_budget(self) -> bool:
        """Whether the quantity is money to spend, not base currency to get."""
        return self.method is Method.MARKET and self.side is Side.BUY


class Rejection(msgspec.Struct, frozen=True):
    """Why not, in the exchange's words. Its codes are numbers, or words where none is known."""

    code: int | str
    message: str


class PaperOrder(msgspec.Struct, kw_only=True):
    """An order in the core's hands; the core alone changes it."""

    id: int
    account: str
    ticket: Ticket
    left: Decimal
    bound: Decimal
    """The worst price it may fill at: its limit, or what a market order may sweep to."""
    lock: Decimal
    """What it holds back: quote currency for a BUY, base for a SELL."""
    sent_at: datetime
    live_from: datetime
    updated_at: datetime
    status: ViewStatus = ViewStatus.OPEN
    is_waiting: bool = False
    """A stop that was not triggered, or an order that is still on its way."""
    cancel_due: datetime | None = None

    @property
    def symbol(self) -> Symbol:
        return self.ticket.symbol

    @property
    def side(self) -> Side:
        return self.ticket.side

    @property
    def is_open(self) -> bool:
        return self.status in (ViewStatus.OPEN, ViewStatus.PARTIAL)


class PaperTrade(msgspec.Struct, frozen=True, kw_only=True):
    """One account's side of a trade. Fee and tax are positive, in quote currency."""

    id: int
    order_id: int
    account: str
    client_id: str
    symbol: Symbol
    base: Asset
    quote: Asset
    side: Side
    price: Decimal
    qty: Decimal
    fee: Decimal
    tax: Decimal
    at: datetime
    is_taker: bool
    slippage: Decimal = ZERO
    rival: str | None = None
    """The other account; None where the recorded market was the other side."""

    @property
    def cost(self) -> Decimal:
        """Fee with VAT."""
        return self.fee + self.tax


class Change(StrEnum):
    OPENED = "opened"
    CLOSED = "closed"


class OrderChanged(msgspec.Struct, frozen=True):
    """An order came into the book or left it."""

    change: Change
    order: PaperOrder


PaperEvent = OrderChanged | PaperTrade


class CoreState(msgspec.Struct, frozen=True):
    """All that an exchange must remember to go on after its process ended."""

    now: datetime
    last_id: int
    totals: dict[str, dict[Asset, Decimal]]
    """Free and locked together, by account: what is locked follows from the orders."""
    orders: list[PaperOrder]
    trades: list[PaperTrade]
