"""What a dataset that does not describe itself is taken to mean; every guess is warned of."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from btcbot_core.adapters.replay.manifest import FILE_NAME
from btcbot_core.adapters.replay.series import CandleSeries
from btcbot_core.domain.errors import DatasetError
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol, base_and_quote

MIN_NOTIONAL_MODELLED = {"TRY": Decimal("99.91"), "BTC": Decimal("0.00001")}
"""The least total BTCTurk takes, by quote currency (API.md §3); dollars and the like: 9.91."""
MIN_NOTIONAL_OTHER = Decimal("9.91")
LOT_STEP_FINEST = Decimal("0.00000001")


def shortest_step(candles: Mapping[Symbol, CandleSeries]) -> timedelta:
    """The shortest time from one candle to the next. Raises DatasetError where there is none."""
    steps = (
        after - before for series in candles.values() for before, after in pairwise(series.opened)
    )
    shortest = min(steps, default=None)
    if shortest is None:
        raise DatasetError(
            f"candles/: found one row a pair and no {FILE_NAME}, expected an interval"
        )
    return timedelta(microseconds=shortest)


def modelled_rules(symbol: Symbol, series: CandleSeries) -> PairRules:
    """Rules after the figures' own decimals and BTCTurk's least totals."""
    base, quote = base_and_quote(symbol)
    price_unit, volume_unit = series.decimals()
    return PairRules(
        symbol=symbol,
        base=base,
        quote=quote,
        tick_size=price_unit,
        lot_step=max(volume_unit, LOT_STEP_FINEST),
        min_notional=MIN_NOTIONAL_MODELLED.get(quote, MIN_NOTIONAL_OTHER),
        min_price=ZERO,
        is_modelled=True,
    )
