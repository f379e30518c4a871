"""Asking the exchange what became of our orders: listings first, look-ups for what they lack."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from btcbot_core.cycle.cycle import NOTHING_HEARD, Carried, Heard
from btcbot_core.cycle.facts import our_pairs
from btcbot_core.domain.errors import HeldBackError
from btcbot_core.domain.ids import ClientId, RunId
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.policy import Policy
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Fill, Order, OrderView
from btcbot_core.ledger.flows import flows_of
from btcbot_core.oms.cursor import LOOK_BACK_MAX, fills_since
from btcbot_core.oms.reconcile import behind, may_be_its, was_given_up
from btcbot_core.ports import ExchangePort, Store

SWEEP_EVERY = timedelta(seconds=60)
"""How often trades are asked for though the lists tell of none: calls are rationed."""
ELSEWHERE_MAX = 20
"""So many orders on pairs that are not ours are heard of."""


class Listener:
    """Turns the exchange's answers to questions into one `Heard`."""

    def __init__(self, exchange: ExchangePort, store: Store, run: RunId) -> None:
        self._exchange = exchange
        self._store = store
        self._run = run
        self._swept_at: datetime | None = None
        self._asked_at: datetime | None = None
        """When the trades were asked for that no finished turn has used yet."""

    def listen(self, orders: Mapping[ClientId, Order]) -> Heard:
        """Everything new about these orders; nothing is asked when there are none.

        Raises ExchangeUnavailableError when a listing does not come: half a list is no list.
        """
        if not orders:
            return NOTHING_HEARD
        listed = self._listed(_busy(orders.values()))
        views, absent = self._looked_up(orders.values(), listed)
        finished = (order for order in orders.values() if not order.is_active)
        news = (*finished, *_unexplained(orders, views))
        fills = self._fresh(self._trades(_oldest(news)))
        return Heard(
            views=views, absent=absent, fills=(*fills, *self._missed(orders, views, fills))
        )

    def sweep(
        self, carried: Carried, symbols: Sequence[Symbol], at: datetime, policy: Policy
    ) -> tuple[Heard, Carried]:
        """Everything new on all pairs that we trade or hold, whoever did it, and what others did
        elsewhere that moves our money: a question about the whole account costs no more than one.

        The lists say how much of each order is filled, so trades are asked for when they say more
        than we booked, when balances have not agreed, and every now and then; while our books are
        behind, by every turn. What the exchange's limits hold back is asked for by the next turn;
        until then its pairs are `unheard`.
        """
        self._asked_at = None
        pairs = tuple(sorted(our_pairs(carried, symbols)))
        ours = _busy(carried.orders.values())
        is_due = self._is_due(at) or bool(carried.forgotten)
        try:
            prefix = policy.orders.client_id_prefix
            listed = self._all_listed(pairs, prefix) if is_due else self._listed(ours)
            carried = self._with_finished(carried, listed)
            views, absent = self._looked_up(carried.orders.values(), listed)
        except HeldBackError:
            return Heard(unheard=pairs if is_due else tuple(sorted(ours))), carried
        news = {order.symbol for order in _unexplained(carried.orders, views)}
        if is_due or carried.mismatch_cycles:
            news.update(pairs)
        if not news:
            return Heard(views=views, is_listed=is_due, absent=absent), carried
        try:
            fills = self._swept(carried, pairs, at, policy.lifecycle.fills_lookback_s)
            fills = (*fills, *self._missed(carried.orders, views, fills))
            named = self._named(carried.orders.values(), fills, views)
        except HeldBackError:
            unheard = tuple(sorted(news))
            heard = Heard(views=views, is_listed=is_due, absent=absent, unheard=unheard)
            return heard, carried
        self._asked_at = at
        heard = Heard(
            views=(*views, *named), is_listed=is_due, absent=absent, fills=fills, asked=pairs
        )
        return heard, self._with_finished(carried, (*fills, *named))

    def used(self) -> None:
        """The turn that the last sweep was for is committed: only now its answers are not lost.

        One that fails, or only looks, asks for nothing less the next time.
        """
        self._swept_at, self._asked_at = self._asked_at or self._swept_at, None

    def _is_due(self, at: datetime) -> bool:
        """Whether nobody asked about trades for a while. A clock that went back counts as one."""
        swept = self._swept_at
        return swept is None or not timedelta(0) <= at - swept < SWEEP_EVERY

    def _swept(
        self, carried: Carried, pairs: Sequence[Symbol], at: datetime, lookback_s: int
    ) -> tuple[Fill, ...]:
        """New trades on all pairs, from behind the newest one seen: a late one is not lost.

        One that belongs to an order that we finished long ago brings that order back. Of those on
        pairs that are not ours only what moves something of ours is told.
        """
        oldest, seen = _oldest(carried.orders.values()), carried.fills_seen
        since = {s: fills_since(seen.get(s), oldest.get(s), at, lookback_s) for s in pairs}
        elsewhere = fills_since(carried.elsewhere_seen, None, at, lookback_s)
        begin = min((elsewhere, *since.values()))
        if self._swept_at is None:
            # The clock may have been set back meanwhile. Where that was by less than the pause and
            # the look-back together, no cursor is ahead of now, and each is too late all the same.
            begin = min(begin, at - LOOK_BACK_MAX)
        fills = self._exchange.fills(None, begin)
        quote = carried.ledger.quote
        told = [f for f in fills if f.symbol in since or flows_of(f, quote, pairs)]
        return self._fresh(sorted(told, key=lambda fill: fill.symbol))

    def _named(
        self, orders: Iterable[Order], fills: Iterable[Fill], listed: Iterable[OrderView]
    ) -> list[OrderView]:
        """The orders of those trades that bear no name, while one of ours is in doubt.

        Under their numbers the exchange says whose they are.
        """
        names = {view.exchange_id: view.client_id for view in listed}
        in_doubt = [order for order in orders if order.exchange_id is None]
        asked: dict[str, Order] = {}
        for fill in fills:
            for order in in_doubt:
                if fill.client_id is None and may_be_its(order, fill, names):
                    asked[fill.exchange_id] = order
        replace = msgspec.structs.replace
        found = [self._exchange.find_order(replace(o, exchange_id=n)) for n, o in asked.items()]
        return [view for view in found if view is not None]

    def _looked_up(
        self, orders: Iterable[Order], listed: Sequence[OrderView]
    ) -> tuple[tuple[OrderView, ...], tuple[ClientId, ...]]:
        """What is listed, and our own orders that are in no list.

        An order that was given up is still looked for: one that only rests moves no balance.
        """
        views = list(listed)
        orders = tuple(orders)
        active = [order for order in orders if order.is_active]
        given_up = [order for order in orders if was_given_up(order)]
        # An order by hand has no name, and one of ours of unknown outcome no number yet: that both
        # lack one makes them no match.
        shown = {view.exchange_id for view in listed}
        shown |= {view.client_id for view in listed if view.client_id}
        absent: list[ClientId] = []
        for order in (*active, *given_up):
            if order.exchange_id in shown or order.client_id in shown:
                continue
            found = self._exchange.find_order(order)
            if found is not None:
                views.append(found)
            elif order.is_active:
                absent.append(order.client_id)
        return tuple(views), tuple(absent)

    def _listed(self, symbols: set[Symbol]) -> list[OrderView]:
        """The open orders of these pairs, by pair: one question, however many pairs there are."""
        if not symbols:
            return []
        views = self._exchange.open_orders(_only(symbols))
        return sorted((v for v in views if v.symbol in symbols), key=lambda view: view.symbol)

    def _all_listed(self, pairs: Collection[Symbol], prefix: str) -> list[OrderView]:
        """The open orders of the account: all on these pairs, and the first few on others.

        Those that bear our name come first, for they stop us, whatever pair they are on.
        """
        views = sorted(self._exchange.open_orders(None), key=lambda view: view.symbol)
        ours = [view for view in views if view.symbol in pairs]
        others = [view for view in views if view.symbol not in pairs]
        others.sort(key=lambda view: not (view.client_id or "").startswith(f"{prefix}-"))
        return [*ours, *others[:ELSEWHERE_MAX]]

    def _trades(self, since: Mapping[Symbol, datetime]) -> list[Fill]:
        """The trades of these pairs, by pair: one question, from the oldest instant on."""
        if not since:
            return []
        fills = self._exchange.fills(_only(since), min(since.values()))
        return sorted((f for f in fills if f.symbol in since), key=lambda fill: fill.symbol)

    def _fresh(self, fills: Sequence[Fill]) -> tuple[Fill, ...]:
        """Those trades that the ledger does not hold yet, each once."""
        if not fills:
            return ()
        with self._store.read() as work:
            booked = work.ledger.booked(self._run, [fill.id for fill in fills])
        return tuple({f.id: f for f in fills if f.id not in booked}.values())

    def _missed(
        self, orders: Mapping[ClientId, Order], views: Sequence[OrderView], fills: Sequence[Fill]
    ) -> tuple[Fill, ...]:
        """Trades that the exchange counts on our orders and that were in no answer.

        We ask from an instant by our clock as it was then. If it was set back since, that instant
        is too late, and only an order's own count tells so.
        """
        if not views:
            return ()
        heard: dict[str, Decimal] = {}
        for fill in fills:
            heard[fill.exchange_id] = heard.get(fill.exchange_id, ZERO) + fill.qty
        since = {
            symbol: at - LOOK_BACK_MAX
            for symbol, at in _oldest(behind(orders, views, heard)).items()
        }
        seen = {fill.id for fill in fills}
        return tuple(fill for fill in self._fresh(self._trades(since)) if fill.id not in seen)

    def _with_finished(self, carried: Carried, shown: Sequence[Fill | OrderView]) -> Carried:
        """Bring back finished orders that are shown again: a fill is booked in any state, and what
        was given up and rests after all is ours to cancel."""
        orders = carried.orders
        known = {order.exchange_id for order in orders.values()}
        late = [s for s in shown if s.exchange_id not in known and s.client_id not in orders]
        if not late:
            return carried
        with self._store.read() as work:
            found = work.orders.find(
                self._run,
                [each.exchange_id for each in late],
                [each.client_id for each in late if each.client_id],
            )
        returned = {order.client_id: order for order in found}
        return msgspec.structs.replace(carried, orders={**orders, **returned})


def _only(symbols: Collection[Symbol]) -> Symbol | None:
    """The one pair that there is to ask about; None to ask about the whole account."""
    return next(iter(symbols)) if len(symbols) == 1 else None


def _unexplained(orders: Mapping[ClientId, Order], views: Iterable[OrderView]) -> list[Order]:
    """Orders of which the lists say that more was filled than we know, or say nothing at all."""
    seen = {view.exchange_id: view for view in views}
    named = {view.client_id: view for view in views if view.client_id}
    news = []
    for order in orders.values():
        view = seen.get(order.exchange_id or "") or named.get(order.client_id)
        if order.is_active if view is None else view.filled_qty != order.filled_qty:
            news.append(order)
    return news


def _busy(orders: Iterable[Order]) -> set[Symbol]:
    """Pairs on which an order of ours is under way."""
    return {order.symbol for order in orders if order.is_active}


def _oldest(orders: Iterable[Order]) -> dict[Symbol, datetime]:
    """When each pair's oldest order of these was made."""
    oldest: dict[Symbol, datetime] = {}
    for order in orders:
        at = oldest.get(order.symbol)
        if at is None or order.created_at < at:
            oldest[order.symbol] = order.created_at
    return oldest
