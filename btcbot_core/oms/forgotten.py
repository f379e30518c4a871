"""Orders of ours that our books do not know: the exchange remembers what a store has forgotten."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from btcbot_core.domain.ids import ClientId
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Fill, Order, OrderView

NAMES_MAX = 10
"""So many are kept by name; one is enough to stop us."""
ABSENCES = 3
"""So many lists in a row must lack a resting order: the trade that ended it may be told late."""


class Forgotten(msgspec.Struct, frozen=True, omit_defaults=True):
    """An order under our prefix that is in no book of this run.

    One that only rests is gone when the lists lack it for a while. A trade moved money that the
    ledger does not have: it stays, until a new run takes over what the exchange holds.
    """

    symbol: Symbol
    client_id: ClientId
    is_traded: bool = False
    absences: int = 0


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the exchange showed of all that is on the account."""

    orphans: tuple[OrderView, ...]
    """Open orders under our prefix that are not in our books."""
    fills: tuple[Fill, ...]
    is_swept: bool
    """Whether it was asked for all of it just now."""


def forgotten_orders(
    before: tuple[Forgotten, ...],
    shown: Shown,
    orders: Mapping[ClientId, Order],
    opened_at: datetime | None,
    prefix: str,
) -> tuple[Forgotten, ...]:
    """What is not in our books by now: what was found before and still counts, and what is new."""
    if not shown.is_swept:
        return before
    found = {one.client_id: one for one in before if one.is_traded}
    for view in shown.orphans:
        if view.client_id:
            found.setdefault(view.client_id, Forgotten(view.symbol, view.client_id))
    for one in before:
        if one.client_id not in found and one.absences + 1 < ABSENCES:
            found[one.client_id] = msgspec.structs.replace(one, absences=one.absences + 1)
    for fill in _strange(shown.fills, orders, opened_at, prefix):
        if fill.client_id:
            found[fill.client_id] = Forgotten(fill.symbol, fill.client_id, True)
    return tuple(found.values())[:NAMES_MAX]


def _strange(
    fills: tuple[Fill, ...],
    orders: Mapping[ClientId, Order],
    opened_at: datetime | None,
    prefix: str,
) -> Iterator[Fill]:
    """Trades under our prefix of no order that we know; older ones are in the opening balances."""
    ids = {order.exchange_id for order in orders.values()}
    for fill in fills:
        is_ours = (fill.client_id or "").startswith(f"{prefix}-")
        is_known = fill.exchange_id in ids or fill.client_id in orders
        if is_ours and not is_known and opened_at is not None and fill.at > opened_at:
            yield fill
