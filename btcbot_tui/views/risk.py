"""The risk panel: the mode, every rule that spoke, the room that is left, and the gates."""

from decimal import ROUND_CEILING, Decimal

from btcbot_core.cycle.cycle import Cycle
from btcbot_core.domain.codes import MEANING, Reason
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.risk.degrade import LEVEL_MAX
from btcbot_core.risk.verdict import ModeReason, RiskVerdict
from btcbot_tui import format as fmt
from btcbot_tui.ink import Ink, Line, Lines, Span, clipped, filled, flowed, line, span
from btcbot_tui.moment import Moment, closed_gates, seconds_between

_INDENT = "   "
_BAR_CELLS = 10


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
        *_budget(moment, cycle, cells),
        *_ladder(moment, cycle, cells),
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


def _budget(moment: Moment, cycle: Cycle, cells: int) -> Lines:
    """Losses and exposure against what the risk budget allows; without a budget, nothing."""
    if cycle.verdict.caps is None or cycle.rebalance is not None:
        return ()
    words, quote, risk, money = moment.words, moment.quote, cycle.policy.risk, cycle.portfolio
    held = sum((abs(p.value_try) for p in money.positions.values()), Decimal(0))
    measured = (
        (words.drawdown, money.peak_try - money.equity_try, risk.max_drawdown_try),
        (words.exposure, held, risk.max_gross_exposure_try),
    )
    name_cells = max(len(name) for name, _, _ in measured)
    rows = (
        line(
            span(f"{_INDENT}{name:<{name_cells}} ", Ink.DIM),
            span(_bar(value, limit)),
            span(
                " "
                + words.of_limit.format(
                    value=fmt.money(value, quote), limit=fmt.money(limit, quote)
                ),
                Ink.WARN if value >= limit else Ink.PLAIN,
            ),
        )
        for name, value, limit in measured
    )
    return tuple(clipped(row, cells) for row in rows)


def _bar(value: Decimal, limit: Decimal) -> str:
    """How much of a limit is used, in tenths; anything at all shows."""
    ratio = min(max(value / limit, Decimal(0)), Decimal(1)) if limit > 0 else Decimal(1)
    full = int((ratio * _BAR_CELLS).to_integral_value(ROUND_CEILING))
    return "█" * full + "░" * (_BAR_CELLS - full)


def _ladder(moment: Moment, cycle: Cycle, cells: int) -> Lines:
    """Where the degrade ladder stands and what keeps it there; at its foot, nothing."""
    words, ladder, at = moment.words, cycle.carried.degrade, moment.shown_at
    told: list[Line] = []
    if ladder.level:
        level = words.degraded.format(level=ladder.level, most=LEVEL_MAX)
        told.append((span(f"▲ {level}", Ink.WARN),))
        left_s = seconds_between(at, ladder.cooldown_until)
        if left_s is not None and left_s > 0:
            told.append((span(words.cooldown_left.format(left=fmt.minutes(left_s))),))
        else:
            needed = cycle.policy.degrade.clean_cycles[LEVEL_MAX - ladder.level]
            told.append((span(words.clean_cycles.format(clean=ladder.clean, needed=needed)),))
    over = ladder.override
    if over is not None and at is not None and at < over.until:
        left = fmt.minutes(seconds_between(at, over.until))
        by_hand = words.held_by_hand.format(
            level=over.level, who=fmt.clean(over.who, 16), left=left
        )
        told.append((span(f"▲ {by_hand}", Ink.WARN),))
    return _indented(flowed(told, cells - len(_INDENT), Span("  ")))


def _blocked(verdict: RiskVerdict, cells: int) -> Lines:
    rows = (_blocked_pair(symbol, reason) for symbol, reason in sorted(verdict.blocked.items()))
    return tuple(clipped(row, cells) for row in rows)


def _blocked_pair(symbol: str, reason: Reason) -> Line:
    return line(
        span(_INDENT), span(f"▲ {fmt.clean(symbol, 20)}", Ink.WARN), Span("  "), span(reason)
    )


def _gates(moment: Moment, cells: int) -> Lines:
    """Every gate that is closed. They stop live writes only, and say so."""
    words, closed = moment.words, closed_gates(moment.shown)
    if not closed:
        return (clipped((span(f"{_INDENT}▲ {words.gates_open}", Ink.WARN),), cells),)
    pieces = ((span(words.gates_closed, Ink.DIM),), *((span(name),) for name in closed))
    return _indented(flowed(pieces, cells - len(_INDENT), Span("  ")))


def _indented(lines: Lines) -> Lines:
    return tuple((Span(_INDENT), *pieces) for pieces in lines)
