"""Market data from a recording: what could be seen at the clock's instant, and never more."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from btcbot_core.adapters.replay.columns import MICROSECOND, microseconds
from btcbot_core.adapters.replay.dataset import Dataset
from btcbot_core.adapters.replay.feed import PairFeed
from btcbot_core.domain.market import Candle, MarketSnapshot, Quote
from btcbot_core.domain.money import from_bps
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol
from btcbot_core.ports import Clock


class ReplayMarket:
    """Quotes and candles of a dataset as of now. A snapshot without any quote is one still."""

    def __init__(self, dataset: Dataset, clock: Clock) -> None:
        interval_us, half_spread = (
            dataset.interval // MICROSECOND,
            from_bps(dataset.half_spread_bps),
        )
        pairs = dataset.pairs.items()
        self._feeds = {symbol: PairFeed(pair, interval_us, half_spread) for symbol, pair in pairs}
        self._clock = clock
        self._asked: tuple[Sequence[Symbol], Mapping[Symbol, PairRules]] = ((), {})

    def snapshot(self, symbols: Sequence[Symbol]) -> MarketSnapshot:
        """Every pair's quote, and in words why a pair has none."""
        now = self._clock.now()
        now_us = microseconds(now)
        quotes: dict[Symbol, Quote] = {}
        problems: dict[Symbol, str] = {}
        volumes: dict[Symbol, Decimal] = {}
        for symbol in symbols:
            feed = self._feeds.get(symbol)
            if feed is None:
                problems[symbol] = "not in the dataset"
                continue
            quote = feed.quote(now, now_us)
            if isinstance(quote, str):
                problems[symbol] = quote
                continue
            quotes[symbol] = quote
            volumes[symbol] = feed.volume
        return MarketSnapshot(at=now, quotes=quotes, problems=problems, volumes=volumes)

    def rules(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PairRules]:
        """The dataset's rules. The same question has the same answer, to be known by identity."""
        if self._asked[0] is not symbols:
            known = {s: feed.rules for s in symbols if (feed := self._feeds.get(s)) is not None}
            self._asked = (symbols, known)
        return self._asked[1]

    def quote(self, symbol: Symbol) -> Quote | None:
        """A pair's bid and ask as of now."""
        feed, now = self._feeds.get(symbol), self._clock.now()
        quote = None if feed is None else feed.quote(now, microseconds(now))
        return quote if isinstance(quote, Quote) else None

    def candle(self, symbol: Symbol) -> Candle | None:
        """The last candle that has ended by now, if that was less than an interval ago."""
        feed = self._feeds.get(symbol)
        return None if feed is None else feed.candle(microseconds(self._clock.now()))
