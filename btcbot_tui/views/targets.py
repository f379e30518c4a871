"""The positions of a rebalancing run: every candidate, what it weighs and what it should."""

from decimal import Decimal

import msgspec

from btcbot_core.cycle.rebalance import Rebalance
from btcbot_core.domain.account import Portfolio, Position
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.rebalancing import ONE_SCORE
from btcbot_core.domain.symbol import Symbol
from btcbot_core.strategy.universe import Candidate
from btcbot_tui import format as fmt
from btcbot_tui.ink import Ink, Span, span
from btcbot_tui.moment import Moment
from btcbot_tui.table import Column, Row, Table

_SHARED = "excluded_by_"


class Weighed(msgspec.Struct, frozen=True):
    """A pair with its place in the plan; None is what nobody has said."""

    symbol: Symbol
    position: Position | None
    held_ratio: Decimal | None
    target_ratio: Decimal | None
    candidate: Candidate | None


def targets_table(moment: Moment, thought: Rebalance, portfolio: Portfolio) -> Table:
    """What should weigh most comes first, then what is held beside it, then what was left out."""
    words, selection = moment.words, thought.selection
    rows = sorted(_weighed(thought, portfolio), key=_rank)
    chosen = words.of_total.format(done=len(selection.symbols), total=len(selection.candidates))
    return Table(
        title=(span(f" {words.universe} {chosen}", Ink.TITLE),),
        columns=(
            Column(head=f"   {words.pair}", cells_min=12),
            Column(head=words.qty, is_right=True, rank=2, cells_min=8),
            Column(head=words.mark, is_right=True, rank=3, cells_min=9),
            Column(head=words.value, is_right=True, rank=1, cells_min=9),
            Column(head=words.unrealized, is_right=True, cells_min=9),
            Column(head=words.share, is_right=True, cells_min=6),
            Column(head=words.target, is_right=True, cells_min=6),
            Column(head=words.away, is_right=True, cells_min=6),
            Column(head=words.score, is_right=True, rank=4),
            Column(head=words.left_out, is_text=True),
        ),
        rows=tuple(_row(moment, weighed) for weighed in rows),
        empty=words.no_positions,
    )


def _weighed(thought: Rebalance, portfolio: Portfolio) -> list[Weighed]:
    equity = portfolio.equity_try
    targets = {target.symbol: target.target_try for target in thought.allocation.targets}
    candidates = {one.symbol: one for one in thought.selection.candidates}
    found = []
    for symbol in {*portfolio.positions, *targets, *candidates}:
        position = portfolio.positions.get(symbol)
        held = ZERO if position is None else position.value_try
        target = targets.get(symbol)
        found.append(
            Weighed(
                symbol,
                position,
                held / equity if equity else None,
                None if target is None or not equity else target / equity,
                candidates.get(symbol),
            )
        )
    return found


def _rank(one: Weighed) -> tuple[Decimal, Decimal, Symbol]:
    return (-(one.target_ratio or ZERO), -(one.held_ratio or ZERO), one.symbol)


def _row(moment: Moment, one: Weighed) -> Row:
    position, away = one.position, None
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
        span(_score(one.candidate)),
        span(_why_out(one.candidate), Ink.DIM),
    )


def _score(candidate: Candidate | None) -> str:
    """How it did against the others; nothing for a pair that a filter kept from being weighed."""
    if candidate is None or (candidate.exclusions and not candidate.total):
        return fmt.UNKNOWN
    return fmt.percent(Decimal(candidate.total) / ONE_SCORE)


def _why_out(candidate: Candidate | None) -> str:
    """Why a pair was not taken, without the prefix that all of these share."""
    reasons = () if candidate is None else candidate.exclusions
    return fmt.clean(", ".join(reason.removeprefix(_SHARED) for reason in reasons), 60)


def _mark(position: Position | None) -> Span:
    """A mark that is only the last one known carries a `~`."""
    if position is None:
        return span(fmt.UNKNOWN)
    mark = fmt.rounded(position.mark)
    return span(f"~{mark}", Ink.WARN) if position.is_mark_missing else span(mark)
