"""The risk panel: the mode, every rule that spoke, the budget, the room left, and the gates."""

from decimal import ROUND_CEILING, Decimal

import msgspec

from btcbot_core.cycle.cycle import Cycle
from btcbot_core.domain.codes import MEANING, Reason
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.money import ZERO, NotANumberError, decimal_from
from btcbot_core.risk.day import Today, since_midnight
from btcbot_core.risk.degrade import LEVEL_MAX
from btcbot_core.risk.verdict import ModeReason, RiskVerdict
from btcbot_tui import format as fmt
from btcbot_tui.ink import Ink, Line, Lines, Span, clipped, filled, flowed, line, span
from btcbot_tui.moment import Moment, closed_gates, seconds_between

_INDENT = "   "
_BAR_CELLS = 10


class Gauge(msgspec.Struct, frozen=True):
    """One thing that the budget measures; a ratio is of one, all else is quote currency."""

    name: str
    value: Decimal
    limit: Decimal
    is_ratio: bool = False


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
        *(row for reason in verdict.reasons for row in _reason(moment, cycle, reason, cells)),
        *_budget(moment, cycle, cells),
        *_room(moment, verdict, cells),
        *_ladder(moment, cycle, cells),
        *_blocked(verdict, cells),
        *_gates(moment, cells),
    )


def _title(moment: Moment, mode: str, ink: Ink) -> Line:
    return (span(f" {moment.words.risk.upper()} ", Ink.TITLE), span(f"{mode}", ink))


def _reason(moment: Moment, cycle: Cycle, spoken: ModeReason, cells: int) -> Lines:
    """The rule's code with its numbers, and what it means."""
    measured = " / ".join(_number(part) for part in (spoken.observed, spoken.limit) if part)
    if spoken.reason is Reason.COOLDOWN_ACTIVE:
        left_s = seconds_between(moment.shown_at, cycle.carried.rebalance.budget.cooldown_until)
        measured = moment.words.time_left.format(left=fmt.minutes(left_s))
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


def _number(told: str) -> str:
    """A rule's number as an operator reads it; what is none stays as it was told."""
    try:
        return fmt.rounded(decimal_from(told))
    except NotANumberError:
        return fmt.clean(told, 24)


def _budget(moment: Moment, cycle: Cycle, cells: int) -> Lines:
    """What the risk budget watches against what it allows; without a budget, nothing."""
    if cycle.rebalance is not None:
        gauges = _rebalancing_gauges(moment, cycle)
    elif cycle.verdict.caps is not None:
        gauges = _trading_gauges(moment, cycle)
    else:
        return ()
    name_cells = max((len(gauge.name) for gauge in gauges), default=0)
    return tuple(clipped(_drawn(moment, gauge, name_cells), cells) for gauge in gauges)


def _trading_gauges(moment: Moment, cycle: Cycle) -> tuple[Gauge, ...]:
    words, risk, money = moment.words, cycle.policy.risk, cycle.portfolio
    held = sum((abs(p.value_try) for p in money.positions.values()), ZERO)
    loss = money.peak_try - money.equity_try
    return (
        Gauge(words.drawdown, loss, risk.max_drawdown_try),
        Gauge(words.exposure, held, risk.max_gross_exposure_try),
    )


def _rebalancing_gauges(moment: Moment, cycle: Cycle) -> tuple[Gauge, ...]:
    """Those of its rules that count towards a limit; one that is turned off has no gauge."""
    words, budget, money = moment.words, cycle.policy.rebalance.budget, cycle.portfolio
    today = Today() if cycle.carried.day is None else since_midnight(cycle.carried.day, money)
    gauges = (
        Gauge(words.drawdown, money.drawdown_ratio, budget.max_drawdown_ratio, is_ratio=True),
        Gauge(words.loss_today, max(-today.pnl_try, ZERO), budget.max_daily_loss_try or ZERO),
        Gauge(words.fees_today, today.fees_try, budget.fee_burn_limit_try or ZERO),
    )
    return tuple(gauge for gauge in gauges if gauge.limit)


def _drawn(moment: Moment, gauge: Gauge, name_cells: int) -> Line:
    value, limit = (
        fmt.percent(number) if gauge.is_ratio else fmt.money(number, moment.quote)
        for number in (gauge.value, gauge.limit)
    )
    return line(
        span(f"{_INDENT}{gauge.name:<{name_cells}} ", Ink.DIM),
        span(_bar(gauge.value, gauge.limit)),
        span(
            f" {moment.words.of_limit.format(value=value, limit=limit)}",
            Ink.WARN if gauge.value >= gauge.limit else Ink.PLAIN,
        ),
    )


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
