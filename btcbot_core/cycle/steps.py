"""The steps: each takes a cycle and gives it back with one thing added. Read this file first.

`plan`, the one step that is long, has the module beside this one.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from btcbot_core.cycle.cycle import (
    NOTHING_COUNTED,
    NOTHING_HEARD,
    CancelRequest,
    Cycle,
    Metrics,
    sent_key,
)
from btcbot_core.cycle.facts import active_orders, errors, free_cash
from btcbot_core.cycle.others import book_others, heard_until_now
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import Action, Decision
from btcbot_core.domain.ids import ClientId
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Order, OrderEventKind, OrderStatus, OrderView
from btcbot_core.ledger.book import fold
from btcbot_core.ledger.journal import fill_entries, numbered, opening_entries, order_entries
from btcbot_core.ledger.pnl import peak_with, value
from btcbot_core.oms.expiry import expired
from btcbot_core.oms.forgotten import Forgotten, Shown, forgotten_orders
from btcbot_core.oms.reconcile import Evidence, reconcile_orders, strangers, unresolved_symbols
from btcbot_core.risk.judge import RiskFacts, judge_basic
from btcbot_core.risk.verdict import RiskVerdict
from btcbot_core.strategy.profit_aware import profit_aware
from btcbot_core.strategy.strategy import StrategyView

Step = Callable[[Cycle], Cycle]
Steps = tuple[Step, ...]

STRANGERS_MAX = 20
"""So many orders of others are shown."""

replace = msgspec.structs.replace


def reconcile(cycle: Cycle) -> Cycle:
    """What the exchange told us becomes order events; fills of ours are picked out."""
    heard, policy = cycle.heard, cycle.policy.orders
    if heard is NOTHING_HEARD and not cycle.carried.orders:
        return cycle
    settled = _settled(cycle) if heard.absent else frozenset()
    result = reconcile_orders(
        cycle.carried.orders,
        Evidence(
            at=cycle.at,
            cycle_id=cycle.id,
            answers=heard.answers,
            views=heard.views,
            absent=heard.absent,
            fills=heard.fills,
            settled=settled,
        ),
        policy,
    )
    orders = _start_resting(cycle, result.orders)
    forgotten = _forgotten(cycle)
    shown = _strangers(cycle)
    is_news = forgotten != cycle.carried.forgotten or shown != cycle.carried.strangers
    if not result.events and orders is cycle.carried.orders and not is_news:
        return cycle
    sent = {
        sent_key(orders[e.client_id].symbol, orders[e.client_id].side): e.at
        for e in result.events
        if e.before is OrderStatus.PLANNED
        and e.kind in (OrderEventKind.ACCEPTED, OrderEventKind.NO_ANSWER, OrderEventKind.FILLED)
    }
    last_sent = {**cycle.carried.last_sent, **sent}
    carried = replace(
        cycle.carried,
        orders=orders,
        last_sent=last_sent,
        forgotten=forgotten,
        strangers=shown,
    )
    return replace(
        cycle,
        carried=carried,
        order_events=(*cycle.order_events, *result.events),
        fills=(*cycle.fills, *result.fills),
    )


def book(cycle: Cycle) -> Cycle:
    """New fills, and orders placed and cancelled, go into the ledger; the first cycle opens it."""
    ledger, peak_try = cycle.carried.ledger, cycle.carried.peak_try
    if ledger.seq and not (cycle.order_events or cycle.fills or cycle.heard.fills):
        return heard_until_now(cycle, ())
    entries = (
        []
        if ledger.seq
        else opening_entries(ledger, cycle.id, cycle.at, cycle.accounts, _priced(cycle))
    )
    already = {e.id for e in cycle.ledger_events}
    entries.extend(order_entries(cycle.order_events, cycle.carried.orders, already))
    entries.extend(fill_entries(cycle.fills, cycle.id, already))
    ours = numbered(entries, ledger.seq)
    moved = fold(ledger, ours)
    peak_try = peak_with(ledger, moved, {}, peak_try)
    others = book_others(cycle, moved, peak_try, already)
    cycle = heard_until_now(cycle, others.waiting)
    if not ours and not others.entries:
        return cycle
    carried = replace(cycle.carried, ledger=others.ledger, peak_try=others.peak_try)
    events = (*cycle.ledger_events, *ours, *others.entries)
    return replace(cycle, carried=carried, ledger_events=events)


def mark(cycle: Cycle) -> Cycle:
    """Value the ledger at the marks; asserts that both ways to equity agree."""
    marks = cycle.market.marks()
    carried = cycle.carried
    portfolio = value(carried.ledger, marks, carried.marks, carried.peak_try)
    return replace(
        cycle,
        portfolio=portfolio,
        carried=replace(carried, marks={**carried.marks, **marks}, peak_try=portfolio.peak_try),
    )


def propose(cycle: Cycle) -> Cycle:
    """Ask the strategy what it wants."""
    wishes = profit_aware(view(cycle))
    return replace(cycle, signals=wishes.signals, decisions=(*cycle.decisions, *wishes.holds))


def judge(cycle: Cycle) -> Cycle:
    """Decide the mode, which pairs wait, and how much room there is."""
    verdict = judge_basic(basic_facts(cycle), cycle.policy.limits)
    return replace(cycle, verdict=verdict, decisions=(*cycle.decisions, *waiting(verdict)))


def expire(cycle: Cycle) -> Cycle:
    """Orders that have rested too long, and all of ours once killed, are to be cancelled."""
    orders = cycle.carried.orders
    if not orders:
        return cycle
    found = expired(orders.values(), cycle.at, cycle.policy.orders, cycle.is_killed)
    if not found:
        return cycle
    cancels = tuple(
        CancelRequest(
            e.order.client_id,
            Decision(
                symbol=e.order.symbol,
                action=Action.CANCEL,
                side=e.order.side,
                reason=e.reason,
                price=e.order.price,
                qty=e.order.left_qty,
                observed=e.age_s,
                limit=e.limit_s,
                unit="s",
            ),
        )
        for e in found
    )
    decisions = (*cycle.decisions, *(c.decision for c in cancels))
    return replace(cycle, cancels=cancels, decisions=decisions)


def measure(cycle: Cycle) -> Cycle:
    """Count what happened."""
    orders, events = cycle.carried.orders, cycle.order_events
    if not (orders or events or cycle.intents or cycle.cancels or cycle.fills):
        return replace(cycle, metrics=NOTHING_COUNTED)
    kinds = [e.kind for e in events]
    return replace(
        cycle,
        metrics=Metrics(
            orders_open=sum(1 for o in orders.values() if o.is_active),
            intents=len(cycle.intents),
            cancels=len(cycle.cancels),
            fills=len(cycle.fills),
            rejects=kinds.count(OrderEventKind.REJECTED),
            unknown=len(unresolved_symbols(orders)),
        ),
    )


def view(cycle: Cycle) -> StrategyView:
    """What a strategy may see of a cycle."""
    return StrategyView(
        symbols=cycle.symbols,
        quotes=cycle.market.quotes,
        rules=cycle.rules,
        positions=cycle.portfolio.positions,
        cash_free_try=free_cash(cycle) or ZERO,
        working=frozenset((o.symbol, o.side) for o in active_orders(cycle)),
        policy=cycle.policy,
    )


def basic_facts(cycle: Cycle) -> RiskFacts:
    """What the rules look at that hold with and without a risk budget."""
    return RiskFacts(
        symbols=cycle.symbols,
        data_age_s={s: q.age_s(cycle.at) for s, q in cycle.market.quotes.items()},
        unresolved=unresolved_symbols(cycle.carried.orders),
        unheard=frozenset(cycle.heard.unheard),
        cash_free_try=free_cash(cycle),
        unconverted_fees=cycle.portfolio.unconverted_fees,
        is_killed=cycle.is_killed,
        is_disarmed=cycle.vitals.is_disarmed,
        forgotten=tuple(one.client_id for one in cycle.carried.forgotten),
        errors=errors(cycle),
    )


def waiting(verdict: RiskVerdict) -> tuple[Decision, ...]:
    """A word on each pair that has no quote to wish on, or of which nothing may be heard now."""
    return tuple(
        Decision(symbol=symbol, action=Action.BLOCK, reason=reason)
        for symbol, reason in verdict.blocked.items()
        if reason in (Reason.DATA_MISSING, Reason.TRADES_NOT_HEARD)
    )


def _strangers(cycle: Cycle) -> tuple[OrderView, ...]:
    """Open orders of others, as last listed."""
    heard, carried = cycle.heard, cycle.carried
    if not heard.is_listed:
        return carried.strangers
    found = strangers(carried.orders, heard.views, cycle.policy.orders.client_id_prefix)
    return (*found.orphans, *found.foreign)[:STRANGERS_MAX]


def _forgotten(cycle: Cycle) -> tuple[Forgotten, ...]:
    heard, carried = cycle.heard, cycle.carried
    prefix = cycle.policy.orders.client_id_prefix
    orphans = strangers(carried.orders, heard.views, prefix).orphans if heard.asked else ()
    shown = Shown(orphans=orphans, fills=heard.fills, is_swept=bool(heard.asked))
    opened_at = carried.ledger.opened_at
    return forgotten_orders(carried.forgotten, shown, carried.orders, opened_at, prefix)


def _settled(cycle: Cycle) -> frozenset[Symbol]:
    """Pairs on which the exchange's balances are just what the ledger says."""
    ledger, accounts = cycle.carried.ledger, cycle.accounts
    quote = accounts.get(ledger.quote)
    if quote is None or quote.total != ledger.cash_try:
        return frozenset()
    held = {
        symbol: accounts[rules.base].total if rules.base in accounts else ZERO
        for symbol, rules in cycle.rules.items()
    }
    return frozenset(s for s, qty in held.items() if qty == ledger.holding(s).qty)


def _priced(cycle: Cycle) -> dict[Symbol, tuple[str, Decimal | None]]:
    """Each pair's base asset and its mark, for holdings that were there before us."""
    quotes = cycle.market.quotes
    return {
        symbol: (rules.base, quotes[symbol].mid if symbol in quotes else None)
        for symbol, rules in cycle.rules.items()
    }


def _start_resting(cycle: Cycle, orders: Mapping[ClientId, Order]) -> Mapping[ClientId, Order]:
    """Start the clock of orders that can fill from now on, and let go of long finished ones."""
    changed: dict[ClientId, Order] = {}
    gone: set[ClientId] = set()
    policy = cycle.policy.orders
    for order in orders.values():
        if not order.is_active:
            if (cycle.at - order.updated_at).total_seconds() > policy.late_fill_s:
                gone.add(order.client_id)
        elif (
            order.rests_since is None and (policy.latency_steps == 0 or order.cycle_id != cycle.id)
        ) or (order.rests_since is not None and order.rests_since > cycle.at):
            # Where the clock was set back, the time to live begins anew.
            changed[order.client_id] = replace(order, rests_since=cycle.at)
    if not changed and not gone:
        return orders
    return {k: changed.get(k, o) for k, o in orders.items() if k not in gone}
