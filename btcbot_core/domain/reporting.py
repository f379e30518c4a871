"""A run's report as values: made from the store, drawn on a terminal or a page."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

import msgspec

from btcbot_core.domain.records import RunRow
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Side


class ChartPoint(msgspec.Struct, frozen=True, kw_only=True):
    """Some cycles in a row, as one place on the time axis; amounts are those of the last."""

    at: datetime
    equity: Decimal
    equity_low: Decimal
    equity_high: Decimal
    cash: Decimal
    drawdown_ratio: Decimal
    """The worst of them."""
    fees: Decimal
    slippage: Decimal
    exposure: Mapping[Symbol, Decimal]
    prices: Mapping[Symbol, Decimal]


class Span(msgspec.Struct, frozen=True):
    """A mode, from the first cycle that was in it to the first that was not."""

    mode: str
    start: datetime
    end: datetime


class Pin(msgspec.Struct, frozen=True):
    """A fill, or an order that ended without one, on its pair's price."""

    at: datetime
    symbol: Symbol
    side: Side
    kind: str
    price: Decimal


class Charts(msgspec.Struct, frozen=True, kw_only=True):
    """Lines, spans and pins; thinned, so that they fit a page."""

    points: tuple[ChartPoint, ...]
    spans: tuple[Span, ...]
    pins: tuple[Pin, ...]
    pins_left_out: int
    """The oldest, where there were more than a chart can show."""
    spans_left_out: int


class WhyNot(msgspec.Struct, frozen=True):
    """How often a reason kept us from trading, and what it means."""

    reason: str
    count: int
    meaning: str


class Rollup(msgspec.Struct, frozen=True, kw_only=True):
    """A day or a week: flows are sums of the period, equity is as it ended."""

    start: date
    cycles: int
    net_try: Decimal
    fees_try: Decimal
    turnover_try: Decimal
    fills: int
    equity_try: Decimal
    max_drawdown_ratio: Decimal


class KeyFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The key table. Amounts in quote currency."""

    first_at: datetime
    last_at: datetime
    cycles: int
    equity_try: Decimal
    capital_try: Decimal
    net_try: Decimal
    return_ratio: Decimal
    gross_try: Decimal
    realized_try: Decimal
    unrealized_try: Decimal
    fees_try: Decimal
    slippage_try: Decimal
    turnover_try: Decimal
    max_drawdown_ratio: Decimal
    orders: int
    fills: int
    buys: int
    sells: int
    rejected: int
    canceled: int
    mode: str


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, whatever the stage."""

    schema: str
    run: RunRow
    quote: str
    keys: KeyFigures
    modes: Mapping[str, int]
    """Cycles spent in each mode."""
    no_trades: Mapping[str, int]
    """Cycles of a rebalancing run that did not trade, by why."""
    why_not: tuple[WhyNot, ...]
    days: tuple[Rollup, ...]
    weeks: tuple[Rollup, ...]
    findings: tuple[str, ...]
    """What does not add up; a report with any is not to be trusted."""
    charts: Charts
