"""From when on trades are asked for: behind the newest one seen, so that a late one is not lost.

Trades are fetched at least once and booked exactly once, by their ids. (STAGE3_6 §5.4.)
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Fill

Cursors = Mapping[Symbol, datetime]
"""The newest trade seen of each pair."""
LOOK_BACK_MAX = timedelta(days=1)
"""How far back trades are asked for when a clock was set back, or one of them waits."""


def fills_since(
    cursor: datetime | None, oldest_order: datetime | None, at: datetime, lookback_s: int
) -> datetime:
    """The instant from which to ask: the look-back before the cursor or now, or an older order.

    A cursor ahead of now tells that the clock was set back since: then from far behind, once.
    """
    if cursor is not None and cursor > at:
        since = at - LOOK_BACK_MAX
    else:
        since = (cursor or at) - timedelta(seconds=lookback_s)
    return since if oldest_order is None else min(since, oldest_order)


def moved(
    cursors: Cursors,
    fills: Iterable[Fill],
    symbols: Iterable[Symbol],
    at: datetime,
    lookback_s: int,
) -> Cursors:
    """The cursors after trades were heard. They move without trades too: a quiet pair is asked
    for no more than a look-back behind the last look. None is ahead of now, whatever time it is
    at the exchange."""
    stamps: dict[Symbol, list[datetime]] = {symbol: [] for symbol in symbols}
    for fill in fills:
        stamps.setdefault(fill.symbol, []).append(fill.at)
    newest = {s: moved_to(cursors.get(s), told, at, lookback_s) for s, told in stamps.items()}
    return {**{symbol: min(instant, at) for symbol, instant in cursors.items()}, **newest}


def moved_to(
    cursor: datetime | None, stamps: Iterable[datetime], at: datetime, lookback_s: int
) -> datetime:
    """One cursor after trades of these times were heard, as `moved` says."""
    oldest = at - timedelta(seconds=lookback_s)
    return min(max((cursor or oldest, oldest, *stamps)), at)
