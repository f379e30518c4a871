"""A market that walks by a seed: quotes that move within a turn, thin candles.

Three pairs are the bot's; on the others only hands trade, for the same money or its coins.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random

from btcbot_core.domain.market import BookSource, Candle, MarketSnapshot, Quote
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Asset, Symbol
from tests.simulation.virtual import T0, MachineClock, VirtualTime

TRY = Asset("TRY")
SLOT_S = 15
MINUTE_S = 60
_SLOTS = MINUTE_S // SLOT_S


def _rules(base: str, tick: str, step: str, quote: Asset = TRY, least: str = "10") -> PairRules:
    return PairRules(
        symbol=Symbol(base + quote),
        base=Asset(base),
        quote=quote,
        tick_size=Decimal(tick),
        lot_step=Decimal(step),
        min_notional=Decimal(least),
    )


RULES = {
    pair.symbol: pair
    for pair in (
        _rules("BTC", "1", "0.000001"),
        _rules("ETH", "0.1", "0.0001"),
        _rules("XRP", "0.001", "0.01"),
        _rules("SOL", "0.1", "0.001"),
        _rules("ETH", "0.00001", "0.0001", Asset("BTC"), "0.00001"),
    )
}
PAIRS = tuple(RULES)
SYMBOLS = PAIRS[:3]
"""Those that the bot trades."""
_FIRST = dict(zip(PAIRS, (900_000, 450_000, 21_000, 20_000, 5_000), strict=True))
"""First mids, in ticks."""


class WalkingMarket:
    """What the exchange matches against. Prices are whole ticks, a new one in each slot."""

    def __init__(self, time: VirtualTime, seed: int) -> None:
        self._time = time
        # A source of chance for each series: what is asked first changes no other.
        self._steps = {symbol: Random(f"steps {seed} {symbol}") for symbol in RULES}
        self._sizes = {symbol: Random(f"sizes {seed} {symbol}") for symbol in RULES}
        self._mids = {symbol: [first] for symbol, first in _FIRST.items()}
        self._volumes: dict[Symbol, list[Decimal]] = {symbol: [] for symbol in RULES}

    def quote(self, symbol: Symbol) -> Quote:
        slot = int(self._time.true_s) // SLOT_S
        mid, half = self._mid(symbol, slot), _FIRST[symbol] // 5_000
        tick = RULES[symbol].tick_size
        at = T0 + timedelta(seconds=slot * SLOT_S)
        return Quote(symbol, (mid - half) * tick, (mid + half) * tick, at, BookSource.LIVE)

    def candle(self, symbol: Symbol) -> Candle:
        """Only its volume matters here: how much of our orders one minute can take."""
        minute = int(self._time.true_s) // MINUTE_S
        price = self._mid(symbol, minute * _SLOTS) * RULES[symbol].tick_size
        opened_at = T0 + timedelta(minutes=minute)
        return Candle(opened_at, price, price, price, price, self._volume(symbol, minute))

    def _mid(self, symbol: Symbol, slot: int) -> int:
        mids = self._mids[symbol]
        while len(mids) <= slot:
            step = int(self._steps[symbol].gauss(0, mids[-1] * 0.0008))
            mids.append(max(_FIRST[symbol] // 2, mids[-1] + step))
        return mids[slot]

    def _volume(self, symbol: Symbol, minute: int) -> Decimal:
        """Worth 200 to 5,000 TRY, so that many orders fill in pieces."""
        volumes, rules = self._volumes[symbol], RULES[symbol]
        while len(volumes) <= minute:
            worth = self._sizes[symbol].choice((200, 500, 900, 2000, 5000))
            lots = worth / (_FIRST[symbol] * float(rules.tick_size)) / float(rules.lot_step)
            volumes.append(int(lots) * rules.lot_step)
        return volumes[minute]


class ShownMarket:
    """The market's port as the bot reads it: the exchange's quotes, stamped by our clock."""

    def __init__(self, market: WalkingMarket, clock: MachineClock) -> None:
        self._market = market
        self._clock = clock

    def snapshot(self, symbols: Sequence[Symbol]) -> MarketSnapshot:
        now = self._clock.now()
        quotes = {}
        for symbol in symbols:
            seen = self._market.quote(symbol)
            quotes[symbol] = Quote(symbol, seen.bid, seen.ask, now, seen.source)
        return MarketSnapshot(at=now, quotes=quotes)

    def rules(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PairRules]:
        return {symbol: RULES[symbol] for symbol in symbols}
