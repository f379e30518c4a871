"""The quotes grid: bid and ask of each pair, how old they are, and where they come from."""

from btcbot_core.domain.market import Quote
from btcbot_core.domain.symbol import Symbol
from btcbot_tui import format as fmt
from btcbot_tui.ink import Ink, Span, span
from btcbot_tui.moment import Moment, seconds_between
from btcbot_tui.table import Column, Row, Table


def quotes_table(moment: Moment) -> Table:
    """Every pair of the run in its order; one without a quote says why it has none."""
    words, cycle = moment.words, moment.cycle
    symbols = () if cycle is None else cycle.symbols
    quotes = {} if cycle is None else cycle.market.quotes
    problems = {} if cycle is None else cycle.market.problems
    rows = tuple(
        _row(moment, quotes[symbol])
        if symbol in quotes
        else _gap(symbol, problems.get(symbol, words.no_quote))
        for symbol in symbols
    )
    return Table(
        title=(span(f" {words.quotes} {fmt.UNKNOWN if cycle is None else len(rows)}", Ink.TITLE),),
        columns=(
            Column(head=f"   {words.pair}", cells_min=10),
            Column(head=words.bid, is_right=True, cells_min=8),
            Column(head=words.ask, is_right=True, cells_min=8),
            Column(head=words.spread, is_right=True, rank=1),
            Column(head=words.age, is_right=True, cells_min=4),
            Column(head=words.source, is_text=True, text_cells_min=6),
        ),
        rows=rows,
        empty=words.no_cycle_yet,
    )


def _row(moment: Moment, quote: Quote) -> Row:
    age_s = seconds_between(quote.at, moment.shown_at)
    is_stale = age_s is not None and age_s > moment.shown.world.stale_after_s
    ink = Ink.DIM if is_stale else Ink.PLAIN
    spread = fmt.bps(quote.spread_bps) if quote.bid else fmt.UNKNOWN
    return (
        span(f"   {fmt.clean(quote.symbol, 20)}", ink),
        _price(fmt.number(quote.bid), is_stale, ink),
        _price(fmt.number(quote.ask), is_stale, ink),
        span(spread, ink),
        span(fmt.age(age_s), ink),
        span(f"▲ {moment.words.old}", Ink.WARN) if is_stale else span(quote.source, Ink.DIM),
    )


def _price(told: str, is_stale: bool, ink: Ink) -> Span:
    """A price that is too old to trade on is struck out."""
    return span(f"~{told}~" if is_stale else told, ink)


def _gap(symbol: Symbol, why: str) -> Row:
    missing = span(fmt.UNKNOWN, Ink.DIM)
    name = span(f"   {fmt.clean(symbol, 20)}", Ink.DIM)
    return (name, missing, missing, missing, missing, span(f"▲ {fmt.clean(why, 80)}", Ink.WARN))
