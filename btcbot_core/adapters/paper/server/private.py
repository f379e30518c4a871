"""The private endpoints of API v1: balances, orders and trades of the account (API.md §5)."""

from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

import msgspec

from btcbot_core.adapters.paper.model import Method, PaperOrder, Rejection, Ticket
from btcbot_core.adapters.paper.screening import (
    BAD_PARAMETER,
    COULD_NOT_BE_CANCELED,
    NO_ORDER_MATCHES,
    screen,
)
from btcbot_core.adapters.paper.server.answers import (
    Answer,
    RefusedError,
    bad,
    good,
    order_refused,
    order_taken,
)
from btcbot_core.adapters.paper.server.fields import Fields
from btcbot_core.adapters.paper.server.rows import balance_row, order_row, taken_row, trade_row
from btcbot_core.adapters.paper.server.times import milliseconds
from btcbot_core.adapters.paper.server.venue import Venue
from btcbot_core.domain.account import Balance
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import NotASymbolError, Symbol, symbol_from
from btcbot_core.domain.trading import Side, ViewStatus

Kind = TypeVar("Kind", Method, Side)

NOT_FOUND = Rejection(1152, "Order not found")
METHOD_NOT_SUPPORTED = Rejection(1134, "ORDER_METHOD_NOT_SUPPORTED")
TYPE_NOT_SUPPORTED = Rejection(1193, "ORDER_TYPE_NOT_SUPPORTED")

CLIENT_ID_LENGTH_MAX = 50
SYMBOL_LENGTH_MAX = 20
PAGE_DEFAULT = 100
PAGE_MAX = 1000
HISTORY = timedelta(days=30)
SECONDS_UNTIL = 10**11
"""A time under this is in seconds, as ccxt and others send it; over it in milliseconds."""


