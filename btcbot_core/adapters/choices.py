"""Markets that rebalancing may choose to see otherwise: marked by trades, or with guessed rules."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import msgspec

from btcbot_core.domain.market import MarketSnapshot
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol
from btcbot_core.ports import MarketDataPort

LastPrices = Callable[[Sequence[Symbol]], Mapping[Symbol, Decimal]]


class MarkedByTrades:
    """A market whose snapshots tell the last traded prices too, to be used as marks."""

    def __init__(self, market: MarketDataPort, last_prices: LastPrices) -> None:
        self._market = market
        self._last_prices = last_prices

    def snapshot(self, symbols: Sequence[Symbol]) -> MarketSnapshot:
        """The market's own, with the last price of each pair that has a quote."""
        snapshot = self._market.snapshot(symbols)
        prices = self._last_prices(symbols)
        lasts = {symbol: prices[symbol] for symbol in snapshot.quotes if symbol in prices}
        return msgspec.structs.replace(snapshot, lasts=lasts)

    def rules(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PairRules]:
        return self._market.rules(symbols)


class CompletedRules:
    """A market that answers for pairs without usable rules with guessed ones, for paper only."""

    def __init__(self, market: MarketDataPort, guess: Callable[[Symbol], PairRules]) -> None:
        self._market = market
        self._guess = guess

    def snapshot(self, symbols: Sequence[Symbol]) -> MarketSnapshot:
        return self._market.snapshot(symbols)

    def rules(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PairRules]:
        """Rules of every pair; none at all while the exchange states none of any."""
        known = self._market.rules(symbols)
        if not known:
            return known
        return {symbol: known.get(symbol) or self._guess(symbol) for symbol in symbols}
