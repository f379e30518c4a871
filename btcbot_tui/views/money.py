"""The profit and loss panel: what the account is worth, and how that came to be."""

from decimal import Decimal
from typing import NamedTuple

from btcbot_core.domain.money import ZERO
from btcbot_tui import format as fmt
from btcbot_tui.ink import (
    Ink,
    Line,
    Lines,
    Span,
    clipped,
    filled,
    justified,
    line,
    span,
    whole,
    width,
)
from btcbot_tui.moment import Moment
from btcbot_tui.widgets.spark import spark

_NAME_CELLS, _VALUE_CELLS = 11, 15
_STRIP_ROWS = 3
"""With no more rows than these, the figures stand beside each other."""


class Figures(NamedTuple):
    """The portfolio's numbers; each is None as long as nobody has valued anything."""

    equity: Decimal | None = None
    cash: Decimal | None = None
    realized: Decimal | None = None
    unrealized: Decimal | None = None
    fees: Decimal | None = None
    net: Decimal | None = None
    net_ratio: Decimal | None = None
    slippage: Decimal | None = None
    drawdown: Decimal | None = None
    drawdown_limit: Decimal | None = None
    """Where the budget of a rebalancing run takes no new risk; other runs have no such one."""
    peak: Decimal | None = None


def figures(moment: Moment) -> Figures:
    p = moment.portfolio
    if p is None:
        return Figures()
    return Figures(
        equity=p.equity_try,
        cash=p.cash_try,
        realized=p.realized_try,
        unrealized=p.unrealized_try,
        fees=p.fees_try,
        net=p.net_try,
        net_ratio=p.net_try / p.capital_try if p.capital_try > ZERO else None,
        slippage=p.slippage_try,
        drawdown=p.drawdown_ratio,
        drawdown_limit=_drawdown_limit(moment),
        peak=p.peak_try,
    )


def _drawdown_limit(moment: Moment) -> Decimal | None:
    cycle = moment.cycle
    if cycle is None or cycle.rebalance is None:
        return None
    return cycle.policy.rebalance.budget.max_drawdown_ratio


def money_lines(moment: Moment, cells: int, rows: int) -> Lines:
    """A strip of three lines, or a list with the curve of equity under it."""
    f = figures(moment)
    if rows <= _STRIP_ROWS:
        lines: Lines = (_strip_heading(moment, f, cells), _strip(moment, f, cells))
    else:
        lines = (_heading(moment, cells), *_list(moment, f, cells))
    return (*lines, *_curve(moment, cells, rows - len(lines)))[:rows]


def _title(moment: Moment) -> Span:
    return span(f" {moment.words.profit} {moment.quote}  ", Ink.TITLE)


def _heading(moment: Moment, cells: int) -> Line:
    words, points = moment.words, moment.shown.equity
    told = "" if moment.portfolio is not None else words.no_valuation_yet
    scale: Line = ()
    if points:
        low, high = fmt.money(min(points), moment.quote), fmt.money(max(points), moment.quote)
        scale = (span(words.curve.format(low=low, high=high), Ink.HEAD), Span(" ", Ink.HEAD))
    return justified((_title(moment), span(told, Ink.HEAD)), scale, cells, Ink.HEAD)


def _strip_heading(moment: Moment, f: Figures, cells: int) -> Line:
    words, quote = moment.words, moment.quote
    title = _title(moment)
    if moment.portfolio is None:
        told = f"{words.equity} {fmt.UNKNOWN}   {words.no_valuation_yet}"
        return filled((title, span(told, Ink.HEAD)), cells, Ink.HEAD)
    named = (
        (words.equity, fmt.money(f.equity, quote)),
        (words.net, f"{fmt.signed_money(f.net, quote)} {_percent(f.net_ratio)}".rstrip()),
        (words.drawdown, _drawdown(moment, f)),
    )
    pieces = (line(span(f"{name} ", Ink.HEAD), span(told, Ink.TITLE)) for name, told in named)
    shown = whole(pieces, cells - width((title,)), Span("   ", Ink.HEAD))
    return filled((title, *shown), cells, Ink.HEAD)


def _drawdown(moment: Moment, f: Figures) -> str:
    seen = fmt.percent(f.drawdown)
    if f.drawdown_limit is None:
        return seen
    limit = fmt.percent(f.drawdown_limit, 0)
    return moment.words.of_limit.format(value=seen, limit=limit)


def _strip(moment: Moment, f: Figures, cells: int) -> Line:
    words, quote = moment.words, moment.quote
    named = (
        (words.realized, fmt.signed_money(f.realized, quote)),
        (words.unrealized, fmt.signed_money(f.unrealized, quote)),
        (words.fees, f"{fmt.money(f.fees, quote)} {_unpriced(moment)}".rstrip()),
        (words.slippage, fmt.money(f.slippage, quote)),
    )
    pieces = (line(span(f"{name} ", Ink.DIM), span(value)) for name, value in named)
    return (Span("   "), *whole(pieces, cells - 3, Span("   ")))


def _list(moment: Moment, f: Figures, cells: int) -> Lines:
    """Read downwards it adds up: realised and unrealised, less the fees, is net."""
    words, quote = moment.words, moment.quote
    paid = None if f.fees is None else -f.fees
    peak = "" if f.peak is None else words.under_peak.format(peak=fmt.money(f.peak, quote))
    if f.drawdown_limit is not None:
        peak = words.drawdown_limit.format(limit=fmt.percent(f.drawdown_limit, 0))
    rows = (
        _row(words.equity, fmt.money(f.equity, quote), "", Ink.STRONG),
        _row(words.cash, fmt.money(f.cash, quote)),
        _row(words.realized, fmt.signed_money(f.realized, quote)),
        _row(words.unrealized, fmt.signed_money(f.unrealized, quote)),
        _row(words.fees, fmt.signed_money(paid, quote), _unpriced(moment)),
        _row(words.net, fmt.signed_money(f.net, quote), _percent(f.net_ratio), Ink.STRONG),
        _row(words.slippage, fmt.money(f.slippage, quote), words.in_the_prices),
        _row(words.drawdown, fmt.percent(f.drawdown), peak),
    )
    return tuple(clipped(row, cells) for row in rows)


def _row(name: str, value: str, note: str = "", ink: Ink = Ink.PLAIN) -> Line:
    return line(
        span(f"   {name:<{_NAME_CELLS}}", Ink.DIM),
        span(f"{value:>{_VALUE_CELLS}}", ink),
        span(f"  {note}" if note else "", Ink.DIM),
    )


def _percent(ratio: Decimal | None) -> str:
    return "" if ratio is None else fmt.signed_percent(ratio)


def _unpriced(moment: Moment) -> str:
    """Fees that no rate turns into quote currency: named beside the sum, never counted as zero."""
    p = moment.portfolio
    fees = () if p is None else tuple(p.unconverted_fees.items())
    return " ".join(f"+ {fmt.number(amount)} {fmt.clean(asset, 12)}" for asset, amount in fees)


def _curve(moment: Moment, cells: int, rows: int) -> Lines:
    """Equity over the run, drawn between its lowest and its highest point."""
    drawn = spark(moment.shown.equity, cells - 4, rows)
    return tuple((Span("   "), Span(text, Ink.DIM)) for text in drawn)
