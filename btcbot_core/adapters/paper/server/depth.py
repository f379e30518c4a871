"""The order book that is shown: the market's bests, levels behind them, and accounts' own orders.

Only the bests are recorded or modelled. The sizes, and the levels behind the bests, are made up
from the last candle's volume so that a book looks like one; orders of accounts are real.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from btcbot_core.adapters.paper.model import PaperOrder
from btcbot_core.domain.market import Candle, Quote
from btcbot_core.domain.money import BPS_PER_ONE, ZERO, ceil_to, floor_to
from btcbot_core.domain.rules import PairRules

LEVELS_MAX = 1000
GAP_BPS = Decimal(2)
SHARE_OF_VOLUME = Decimal("0.05")
_SIZES = (1, 3, 2, 5, 4)
"""How many units the levels hold, over and over."""

Level = tuple[Decimal, Decimal]


class Depth(msgspec.Struct, frozen=True):
    """Price and quantity, best first."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


def depth_of(
    quote: Quote | None,
    candle: Candle | None,
    rules: PairRules,
    resting: tuple[Sequence[PaperOrder], Sequence[PaperOrder]],
    limit: int,
) -> Depth:
    """The book to `limit` levels a side."""
    bids: dict[Decimal, Decimal] = {}
    asks: dict[Decimal, Decimal] = {}
    if quote is not None:
        unit = _unit(quote, candle, rules)
        gap = max(rules.tick_size, floor_to(quote.mid * GAP_BPS / BPS_PER_ONE, rules.tick_size))
        bids = dict(_levels(quote.bid, -gap, unit, limit))
        asks = dict(_levels(quote.ask, gap, unit, limit))
    for side, orders in ((bids, resting[0]), (asks, resting[1])):
        for order in orders:
            side[order.bound] = side.get(order.bound, ZERO) + order.left
    return Depth(
        tuple(sorted(bids.items(), reverse=True)[:limit]), tuple(sorted(asks.items())[:limit])
    )


def _unit(quote: Quote, candle: Candle | None, rules: PairRules) -> Decimal:
    """The size that levels are multiples of; one unit is worth an order at least."""
    traded = ZERO if candle is None else floor_to(candle.volume * SHARE_OF_VOLUME, rules.lot_step)
    least = ceil_to(rules.min_notional / quote.bid, rules.lot_step)
    return max(traded, least, rules.lot_step)


def _levels(best: Decimal, gap: Decimal, unit: Decimal, limit: int) -> list[Level]:
    prices = (best + gap * index for index in range(limit))
    return [(p, unit * _SIZES[i % len(_SIZES)]) for i, p in enumerate(prices) if p > ZERO]
