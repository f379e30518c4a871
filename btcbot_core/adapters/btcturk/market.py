"""Market data from BTCTurk: books, rules, tickers, trades and candles; the market data port."""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import msgspec

from btcbot_core.adapters.btcturk.calls import BOOK, KLINES, TICKER, TRADES
from btcbot_core.adapters.btcturk.client import BtcturkClient
from btcbot_core.adapters.btcturk.rules import RulesCache
from btcbot_core.adapters.btcturk.shelf import Shelf
from btcbot_core.adapters.btcturk.wire import market as wire
from btcbot_core.adapters.btcturk.wire.envelope import Reply, data_of, parse, parse_rows
from btcbot_core.adapters.btcturk.wire.names import pair_named
from btcbot_core.adapters.btcturk.wire.numbers import instant, millis_of
from btcbot_core.domain.errors import (
    BadAnswerError,
    ExchangeRefusedError,
    ExchangeUnavailableError,
    HeldBackError,
)
from btcbot_core.domain.market import BookSource, Candle, MarketSnapshot, Quote
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Side

BOOK_DEPTH = 10
"""Enough to see that a book is in order; only its top is used."""
TRADES_MAX = 50
THREADS = 8
FUTURE_MAX = timedelta(seconds=5)
"""Data from further ahead are not young, they are wrong."""

_RESOLUTIONS = {
    60: "1",
    300: "5",
    900: "15",
    1800: "30",
    3600: "60",
    14_400: "240",
    86_400: "1D",
    604_800: "1W",
}

_log = logging.getLogger(__name__)


class BadBookError(ValueError):
    """A book that no price can be taken from."""


class Ticker(msgspec.Struct, frozen=True, kw_only=True):
    """A pair's last day. Change is derived from open and last, never taken from the wire."""

    symbol: Symbol
    last: Decimal
    open: Decimal
    high: Decimal
    low: Decimal
    bid: Decimal
    ask: Decimal
    volume: Decimal
    at: datetime


class PublicTrade(msgspec.Struct, frozen=True, kw_only=True):
    """A trade of anybody. `taker` is None where the exchange does not say."""

    symbol: Symbol
    id: str
    price: Decimal
    qty: Decimal
    taker: Side | None
    at: datetime


