"""Asking the exchange what became of our orders: listings first, look-ups for what they lack."""

from collections.abc import Iterable, Mapping

from btcbot_core.cycle.cycle import Heard
from btcbot_core.domain.ids import ClientId, RunId
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Fill, Order, OrderView
from btcbot_core.ports import ExchangePort, Store


class Listener:
    """Turns the exchange's answers to questions into one `Heard`."""

    def __init__(self, exchange: ExchangePort, store: Store, run: RunId) -> None:
        self._exchange = exchange
        self._store = store
        self._run = run

    def listen(self, orders: Mapping[ClientId, Order]) -> Heard:
        """Everything new about these orders; nothing is asked when there are none.

        Raises ExchangeUnavailableError when a listing does not come: half a list is no list.
        """
        if not orders:
            return Heard()
        active = [order for order in orders.values() if order.is_active]
        views = [
            view
            for symbol in sorted({order.symbol for order in active})
            for view in self._exchange.open_orders(symbol)
        ]
        listed = {view.exchange_id for view in views} | {view.client_id for view in views}
        absent: list[ClientId] = []
        for order in active:
            if order.exchange_id in listed or order.client_id in listed:
                continue
            found: OrderView | None = self._exchange.find_order(order)
            if found is None:
                absent.append(order.client_id)
            else:
                views.append(found)
        return Heard(
            views=tuple(views), absent=tuple(absent), fills=self._new_fills(orders.values())
        )

    def _new_fills(self, orders: Iterable[Order]) -> tuple[Fill, ...]:
        """Trades since the oldest of these orders that the ledger does not hold yet."""
        since: dict[Symbol, Order] = {}
        for order in orders:
            oldest = since.get(order.symbol)
            if oldest is None or order.created_at < oldest.created_at:
                since[order.symbol] = order
        fills = [
            fill
            for symbol, order in sorted(since.items())
            for fill in self._exchange.fills(symbol, order.created_at)
        ]
        if not fills:
            return ()
        with self._store.read() as work:
            booked = work.ledger.booked(self._run, [fill.id for fill in fills])
        return tuple({f.id: f for f in fills if f.id not in booked}.values())
