"""One pair's recording as of an instant: its quote, its last candle and what it traded."""

from datetime import datetime
from decimal import Decimal

from btcbot_core.adapters.replay.columns import instant, last_row_by
from btcbot_core.adapters.replay.dataset import PairData
from btcbot_core.domain.market import BookSource, Candle, Quote
from btcbot_core.domain.money import ONE, ZERO, ceil_to, floor_to

_CENT = Decimal("0.01")
_RECORDED = BookSource.RECORDED  # a name is looked up ten times as fast as a member


class PairFeed:
    """Several ask for a step's quote and candle: each is made once.

    A figure is carried one interval at most; then there is none. A gap in a recording is no
    outage, so that is no error.
    """

    def __init__(self, pair: PairData, interval_us: int, half_spread: Decimal) -> None:
        self.rules = pair.rules
        self._candles, self._book = pair.candles, pair.book
        self._interval_us = interval_us
        self._bid_ratio, self._ask_ratio = ONE - half_spread, ONE + half_spread
        self._is_even = _is_even(pair, interval_us)
        self._looked_us: int | None = None
        self._quote: Quote | str = ""
        self._candle: tuple[int, Candle] | None = None
        self.volume = ZERO
        """What the last candle that was over by then traded, in quote currency."""

    def quote(self, now: datetime, now_us: int) -> Quote | str:
        """Bid and ask, or in words why there are none; `volume` is of the same instant."""
        if now_us != self._looked_us:
            self._looked_us = now_us
            self._quote = self._look(now, now_us)
        return self._quote

    def candle(self, now_us: int) -> Candle | None:
        """The last candle that has ended by now, if that was less than an interval ago."""
        candles = self._candles
        row = last_row_by(candles.opened, now_us - self._interval_us)
        if row < 0 or now_us - candles.opened[row] > 2 * self._interval_us:
            return None
        if self._candle is None or self._candle[0] != row:
            self._candle = (row, candles.candle(row))
        return self._candle[1]

    def _look(self, now: datetime, now_us: int) -> Quote | str:
        candles, book, interval_us = self._candles, self._book, self._interval_us
        row = last_row_by(candles.opened, now_us - interval_us)
        self.volume = self._volume(row)
        at_us = candles.opened[row] + interval_us
        if book is not None and not self._is_even:
            row = last_row_by(book.at, now_us)
            at_us = book.at[row]
        if row < 0:
            return "no data yet"
        if now_us - at_us > interval_us:
            return f"no data since {instant(at_us):%Y-%m-%d %H:%M:%S} UTC"
        at = now if at_us == now_us else instant(at_us)
        if book is None:
            return self._modelled(candles.close[row], at)
        bid, ask = book.bid, book.ask
        bid_now, ask_now = bid.units[row] * bid.unit, ask.units[row] * ask.unit
        return Quote(self.rules.symbol, bid_now, ask_now, at, _RECORDED)

    def _volume(self, row: int) -> Decimal:
        if row < 0:
            return ZERO
        traded, close = self._candles.volume, self._candles.close
        worth = traded.units[row] * traded.unit * (close.units[row] * close.unit)
        return worth.quantize(_CENT)

    def _modelled(self, close: Decimal, at: datetime) -> Quote | str:
        """A bid and an ask around the close, each rounded away from it to the tick."""
        rules = self.rules
        bid = floor_to(close * self._bid_ratio, rules.tick_size)
        if bid <= ZERO:
            return "the modelled bid is under one tick"
        ask = ceil_to(close * self._ask_ratio, rules.tick_size)
        return Quote(rules.symbol, bid, ask, at, BookSource.MODELLED)


def _is_even(pair: PairData, interval_us: int) -> bool:
    """Whether the book has a row for the end of each candle: then their rows are the same."""
    opened, book = pair.candles.opened, pair.book
    if book is None or not isinstance(opened, range):
        return False
    return book.at == range(opened.start + interval_us, opened.stop + interval_us, opened.step)
