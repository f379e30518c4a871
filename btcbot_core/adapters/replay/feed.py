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
        self._quoted: tuple[int | None, Quote | str] = (None, "")
        self._seen: tuple[int, Candle] | None = None

    def quote(self, now: datetime, now_us: int) -> Quote | str:
        """Bid and ask, or in words why there are none."""
        if self._quoted[0] != now_us:
            self._quoted = (now_us, self._made(now, now_us))
        return self._quoted[1]

    def volume(self, now_us: int) -> Decimal:
        """What the last candle that is over traded, in quote currency; nothing is nothing."""
        candles = self._candles
        row = last_row_by(candles.opened, now_us - self._interval_us)
        if row < 0:
            return ZERO
        traded, close = candles.volume, candles.close
        worth = traded.units[row] * traded.unit * (close.units[row] * close.unit)
        return worth.quantize(_CENT)

    def candle(self, now_us: int) -> Candle | None:
        """The last candle that has ended by now, if that was less than an interval ago."""
        candles = self._candles
        row = last_row_by(candles.opened, now_us - self._interval_us)
        if row < 0 or now_us - candles.opened[row] > 2 * self._interval_us:
            return None
        if self._seen is None or self._seen[0] != row:
            self._seen = (row, candles.candle(row))
        return self._seen[1]

    def _made(self, now: datetime, now_us: int) -> Quote | str:
        candles, book = self._candles, self._book
        if book is not None:
            row = last_row_by(book.at, now_us)
            at_us = book.at[row]
        else:
            row = last_row_by(candles.opened, now_us - self._interval_us)
            at_us = candles.opened[row] + self._interval_us
        if row < 0:
            return "no data yet"
        if now_us - at_us > self._interval_us:
            return f"no data since {instant(at_us):%Y-%m-%d %H:%M:%S} UTC"
        at = now if at_us == now_us else instant(at_us)
        if book is None:
            return self._modelled(candles.close[row], at)
        bid, ask = book.bid, book.ask
        bid_now, ask_now = bid.units[row] * bid.unit, ask.units[row] * ask.unit
        return Quote(self.rules.symbol, bid_now, ask_now, at, _RECORDED)

    def _modelled(self, close: Decimal, at: datetime) -> Quote | str:
        """A bid and an ask around the close, each rounded away from it to the tick."""
        rules = self.rules
        bid = floor_to(close * self._bid_ratio, rules.tick_size)
        if bid <= ZERO:
            return "the modelled bid is under one tick"
        ask = ceil_to(close * self._ask_ratio, rules.tick_size)
        return Quote(rules.symbol, bid, ask, at, BookSource.MODELLED)
