"""What the market looked like: candles, quotes and the snapshot a cycle works on."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from btcbot_core.domain.money import BPS_PER_ONE, ZERO
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol

_TWO = Decimal(2)


class BookSource(StrEnum):
    """Where bid and ask come from. A modelled spread is said in every trace (DEC-19)."""

    LIVE = "live"
    RECORDED = "recorded"
    MODELLED = "modelled"


class Candle(msgspec.Struct, frozen=True, gc=False):
    """One bar. `opened_at` is its open time: it may be seen only one interval later (DEC-19)."""

    opened_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class Quote(msgspec.Struct, frozen=True, gc=False):
    """Best bid and ask of a pair. `at` is the data's own time, so age cannot be flattered."""

    symbol: Symbol
    bid: Decimal
    ask: Decimal
    at: datetime
    source: BookSource

    @property
    def mid(self) -> Decimal:
        return (self.bid + self.ask) / _TWO

    @property
    def spread_bps(self) -> Decimal:
        return (self.ask - self.bid) / self.bid * BPS_PER_ONE

    def age_s(self, now: datetime) -> Decimal:
        """Seconds since the data's own time."""
        elapsed = now - self.at
        if not elapsed:
            return ZERO
        return Decimal(elapsed.days * 86_400 + elapsed.seconds) + Decimal(
            elapsed.microseconds
        ).scaleb(-6)


class MarketSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All quotes that were to be had at one instant. A pair without a quote is simply not in it."""

    at: datetime
    quotes: Mapping[Symbol, Quote]
    problems: Mapping[Symbol, str] = {}
    """Why a pair has no quote, in words for the operator."""
    volumes: Mapping[Symbol, Decimal] = {}
    """What was traded of a pair lately, in quote currency, where the market says it.

    Of a live pair in the last 24 hours, of a recorded one in its last bar.
    """
    lasts: Mapping[Symbol, Decimal] = {}
    """Prices of the last trades, where the run marks by them; else mids are the marks."""

    def marks(self) -> dict[Symbol, Decimal]:
        """What each pair that has a quote is valued at."""
        lasts = self.lasts
        if not lasts:
            return {s: (q.bid + q.ask) / _TWO for s, q in self.quotes.items()}
        return {s: lasts.get(s, quote.mid) for s, quote in self.quotes.items()}


NO_RULES: Mapping[Symbol, PairRules] = {}
