"""Reading our account at BTCTurk: balances, orders and trades, complete or not at all."""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from btcbot_core.adapters.btcturk.calls import (
    ALL_ORDERS,
    BALANCES,
    FILLS,
    OPEN_ORDERS,
    ORDER,
    Call,
)
from btcbot_core.adapters.btcturk.client import BtcturkClient
from btcbot_core.adapters.btcturk.errors import NotSentError, RefusalError, clean
from btcbot_core.adapters.btcturk.refusals import UNKNOWN_ORDER
from btcbot_core.adapters.btcturk.wire import account as wire
from btcbot_core.adapters.btcturk.wire.envelope import Reply, data_of, parse
from btcbot_core.adapters.btcturk.wire.numbers import millis_of
from btcbot_core.domain.account import Accounts
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Fill, Order, OrderView, Side

PAGE_ORDERS = 1000
PAGES_MAX = 20
SHORT_ANSWER = 50
"""No answer was ever seen to be cut off at fewer rows than this."""
CLOCK_MARGIN = timedelta(seconds=1)
"""How wrong our idea of the exchange's clock may be when we ask since an instant."""
LISTING_MARGIN = timedelta(minutes=5)

_log = logging.getLogger(__name__)

T = TypeVar("T")
U = TypeVar("U")


class BtcturkAccount:
    """The reading half of the exchange port; it needs a key, and no arm.

    Everything here raises ExchangeUnavailableError or ExchangeRefusedError.
    """

    def __init__(self, client: BtcturkClient) -> None:
        self._client = client

    def balances(self) -> Accounts:
        reply, rows = self._ask(BALANCES, {}, wire.BALANCES)
        balances = each_of(reply, wire.balance_of, rows)
        accounts = {balance.asset: balance for balance in balances}
        if len(accounts) != len(balances):
            raise reply.bad("an asset is listed twice")
        return accounts

    def open_orders(self, symbol: Symbol | None) -> tuple[OrderView, ...]:
        """Every open order of the account, ours or not; without a pair, on all of them."""
        reply, listed = self._ask(OPEN_ORDERS, _about(symbol), wire.OPEN_ORDERS)
        asks = each_of(reply, wire.view_of, listed.asks)
        bids = each_of(reply, wire.view_of, listed.bids)
        if any(v.side is not Side.SELL for v in asks) or any(v.side is not Side.BUY for v in bids):
            raise reply.bad("an order stands on the wrong side")
        return _of_pair(reply, symbol, (*bids, *asks))

    def find_order(self, order: Order) -> OrderView | None:
        """By exchange id; else by client id, in the open orders and then in all of them."""
        if order.exchange_id is not None:
            return self._by_exchange_id(order.symbol, order.exchange_id)
        listed = self.open_orders(order.symbol)
        found = [view for view in listed if view.client_id == order.client_id]
        if not found:
            listed = self.all_orders(order.symbol, order.created_at)
            found = [view for view in listed if view.client_id == order.client_id]
        if len(found) > 1:
            # We never send a name twice; somebody else who bears it did.
            ids = [view.exchange_id for view in found]
            _log.error("order.client_id_twice", extra={"exchange_ids": ids})
        return min(found, key=lambda view: int(view.exchange_id), default=None)

    def all_orders(self, symbol: Symbol, since: datetime) -> tuple[OrderView, ...]:
        """Orders of any state, back to `since` at the least, in the exchange's order.

        The listing's time filters are disputed (API.md §5), so it is paged from its start.
        Raises UnusableAnswerError when that does not lead to an end.
        """
        views: dict[str, OrderView] = {}
        for page in range(1, PAGES_MAX + 1):
            params = {"pairSymbol": symbol, "limit": str(PAGE_ORDERS), "page": str(page)}
            reply, rows = self._ask(ALL_ORDERS, params, wire.ORDERS)
            batch = _of_pair(reply, symbol, each_of(reply, wire.view_of, rows))
            new = {view.exchange_id: view for view in batch if view.exchange_id not in views}
            views.update(new)
            if not batch or _reaches_back(batch, since - LISTING_MARGIN):
                return tuple(views.values())
            if not new:
                if len(batch) < SHORT_ANSWER:
                    return tuple(views.values())
                raise reply.bad(f"page {page} of the orders repeats what came before")
        raise reply.bad(f"more than {PAGES_MAX} pages of orders")

    def fills(self, symbol: Symbol | None, since: datetime) -> tuple[Fill, ...]:
        """Trades of the account at or after `since`, oldest first, complete.

        `since` is by our clock and the exchange compares with its own, so it is carried over,
        a second early: rather a trade twice, which its id tells, than one never.
        The answer's order and greatest length are not documented. So a long answer is asked
        again beyond its oldest and beyond its newest row, until nothing new comes.
        """
        self._client.keep_clock()
        ahead = timedelta(milliseconds=self._client.server_clock.offset_ms())
        first = millis_of(since + ahead - CLOCK_MARGIN)
        rows: dict[int, wire.FillRow] = {}
        window = {"startDate": str(first)}
        reply, new = self._ask_fills(symbol, window, rows)
        if len(new) >= SHORT_ANSWER:
            for edge in ("endDate", "startDate"):
                self._walk(symbol, first, edge, rows)
        fills = each_of(reply, wire.fill_of, rows.values())
        ours = [fill for fill in fills if symbol in (None, fill.symbol)]
        return tuple(sorted(ours, key=lambda fill: (fill.at, int(fill.id))))

    def _walk(
        self, symbol: Symbol | None, first: int, edge: str, rows: dict[int, wire.FillRow]
    ) -> None:
        """Ask on beyond the oldest row, or beyond the newest, until nothing new comes."""
        for _ in range(PAGES_MAX):
            stamps = [row.timestamp for row in rows.values()]
            window = (
                {"startDate": str(first), "endDate": str(min(stamps))}
                if edge == "endDate"
                else {"startDate": str(max(stamps))}
            )
            reply, new = self._ask_fills(symbol, window, rows)
            if not new:
                return
        raise reply.bad(f"more than {PAGES_MAX} pages of trades")

    def _ask_fills(
        self, symbol: Symbol | None, window: Mapping[str, str], rows: dict[int, wire.FillRow]
    ) -> tuple[Reply, list[int]]:
        """Add a window's trades to `rows`; returns the ids that were not there."""
        reply, batch = self._ask(FILLS, {**_about(symbol), **window}, wire.FILLS)
        new = {row.id: row for row in batch if row.id not in rows}
        rows.update(new)
        return reply, list(new)

    def _by_exchange_id(self, symbol: Symbol, exchange_id: str) -> OrderView | None:
        try:
            reply, row = self._ask(ORDER.of(digits(exchange_id)), {}, wire.ORDER)
        except RefusalError as refusal:
            if refusal.code in UNKNOWN_ORDER:
                return None
            raise
        (view,) = _of_pair(reply, symbol, each_of(reply, wire.view_of, [row]))
        if view.exchange_id != exchange_id:
            raise reply.bad(f"asked for order {exchange_id}, answered about {view.exchange_id}")
        return view

    def _ask(
        self, call: Call, params: Mapping[str, str], shape: msgspec.json.Decoder[T]
    ) -> tuple[Reply, T]:
        reply = self._client.read(call, params)
        return reply, parse(reply, data_of(reply), shape)


