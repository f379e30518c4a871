"""Asking the exchange what became of our orders: listings first, look-ups for what they lack."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from btcbot_core.cycle.cycle import Carried, Heard
from btcbot_core.domain.ids import ClientId, RunId
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.policy import Policy
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Fill, Order, OrderStatus, OrderView
from btcbot_core.oms.cursor import fills_since
from btcbot_core.ports import ExchangePort, Store

SWEEP_EVERY = timedelta(seconds=60)
"""How often a pair is asked about on which nothing of ours is under way: calls are rationed."""
CLOCK_SET_MAX = timedelta(days=1)
"""How far back a clock may have been set without a trade being missed."""


class Listener:
    """Turns the exchange's answers to questions into one `Heard`."""

    def __init__(self, exchange: ExchangePort, store: Store, run: RunId) -> None:
        self._exchange = exchange
        self._store = store
        self._run = run
        self._swept_at: dict[Symbol, datetime] = {}

    def listen(self, orders: Mapping[ClientId, Order]) -> Heard:
        """Everything new about these orders; nothing is asked when there are none.

        Raises ExchangeUnavailableError when a listing does not come: half a list is no list.
        """
        if not orders:
            return Heard()
        views, absent = self._views(orders.values(), ())
        fills = self._fresh(self._trades(_oldest(orders.values())))
        return Heard(
            views=views, absent=absent, fills=(*fills, *self._missed(orders, views, fills))
        )

    def sweep(
        self, carried: Carried, symbols: Sequence[Symbol], at: datetime, policy: Policy
    ) -> tuple[Heard, Carried]:
        """Everything new on all pairs that we trade or hold, whoever did it.

        Trades are asked for from behind the newest one seen, so that a late one is not lost; one
        that belongs to an order that we finished long ago brings that order back.
        """
        held = (s for s, holding in carried.ledger.holdings.items() if holding.qty)
        busy = {order.symbol for order in carried.orders.values()}
        asked = sorted(busy | self._due({*symbols, *held}, at))
        oldest = _oldest(carried.orders.values())
        lookback_s = policy.lifecycle.fills_lookback_s
        since = {
            s: fills_since(carried.fills_seen.get(s), oldest.get(s), at, lookback_s) for s in asked
        }
        fills = self._fresh(self._trades(since))
        carried = self._with_finished(carried, fills)
        views, absent = self._views(carried.orders.values(), asked)
        fills = (*fills, *self._missed(carried.orders, views, fills))
        self._swept_at.update(dict.fromkeys(asked, at))
        heard = Heard(views=views, absent=absent, fills=fills, asked=tuple(asked))
        return heard, carried

    def _due(self, symbols: set[Symbol], at: datetime) -> set[Symbol]:
        """Pairs that nobody asked about for a while; on the first turn all of them."""
        swept = self._swept_at
        return {s for s in symbols if s not in swept or at - swept[s] >= SWEEP_EVERY}

    def _views(
        self, orders: Iterable[Order], also: Iterable[Symbol]
    ) -> tuple[tuple[OrderView, ...], tuple[ClientId, ...]]:
        """All open orders of the pairs that matter, and our own that are in no list.

        An order that was given up is still looked for: one that only rests moves no balance.
        """
        orders = tuple(orders)
        active = [order for order in orders if order.is_active]
        given_up = [order for order in orders if _was_given_up(order)]
        views = [
            view
            for symbol in sorted({*also, *(order.symbol for order in active)})
            for view in self._exchange.open_orders(symbol)
        ]
        # An order by hand has no name, and one of ours of unknown outcome no number yet: that both
        # lack one makes them no match.
        listed = {view.exchange_id for view in views}
        listed |= {view.client_id for view in views if view.client_id}
        absent: list[ClientId] = []
        for order in (*active, *given_up):
            if order.exchange_id in listed or order.client_id in listed:
                continue
            found = self._exchange.find_order(order)
            if found is not None:
                views.append(found)
            elif order.is_active:
                absent.append(order.client_id)
        return tuple(views), tuple(absent)

    def _trades(self, since: Mapping[Symbol, datetime]) -> list[Fill]:
        return [
            fill
            for symbol, instant in sorted(since.items())
            for fill in self._exchange.fills(symbol, instant)
        ]

    def _fresh(self, fills: Sequence[Fill]) -> tuple[Fill, ...]:
        """Those trades that the ledger does not hold yet, each once."""
        if not fills:
            return ()
        with self._store.read() as work:
            booked = work.ledger.booked(self._run, [fill.id for fill in fills])
        return tuple({f.id: f for f in fills if f.id not in booked}.values())

    def _missed(
        self, orders: Mapping[ClientId, Order], views: Iterable[OrderView], fills: Sequence[Fill]
    ) -> tuple[Fill, ...]:
        """Trades that the exchange counts on our orders and that were in no answer.

        We ask from an instant by our clock as it was then. If it was set back since, that instant
        is too late, and only an order's own count tells so.
        """
        heard: dict[str, Decimal] = {}
        for fill in fills:
            heard[fill.exchange_id] = heard.get(fill.exchange_id, ZERO) + fill.qty
        ours = {order.exchange_id: order for order in orders.values()}
        behind = []
        for view in views:
            order = ours.get(view.exchange_id) or orders.get(view.client_id or ClientId(""))
            if order is None:
                continue
            if view.filled_qty > order.filled_qty + heard.get(view.exchange_id, ZERO):
                behind.append(order)
        since = {symbol: at - CLOCK_SET_MAX for symbol, at in _oldest(behind).items()}
        seen = {fill.id for fill in fills}
        return tuple(fill for fill in self._fresh(self._trades(since)) if fill.id not in seen)

    def _with_finished(self, carried: Carried, fills: Sequence[Fill]) -> Carried:
        """Bring back finished orders that these trades belong to: a fill is booked in any state."""
        orders = carried.orders
        known = {order.exchange_id for order in orders.values()}
        late = [f for f in fills if f.exchange_id not in known and f.client_id not in orders]
        if not late:
            return carried
        with self._store.read() as work:
            found = work.orders.find(
                self._run,
                [fill.exchange_id for fill in late],
                [fill.client_id for fill in late if fill.client_id],
            )
        returned = {order.client_id: order for order in found}
        return msgspec.structs.replace(carried, orders={**orders, **returned})


def _was_given_up(order: Order) -> bool:
    """Called gone for want of any sign; one that never left was finished in its own cycle."""
    if order.status is OrderStatus.NOT_PLACED:
        return order.updated_at != order.created_at
    return order.status is OrderStatus.UNKNOWN_CLOSED


def _oldest(orders: Iterable[Order]) -> dict[Symbol, datetime]:
    """When each pair's oldest order of these was made."""
    oldest: dict[Symbol, datetime] = {}
    for order in orders:
        at = oldest.get(order.symbol)
        if at is None or order.created_at < at:
            oldest[order.symbol] = order.created_at
    return oldest
