"""Markets as rebalancing sees them: with a day's volumes, marked by trades, with guessed rules."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal

import msgspec

from btcbot_core.domain.errors import ExchangeRefusedError, ExchangeUnavailableError
from btcbot_core.domain.market import MarketSnapshot
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol
from btcbot_core.ports import MarketDataPort

LastPrices = Callable[[Sequence[Symbol]], Mapping[Symbol, Decimal]]

KEPT_FOR = timedelta(hours=1)
"""How long a day's volumes serve where no newer ones are to be had: they change slowly."""

_log = logging.getLogger(__name__)


class LastDay(msgspec.Struct, frozen=True):
    """What an exchange says of a pair's last 24 hours: the last price, and coins traded."""

    last: Decimal
    volume: Decimal

    @property
    def volume_try(self) -> Decimal:
        """What was traded in quote currency, at the last price, in whole units."""
        return (self.volume * self.last).to_integral_value(ROUND_DOWN)


LastDays = Callable[[], Mapping[Symbol, LastDay]]


class ToldByDay:
    """A live market whose snapshots tell what was traded in a day, and last prices as marks.

    A mark must be of now, so without an answer there is no snapshot where last prices are marks.
    """

    def __init__(
        self, market: MarketDataPort, last_days: LastDays, *, is_marked_by_trades: bool
    ) -> None:
        self._market = market
        self._last_days = last_days
        self._is_marked_by_trades = is_marked_by_trades
        self._known: Mapping[Symbol, LastDay] = {}
        self._known_at: datetime | None = None

    def snapshot(self, symbols: Sequence[Symbol]) -> MarketSnapshot:
        """The market's own, with what is known of the day of each pair that has a quote."""
        snapshot = self._market.snapshot(symbols)
        days = self._days(snapshot.at)
        told = {symbol: days[symbol] for symbol in snapshot.quotes if symbol in days}
        volumes = {symbol: day.volume_try for symbol, day in told.items()}
        lasts = {symbol: day.last for symbol, day in told.items()}
        return msgspec.structs.replace(
            snapshot, volumes=volumes, lasts=lasts if self._is_marked_by_trades else {}
        )

    def rules(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PairRules]:
        return self._market.rules(symbols)

    def _days(self, now: datetime) -> Mapping[Symbol, LastDay]:
        try:
            self._known, self._known_at = self._last_days(), now
        except (ExchangeUnavailableError, ExchangeRefusedError) as fault:
            if self._is_marked_by_trades:
                raise
            _log.warning("market.no_volumes", extra={"words": str(fault)})
            if self._known_at is not None and now - self._known_at > KEPT_FOR:
                self._known = {}
        return self._known


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
