"""Lines of text with a role for each piece: what views make and widgets draw.

A view says what a piece *is* (a warning, a heading); the theme alone says how that looks.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from rich.cells import cell_len

from btcbot_tui.format import ELLIPSIS, clean, clip


class Ink(StrEnum):
    """The role of a piece of text. Only WARN and ALARM have a colour, and never it alone."""

    PLAIN = "plain"
    DIM = "dim"
    STRONG = "strong"
    HEAD = "head"
    TITLE = "title"
    BADGE = "badge"
    WARN = "warn"
    WARN_BADGE = "warn_badge"
    ALARM = "alarm"


class Span(NamedTuple):
    """A piece of one line. Its text was cleaned when it was made by `span`."""

    text: str
    ink: Ink = Ink.PLAIN


Line = tuple[Span, ...]
Lines = tuple[Line, ...]
BLANK: Line = ()


def span(text: str, ink: Ink = Ink.PLAIN) -> Span:
    return Span(clean(text), ink)


def line(*parts: str | Span) -> Line:
    """A line from words; bare strings are plain."""
    return tuple(part if isinstance(part, Span) else span(part) for part in parts)


def width(pieces: Iterable[Span]) -> int:
    return sum(cell_len(piece.text) for piece in pieces)


def changed(old: Line, new: Line) -> tuple[int, int]:
    """From which cell to which one two lines differ; equal lines differ from 0 to 0."""
    before, after = _cells(old), _cells(new)
    shorter = min(len(before), len(after))
    start = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    end = max(len(before), len(after))
    if start == end:
        return 0, 0
    if len(before) == len(after):
        while before[end - 1] == after[end - 1]:
            end -= 1
    return start, end


def _cells(pieces: Line) -> list[tuple[str, Ink]]:
    """What stands in each cell; a wide character fills its second one with nothing."""
    cells: list[tuple[str, Ink]] = []
    for text, ink in pieces:
        for char in text:
            cells.append((char, ink))
            if not char.isascii():
                cells.extend([("", ink)] * (cell_len(char) - 1))
    return cells


def clipped(pieces: Line, cells: int) -> Line:
    """The line, at most `cells` wide; a cut is marked."""
    if width(pieces) <= cells:
        return pieces
    kept: list[Span] = []
    left = cells
    for piece in pieces:
        size = cell_len(piece.text)
        if size >= left:
            shown = clip(piece.text, left) if size > left else clip(piece.text + ELLIPSIS, left)
            kept.append(Span(shown, piece.ink))
            break
        kept.append(piece)
        left -= size
    return tuple(kept)


def filled(pieces: Line, cells: int, ink: Ink = Ink.PLAIN) -> Line:
    """The line, exactly `cells` wide."""
    fitting = clipped(pieces, cells)
    missing = cells - width(fitting)
    return (*fitting, Span(" " * missing, ink)) if missing > 0 else fitting


def justified(left: Line, right: Line, cells: int, ink: Ink = Ink.PLAIN) -> Line:
    """Two ends of one line; the right end gives way first, whole, when there is no room."""
    gap = cells - width(left) - width(right)
    if gap < 0:
        return filled(left, cells, ink)
    return (*left, Span(" " * gap, ink), *right)


def whole(pieces: Iterable[Line], cells: int, separator: Span) -> Line:
    """As many pieces beside each other as fit, none of them cut; an ellipsis tells of the rest."""
    shown: Line = ()
    rest = Span(f" {ELLIPSIS}", Ink.DIM)
    fitting = tuple(pieces)
    for index, piece in enumerate(fitting):
        joined = (*shown, separator, *piece) if shown else piece
        spare = 0 if index == len(fitting) - 1 else width((rest,))
        if width(joined) + spare > cells:
            return (*shown, rest)
        shown = joined
    return shown


def flowed(pieces: Iterable[Line], cells: int, separator: Span) -> Lines:
    """Pieces one after another, broken into lines between them."""
    lines: list[Line] = []
    current: Line = ()
    for piece in pieces:
        if not current:
            current = piece
        elif width(current) + width((separator,)) + width(piece) <= cells:
            current = (*current, separator, *piece)
        else:
            lines.append(clipped(current, cells))
            current = piece
    return (*lines, clipped(current, cells)) if current else tuple(lines)