class BtcturkMarket:
    """The market data port over HTTP."""

    def __init__(self, client: BtcturkClient) -> None:
        self._client = client
        self._rules = RulesCache(client)
        self._shelf = Shelf(client.clock)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="btcturk-book")
        self.rows_dropped = 0
        """Malformed rows of market data so far."""

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def snapshot(self, symbols: Sequence[Symbol]) -> MarketSnapshot:
        """The top of each pair's book, at once; a pair whose turn has not come keeps its quote.

        Raises ExchangeUnavailableError when nothing at all is to be had, unless the exchange's
        limits alone hold it back.
        """
        faults: list[ExchangeUnavailableError] = []
        # A thread's log lines carry the ids of the cycle that asks.
        asked = [
            (symbol, self._threads.submit(copy_context().run, self.quote, symbol))
            for symbol in self._shelf.due(symbols)
        ]
        for symbol, answer in asked:
            try:
                self._shelf.put(answer.result())
            except HeldBackError as fault:
                self._shelf.wait(symbol, str(fault))
            except (ExchangeRefusedError, BadAnswerError, BadBookError) as fault:
                self._shelf.drop(symbol, str(fault))
            except ExchangeUnavailableError as fault:
                self._shelf.drop(symbol, str(fault))
                faults.append(fault)
        if faults and len(faults) == len(symbols):
            raise faults[0]
        return self._shelf.shown(symbols)

    def quote(self, symbol: Symbol) -> Quote:
        """Best bid and ask, as old as the exchange says that they are.

        Raises BadBookError for a book that must not be traded on.
        """
        reply = self._client.read(BOOK, {"pairSymbol": symbol, "limit": str(BOOK_DEPTH)})
        book = parse(reply, data_of(reply), wire.BOOK)
        at = self._time_of(book)
        bid, ask = top(book)
        return Quote(symbol=symbol, bid=bid, ask=ask, at=at, source=BookSource.LIVE)

    def rules(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PairRules]:
        """The exchange's rules; a pair without rules is left out."""
        known = self._rules.current()
        return {symbol: known[symbol] for symbol in symbols if symbol in known}

    def tickers(self) -> Mapping[Symbol, Ticker]:
        """Every pair's last day."""
        reply = self._client.read(TICKER)
        rows, dropped = parse_rows(reply, data_of(reply), wire.TICKER_ROW)
        tickers: dict[Symbol, Ticker] = {}
        for row in rows:
            ticker = _ticker_of(row)
            if ticker is not None:
                tickers[ticker.symbol] = ticker
        self._count(dropped + len(rows) - len(tickers), reply)
        return tickers

    def trades(self, symbol: Symbol, last: int = TRADES_MAX) -> tuple[PublicTrade, ...]:
        """The latest trades of a pair, newest first."""
        params = {"pairSymbol": symbol, "last": str(min(last, TRADES_MAX))}
        reply = self._client.read(TRADES, params)
        rows, dropped = parse_rows(reply, data_of(reply), wire.TRADE_ROW)
        trades = [trade for row in rows if (trade := _trade_of(row, symbol)) is not None]
        self._count(dropped + len(rows) - len(trades), reply)
        return tuple(trades)

    def candles(
        self, symbol: Symbol, interval_s: int, first: datetime, last: datetime
    ) -> tuple[Candle, ...]:
        """Finished bars that opened from `first` to `last`, oldest first. Holes stay holes."""
        params = {
            "symbol": symbol,
            "resolution": _RESOLUTIONS[interval_s],
            "from": str(millis_of(first) // 1000),
            "to": str(millis_of(last) // 1000),
        }
        reply = self._client.read(KLINES, params)
        if reply.status != 200 or not reply.is_json:
            data_of(reply)
        columns = parse(reply, reply.body, wire.KLINES)
        bars = _bars_of(reply, columns)
        good = [bar for bar in bars if _is_bar(bar)]
        self._count(len(bars) - len(good), reply)
        latest = self._client.clock.now() - timedelta(seconds=interval_s)
        return tuple(bar for bar in good if bar.opened_at <= min(last, latest))

    def _time_of(self, book: wire.Book) -> datetime:
        """The book's own time, but never ahead of ours: data are never younger than now."""
        at, now = instant(book.timestamp), self._client.clock.now()
        if at is None:
            raise BadBookError("the book does not say how old it is")
        if at - now > FUTURE_MAX:
            ahead_s = (at - now).total_seconds()
            raise BadBookError(f"the book is dated {ahead_s:.0f} s ahead: compare the clocks")
        return min(at, now)

    def _count(self, dropped: int, reply: Reply) -> None:
        if dropped:
            self.rows_dropped += dropped
            _log.warning(
                "market.rows_dropped", extra={"rows": dropped, "request_id": reply.request_id}
            )


def top(book: wire.Book) -> tuple[Decimal, Decimal]:
    """Best bid and ask. One bad level spoils the book: what else is in it is not known."""
    if not book.bids or not book.asks:
        side = "bids" if not book.bids else "asks"
        raise BadBookError(f"the book has no {side}")
    if any(price <= ZERO or qty <= ZERO for price, qty in (*book.bids, *book.asks)):
        raise BadBookError("the book has a price or a size that is not positive")
    bid, ask = book.bids[0][0], book.asks[0][0]
    if bid >= ask:
        raise BadBookError(f"the book is crossed: bid {bid}, ask {ask}")
    falls = all(better[0] >= worse[0] for better, worse in pairwise(book.bids))
    rises = all(better[0] <= worse[0] for better, worse in pairwise(book.asks))
    if not falls or not rises:
        raise BadBookError("the book is out of order")
    return bid, ask


def _ticker_of(row: wire.TickerRow) -> Ticker | None:
    at = instant(row.timestamp)
    if at is None or min(row.last, row.high, row.low) <= ZERO or row.volume < ZERO:
        return None
    try:
        symbol = pair_named(row.pair)
    except ValueError:
        return None
    return Ticker(
        symbol=symbol,
        last=row.last,
        open=row.open,
        high=row.high,
        low=row.low,
        bid=row.bid,
        ask=row.ask,
        volume=row.volume,
        at=at,
    )


def _trade_of(row: wire.TradeRow, symbol: Symbol) -> PublicTrade | None:
    at = instant(row.date)
    if at is None or row.price <= ZERO or row.amount <= ZERO:
        return None
    try:
        taker = None if row.side is None else Side(row.side.lower())
        if pair_named(row.pair) != symbol:
            return None
    except ValueError:
        return None
    return PublicTrade(
        symbol=symbol, id=row.tid[:40], price=row.price, qty=row.amount, taker=taker, at=at
    )


def _bars_of(reply: Reply, columns: wire.Klines) -> tuple[Candle, ...]:
    """Columns to bars. A column that is too short, or times that do not ascend, spoil all."""
    if columns.s == "no_data":
        return ()
    if columns.s != "ok":
        raise reply.bad("candles without a good status")
    times = [_seconds(reply, each) for each in columns.t]
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise reply.bad("candles whose times do not ascend")
    try:
        rows = zip(times, columns.o, columns.h, columns.l, columns.c, columns.v, strict=True)
        return tuple(Candle(*row) for row in rows)
    except ValueError as fault:
        raise reply.bad("candles with columns of unequal length") from fault


def _seconds(reply: Reply, value: Decimal) -> datetime:
    """The graph API alone counts in seconds."""
    at = instant(int(value) * 1000) if ZERO < value < 4_102_444_800 else None
    if at is None:
        raise reply.bad("candles with a time that is none")
    return at


def _is_bar(bar: Candle) -> bool:
    return (
        ZERO < bar.low <= min(bar.open, bar.close)
        and bar.high >= max(bar.open, bar.close)
        and bar.volume >= ZERO
    )
