"""What rebalancing chose to see of a market, by its settings."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from btcbot_core.adapters.choices import CompletedRules, LastDays, MarkedByTrades, ToldByDay
from btcbot_core.adapters.replay.market import ReplayMarket
from btcbot_core.cycle.stages import STAGE7, Stage
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol, base_and_quote
from btcbot_core.ports import MarketDataPort
from btcbot_core.settings import Settings


def recorded_choices(market: ReplayMarket, stage: Stage, settings: Settings) -> MarketDataPort:
    """A recorded market as the stage sees it: a candle's close is its last trade."""

    def closes(symbols: Sequence[Symbol]) -> Mapping[Symbol, Decimal]:
        candles = ((symbol, market.candle(symbol)) for symbol in symbols)
        return {symbol: candle.close for symbol, candle in candles if candle is not None}

    is_marked_by_trades = stage is STAGE7 and _is_marked_by_trades(settings)
    return MarkedByTrades(market, closes) if is_marked_by_trades else market


def live_choices(
    market: MarketDataPort, last_days: LastDays, stage: Stage, settings: Settings
) -> MarketDataPort:
    """A live market as the stage sees it; guessed rules serve only where the settings say so."""
    if stage is not STAGE7:
        return market
    seen = ToldByDay(market, last_days, is_marked_by_trades=_is_marked_by_trades(settings))
    if settings.stage7_rules_require_metadata:
        return seen
    return CompletedRules(seen, lambda symbol: guessed_rules(symbol, settings))


def _is_marked_by_trades(settings: Settings) -> bool:
    return settings.stage7_mark_price_source == "last"


def guessed_rules(symbol: Symbol, settings: Settings) -> PairRules:
    """What stands in for rules that cannot be used, on paper."""
    base, quote = base_and_quote(symbol)
    return PairRules(
        symbol=symbol,
        base=base,
        quote=quote,
        tick_size=settings.stage7_rules_fallback_tick_size,
        lot_step=settings.stage7_rules_fallback_lot_size,
        min_notional=settings.stage7_rules_fallback_min_notional_try,
        is_modelled=True,
    )
