"""The positions grid: what we hold, what it cost, and what it is worth now."""

from btcbot_core.domain.account import Position
from btcbot_core.domain.money import ZERO
from btcbot_tui import format as fmt
from btcbot_tui.ink import Ink, span
from btcbot_tui.moment import Moment
from btcbot_tui.table import Column, Row, Table
from btcbot_tui.views.targets import targets_table


def positions_table(moment: Moment) -> Table:
    """The largest first; of a run with target weights those too.

    A mark that is only the last one known carries a `~`.
    """
    words, p = moment.words, moment.portfolio
    thought = None if moment.cycle is None else moment.cycle.rebalance
    if p is not None and thought is not None:
        return targets_table(moment, thought, p)
    held = () if p is None else tuple(p.positions.values())
    ranked = sorted(held, key=lambda position: (-position.value_try, position.symbol))
    count = fmt.UNKNOWN if p is None else f"{len(held)}"
    return Table(
        title=(span(f" {words.positions} {count}", Ink.TITLE),),
        columns=(
            Column(head=f"   {words.pair}", cells_min=14),
            Column(head=words.qty, is_right=True, cells_min=8),
            Column(head=words.avg_cost, is_right=True, rank=2, cells_min=9),
            Column(head=words.mark, is_right=True, cells_min=9),
            Column(head=words.value, is_right=True, rank=3, cells_min=9),
            Column(head=words.unrealized, is_right=True, cells_min=9),
            Column(head=words.change, is_right=True, rank=1, cells_min=7),
            Column(head=words.share, is_right=True, rank=4),
            Column(head=words.note, is_text=True, rank=5),
        ),
        rows=tuple(_row(moment, position) for position in ranked),
        empty=words.no_valuation_yet if p is None else words.no_positions,
    )


def _row(moment: Moment, position: Position) -> Row:
    quote, p = moment.quote, moment.portfolio
    cost, equity = position.cost_try, None if p is None else p.equity_try
    is_estimate = position.is_mark_missing
    mark = fmt.rounded(position.mark)
    return (
        span(f"   {fmt.clean(position.symbol, 20)}"),
        span(fmt.number(position.qty)),
        span(fmt.rounded(position.avg_cost)),
        span(f"~{mark}" if is_estimate else mark, Ink.WARN if is_estimate else Ink.PLAIN),
        span(fmt.money(position.value_try, quote)),
        span(fmt.signed_money(position.unrealized_try, quote)),
        span(fmt.signed_percent(position.unrealized_try / cost if cost > ZERO else None)),
        span(fmt.percent(position.value_try / equity if equity else None, 0)),
        span(f"▲ {moment.words.mark_missing}" if is_estimate else "", Ink.DIM),
    )
