"""The alarms: one line under the banner for the first of them, and a panel that explains each."""

from textwrap import wrap

from btcbot_core.domain.codes import Severity
from btcbot_tui import format as fmt
from btcbot_tui.alarms import Alarm, AlarmState, unacknowledged
from btcbot_tui.ink import Ink, Line, Lines, Span, clipped, filled, line, span, width
from btcbot_tui.keymap import ACKNOWLEDGE
from btcbot_tui.moment import Moment, seconds_between

_INDENT = "   "
_NAME_CELLS = 6
_ABOUT_LENGTH_MAX = 40


def alarm_line(moment: Moment, cells: int) -> Line:
    """The alarm that wants looking at, as much of the next ones as fits, and the key."""
    words, alarms = moment.words, moment.alarms
    waiting = unacknowledged(alarms)
    counted = f" {words.alarms_title} {words.alarms_counted.format(count=waiting)} "
    head = span(counted, Ink.TITLE if not waiting else _badge(alarms[0]))
    key = f" {ACKNOWLEDGE.shown} {words.keys[ACKNOWLEDGE.name].label} " if waiting else ""
    room = cells - width((head,)) - len(key)
    told = _told(moment, room)
    return (*filled((head, *told), cells - len(key), Ink.HEAD), span(key, Ink.TITLE))


def alarms_lines(moment: Moment, cells: int, rows: int) -> Lines:
    """Every alarm with its numbers, its cause, what follows and what to do."""
    del rows
    words = moment.words
    count = f"{len(moment.alarms)}" if moment.alarms else words.no_alarms
    title = (span(f" {words.alarms_title} ", Ink.TITLE), span(count, Ink.HEAD))
    return (
        filled(title, cells, Ink.HEAD),
        *(row for alarm in moment.alarms for row in _explained(moment, alarm, cells)),
    )


def named(alarm: Alarm) -> str:
    """The alarm's code and what it is about."""
    return f"{alarm.key.code} {fmt.clean(alarm.key.about, _ABOUT_LENGTH_MAX)}".rstrip()


def _told(moment: Moment, cells: int) -> Line:
    """As many alarms as fit whole, the first of them in any case; the rest is counted."""
    shown: Line = ()
    for index, alarm in enumerate(moment.alarms):
        rest = len(moment.alarms) - index
        piece = (Span("  ", Ink.HEAD), *_short(moment, alarm))
        more = span(f"  {moment.words.alarms_rest.format(count=rest)}", Ink.HEAD)
        spare = 0 if rest == 1 else width((more,))
        if shown and width((*shown, *piece)) + spare > cells:
            return (*shown, more)
        shown = (*shown, *piece)
    return shown


def _short(moment: Moment, alarm: Alarm) -> Line:
    is_plain = alarm.state is AlarmState.UNACKED
    state = "" if is_plain else moment.words.alarm_states[alarm.state]
    facts = (_measured(alarm), _for(moment, alarm), _times(moment, alarm), state)
    return (
        span(f"{_mark(alarm)} {alarm.severity} {named(alarm)}", _ink(alarm)),
        span(" " + " ".join(fact for fact in facts if fact), Ink.HEAD),
    )


def _explained(moment: Moment, alarm: Alarm, cells: int) -> Lines:
    words = moment.words
    told = words.alarms[alarm.key.code]
    since = f"{fmt.clock(alarm.since, moment.zone)} {_for(moment, alarm)}"
    facts = (words.alarm_states[alarm.state], since, _times(moment, alarm), _measured(alarm))
    head = line(
        span(f" {_mark(alarm)} {alarm.severity} {named(alarm)}", _ink(alarm)),
        span("  " + "  ".join(fact for fact in facts if fact)),
    )
    explained = (
        (words.alarm_cause, told.cause),
        (words.alarm_consequence, told.consequence),
        (words.alarm_act, told.act),
    )
    rows = (row for name, text in explained for row in _sentence(name, text, cells))
    return clipped(head, cells), *rows


def _sentence(name: str, text: str, cells: int) -> Lines:
    """A sentence under its name, on as many lines as it takes."""
    margin = len(_INDENT) + _NAME_CELLS
    pieces = wrap(text, max(cells - margin, 1)) or [""]
    heads = (f"{_INDENT}{name:<{_NAME_CELLS}}", *(" " * margin for _ in pieces[1:]))
    return tuple(
        clipped(line(span(head, Ink.DIM), span(piece)), cells)
        for head, piece in zip(heads, pieces, strict=True)
    )


def _mark(alarm: Alarm) -> str:
    return "■" if alarm.severity is Severity.ERROR else "▲"


def _ink(alarm: Alarm) -> Ink:
    """Only what wants looking at has a colour; the word says the same without it."""
    if alarm.state is AlarmState.ACKED:
        return Ink.STRONG
    return _badge(alarm)


def _badge(alarm: Alarm) -> Ink:
    return Ink.ALARM if alarm.severity is Severity.ERROR else Ink.WARN_BADGE


def _measured(alarm: Alarm) -> str:
    return " / ".join(fmt.clean(part, 24) for part in (alarm.observed, alarm.limit) if part)


def _for(moment: Moment, alarm: Alarm) -> str:
    return fmt.minutes(seconds_between(alarm.since, moment.at))


def _times(moment: Moment, alarm: Alarm) -> str:
    return moment.words.alarm_times.format(count=alarm.times) if alarm.times > 1 else ""
