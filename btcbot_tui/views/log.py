"""The log: the newest notes at the bottom, each with its time and, where it matters, its weight."""

from btcbot_core.app.frames import Note, NoteLevel
from btcbot_tui import format as fmt
from btcbot_tui.ink import Ink, Line, Lines, clipped, filled, span
from btcbot_tui.moment import Moment

_MARKS = {NoteLevel.INFO: " ", NoteLevel.WARNING: "▲", NoteLevel.ERROR: "■"}
_INKS = {NoteLevel.INFO: Ink.PLAIN, NoteLevel.WARNING: Ink.WARN, NoteLevel.ERROR: Ink.ALARM}


def log_lines(moment: Moment, cells: int, rows: int) -> Lines:
    """A heading where there is room for one, then as many of the newest notes as fit."""
    heading: Lines = ()
    if rows > 2:
        heading = (filled((span(f" {moment.words.log}", Ink.TITLE),), cells, Ink.HEAD),)
    room = max(rows - len(heading), 0)
    notes = moment.notes[len(moment.notes) - room :] if room < len(moment.notes) else moment.notes
    if not notes:
        return (*heading, (span(f"   {moment.words.no_notes}", Ink.DIM),))[:rows]
    return (*heading, *(_line(moment, note, cells) for note in notes))


def _line(moment: Moment, note: Note, cells: int) -> Line:
    mark, ink = _MARKS[note.level], _INKS[note.level]
    at = span(f" {fmt.clock(note.at, moment.zone)} ", Ink.DIM)
    return clipped((at, span(mark, ink), span(f" {fmt.clean(note.text)}")), cells)
