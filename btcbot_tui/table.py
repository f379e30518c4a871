"""Laying a table out in a given width: pure, so that it is tested without a screen.

A number is never cut. Columns are as wide as what stands in them; where all do not fit, those of
the highest rank go, whole, and only a text column that grows may be shortened, visibly.
"""

from collections.abc import Sequence

import msgspec
from rich.cells import cell_len

from btcbot_tui.format import clip
from btcbot_tui.ink import Ink, Line, Lines, Span, clipped, filled, span, width

GAP = 2


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column. Those of the highest `rank` go first, together, when there is no room."""

    head: str
    rank: int = 0
    is_right: bool = False
    is_text: bool = False
    """A text may be clipped, down to `text_cells_min`; a number may not."""
    text_cells_min: int = 8
    cells_min: int = 0


Cell = Span
Row = tuple[Cell, ...]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """What a grid shows: one cell a column in every row."""

    title: Line
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: str
    """What stands there when there are no rows, and why."""


class Layout(msgspec.Struct, frozen=True):
    """Which columns are shown, and how wide."""

    shown: tuple[int, ...]
    cells: tuple[int, ...]


def lay_out(table: Table, room: int, at_least: Sequence[int] = ()) -> Layout:
    """Choose columns and widths. `at_least` keeps columns from jumping with every number."""
    wanted = [max(w, m) for w, m in zip(_widths(table), _padded(at_least, table), strict=True)]
    shown = list(range(len(table.columns)))
    dropped: list[list[int]] = []
    while _needed(table, wanted, shown) > room:
        highest = max(table.columns[i].rank for i in shown)
        group = [i for i in shown if table.columns[i].rank == highest]
        if len(group) == len(shown):
            break
        dropped.append(group)
        shown = [i for i in shown if i not in group]
    for group in reversed(dropped):
        if _needed(table, wanted, [*shown, *group]) <= room:
            shown = sorted([*shown, *group])
    cells = {i: _minimum(table, wanted, i) for i in shown}
    left = room - sum(cells.values()) - GAP * (len(shown) - 1)
    for i in shown:
        more = min(left, wanted[i] - cells[i])
        cells[i] += max(more, 0)
        left -= max(more, 0)
    return Layout(tuple(shown), tuple(cells[i] for i in shown))


def heading(table: Table, layout: Layout, room: int) -> Line:
    """The title and, in what room it leaves, the columns' heads over their columns."""
    heads = tuple(Span(c.head, Ink.HEAD) for c in table.columns)
    named = _joined(table, layout, heads, Ink.HEAD)
    title = clipped(table.title, room)
    return filled((*title, *_without_left(named, width(title) + 1)), room, Ink.HEAD)


def body(table: Table, layout: Layout, room: int) -> Lines:
    if not table.rows:
        return (clipped((span(f"   {table.empty}", Ink.DIM),), room),)
    return tuple(clipped(_joined(table, layout, row, Ink.PLAIN), room) for row in table.rows)


def widths_of(table: Table) -> tuple[int, ...]:
    return tuple(_widths(table))


def _widths(table: Table) -> list[int]:
    widths = [max(cell_len(c.head), c.cells_min) for c in table.columns]
    for row in table.rows:
        widths = [max(w, cell_len(cell.text)) for w, cell in zip(widths, row, strict=True)]
    return widths


def _padded(at_least: Sequence[int], table: Table) -> Sequence[int]:
    return at_least if len(at_least) == len(table.columns) else [0] * len(table.columns)


def _minimum(table: Table, wanted: Sequence[int], index: int) -> int:
    column = table.columns[index]
    return min(wanted[index], column.text_cells_min) if column.is_text else wanted[index]


def _needed(table: Table, wanted: Sequence[int], shown: Sequence[int]) -> int:
    return sum(_minimum(table, wanted, i) for i in shown) + GAP * (len(shown) - 1)


def _joined(table: Table, layout: Layout, row: Row, gap_ink: Ink) -> Line:
    pieces: list[Span] = []
    for index, cells in zip(layout.shown, layout.cells, strict=True):
        if pieces:
            pieces.append(Span(" " * GAP, gap_ink))
        text = clip(row[index].text, cells)
        pad = " " * (cells - cell_len(text))
        is_right = table.columns[index].is_right
        pieces.append(Span(pad + text if is_right else text + pad, row[index].ink))
    return tuple(pieces)


def _without_left(pieces: Line, cells: int) -> Line:
    """What is right of the first `cells`; a head that the title would cut goes whole."""
    kept: list[Span] = []
    position = 0
    for piece in pieces:
        start, position = position, position + len(piece.text)
        if start >= cells:
            kept.append(piece)
        elif position > cells:
            text = piece.text[cells - start :]
            is_cut = bool(piece.text[: cells - start].strip())
            kept.append(Span(" " * len(text) if is_cut else text, piece.ink))
    return (Span(" ", Ink.HEAD), *kept)
