"""The positions of a rebalancing run: every candidate, what it weighs and what it should."""

from decimal import Decimal

import msgspec

from btcbot_core.cycle.rebalance import Rebalance
from btcbot_core.domain.account import Portfolio, Position
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Symbol
from btcbot_tui import format as fmt
from btcbot_tui.ink import Ink, Span, span
from btcbot_tui.moment import Moment
from btcbot_tui.table import Column, Row, Table


class Weighed(msgspec.Struct, frozen=True):
    """A pair with its place in the plan; None is what nobody has said."""

    symbol: Symbol
    position: Position | None
    held_ratio: Decimal | None
    target_ratio: Decimal | None
    why_out: str


def targets_table(moment: Moment, thought: Rebalance, portfolio: Portfolio) -> Table:
    """What should weigh most comes first, then what is held beside it, then what was left out."""
    words, selection = moment.words, thought.selection
    rows = sorted(_weighed(thought, portfolio), key=_rank)
    chosen = words.of_total.format(done=len(selection.symbols), total=len(selection.candidates))
    return Table(
        title=(span(f" {words.universe} {chosen}", Ink.TITLE),),
        columns=(
            Column(head=f"   {words.pair}", cells_min=14),
            Column(head=words.qty, is_right=True, rank=2, cells_min=8),
            Column(head=words.mark, is_right=True, rank=3, cells_min=9),
            Column(head=words.value, is_right=True, rank=1, cells_min=9),
            Column(head=words.unrealized, is_right=True, cells_min=9),
            Column(head=words.share, is_right=True, cells_min=6),
            Column(head=words.target, is_right=True, cells_min=6),
            Column(head=words.away, is_right=True, cells_min=6),
            Column(head=words.note, is_text=True, rank=4),
        ),
        rows=tuple(_row(moment, weighed) for weighed in rows),
        empty=words.no_positions,
    )


def _weighed(thought: Rebalance, portfolio: Portfolio) -> list[Weighed]:
    equity = portfolio.equity_try
    targets = {target.symbol: target.target_try for target in thought.allocation.targets}
    out = {one.symbol: one.exclusions for one in thought.selection.candidates}
    found = []
    for symbol in {*portfolio.positions, *targets, *out}:
        position = portfolio.positions.get(symbol)
        held = ZERO if position is None else position.value_try
        target = targets.get(symbol)
        found.append(
            Weighed(
                symbol,
                position,
                held / equity if equity else None,
                None if target is None or not equity else target / equity,
                ", ".join(out.get(symbol, ())),
            )
        )
    return found


def _rank(one: Weighed) -> tuple[Decimal, Decimal, Symbol]:
    return (-(one.target_ratio or ZERO), -(one.held_ratio or ZERO), one.symbol)


def _row(moment: Moment, one: Weighed) -> Row:
    position, words = one.position, moment.words
    away = None
    if one.held_ratio is not None and one.target_ratio is not None:
        away = one.held_ratio - one.target_ratio
    return (
        span(f"   {fmt.clean(one.symbol, 20)}"),
        span(fmt.UNKNOWN if position is None else fmt.number(position.qty)),
        _mark(position),
        span(fmt.money(None if position is None else position.value_try, moment.quote)),
        span(fmt.signed_money(None if position is None else position.unrealized_try, moment.quote)),
        span(fmt.percent(one.held_ratio, 2)),
        span(fmt.percent(one.target_ratio, 2), Ink.STRONG),
        span(fmt.signed_percent(away)),
        span(f"{words.left_out}: {fmt.clean(one.why_out, 60)}" if one.why_out else "", Ink.DIM),
    )


def _mark(position: Position | None) -> Span:
    """A mark that is only the last one known carries a `~`."""
    if position is None:
        return span(fmt.UNKNOWN)
    mark = fmt.rounded(position.mark)
    return span(f"~{mark}", Ink.WARN) if position.is_mark_missing else span(mark)
