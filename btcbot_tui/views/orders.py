"""The orders grid: what rests at the exchange, by hand too, what just ended, what is unknown."""

from datetime import datetime

from btcbot_core.domain.money import ZERO
from btcbot_core.domain.trading import UNRESOLVED, Order, OrderStatus, OrderView
from btcbot_tui import format as fmt
from btcbot_tui.ink import Ink, Line, span
from btcbot_tui.moment import Moment, seconds_between
from btcbot_tui.table import Cell, Column, Row, Table


def orders_table(moment: Moment) -> Table:
    """Unresolved orders first, then open ones by age, then ended ones, the newest end first, and
    last those of others."""
    orders = () if moment.cycle is None else tuple(moment.cycle.carried.orders.values())
    active = [order for order in orders if order.is_active]
    ended = [order for order in orders if not order.is_active]
    active.sort(key=lambda o: (o.status not in UNRESOLVED, o.created_at, o.client_id))
    ended.sort(key=lambda o: (o.updated_at, o.client_id), reverse=True)
    ranked = [*active, *ended]
    return Table(
        title=_title(moment, ranked),
        columns=_columns(moment),
        rows=(
            *(_row(moment, order) for order in ranked),
            *(_others_row(moment, view) for view in _strangers(moment)),
        ),
        empty=_empty(moment),
    )


def _columns(moment: Moment) -> tuple[Column, ...]:
    words = moment.words
    return (
        Column(head=f"   {words.pair}", cells_min=12),
        Column(head=words.side),
        Column(head=words.price, is_right=True, cells_min=9),
        Column(head=words.qty, is_right=True, cells_min=8),
        Column(head=words.filled, is_right=True, rank=5),
        Column(head=words.age, is_right=True, rank=1, cells_min=5),
        Column(head=words.ttl, is_right=True, rank=6, cells_min=5),
        Column(head=words.state, cells_min=9),
        Column(head=words.why, is_text=True, text_cells_min=11, rank=2),
        Column(head=words.client_id, is_text=True, text_cells_min=14, rank=7),
        Column(head=words.exchange_id, rank=8),
    )


def _title(moment: Moment, orders: list[Order]) -> Line:
    words = moment.words
    if moment.cycle is None:
        return (span(f" {words.orders} {fmt.UNKNOWN}", Ink.TITLE),)
    told = [span(f" {words.orders} {sum(order.is_active for order in orders)}", Ink.TITLE)]
    if unknown := sum(order.status in UNRESOLVED for order in orders):
        told += [span(" ", Ink.HEAD), span(f"▲ {unknown} {words.unknown}", Ink.ALARM)]
    if strangers := _strangers(moment):
        told += [span(" ", Ink.HEAD), span(f"+{len(strangers)} {words.by_hand}", Ink.DIM)]
    return tuple(told)


def _empty(moment: Moment) -> str:
    return moment.words.no_cycle_yet if moment.cycle is None else moment.words.no_orders


def _row(moment: Moment, order: Order) -> Row:
    at = moment.shown_at if order.is_active else order.updated_at
    ink = Ink.PLAIN if order.is_active else Ink.DIM
    return (
        span(f"   {fmt.clean(order.symbol, 20)}", ink),
        span(order.side.upper(), ink),
        span(fmt.number(order.price), ink),
        span(fmt.number(order.qty), ink),
        span(_filled(order), ink),
        span(fmt.minutes(seconds_between(order.created_at, at)), ink),
        span(_ttl_left(order, at), ink),
        _state(order, ink),
        span(order.reason, ink),
        span(order.client_id, Ink.DIM),
        span(order.exchange_id or fmt.UNKNOWN, Ink.DIM),
    )


def _strangers(moment: Moment) -> tuple[OrderView, ...]:
    return () if moment.cycle is None else moment.cycle.carried.strangers


def _others_row(moment: Moment, view: OrderView) -> Row:
    """An order that is not in our books. One that bears our name stops us until it is explained."""
    forgotten = () if moment.cycle is None else moment.cycle.carried.forgotten
    is_named = any(one.client_id == view.client_id for one in forgotten)
    words = moment.words
    return (
        span(f"   {fmt.clean(view.symbol, 20)}", Ink.DIM),
        span(view.side.upper(), Ink.DIM),
        span(fmt.number(view.price), Ink.DIM),
        span(fmt.number(view.qty), Ink.DIM),
        span(_filled(view), Ink.DIM),
        span(fmt.UNKNOWN, Ink.DIM),
        span(fmt.UNKNOWN, Ink.DIM),
        span(f"▲ {words.not_booked}", Ink.ALARM) if is_named else span(words.by_hand, Ink.DIM),
        span("", Ink.DIM),
        span(fmt.clean(view.client_id, 36) if view.client_id else fmt.UNKNOWN, Ink.DIM),
        span(view.exchange_id, Ink.DIM),
    )


def _filled(order: Order | OrderView) -> str:
    return fmt.percent(order.filled_qty / order.qty if order.qty > ZERO else None, 0)


def _ttl_left(order: Order, at: datetime | None) -> str:
    """What is left of its time to live, which counts from when it could first fill."""
    rested_s = seconds_between(order.rests_since, at)
    if not order.is_active or rested_s is None:
        return fmt.UNKNOWN
    return fmt.minutes(max(order.ttl_s - rested_s, ZERO))


def _state(order: Order, ink: Ink) -> Cell:
    told = order.status.replace("_", " ")
    if order.status in UNRESOLVED and order.status is not OrderStatus.PLANNED:
        return span(f"▲ {told}", Ink.ALARM)
    if order.status is OrderStatus.PLANNED:
        return span(f"▲ {told}", Ink.WARN)
    return span(told, ink)