class PrivateEndpoints:
    """Each method answers one endpoint for one account."""

    def __init__(self, venue: Venue, *, cancel_twice_is_fine: bool = True) -> None:
        """Since late 2024 BTCTurk answers a second cancel with success; its docs say error."""
        self._venue = venue
        self._cancel_twice_is_fine = cancel_twice_is_fine

    def balances(self, _: Fields, account: str) -> Answer:
        venue = self._venue
        venue.core.advance(venue.now())
        held = venue.core.balances(account)
        assets = dict.fromkeys(a for r in venue.rules.values() for a in (r.quote, r.base))
        fiat = next(iter(assets))
        rows = [
            balance_row(held.get(asset, Balance(asset, ZERO, ZERO)), fiat, venue.now_ms())
            for asset in dict.fromkeys((*assets, *held))
        ]
        return good(rows)

    def open_orders(self, fields: Fields, account: str) -> Answer:
        venue = self._venue
        venue.core.advance(venue.now())
        orders = venue.core.open_orders(account, fields.symbol("pairSymbol"))
        sides: dict[str, list[object]] = {"asks": [], "bids": []}
        for order in orders:
            side = "bids" if order.side is Side.BUY else "asks"
            sides[side].append(order_row(order, venue.rules[order.symbol], 0))
        return good(sides)

    def all_orders(self, fields: Fields, account: str) -> Answer:
        symbol = fields.symbol("pairSymbol")
        if symbol is None:
            return bad(BAD_PARAMETER)
        venue = self._venue
        venue.core.advance(venue.now())
        low_id = fields.integer("orderId", 0)
        begin, end = _times(fields, "startTime", "endTime")
        found = [
            order
            for order in venue.core.orders(account)
            if order.symbol == symbol
            and order.id >= low_id
            and begin <= milliseconds(order.sent_at) <= end
        ]
        size = min(max(fields.integer("limit", PAGE_DEFAULT), 1), PAGE_MAX)
        first = (max(fields.integer("page", 1), 1) - 1) * size
        return good([self._row(order) for order in found[first : first + size]])

    def order(self, order_id: str, account: str) -> Answer:
        venue = self._venue
        venue.core.advance(venue.now())
        number = int(order_id) if order_id.isdecimal() and len(order_id) <= 19 else -1
        order = venue.core.order(account, number)
        return bad(NOT_FOUND) if order is None else good(self._row(order))

    def submit(self, fields: Fields, account: str, scale_by: int = 0) -> Answer:
        """Take an order; `scale_by` says how many decimals the pair's scales have moved."""
        venue = self._venue
        try:
            ticket = self._ticket(fields)
        except RefusedError as refused:
            body = refused.answer.body
            if isinstance(body, dict):
                body = {"httpStatusCode": 400, "data": None, **body}
            return Answer(400, body)
        taken = self._refused_by_scale(ticket, scale_by) or venue.core.submit(
            account, ticket, venue.now()
        )
        if isinstance(taken, Rejection):
            return order_refused(taken)
        return order_taken(taken_row(taken, venue.rules[taken.symbol]))

    def cancel(self, fields: Fields, account: str) -> Answer:
        venue = self._venue
        order_id = fields.integer("id", 0)
        refused = venue.core.cancel(account, order_id, venue.now())
        if refused is COULD_NOT_BE_CANCELED and self._cancel_twice_is_fine:
            order = venue.core.order(account, order_id)
            if order is not None and order.status is ViewStatus.CANCELED:
                refused = None
        if refused is not None:
            return bad(refused)
        return Answer(200, {"success": True, "message": "SUCCESS", "code": 0})

    def fill_instead_of_cancel(self, fields: Fields, account: str) -> Answer:
        """A cancel that is acknowledged for an order that fills: it happens (API.md §5)."""
        venue = self._venue
        if not venue.core.fill_now(account, fields.integer("id", 0), venue.now()):
            return bad(NO_ORDER_MATCHES)
        return Answer(200, {"success": True, "message": "SUCCESS", "code": 0})

    def trades(self, fields: Fields, account: str) -> Answer:
        """The account's trades, newest first; `orderId` alone, or filters together."""
        venue = self._venue
        venue.core.advance(venue.now())
        order_id = fields.integer("orderId", 0)
        symbol = fields.symbol("pairSymbol")
        assets = {asset.upper() for asset in fields.texts("symbol")}
        types = {word.lower() for word in fields.texts("type")}
        begin, end = _times(fields, "startDate", "endDate")
        if not fields.text("startDate") and not order_id:
            begin = milliseconds(venue.now() - HISTORY)
        rows = [
            trade
            for pair in venue.rules
            if symbol in (None, pair)
            for trade in venue.core.trades(account, pair)
            if (not order_id or trade.order_id == order_id)
            and (not assets or trade.base in assets or trade.quote in assets)
            and (not types or trade.side.value in types)
            and begin <= milliseconds(trade.at) <= end
        ]
        rows.sort(key=lambda trade: trade.id, reverse=True)
        data = [trade_row(trade, venue.rules[trade.symbol]) for trade in rows]
        return good(data, message="SUCCESS")

    def transfers(self, _: Fields, __: str) -> Answer:
        """Deposits and withdrawals: there are none on paper."""
        return good([], message="SUCCESS")

    def _row(self, order: PaperOrder) -> dict[str, object]:
        return order_row(order, self._venue.rules[order.symbol], milliseconds(order.sent_at))

    def _refused_by_scale(self, ticket: Ticket, scale_by: int) -> Rejection | None:
        """What rules with other scales have against an order."""
        rules = self._venue.rules.get(ticket.symbol)
        if rules is None or scale_by == 0:
            return None
        moved = msgspec.structs.replace(
            rules,
            tick_size=rules.tick_size.scaleb(-scale_by),
            lot_step=rules.lot_step.scaleb(-scale_by),
        )
        return screen(ticket, moved, self._venue.core.quote(ticket.symbol))

    def _ticket(self, fields: Fields) -> Ticket:
        method = _one_of(Method, fields.text("orderMethod", "method"), METHOD_NOT_SUPPORTED)
        side = _one_of(Side, fields.text("orderType", "type"), TYPE_NOT_SUPPORTED)
        client_id = fields.text("newOrderClientId", "newClientOrderId")
        if len(client_id) > CLIENT_ID_LENGTH_MAX:
            raise RefusedError(bad(BAD_PARAMETER))
        return Ticket(
            symbol=_any_symbol(fields.text("pairSymbol")),
            side=side,
            method=method,
            qty=fields.amount("quantity"),
            price=ZERO if method.is_market else fields.amount("price"),
            stop_price=fields.amount("stopPrice") if method.is_stop else Decimal(0),
            client_id=client_id or self._venue.made_up_client_id(),
        )


def _one_of(kinds: type[Kind], word: str, refusal: Rejection) -> Kind:
    try:
        return kinds(word.lower())
    except ValueError:
        raise RefusedError(bad(refusal)) from None


def _any_symbol(word: str) -> Symbol:
    """The pair that is named; what names none is a symbol that no exchange knows."""
    if len(word) > SYMBOL_LENGTH_MAX:
        raise RefusedError(bad(BAD_PARAMETER))
    try:
        return symbol_from(word)
    except NotASymbolError:
        return Symbol(word)


def _times(fields: Fields, first: str, last: str) -> tuple[int, int]:
    """A span in milliseconds, whatever unit it was sent in."""
    begin = fields.integer(first, 0)
    end = fields.integer(last, 10**15)
    return (
        begin * 1000 if begin < SECONDS_UNTIL else begin,
        end * 1000 + 999 if end < SECONDS_UNTIL else end,
    )
