"""The risk panel: the mode, every rule that spoke, the room that is left, and the gates."""

from btcbot_core.domain.codes import MEANING, Reason
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.risk.verdict import ModeReason, RiskVerdict
from btcbot_tui import format as fmt
from btcbot_tui.ink import Ink, Line, Lines, Span, clipped, filled, flowed, line, span
from btcbot_tui.moment import Moment

_INDENT = "   "


def risk_lines(moment: Moment, cells: int, rows: int) -> Lines:
    """As many lines as there is to say; the pane marks what it has no room for."""
    del rows
    cycle = moment.cycle
    if cycle is None:
        title = (*_title(moment, fmt.UNKNOWN, Ink.HEAD), span(moment.words.no_cycle_yet, Ink.HEAD))
        return (filled(title, cells, Ink.HEAD), *_gates(moment, cells))
    verdict = cycle.verdict
    is_normal = verdict.mode is RiskMode.NORMAL
    told = verdict.mode if is_normal else f"▲ {verdict.mode}"
    title = _title(moment, told, Ink.HEAD if is_normal else Ink.WARN)
    return (
        filled(title, cells, Ink.HEAD),
        *(row for reason in verdict.reasons for row in _reason(reason, cells)),
        *_room(moment, verdict, cells),
        *_blocked(verdict, cells),
        *_gates(moment, cells),
    )


def _title(moment: Moment, mode: str, ink: Ink) -> Line:
    return (span(f" {moment.words.risk.upper()} ", Ink.TITLE), span(f"{mode}", ink))


def _reason(spoken: ModeReason, cells: int) -> Lines:
    """The rule's code with its numbers, and what it means."""
    measured = " / ".join(fmt.clean(part, 24) for part in (spoken.observed, spoken.limit) if part)
    meaning = MEANING.get(spoken.reason, "")
    code = (span(f"{_INDENT}{spoken.reason}"), Span("  "), span(measured))
    if len(_INDENT) + len(spoken.reason) + len(measured) + len(meaning) + 4 <= cells:
        return (line(*code, span(f"  {meaning}" if measured else meaning, Ink.DIM)),)
    return clipped(code, cells), clipped((span(f"{_INDENT}  {meaning}", Ink.DIM),), cells)


def _room(moment: Moment, verdict: RiskVerdict, cells: int) -> Lines:
    """What this cycle may still do."""
    words, quote = moment.words, moment.quote
    named = (
        (words.orders_left, f"{verdict.orders_left:,}"),
        (words.cash_left, fmt.money(verdict.cash_left_try, quote)),
        (words.notional_left, fmt.money(verdict.notional_left_try, quote)),
    )
    pieces = tuple((span(f"{name} ", Ink.DIM), span(value)) for name, value in named)
    return _indented(flowed(pieces, cells - len(_INDENT), Span("   ")))


def _blocked(verdict: RiskVerdict, cells: int) -> Lines:
    rows = (_blocked_pair(symbol, reason) for symbol, reason in sorted(verdict.blocked.items()))
    return tuple(clipped(row, cells) for row in rows)


def _blocked_pair(symbol: str, reason: Reason) -> Line:
    return line(
        span(_INDENT), span(f"▲ {fmt.clean(symbol, 20)}", Ink.WARN), Span("  "), span(reason)
    )


def _gates(moment: Moment, cells: int) -> Lines:
    """Every gate that is closed. They stop live writes only, and say so."""
    words, closed = moment.words, moment.shown.gates.closed
    if not closed:
        return (clipped((span(f"{_INDENT}▲ {words.gates_open}", Ink.WARN),), cells),)
    pieces = ((span(words.gates_closed, Ink.DIM),), *((span(name),) for name in closed))
    return _indented(flowed(pieces, cells - len(_INDENT), Span("  ")))


def _indented(lines: Lines) -> Lines:
    return tuple((Span(_INDENT), *pieces) for pieces in lines)
