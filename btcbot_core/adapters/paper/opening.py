"""An order at the moment it is taken: the worst price it may fill at, and what it holds back."""

from datetime import datetime
from decimal import Decimal

from btcbot_core.adapters.paper.fills import SWEEP_RATIO_MAX, limit_lock, sweep_bound
from btcbot_core.adapters.paper.model import Method, PaperOrder, SimPolicy, Ticket
from btcbot_core.domain.market import Quote
from btcbot_core.domain.money import ONE, ZERO, ceil_to, floor_to
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.trading import Side


def opened(
    account: str,
    ticket: Ticket,
    rules: PairRules,
    quote: Quote | None,
    now: datetime,
    policy: SimPolicy,
) -> PaperOrder:
    """The order of a ticket that was screened; it has no id yet and locks nothing yet."""
    live_from = now + policy.latency
    order = PaperOrder(
        id=0,
        account=account,
        ticket=ticket,
        left=ticket.qty,
        bound=_bound(ticket, rules, quote),
        lock=ZERO,
        sent_at=now,
        live_from=live_from,
        updated_at=now,
        is_waiting=live_from > now or ticket.method.is_stop,
    )
    order.lock = lock_of(order, policy)
    return order


def lock_of(order: PaperOrder, policy: SimPolicy) -> Decimal:
    """What an order holds back for what is left of it."""
    if order.side is Side.SELL or order.ticket.is_budget:
        return order.left
    return limit_lock(order.bound, order.left, policy.taker_rate)


def _bound(ticket: Ticket, rules: PairRules, quote: Quote | None) -> Decimal:
    """A limit is its own bound; market orders sweep only so far."""
    if ticket.method is Method.MARKET and quote is not None:
        return sweep_bound(ticket.side, quote, rules)
    if ticket.method is not Method.STOP_MARKET:
        return ticket.price
    if ticket.side is Side.BUY:
        return floor_to(ticket.stop_price * (ONE + SWEEP_RATIO_MAX), rules.tick_size)
    return ceil_to(ticket.stop_price * (ONE - SWEEP_RATIO_MAX), rules.tick_size)
