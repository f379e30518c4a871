"""A dataset as others look things up in it: by pair, by row and by recorded time."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from btcbot_core.adapters.replay.clock import clock_of
from btcbot_core.adapters.replay.columns import MICROSECOND, last_row_by, microseconds
from btcbot_core.adapters.replay.dataset import Dataset
from btcbot_core.adapters.replay.market import ReplayMarket
from btcbot_core.domain.market import Candle, Quote
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol


class Recording:
    """What a server of recorded data needs of a dataset, at any of its instants."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._clock = clock_of(dataset)
        self._market = ReplayMarket(dataset, self._clock)
        self._interval_us = dataset.interval // MICROSECOND
        self.name = dataset.name
        self.interval: timedelta = dataset.interval
        self.first_open: datetime = dataset.first_open
        self.steps: int = dataset.steps
        self.rules: Mapping[Symbol, PairRules] = {s: p.rules for s, p in dataset.pairs.items()}

    def quote_at(self, symbol: Symbol, at: datetime) -> Quote | None:
        """Bid and ask as they were at a recorded time."""
        self._clock.move_to(at)
        return self._market.quote(symbol)

    def candle_count(self, symbol: Symbol) -> int:
        return len(self._dataset.pairs[symbol].candles.opened)

    def candle(self, symbol: Symbol, row: int) -> Candle:
        return self._dataset.pairs[symbol].candles.candle(row)

    def last_finished(self, symbol: Symbol, at: datetime) -> int:
        """The row of the last candle that was over at a recorded time; −1 where there is none."""
        candles = self._dataset.pairs[symbol].candles
        return last_row_by(candles.opened, microseconds(at) - self._interval_us)
