"""What the paper exchange trades against: the market as it stands, whoever recorded it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from btcbot_core.domain.market import Candle, MarketSnapshot, Quote
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol
from btcbot_core.ports import MarketDataPort


class Tape(Protocol):
    """A pair's bests and its last finished candle as of now; None where there are none."""

    def quote(self, symbol: Symbol) -> Quote | None: ...

    def candle(self, symbol: Symbol) -> Candle | None: ...


class ObservedMarket:
    """A live market that remembers what it last showed, so that paper orders fill by just that.

    A dry run sees and trades the same quotes: the exchange asks for none of its own.
    """

    def __init__(self, market: MarketDataPort) -> None:
        self._market = market
        self._quotes: Mapping[Symbol, Quote] = {}

    def snapshot(self, symbols: Sequence[Symbol]) -> MarketSnapshot:
        """The market's snapshot; while it fails, there is nothing to trade against."""
        self._quotes = {}
        snapshot = self._market.snapshot(symbols)
        self._quotes = snapshot.quotes
        return snapshot

    def rules(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PairRules]:
        return self._market.rules(symbols)

    def quote(self, symbol: Symbol) -> Quote | None:
        return self._quotes.get(symbol)

    def candle(self, symbol: Symbol) -> Candle | None:  # noqa: ARG002 - the port's shape
        """Live quotes need no candles to fill by."""
        return None
