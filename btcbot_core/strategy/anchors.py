"""Rolling mids: the last prices of each pair, and their mean once there are enough of them."""

from collections.abc import Mapping
from decimal import Decimal

from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Symbol

Mids = Mapping[Symbol, tuple[Decimal, ...]]
"""Oldest first; never more of a pair than the look-back."""


def remembered(mids: Mids, now: Mapping[Symbol, Decimal], lookback: int) -> Mids:
    """The mids with this cycle's added; a pair without one keeps what it has."""
    return {**mids, **{s: (*mids.get(s, ()), mid)[-lookback:] for s, mid in now.items()}}


def anchors(mids: Mids, lookback: int) -> dict[Symbol, Decimal]:
    """The mean of each pair's mids; none until half of the look-back is there."""
    return {
        symbol: sum(seen, ZERO) / len(seen)
        for symbol, seen in mids.items()
        if seen and 2 * len(seen) >= lookback
    }
