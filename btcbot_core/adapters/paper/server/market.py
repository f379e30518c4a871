"""The recorded market as the exchange shows it: quotes to trade at, day figures, trades, bars."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice

import msgspec

from btcbot_core.adapters.paper.server.times import (
    EPOCH,
    HISTORY_LAP,
    MarketTime,
    Recording,
    milliseconds,
)
from btcbot_core.domain.market import Candle, Quote
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Symbol
from btcbot_core.ports import Clock

DAY = timedelta(days=1)
CANDLES_SCANNED_MAX = 100_000
BARS_MAX = 11_000


class Finished(msgspec.Struct, frozen=True):
    """A candle that is over, with its wall times."""

    candle: Candle
    opened_at: datetime
    closed_at: datetime


class DayFigures(msgspec.Struct, frozen=True):
    """What a ticker says of the last 24 hours; all zero before anything was traded."""

    open: Decimal = ZERO
    high: Decimal = ZERO
    low: Decimal = ZERO
    last: Decimal = ZERO
    volume: Decimal = ZERO
    average: Decimal = ZERO


class Print(msgspec.Struct, frozen=True):
    """A public trade. `is_buy` tells the taker's side."""

    id: str
    at: datetime
    price: Decimal
    qty: Decimal
    is_buy: bool


class Bar(msgspec.Struct, frozen=True):
    """One bar of a chart; `opened_s` is in seconds, as the graph service counts."""

    opened_s: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    total: Decimal


class ServedMarket:
    """A tape for the matching core, and the views that the public endpoints show."""

    def __init__(self, recording: Recording, time: MarketTime, clock: Clock) -> None:
        self.recording = recording
        self.time = time
        self._clock = clock
        self._days: dict[Symbol, tuple[tuple[int, int], DayFigures]] = {}

    def quote(self, symbol: Symbol) -> Quote | None:
        """Bid and ask now. Their time is now too: a live book is always fresh."""
        now = self._clock.now()
        quote = self.recording.quote_at(symbol, self.time.place(now)[1])
        if quote is None:
            return None
        return Quote(symbol, quote.bid, quote.ask, now, quote.source)

    def candle(self, symbol: Symbol) -> Candle | None:
        """The last candle that is over."""
        place = self._last(symbol, self._clock.now())
        return None if place is None else self.recording.candle(symbol, place[1])

    def day(self, symbol: Symbol) -> DayFigures:
        """The last 24 hours on the wall; at most one whole recording."""
        now = self._clock.now()
        place = self._last(symbol, now)
        if place is None:
            return DayFigures()
        known = self._days.get(symbol)
        if known is not None and known[0] == place:
            return known[1]
        figures = _day_figures(self._day_candles(symbol, now))
        self._days[symbol] = (place, figures)
        return figures

    def prints(self, symbol: Symbol, count: int) -> list[Print]:
        """The last trades, newest first: one for each candle in which anything was traded."""
        found = (
            Print(
                id=f"{milliseconds(f.closed_at)}00000",
                at=f.closed_at,
                price=f.candle.close,
                qty=f.candle.volume,
                is_buy=f.candle.close >= f.candle.open,
            )
            for f in self.finished(symbol, self._clock.now())
            if f.candle.volume > ZERO
        )
        return list(islice(found, count))

    def bars(self, symbol: Symbol, length_s: int, from_s: int, to_s: int) -> list[Bar]:
        """Bars that open within these seconds, oldest first; those without trades are left out."""
        until = min(EPOCH + timedelta(seconds=to_s + length_s), self._clock.now())
        bars: dict[int, Bar] = {}
        for finished in self.finished(symbol, until):
            opened_s = milliseconds(finished.opened_at) // 1000 // length_s * length_s
            if opened_s < from_s or (opened_s not in bars and len(bars) >= BARS_MAX):
                break
            if opened_s <= to_s:
                bars[opened_s] = _merged(bars.get(opened_s), opened_s, finished.candle)
        return [bar for _, bar in sorted(bars.items()) if bar.volume > ZERO]

    def finished(self, symbol: Symbol, wall: datetime) -> Iterator[Finished]:
        """Candles that are over by then, newest first, back through one pass of history."""
        place = self._last(symbol, wall)
        if place is None:
            return
        lap, row = place
        for _ in range(CANDLES_SCANNED_MAX):
            if row < 0:
                lap, row = lap - 1, self.recording.candle_count(symbol) - 1
            if lap < HISTORY_LAP:
                return
            candle = self.recording.candle(symbol, row)
            opened = self.time.wall_of(lap, candle.opened_at)
            closed = self.time.wall_of(lap, candle.opened_at + self.recording.interval)
            yield Finished(candle, opened, closed)
            row -= 1

    def _last(self, symbol: Symbol, wall: datetime) -> tuple[int, int] | None:
        """Lap and row of the last candle that is over by then."""
        lap, at = self.time.place(wall)
        row = self.recording.last_finished(symbol, at)
        if row < 0:
            lap, row = lap - 1, self.recording.candle_count(symbol) - 1
        return None if lap < HISTORY_LAP else (lap, row)

    def _day_candles(self, symbol: Symbol, now: datetime) -> Iterator[Candle]:
        """Newest first."""
        for finished in islice(self.finished(symbol, now), self.recording.candle_count(symbol)):
            if now - finished.closed_at > DAY:
                return
            yield finished.candle


def _day_figures(newest_first: Iterator[Candle]) -> DayFigures:
    newest = oldest = next(newest_first, None)
    if newest is None or oldest is None:
        return DayFigures()
    high, low, volume, total = newest.high, newest.low, newest.volume, newest.close * newest.volume
    for candle in newest_first:
        high, low = max(high, candle.high), min(low, candle.low)
        volume += candle.volume
        total += candle.close * candle.volume
        oldest = candle
    average = total / volume if volume else newest.close
    return DayFigures(oldest.open, high, low, newest.close, volume, average)


def _merged(later: Bar | None, opened_s: int, candle: Candle) -> Bar:
    """A bar with an earlier candle put before what it has."""
    total = candle.close * candle.volume
    if later is None:
        ends = candle.open, candle.high, candle.low, candle.close
        return Bar(opened_s, *ends, candle.volume, total)
    return Bar(
        opened_s,
        candle.open,
        max(candle.high, later.high),
        min(candle.low, later.low),
        later.close,
        candle.volume + later.volume,
        total + later.total,
    )
