"""What several steps read out of a cycle."""

from collections.abc import Iterable
from decimal import Decimal

from btcbot_core.cycle.cycle import Carried, Cycle
from btcbot_core.domain.codes import Severity
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Order, Side
from btcbot_core.oms.lifecycle import Stale, stale_orders
from btcbot_core.oms.reconcile import behind, unresolved_symbols
from btcbot_core.risk.anomalies import Anomaly
from btcbot_core.risk.degrade import LEVEL_MAX, RUNGS, Rung


def our_pairs(carried: Carried, symbols: Iterable[Symbol]) -> frozenset[Symbol]:
    """Pairs that we trade, hold or have ordered; trades on all others are somebody else's."""
    held = (s for s, holding in carried.ledger.holdings.items() if holding.qty)
    return frozenset((*symbols, *held, *(order.symbol for order in carried.orders.values())))


def has_open_question(cycle: Cycle) -> bool:
    """Whether something of ours may have moved that we did not hear of."""
    orders, heard = cycle.carried.orders, cycle.heard
    return bool(heard.unheard or behind(orders, heard.views) or unresolved_symbols(orders))


def free_cash(cycle: Cycle) -> Decimal | None:
    """Free quote currency; None while balances are unknown or the ledger is not open yet."""
    balance = cycle.accounts.get(cycle.carried.ledger.quote)
    return None if balance is None or cycle.carried.ledger.seq == 0 else balance.free


def active_orders(cycle: Cycle) -> Iterable[Order]:
    """Orders of ours that are not finished."""
    return (order for order in cycle.carried.orders.values() if order.is_active)


def open_buys_try(cycle: Cycle) -> dict[Symbol, Decimal]:
    """What each pair's BUYs could still spend, in whatever state they are."""
    spent: dict[Symbol, Decimal] = {}
    for order in active_orders(cycle):
        if order.side is Side.BUY:
            spent[order.symbol] = spent.get(order.symbol, ZERO) + order.left_qty * order.price
    return spent


def fresh_mids(cycle: Cycle) -> dict[Symbol, Decimal]:
    """The mids that are young enough to trade on."""
    oldest_s = cycle.policy.limits.max_data_age_s
    return {s: q.mid for s, q in cycle.market.quotes.items() if q.age_s(cycle.at) <= oldest_s}


def stale(cycle: Cycle) -> tuple[Stale, ...]:
    """Orders of ours that are too old, left behind by their own pair's price, or killed."""
    if not cycle.carried.orders:
        return ()
    knobs = (cycle.policy.orders, cycle.policy.lifecycle)
    orders = cycle.carried.orders.values()
    return stale_orders(orders, cycle.at, fresh_mids(cycle), knobs, cycle.is_killed)


def errors(cycle: Cycle) -> tuple[Anomaly, ...]:
    """The anomalies that stop new orders at once."""
    return tuple(a for a in cycle.anomalies if a.severity is Severity.ERROR)


def rung(cycle: Cycle) -> Rung:
    """Where the degrade ladder has this cycle stand, errors it has found itself included."""
    level = cycle.carried.degrade.effective(cycle.at)
    return RUNGS[LEVEL_MAX if errors(cycle) else level]