def digits(exchange_id: str) -> str:
    """An id that may stand in an address. Raises NotSentError for anything but a number."""
    if not (exchange_id.isascii() and exchange_id.isdigit() and len(exchange_id) < 20):
        shown = clean(exchange_id[:40])
        raise NotSentError("not_sayable", f"{shown!r} is no number of an order", "-")
    return exchange_id


def each_of(reply: Reply, convert: Callable[[U], T], rows: Iterable[U]) -> tuple[T, ...]:
    """Every row in our words; one that cannot be true spoils the answer."""
    try:
        return tuple([convert(row) for row in rows])
    except ValueError as fault:
        raise reply.bad(str(fault)) from fault


def _about(symbol: Symbol | None) -> dict[str, str]:
    """The question's pair; without one the exchange answers about all of them (API.md §5)."""
    return {} if symbol is None else {"pairSymbol": symbol}


def _of_pair(
    reply: Reply, symbol: Symbol | None, views: tuple[OrderView, ...]
) -> tuple[OrderView, ...]:
    """The same orders, after a look that each is of the pair asked for, and is there once."""
    if symbol is not None and any(view.symbol != symbol for view in views):
        raise reply.bad(f"asked for {symbol}, answered about another pair")
    if len({view.exchange_id for view in views}) != len(views):
        raise reply.bad("an order is listed twice")
    return views


def _reaches_back(batch: tuple[OrderView, ...], since: datetime) -> bool:
    """Whether a page, if it is newest first, ends with an order from before `since`."""
    ids = [int(view.exchange_id) for view in batch]
    last = batch[-1].updated_at if batch else None
    return last is not None and last < since and ids == sorted(ids, reverse=True)
