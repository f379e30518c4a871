"""What a batch keeps back: many small writes become one of each kind, made before a read sees them.

An order's row is then written once, as it stands in the end; its events are all there.
"""

from collections.abc import Mapping, Sequence

from btcbot_core.domain.ids import ClientId, FillId, RunId, fill_event_id
from btcbot_core.domain.trading import Intent, Order, OrderEvent, OrderStatus
from btcbot_core.ledger.entries import LedgerEvent, LedgerEventKind
from btcbot_core.ports import LedgerRepo, OrderRepo


class PendingOrders:
    """Orders and what happened to them."""

    def __init__(self, inner: OrderRepo) -> None:
        self._inner = inner
        self._intents: dict[RunId, list[Intent]] = {}
        self._events: list[OrderEvent] = []
        self._orders: dict[ClientId, Order] = {}

    def add_intents(self, run: RunId, intents: Sequence[Intent]) -> None:
        self._intents.setdefault(run, []).extend(intents)

    def apply(self, events: Sequence[OrderEvent], orders: Sequence[Order]) -> None:
        self._events.extend(events)
        for order in orders:
            self._orders[order.client_id] = order

    def write(self) -> None:
        """Hand on what was kept back."""
        intents, events, orders = self._intents, self._events, tuple(self._orders.values())
        self._intents, self._events, self._orders = {}, [], {}
        for run, planned in intents.items():
            self._inner.add_intents(run, planned)
        if events or orders:
            self._inner.apply(events, orders)

    def active(self, run: RunId) -> tuple[Order, ...]:
        self.write()
        return self._inner.active(run)

    def find(
        self, run: RunId, exchange_ids: Sequence[str], client_ids: Sequence[ClientId]
    ) -> tuple[Order, ...]:
        self.write()
        return self._inner.find(run, exchange_ids, client_ids)

    def count(self, run: RunId) -> Mapping[OrderStatus, int]:
        self.write()
        return self._inner.count(run)

    def all(self, run: RunId) -> tuple[Order, ...]:
        self.write()
        return self._inner.all(run)

    def events(self, run: RunId) -> tuple[OrderEvent, ...]:
        self.write()
        return self._inner.events(run)


class PendingLedger:
    """The journal of our money."""

    def __init__(self, inner: LedgerRepo) -> None:
        self._inner = inner
        self._events: dict[RunId, list[LedgerEvent]] = {}

    def append(self, run: RunId, events: Sequence[LedgerEvent]) -> None:
        self._events.setdefault(run, []).extend(events)

    def write(self) -> None:
        """Hand on what was kept back."""
        kept, self._events = self._events, {}
        for run, events in kept.items():
            self._inner.append(run, events)

    def events(self, run: RunId, after_seq: int = 0) -> Sequence[LedgerEvent]:
        self.write()
        return self._inner.events(run, after_seq)

    def booked(self, run: RunId, fills: Sequence[FillId]) -> frozenset[FillId]:
        kept = {event.id for event in self._events.get(run, ())}
        here = frozenset(fill for fill in fills if fill_event_id(fill) in kept)
        return here | self._inner.booked(run, [fill for fill in fills if fill not in here])

    def count(self, run: RunId, kind: LedgerEventKind) -> int:
        self.write()
        return self._inner.count(run, kind)
