"""What the exchange refuses before it looks at funds, in its own words (API.md §8)."""

from decimal import Decimal

from btcbot_core.adapters.paper.model import Rejection, Ticket
from btcbot_core.domain.market import Quote
from btcbot_core.domain.money import MONEY_STEP, ZERO
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.trading import Side

PAIR_NOT_FOUND = Rejection(1026, "PAIR_NOT_FOUND")
NO_ORDER_MATCHES = Rejection(1052, "NO_ORDER_MATCHES_YOUR_REQUEST")
COULD_NOT_BE_CANCELED = Rejection(1051, "ORDER_COULD_NOT_BE_CANCELED")
MARKET_CLOSED = Rejection(1118, "FAILED_MARKET_ORDER")
LIMIT_CLOSED = Rejection(1120, "FAILED_LIMIT_ORDER")
BAD_PARAMETER = Rejection(1121, "FAILED_ORDER_PARAMETER")
INSUFFICIENT_FUNDS = Rejection(1122, "FAILED_ORDER_WITH_OPEN_ORDERS")
"""What insufficient funds really answer, even without an open order (API.md §8)."""
UNDER_MIN_TOTAL = Rejection(1123, "FAILED_MIN_TOTAL_AMOUNT")
STOP_NOT_OVER_ASK = Rejection(1124, "FAILED_STOP_PRICE_GREATER_THAN_BEST_ASK")
STOP_NOT_UNDER_BID = Rejection(1125, "FAILED_STOP_PRICE_LESS_THAN_BEST_BID")
BAD_PRICE_SCALE = Rejection(1126, "FAILED_INVALID_PRICE_SCALE")
BAD_QUANTITY_SCALE = Rejection(1127, "FAILED_INVALID_QUANTITY_SCALE")
BAD_STOP_PRICE_SCALE = Rejection(1128, "FAILED_INVALID_STOP_PRICE_SCALE")
OVER_MAX_PRICE = Rejection(1226, "PRICE_MUST_BE_LESS_THAN_MAXPRICE")
UNDER_MIN_PRICE = Rejection(1227, "PRICE_MUST_BE_GREATER_THAN_MINPRICE")
# Their numbers are not known.
FAR_UNDER_MARKET = Rejection("ORDER_MIN_PRICE_EXCEEDED", "ORDER_MIN_PRICE_EXCEEDED")
FAR_OVER_MARKET = Rejection("ORDER_MAX_PRICE_EXCEEDED", "ORDER_MAX_PRICE_EXCEEDED")

TOTAL_MAX = Decimal(10) ** 11
"""An order worth more is refused: beyond it amounts no longer fit 28 exact digits."""
PRICE_RATIO_MAX = 10
"""Limits outside a tenth and ten times the market's price are refused (API.md §3)."""


def screen(ticket: Ticket, rules: PairRules | None, quote: Quote | None) -> Rejection | None:
    """The first thing that the exchange would refuse, or None."""
    if rules is None:
        return PAIR_NOT_FOUND
    is_market = ticket.method.is_market
    if not rules.is_trading or (is_market and quote is None):
        return MARKET_CLOSED if is_market else LIMIT_CLOSED
    return (
        _bad_quantity(ticket, rules)
        or (None if is_market else _bad_price(ticket, rules, quote))
        or (_bad_stop(ticket, rules, quote) if ticket.method.is_stop else None)
        or _bad_total(ticket, rules, quote)
    )


def _bad_quantity(ticket: Ticket, rules: PairRules) -> Rejection | None:
    if ticket.qty <= ZERO or not (ticket.is_budget or rules.takes_qty(ticket.qty)):
        return BAD_PARAMETER
    step = MONEY_STEP if ticket.is_budget else rules.lot_step
    return BAD_QUANTITY_SCALE if ticket.qty % step else None


def _bad_price(ticket: Ticket, rules: PairRules, quote: Quote | None) -> Rejection | None:
    price = ticket.price
    if price <= ZERO:
        return BAD_PARAMETER
    if price % rules.tick_size:
        return BAD_PRICE_SCALE
    if price < rules.min_price:
        return UNDER_MIN_PRICE
    if rules.max_price is not None and price > rules.max_price:
        return OVER_MAX_PRICE
    if quote is not None and price * PRICE_RATIO_MAX < quote.bid:
        return FAR_UNDER_MARKET
    if quote is not None and price > quote.ask * PRICE_RATIO_MAX:
        return FAR_OVER_MARKET
    return None


def _bad_stop(ticket: Ticket, rules: PairRules, quote: Quote | None) -> Rejection | None:
    """A stop BUY waits over the market, a stop SELL under it."""
    stop = ticket.stop_price
    if stop <= ZERO:
        return BAD_PARAMETER
    if stop % rules.tick_size:
        return BAD_STOP_PRICE_SCALE
    if quote is not None and ticket.side is Side.BUY and stop <= quote.ask:
        return STOP_NOT_OVER_ASK
    if quote is not None and ticket.side is Side.SELL and stop >= quote.bid:
        return STOP_NOT_UNDER_BID
    return None


def _bad_total(ticket: Ticket, rules: PairRules, quote: Quote | None) -> Rejection | None:
    total = _total(ticket, quote)
    if total > TOTAL_MAX:
        return BAD_PARAMETER
    return UNDER_MIN_TOTAL if total < rules.min_notional else None


def _total(ticket: Ticket, quote: Quote | None) -> Decimal:
    if ticket.is_budget:
        return ticket.qty
    if not ticket.method.is_market:
        return ticket.qty * ticket.price
    if ticket.method.is_stop:
        return ticket.qty * ticket.stop_price
    return ticket.qty * (quote.bid if quote is not None else ZERO)
