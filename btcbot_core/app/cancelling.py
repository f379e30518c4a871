"""Pulling our own orders without a runner: after a crash, from a shell, from a service manager."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

import msgspec

from btcbot_core.domain.codes import Reason
from btcbot_core.domain.ids import ClientId, CycleId
from btcbot_core.domain.trading import Answer, Order, OrderStatus, OrderView
from btcbot_core.ports import ExchangePort


class Pulled(msgspec.Struct, frozen=True):
    """One order of ours, and what the exchange said to our wish to cancel it."""

    view: OrderView
    answer: Answer


class Ours:
    """Tells our orders from everybody else's: by prefix, or by a number that we know (DEC-11)."""

    def __init__(self, prefix: str, exchange_ids: Collection[str]) -> None:
        self._start = f"{prefix}-"
        self._ids = frozenset(exchange_ids)

    def __call__(self, view: OrderView) -> bool:
        named = view.client_id is not None and view.client_id.startswith(self._start)
        return named or view.exchange_id in self._ids


def open_of_ours(exchange: ExchangePort, is_ours: Ours) -> tuple[OrderView, ...]:
    """Our open orders on every pair, also on one that is traded no more.

    Raises ExchangeUnavailableError for half a listing.
    """
    return tuple(view for view in exchange.open_orders(None) if is_ours(view))


def pull(exchange: ExchangePort, views: Sequence[OrderView], now: datetime) -> Iterator[Pulled]:
    """Ask for a cancel of each, once; what came of it shows only in the next listing."""
    for view in views:
        yield Pulled(view, exchange.cancel(_as_order(view, now)))


def _as_order(view: OrderView, now: datetime) -> Order:
    return Order(
        client_id=view.client_id or ClientId(view.exchange_id),
        exchange_id=view.exchange_id,
        cycle_id=CycleId("cancel-own"),
        symbol=view.symbol,
        side=view.side,
        type=view.type,
        price=view.price,
        qty=view.qty,
        ttl_s=0,
        reason=Reason.CANCEL_ON_KILL,
        status=OrderStatus.OPEN,
        created_at=view.updated_at or now,
        updated_at=view.updated_at or now,
        filled_qty=view.filled_qty,
    )
