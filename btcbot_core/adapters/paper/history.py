"""What the paper exchange remembers: open orders, and the newest finished ones and trades."""

from collections import deque
from collections.abc import Iterator
from datetime import datetime

from btcbot_core.adapters.paper.model import PaperOrder, PaperTrade
from btcbot_core.domain.symbol import Symbol

FINISHED_KEPT = 5_000
TRADES_KEPT = 5_000
"""Orders for each account, trades for each of its pairs."""


class History:
    """Bounded, so that a long run costs no more memory than a short one."""

    def __init__(self) -> None:
        self._by_id: dict[int, PaperOrder] = {}
        self._open: dict[str, dict[int, PaperOrder]] = {}
        self._finished: dict[str, deque[PaperOrder]] = {}
        self._trades: dict[tuple[str, Symbol], deque[PaperTrade]] = {}
        self._forgotten: dict[tuple[str, Symbol], datetime] = {}

    def add_order(self, order: PaperOrder) -> None:
        """Remember an order for as long as it is open."""
        self._by_id[order.id] = order
        self._open.setdefault(order.account, {})[order.id] = order

    def finish(self, order_id: int) -> None:
        """An order ended: it is remembered until enough others have ended after it."""
        order = self._by_id[order_id]
        self._open[order.account].pop(order_id, None)
        finished = self._finished.setdefault(order.account, deque())
        finished.append(order)
        if len(finished) > FINISHED_KEPT:
            del self._by_id[finished.popleft().id]

    def add_trade(self, trade: PaperTrade) -> None:
        key = (trade.account, trade.symbol)
        kept = self._trades.setdefault(key, deque())
        kept.append(trade)
        if len(kept) > TRADES_KEPT:
            self._forgotten[key] = kept.popleft().at

    def order(self, order_id: int) -> PaperOrder | None:
        return self._by_id.get(order_id)

    def open_orders(self, account: str) -> Iterator[PaperOrder]:
        """Oldest first."""
        return iter(self._open.get(account, {}).values())

    def orders(self, account: str) -> list[PaperOrder]:
        """Open and finished ones, newest first."""
        known = [*self._open.get(account, {}).values(), *self._finished.get(account, ())]
        return sorted(known, key=lambda order: order.id, reverse=True)

    def trades(self, account: str, symbol: Symbol) -> Iterator[PaperTrade]:
        """Newest first."""
        return reversed(self._trades.get((account, symbol), deque()))

    def forgotten_until(self, account: str, symbol: Symbol) -> datetime | None:
        """The time of the last trade that is no longer remembered, or None."""
        return self._forgotten.get((account, symbol))

    def everything(self) -> tuple[list[PaperOrder], list[PaperTrade]]:
        """All that is remembered, oldest first."""
        trades = [trade for kept in self._trades.values() for trade in kept]
        orders = sorted(self._by_id.values(), key=lambda order: order.id)
        return orders, sorted(trades, key=lambda trade: trade.id)
