"""A live table: columns that keep their place, rows that repaint only when they changed."""

from collections.abc import Callable

from btcbot_tui.ink import Lines
from btcbot_tui.moment import Moment
from btcbot_tui.table import Table, body, heading, lay_out, widths_of
from btcbot_tui.widgets.pane import Pane


class LiveGrid(Pane):
    """One table. A column that once grew stays wide, so that numbers do not dance."""

    def __init__(self, table: Callable[[Moment], Table], *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._table = table
        self._grown: tuple[int, ...] = ()
        self._grown_for = 0

    def draw(self, moment: Moment, cells: int, rows: int) -> Lines:
        del rows
        table = self._table(moment)
        widths = widths_of(table)
        if self._grown_for != cells or len(self._grown) != len(widths):
            self._grown, self._grown_for = widths, cells
        self._grown = tuple(max(old, new) for old, new in zip(self._grown, widths, strict=True))
        room = cells - 1
        layout = lay_out(table, room, self._grown)
        return (heading(table, layout, cells), *body(table, layout, room))
