"""Trades on the account that are none of ours: the account's money is one, so they are booked."""

from datetime import timedelta

import msgspec

from btcbot_core.cycle.cycle import Cycle
from btcbot_core.domain.trading import Fill, Side
from btcbot_core.oms.cursor import LOOK_BACK_MAX, moved
from btcbot_core.oms.reconcile import may_be_its

replace = msgspec.structs.replace


def heard_until_now(cycle: Cycle) -> Cycle:
    """Remember of each pair up to when its trades were heard: the next look goes on there.

    Not while a trade cannot be booked yet: it is heard again, for a day at most.
    """
    heard, seen = cycle.heard, cycle.carried.fills_seen
    if not heard.asked:
        return cycle
    lookback_s = cycle.policy.lifecycle.fills_lookback_s
    booked, since = by_hand(cycle), cycle.at - LOOK_BACK_MAX
    waiting = {f.symbol for f in _of_others(cycle) if f not in booked and f.at > since}
    first = cycle.at - timedelta(seconds=lookback_s)
    newest = moved(seen, heard.fills, heard.asked, cycle.at, lookback_s)
    held = {symbol: seen.get(symbol, first) for symbol in waiting}
    return replace(cycle, carried=replace(cycle.carried, fills_seen={**newest, **held}))


def by_hand(cycle: Cycle) -> tuple[Fill, ...]:
    """Trades of the account that are none of ours: its money is one, so the ledger takes them.

    Nothing that may belong to an order of ours whose outcome is not known.
    """
    ledger = cycle.carried.ledger
    return tuple(
        fill
        for fill in _of_others(cycle)
        if fill.symbol in cycle.rules
        and not _is_in_doubt(cycle, fill)
        and (fill.side is Side.BUY or fill.qty <= ledger.holding(fill.symbol).qty)
    )


def _of_others(cycle: Cycle) -> tuple[Fill, ...]:
    """What was heard of trades that are no order's of ours, as far as is known.

    Not what was there before the ledger opened, for its opening balances hold that.
    """
    ours, opened_at = {fill.id for fill in cycle.fills}, cycle.carried.ledger.opened_at
    if opened_at is None:
        return ()
    start = f"{cycle.policy.orders.client_id_prefix}-"
    return tuple(
        fill
        for fill in cycle.heard.fills
        if fill.id not in ours
        and fill.at > opened_at
        and not (fill.client_id or "").startswith(start)
    )


def _is_in_doubt(cycle: Cycle, fill: Fill) -> bool:
    names = {view.exchange_id: view.client_id for view in cycle.heard.views}
    return any(may_be_its(order, fill, names) for order in cycle.carried.orders.values())
