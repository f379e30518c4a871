"""Two times: the wall's, which the protocol speaks, and the recording's, which the market follows.

Everything that is served carries wall time: a client signs with it and judges the age of data by
it. The recording runs behind it at a speed, from its beginning, over and over: at speed 60 an hour
of recorded market passes each minute, and candles, trades and books look to a client as if the
market really moved that fast. One pass before the start serves as history.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Protocol

from btcbot_core.domain.market import Candle, Quote
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MILLISECOND = timedelta(milliseconds=1)
SPEED_MAX = 10_000
HISTORY_LAP = -1


class Recording(Protocol):
    """What is served: quotes and candles by recorded time."""

    name: str
    interval: timedelta
    first_open: datetime
    steps: int
    rules: Mapping[Symbol, PairRules]

    def quote_at(self, symbol: Symbol, at: datetime) -> Quote | None: ...

    def candle_count(self, symbol: Symbol) -> int: ...

    def candle(self, symbol: Symbol, row: int) -> Candle: ...

    def last_finished(self, symbol: Symbol, at: datetime) -> int: ...


def milliseconds(at: datetime) -> int:
    """A time as the protocol writes it."""
    return (at - EPOCH) // MILLISECOND


class MarketTime:
    """Where the recording stands at a wall time, and the other way round."""

    def __init__(
        self,
        recording: Recording,
        speed: Fraction,
        anchor: datetime,
        elapsed: timedelta = timedelta(0),
    ) -> None:
        """At `anchor` on the wall, `elapsed` of recorded time have passed since the start."""
        self._speed = speed
        self._anchor = anchor
        self._anchor_us = elapsed // MICROSECOND
        # The first candle is over when the first lap begins, so there is a market at once.
        self._begin = recording.first_open + recording.interval
        self._span_us = recording.steps * recording.interval // MICROSECOND

    def elapsed(self, wall: datetime) -> timedelta:
        """Recorded time since the very start, all laps together."""
        return self._elapsed_us(wall) * MICROSECOND

    def place(self, wall: datetime) -> tuple[int, datetime]:
        """The lap, and the recorded time within it."""
        lap, rest = divmod(self._elapsed_us(wall), self._span_us)
        return lap, self._begin + rest * MICROSECOND

    def wall_of(self, lap: int, recorded: datetime) -> datetime:
        """When a recorded time of a lap is or was on the wall."""
        market_us = lap * self._span_us + (recorded - self._begin) // MICROSECOND - self._anchor_us
        speed = self._speed
        return self._anchor + market_us * speed.denominator // speed.numerator * MICROSECOND

    def _elapsed_us(self, wall: datetime) -> int:
        real_us = (wall - self._anchor) // MICROSECOND
        speed = self._speed
        return self._anchor_us + real_us * speed.numerator // speed.denominator
