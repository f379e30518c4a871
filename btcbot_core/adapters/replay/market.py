"""Market data from a recording: what could be seen at the clock's instant, and never more."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from btcbot_core.adapters.replay.columns import MICROSECOND, instant, microseconds
from btcbot_core.adapters.replay.dataset import Dataset
from btcbot_core.domain.market import BookSource, Candle, MarketSnapshot, Quote
from btcbot_core.domain.money import ONE, ZERO, ceil_to, floor_to, from_bps
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol
from btcbot_core.ports import Clock

_FINE = Decimal("0.01")


class ReplayMarket:
    """Quotes and candles of a dataset as of now.

    A figure is carried one interval at most; then the pair has none, and the snapshot says since
    when. A gap in a recording is no outage, so a snapshot without any quote is a snapshot still.
    """

    def __init__(self, dataset: Dataset, clock: Clock) -> None:
        self._pairs = dataset.pairs
        self._clock = clock
        self._interval_us = dataset.interval // MICROSECOND
        half_spread = from_bps(dataset.half_spread_bps)
        self._bid_ratio = ONE - half_spread
        self._ask_ratio = ONE + half_spread
        self._rules = {symbol: pair.rules for symbol, pair in dataset.pairs.items()}
        self._asked: tuple[Sequence[Symbol], Mapping[Symbol, PairRules]] = ((), {})
        # A step's quote and candle are asked for by several: each is made once.
        self._candles: dict[Symbol, tuple[int, Candle]] = {}
        self._quotes: dict[Symbol, tuple[int, Quote | str]] = {}

    def snapshot(self, symbols: Sequence[Symbol]) -> MarketSnapshot:
        """Every pair's quote, and in words why a pair has none."""
        now = self._clock.now()
        now_us = microseconds(now)
        quotes: dict[Symbol, Quote] = {}
        problems: dict[Symbol, str] = {}
        volumes: dict[Symbol, Decimal] = {}
        for symbol in symbols:
            quote = self._quote(symbol, now, now_us)
            if isinstance(quote, Quote):
                quotes[symbol] = quote
                volumes[symbol] = self._volume(symbol, now_us)
            else:
                problems[symbol] = quote
        return MarketSnapshot(at=now, quotes=quotes, problems=problems, volumes=volumes)

    def rules(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PairRules]:
        """The dataset's rules. The same question has the same answer, to be known by identity."""
        if self._asked[0] is not symbols:
            known = {symbol: self._rules[symbol] for symbol in symbols if symbol in self._rules}
            self._asked = (symbols, known)
        return self._asked[1]

    def quote(self, symbol: Symbol) -> Quote | None:
        """A pair's bid and ask as of now."""
        now = self._clock.now()
        quote = self._quote(symbol, now, microseconds(now))
        return quote if isinstance(quote, Quote) else None

    def candle(self, symbol: Symbol) -> Candle | None:
        """The last candle that has ended by now, if that was less than an interval ago."""
        pair = self._pairs.get(symbol)
        if pair is None:
            return None
        now_us = microseconds(self._clock.now())
        row = pair.candles.last_opened_by(now_us - self._interval_us)
        if row < 0 or now_us - pair.candles.opened[row] > 2 * self._interval_us:
            return None
        known = self._candles.get(symbol)
        if known is not None and known[0] == row:
            return known[1]
        candle = pair.candles.candle(row)
        self._candles[symbol] = (row, candle)
        return candle

    def _quote(self, symbol: Symbol, now: datetime, now_us: int) -> Quote | str:
        pair = self._pairs.get(symbol)
        if pair is None:
            return "not in the dataset"
        book, candles = pair.book, pair.candles
        if book is not None:
            row = book.last_by(now_us)
            at_us = book.at[row] if row >= 0 else 0
        else:
            row = candles.last_opened_by(now_us - self._interval_us)
            at_us = candles.opened[row] + self._interval_us
        if row < 0:
            return "no data yet"
        if now_us - at_us > self._interval_us:
            return f"no data since {_clock_time(instant(at_us))}"
        known = self._quotes.get(symbol)
        if known is not None and known[0] == row:
            return known[1]
        at = now if at_us == now_us else instant(at_us)
        quote = (
            self._modelled(pair.rules, candles.close[row], at)
            if book is None
            else Quote(symbol, book.bid[row], book.ask[row], at, BookSource.RECORDED)
        )
        self._quotes[symbol] = (row, quote)
        return quote

    def _volume(self, symbol: Symbol, now_us: int) -> Decimal:
        """What the last candle that is over traded, in quote currency; nothing is nothing."""
        candles = self._pairs[symbol].candles
        row = candles.last_opened_by(now_us - self._interval_us)
        return (candles.volume[row] * candles.close[row]).quantize(_FINE) if row >= 0 else ZERO

    def _modelled(self, rules: PairRules, close: Decimal, at: datetime) -> Quote | str:
        """A bid and an ask around the close, each rounded away from it to the tick."""
        bid = floor_to(close * self._bid_ratio, rules.tick_size)
        if bid <= ZERO:
            return "the modelled bid is under one tick"
        ask = ceil_to(close * self._ask_ratio, rules.tick_size)
        return Quote(rules.symbol, bid, ask, at, BookSource.MODELLED)


def _clock_time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
