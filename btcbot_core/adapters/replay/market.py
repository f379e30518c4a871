"""Market data from a recording: what could be seen at the clock's instant, and never more."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from btcbot_core.adapters.replay.columns import MICROSECOND, instant, microseconds
from btcbot_core.adapters.replay.dataset import Dataset, PairData
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
            quote = self._quote(symbol, now_us)
            if isinstance(quote, Quote):
                quotes[symbol] = quote
                volumes[symbol] = self._volume(symbol, now_us)
            else:
                problems[symbol] = quote
        return MarketSnapshot(at=now, quotes=quotes, problems=problems, volumes=volumes)

    def rules(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PairRules]:
        """The dataset's rules."""
        return {symbol: self._rules[symbol] for symbol in symbols if symbol in self._rules}

    def quote(self, symbol: Symbol) -> Quote | None:
        """A pair's bid and ask as of now."""
        quote = self._quote(symbol, microseconds(self._clock.now()))
        return quote if isinstance(quote, Quote) else None

    def candle(self, symbol: Symbol) -> Candle | None:
        """The last candle that has ended by now, if that was less than an interval ago."""
        pair = self._pairs.get(symbol)
        if pair is None:
            return None
        now_us = microseconds(self._clock.now())
        row = self._last_row(pair, now_us)
        if row < 0 or self._is_old(pair.candles.opened[row] + self._interval_us, now_us):
            return None
        known = self._candles.get(symbol)
        if known is not None and known[0] == row:
            return known[1]
        candle = pair.candles.candle(row)
        self._candles[symbol] = (row, candle)
        return candle

    def _quote(self, symbol: Symbol, now_us: int) -> Quote | str:
        pair = self._pairs.get(symbol)
        if pair is None:
            return "not in the dataset"
        if pair.book is not None:
            row = pair.book.last_by(now_us)
            if row < 0:
                return "no data yet"
            at_us = pair.book.at[row]
            if self._is_old(at_us, now_us):
                return f"no data since {_clock_time(instant(at_us))}"
            return Quote(
                symbol,
                pair.book.bid[row],
                pair.book.ask[row],
                self._clock.now() if at_us == now_us else instant(at_us),
                BookSource.RECORDED,
            )
        row = self._last_row(pair, now_us)
        if row < 0:
            return "no data yet"
        at_us = pair.candles.opened[row] + self._interval_us
        if self._is_old(at_us, now_us):
            return f"no data since {_clock_time(instant(at_us))}"
        known = self._quotes.get(symbol)
        if known is not None and known[0] == row:
            return known[1]
        at = self._clock.now() if at_us == now_us else instant(at_us)
        quote = self._modelled(pair.rules, pair.candles.close[row], at)
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

    def _last_row(self, pair: PairData, now_us: int) -> int:
        """The last candle that is over: opened at least one interval ago."""
        return pair.candles.last_opened_by(now_us - self._interval_us)

    def _is_old(self, at_us: int, now_us: int) -> bool:
        return now_us - at_us > self._interval_us


def _clock_time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
