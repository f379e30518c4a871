"""Public answers: books, tickers, trades, candles and the pairs' rules (API.md §2, §3)."""

from decimal import Decimal
from typing import TypeVar

import msgspec

from btcbot_core.adapters.btcturk.wire.names import BadRowError, asset_named, pair_named
from btcbot_core.adapters.btcturk.wire.numbers import Levels, Millis, Number, Series, decoder
from btcbot_core.domain.money import ONE, ZERO
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol

T = TypeVar("T")

_SCALE_MAX = 18
_SAFE_MIN_NOTIONAL = {"TRY": Decimal(100)}
"""The least total where a row states none: more than the exchange has ever asked for."""


class ServerTime(msgspec.Struct, frozen=True, rename="camel"):
    """No envelope around this one."""

    server_time: Millis


class Book(msgspec.Struct, frozen=True):
    """Bids descend, asks ascend. `timestamp` is the data's own time."""

    timestamp: Millis
    bids: Levels
    asks: Levels


class TickerRow(msgspec.Struct, frozen=True, rename="camel"):
    """`daily` and `dailyPercent` are left out: they follow different formulas (API.md §2)."""

    pair: str
    timestamp: Millis
    last: Number
    high: Number
    low: Number
    bid: Number
    ask: Number
    open: Number
    volume: Number


class TradeRow(msgspec.Struct, frozen=True):
    """`side` is the taker's; answers of 2019 had none."""

    pair: str
    date: Millis
    tid: str
    price: Number
    amount: Number
    side: str | None = None


class Klines(msgspec.Struct, frozen=True):
    """Columns of equal length; `t` in seconds, ascending. No envelope around this one."""

    s: str
    t: Series = ()
    o: Series = ()
    h: Series = ()
    l: Series = ()  # noqa: E741 - the wire's own name
    c: Series = ()
    v: Series = ()


class FilterRow(msgspec.Struct, frozen=True, rename="camel"):
    """Real rows hold nulls beside values: a null never replaces what another member says."""

    filter_type: str = ""
    tick_size: Number | None = None
    step_size: Number | None = None
    min_price: Number | None = None
    max_price: Number | None = None
    min_qty: Number | None = None
    max_qty: Number | None = None
    min_exchange_value: Number | None = None
    min_notional: Number | None = None


class SymbolRow(msgspec.Struct, frozen=True, rename="camel"):
    """One pair of exchangeinfo. Its price filter's `tickSize` is display only where a scale is
    given (API.md §3); tick, step and total of the row itself are older names, and binding.
    """

    numerator: str
    denominator: str
    status: str
    name: str | None = None
    pair_symbol: str | None = None
    name_normalized: str | None = None
    numerator_scale: int | None = None
    denominator_scale: int | None = None
    has_fraction: bool = True
    filters: tuple[FilterRow, ...] = ()
    order_methods: tuple[str, ...] = ()
    tick_size: Number | None = None
    step_size: Number | None = None
    min_total_amount: Number | None = None
    min_exchange_value: Number | None = None
    minimum_limit_order_price: Number | None = None
    maximum_limit_order_price: Number | None = None


class ExchangeInfo(msgspec.Struct, frozen=True):
    symbols: msgspec.Raw


SERVER_TIME = decoder(ServerTime)
BOOK = decoder(Book)
TICKER_ROW = decoder(TickerRow)
TRADE_ROW = decoder(TradeRow)
KLINES = decoder(Klines)
EXCHANGE_INFO = decoder(ExchangeInfo)
SYMBOL_ROW = decoder(SymbolRow)


def rules_of(row: SymbolRow) -> PairRules:
    """The pair's rules in our words.

    Raises BadRowError where something is missing without which an order cannot be made.
    Where several members say the same thing, the first that is not null wins; of least totals
    the largest.
    """
    base, quote = asset_named(row.numerator), asset_named(row.denominator)
    name = _first(row.pair_symbol, row.name, row.name_normalized)
    if name is not None and pair_named(name) != base + quote:
        raise BadRowError(f"{base} and {quote} do not make its name")
    prices = _filter(row, "PRICE_FILTER", "")
    lots = _filter(row, "LOT_SIZE", "MARKET_LOT_SIZE", "QUANTITY_FILTER")
    lowest = _first(row.minimum_limit_order_price, prices.min_price)
    return PairRules(
        symbol=Symbol(base + quote),
        base=base,
        quote=quote,
        tick_size=_tick(row, prices),
        lot_step=_positive(row.step_size, lots.step_size) or _step(row.numerator_scale),
        min_notional=_least_total(row, quote),
        min_price=ZERO if lowest is None else lowest,
        max_price=_first(row.maximum_limit_order_price, prices.max_price),
        min_qty=_positive(lots.min_qty) or ZERO,
        max_qty=_positive(lots.max_qty),
        is_trading=row.status == "TRADING"
        and "LIMIT" in {method.upper() for method in row.order_methods},
    )


def _filter(row: SymbolRow, *kinds: str) -> FilterRow:
    return next((f for f in row.filters if f.filter_type in kinds), FilterRow())


def _least_total(row: SymbolRow, quote: str) -> Decimal:
    """The largest that the row states. Raises BadRowError where there is none to go by."""
    stated = [row.min_exchange_value, row.min_total_amount]
    stated += [total for f in row.filters for total in (f.min_exchange_value, f.min_notional)]
    totals = [total for total in stated if total is not None]
    if totals and min(totals) < ZERO:
        raise BadRowError("a minimum total under zero")
    least = max(totals, default=_SAFE_MIN_NOTIONAL.get(quote))
    if least is None:
        raise BadRowError("no minimum total")
    return least


def _tick(row: SymbolRow, prices: FilterRow) -> Decimal:
    """The scale decides; `hasFraction` false means whole prices whatever it says (API.md §3)."""
    if (stated := _positive(row.tick_size)) is not None:
        return stated
    if row.denominator_scale is None:
        if prices.tick_size is None or prices.tick_size <= ZERO:
            raise BadRowError("neither a price scale nor a tick size")
        return prices.tick_size
    step = _step(row.denominator_scale)
    return step if row.has_fraction else max(step, ONE)


def _step(scale: int | None) -> Decimal:
    if scale is None or not 0 <= scale <= _SCALE_MAX:
        raise BadRowError(f"expected a scale of 0 to {_SCALE_MAX}, found {scale}")
    return ONE.scaleb(-scale)


def _positive(*candidates: Decimal | None) -> Decimal | None:
    return next((each for each in candidates if each is not None and each > ZERO), None)


def _first(*candidates: T | None) -> T | None:
    return next((each for each in candidates if each is not None), None)
