"""The last quote of each pair, and whose turn it is to be asked for: books are rationed."""

from collections.abc import Sequence

from btcbot_core.adapters.btcturk.calls import BOOK, LIMITS
from btcbot_core.domain.market import MarketSnapshot, Quote
from btcbot_core.domain.symbol import Symbol
from btcbot_core.ports import Clock


def turn_every_s(pairs: int) -> float:
    """How often each of so many pairs may have its book asked for, all sharing evenly."""
    return max(
        pairs * window.period_s / (window.limit * BOOK.share_percent // 100)
        for window in LIMITS[BOOK.traffic]
    )


class Shelf:
    """Quotes stay as old as the exchange said they were; whether that is too old, others judge."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._quotes: dict[Symbol, Quote] = {}
        self._problems: dict[Symbol, str] = {}
        self._asked_s: dict[Symbol, float] = {}

    def due(self, symbols: Sequence[Symbol]) -> list[Symbol]:
        """The pairs whose turn has come."""
        now_s, every_s = self._clock.monotonic_s(), turn_every_s(len(symbols))
        asked = self._asked_s
        return [s for s in symbols if s not in asked or now_s - asked[s] >= every_s]

    def put(self, quote: Quote) -> None:
        """A fresh quote."""
        self._asked_s[quote.symbol] = self._clock.monotonic_s()
        self._quotes[quote.symbol] = quote
        self._problems.pop(quote.symbol, None)

    def drop(self, symbol: Symbol, why: str) -> None:
        """The book is no good or did not come: the last quote holds no more."""
        self._quotes.pop(symbol, None)
        self.wait(symbol, why)

    def wait(self, symbol: Symbol, why: str) -> None:
        """The book may not be asked for now: the last quote holds, and it is due again at once."""
        self._asked_s.pop(symbol, None)
        self._problems[symbol] = why

    def shown(self, symbols: Sequence[Symbol]) -> MarketSnapshot:
        """What there is of these pairs; a problem only where there is no quote."""
        quotes = {s: self._quotes[s] for s in symbols if s in self._quotes}
        problems = {
            s: self._problems[s] for s in symbols if s not in quotes and s in self._problems
        }
        return MarketSnapshot(at=self._clock.now(), quotes=quotes, problems=problems)
