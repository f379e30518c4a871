"""Hands on the account: somebody trades on it beside the bot."""

from decimal import Decimal

from btcbot_core.adapters.paper.core import PaperCore
from btcbot_core.adapters.paper.model import Method, PaperOrder, Ticket
from btcbot_core.domain.money import floor_to
from btcbot_core.domain.trading import Side
from tests.simulation.checker import PREFIX, Checker
from tests.simulation.door import ACCOUNT
from tests.simulation.events import (
    Hand,
)
from tests.simulation.market import PAIRS, RULES, TRY

HAND_BUDGET_TRY = Decimal(300)
HAND_BUDGET_BTC = Decimal("0.0003")


class Hands:
    """Uses the account as a person at the exchange's website would."""

    def __init__(self, core: PaperCore, checker: Checker) -> None:
        self._core = core
        self._checker = checker
        self._copies = 0

    def copy_what_was_lost(self) -> None:
        """Place anew, just the same, an order of ours of which one sees that it never arrived."""
        if self._copies and (lost := self._lost()) is not None:
            self._copies -= 1
            self._core.submit(ACCOUNT, lost, self._checker.time.now())

    def use(self, event: Hand) -> None:
        core, now = self._core, self._checker.time.now()
        if event.what == "pull":
            left = [order for order in core.open_orders(ACCOUNT) if not _is_ours(order)]
            for order in left[:1]:
                core.cancel(ACCOUNT, order.id, now)
        elif event.what == "copy":
            self._copies += 1
        elif (ticket := self._ticket(event)) is not None:
            core.submit(ACCOUNT, ticket, now)

    def _lost(self) -> Ticket | None:
        """What somebody places who sees that an order of ours never arrived: just the same."""
        checker = self._checker
        for name in checker.waiting:
            intent = checker.sent[name]
            if name not in checker.placed:
                return Ticket(
                    symbol=intent.symbol,
                    side=intent.side,
                    method=Method.LIMIT,
                    qty=intent.qty,
                    price=intent.price,
                    client_id="by-hand",
                )
        return None

    def _ticket(self, event: Hand) -> Ticket | None:
        symbol = PAIRS[event.pair % len(PAIRS)]
        rules, quote = RULES[symbol], self._core.quote(symbol)
        budget = HAND_BUDGET_TRY if rules.quote == TRY else HAND_BUDGET_BTC
        if event.what == "trade":
            return Ticket(symbol=symbol, side=Side.BUY, method=Method.MARKET, qty=budget)
        if quote is None:
            return None
        if event.what == "sell":
            qty = floor_to(budget / quote.bid, rules.lot_step)
            return Ticket(symbol=symbol, side=Side.SELL, method=Method.MARKET, qty=qty)
        price = floor_to(quote.bid / 2, rules.tick_size)
        qty = floor_to(budget / price, rules.lot_step)
        return Ticket(symbol=symbol, side=Side.BUY, method=Method.LIMIT, qty=qty, price=price)


def _is_ours(order: PaperOrder) -> bool:
    return order.ticket.client_id.startswith(PREFIX)
