"""Orders and what happened to them."""

from collections.abc import Mapping, Sequence

from peewee import SQL, fn

from btcbot_core.adapters.sqlite.rows import Rows, update_sql
from btcbot_core.adapters.sqlite.tables import OrderEvents, Orders
from btcbot_core.adapters.sqlite.transaction import Transaction
from btcbot_core.domain.errors import InvariantBrokenError
from btcbot_core.domain.ids import ClientId, RunId
from btcbot_core.domain.trading import TERMINAL, Intent, Order, OrderEvent, OrderStatus
from btcbot_core.oms.machine import planned

_ORDERS = Rows(Orders, Order, given=("run",))
_EVENTS = Rows(OrderEvents, OrderEvent)
_MOVING = (
    "exchange_id",
    "status",
    "updated_at",
    "filled_qty",
    "rests_since",
    "absent_probes",
    "absent_since",
    "seq",
)
"""What an event can change. The rest is the intent's for ever, and keys cost most to write."""
_moved = _ORDERS.part(_MOVING)
_UPDATE = update_sql(Orders, _MOVING, "client_id")
_ACTIVE = [status for status in OrderStatus if status not in TERMINAL]
_INSERTION_ORDER = SQL("rowid")


class SqliteOrders:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add_intents(self, run: RunId, intents: Sequence[Intent]) -> None:
        """Store intents as PLANNED orders; their first events come through `apply`, as all do."""
        with self._transaction.writing():
            rows = [_ORDERS.row(planned(intent)[0], run) for intent in intents]
            self._transaction.write(_ORDERS.insert, rows)

    def apply(self, events: Sequence[OrderEvent], orders: Sequence[Order]) -> None:
        """Append events and bring their orders' rows up to date."""
        with self._transaction.writing():
            changes = [(*_moved(order), order.client_id) for order in orders]
            if changes and self._transaction.write(_UPDATE, changes) != len(changes):
                raise InvariantBrokenError("an order was brought up to date that was never stored")
            self._transaction.write(_EVENTS.insert, [_EVENTS.row(event) for event in events])

    def active(self, run: RunId) -> tuple[Order, ...]:
        query = _ORDERS.select().where((Orders.run == run) & Orders.status.in_(_ACTIVE))
        return _ORDERS.values(self._transaction.read(query.order_by(_INSERTION_ORDER)))

    def find(
        self, run: RunId, exchange_ids: Sequence[str], client_ids: Sequence[ClientId]
    ) -> tuple[Order, ...]:
        named = Orders.exchange_id.in_(exchange_ids) | Orders.client_id.in_(client_ids)
        query = _ORDERS.select().where((Orders.run == run) & named)
        return _ORDERS.values(self._transaction.read(query.order_by(_INSERTION_ORDER)))

    def count(self, run: RunId) -> Mapping[OrderStatus, int]:
        query = Orders.select(Orders.status, fn.COUNT(SQL("*"))).where(Orders.run == run)
        found = self._transaction.read(query.group_by(Orders.status).tuples())
        return {OrderStatus(str(status)): int(str(count)) for status, count in found}

    def all(self, run: RunId) -> tuple[Order, ...]:
        query = _ORDERS.select().where(Orders.run == run)
        return _ORDERS.values(self._transaction.read(query.order_by(_INSERTION_ORDER)))

    def events(self, run: RunId) -> tuple[OrderEvent, ...]:
        query = _EVENTS.select().join(Orders).where(Orders.run == run)
        ordered = query.order_by(OrderEvents.client_id, OrderEvents.seq)
        return _EVENTS.values(self._transaction.read(ordered))
