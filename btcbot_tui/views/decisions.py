"""The decisions grid: what this cycle did or did not do for each pair, and how far it was off."""

from collections import Counter

from btcbot_core.domain.codes import MEANING
from btcbot_core.domain.decisions import Action, Decision
from btcbot_tui import format as fmt
from btcbot_tui.ink import Ink, Line, span
from btcbot_tui.moment import Moment
from btcbot_tui.table import Column, Row, Table

_ORDER = (Action.PLACE, Action.CANCEL, Action.CAP, Action.BLOCK, Action.HOLD)

_DIGITS_FEW = 5


def decisions_table(moment: Moment) -> Table:
    """What was done first, then what was refused, then what nobody wished for."""
    words, cycle = moment.words, moment.cycle
    decisions = () if cycle is None else cycle.decisions
    ranked = sorted(decisions, key=lambda decision: _ORDER.index(decision.action))
    return Table(
        title=_title(moment, decisions),
        columns=(
            Column(head=f"   {words.pair}", cells_min=10),
            Column(head=words.side, cells_min=4),
            Column(head=words.action, cells_min=6),
            Column(head=words.reason, is_text=True, text_cells_min=24),
            Column(head=words.measured, is_right=True, rank=1),
            Column(head=words.price, is_right=True, rank=3),
            Column(head=words.qty, is_right=True, rank=3),
            Column(head=words.meaning, is_text=True, text_cells_min=28, rank=2),
        ),
        rows=tuple(_row(decision) for decision in ranked),
        empty=words.no_cycle_yet if cycle is None else words.no_decisions,
    )


def _title(moment: Moment, decisions: tuple[Decision, ...]) -> Line:
    words = moment.words
    if moment.cycle is None:
        return (span(f" {words.decisions} {fmt.UNKNOWN}", Ink.TITLE),)
    counts = Counter(decision.action for decision in decisions)
    told = "  ".join(f"{counts[action]} {action}" for action in _ORDER if counts[action])
    title = span(f" {words.decisions} {len(decisions)}", Ink.TITLE)
    return (title, span(f"  {told}", Ink.HEAD)) if told else (title,)


def _row(decision: Decision) -> Row:
    ink = Ink.DIM if decision.action is Action.HOLD else Ink.PLAIN
    is_act = decision.action in (Action.PLACE, Action.CANCEL)
    return (
        span(f"   {fmt.clean(decision.symbol, 20)}", ink),
        span(decision.side.upper() if decision.side else "", ink),
        span(decision.action, Ink.STRONG if is_act else ink),
        span(decision.reason, ink),
        span(_measured(decision), ink),
        span("" if decision.price is None else fmt.number(decision.price), ink),
        span("" if decision.qty is None else fmt.number(decision.qty), ink),
        span(_meaning(decision), Ink.DIM),
    )


def _meaning(decision: Decision) -> str:
    """The reason in words, after what the exchange answered where nothing was measured."""
    meaning = MEANING.get(decision.reason, "")
    if not decision.unit or _measured(decision):
        return meaning
    return f"{fmt.clean(decision.unit, 80)}: {meaning}"


def _measured(decision: Decision) -> str:
    """What was found and what is allowed, in one unit: `46 / 60 s`.

    Few digits leave room for the column; what is just over its limit needs all of them.
    """
    values = tuple(v for v in (decision.observed, decision.limit) if v is not None)
    short = tuple(fmt.rounded(value, _DIGITS_FEW) for value in values)
    is_telling = len({*short}) == len({*values})
    told = " / ".join(short if is_telling else (fmt.rounded(value) for value in values))
    return f"{told} {fmt.clean(decision.unit, 8)}".rstrip() if told else ""
