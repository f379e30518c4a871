"""The cycle panel: which turn it is, how far it got, and how the runner keeps up."""

from decimal import Decimal

from btcbot_tui import format as fmt
from btcbot_tui.ink import Ink, Line, Lines, Span, filled, justified, line, span, whole, width
from btcbot_tui.moment import HELD_S, Moment
from btcbot_tui.texts import Words
from btcbot_tui.widgets.pipeline import pipeline
from btcbot_tui.widgets.spark import bar

_BAR_CELLS = 24
_INDENT = _GAP = Span("   ")
_ERROR_CELLS_MIN = 12


def cycle_lines(moment: Moment, cells: int, rows: int) -> Lines:
    """Heading, pipeline, figures."""
    pulse = moment.shown.pulse
    phases = moment.shown.world.steps
    drawn = pipeline(phases, pulse.phase, cells - len(_INDENT.text) - 1)
    lines = (_heading(moment, cells), (_INDENT, *drawn), (_INDENT, *_figures(moment, cells - 3)))
    return lines[:rows]


def _heading(moment: Moment, cells: int) -> Line:
    words, cycle, world = moment.words, moment.cycle, moment.shown.world
    title = span(f" {words.cycle}", Ink.TITLE)
    if cycle is None:
        return filled((title, span(f" {fmt.UNKNOWN}  {words.no_cycle_yet}", Ink.HEAD)), cells)
    step = f" {cycle.step + 1:,}"
    if world.total_steps is None:
        left: Line = (title, span(step, Ink.TITLE))
    else:
        told = words.of_total.format(done=f"{cycle.step + 1:,}", total=f"{world.total_steps:,}")
        ratio = Decimal(cycle.step + 1) / max(world.total_steps, 1)
        drawn = f"  {bar(ratio, _BAR_CELLS)} {fmt.percent(ratio, 0)}" if cells >= 76 else ""
        left = (title, span(f" {told}", Ink.TITLE), span(drawn, Ink.HEAD))
    right = (span(f"{cycle.id} ", Ink.HEAD),) if cells >= 100 else ()
    return justified(left, right, cells, Ink.HEAD)


def _figures(moment: Moment, cells: int) -> Line:
    words, pulse = moment.words, moment.shown.pulse
    took = fmt.duration(pulse.took_ms) if pulse.turns else fmt.UNKNOWN
    pieces = [_pair(words.took, took)]
    if pulse.turns:
        pieces.append(_pair(words.p95, fmt.duration(pulse.took_p95_ms)))
    pieces.append(_pair(words.pace, pace_told(pulse.pace_s, words)))
    pieces.append(_pair(words.errors, f"{pulse.errors:,}", is_bad=pulse.errors > 0))
    if pulse.overruns:
        pieces.append(_pair(words.overruns, f"{pulse.overruns:,}", is_bad=True))
    shown = whole(pieces, cells, _GAP)
    room = cells - width(shown) - width((_GAP,))
    if not pulse.last_error or room < _ERROR_CELLS_MIN:
        return shown
    return (*shown, _GAP, span(fmt.clip(fmt.clean(pulse.last_error), room)))


def _pair(name: str, value: str, *, is_bad: bool = False) -> Line:
    told = span(f"▲ {value}", Ink.WARN) if is_bad else span(value)
    return line(span(f"{name} ", Ink.DIM), told)


def pace_told(pace_s: float, words: Words) -> str:
    """How fast turns follow each other, in words."""
    if pace_s >= HELD_S:
        return words.pace_held
    if pace_s <= 0:
        return words.pace_max
    return words.pace_every.format(pace=fmt.pace(pace_s))
