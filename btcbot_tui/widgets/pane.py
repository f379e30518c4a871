"""A pane of lines on Textual's Line API: only the cells that changed are painted again (DEC-26)."""

from typing import ClassVar

from rich.segment import Segment
from textual.app import App
from textual.events import Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from btcbot_tui.format import clean
from btcbot_tui.ink import BLANK, Ink, Line, Lines, changed, filled, span, width
from btcbot_tui.moment import Moment
from btcbot_tui.theme import styles


class Pane(Widget):
    """Shows the lines that `draw` makes of a moment; longer than the pane, they scroll.

    What does not fit is never left out in silence: the heading counts it.
    """

    DEFAULT_CSS = "Pane { height: 1fr; width: 1fr; }"
    ALLOW_SELECT = False
    FIXED_LINES: ClassVar[int] = 1
    """How many lines at the top stay while the others scroll."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own word
        super().__init__(id=id)
        self._moment: Moment | None = None
        self._all: Lines = ()
        self._lines: Lines = ()
        self._strips: dict[int, Strip] = {}
        self._top = 0

    def draw(self, moment: Moment, cells: int, rows: int) -> Lines:
        """The lines for this size; more than `rows` may come back."""
        raise NotImplementedError

    def show(self, moment: Moment) -> None:
        """Draw a moment, and repaint what differs from the one before."""
        self._moment = moment
        cells, rows = self.size
        if not cells or not rows:
            return
        self._all = self.draw(moment, cells, rows)
        self._present()

    def scroll_lines(self, count: int) -> None:
        """Move the lines under the fixed ones; the ends stop it."""
        self._top = max(0, min(self._top + count, self._hidden_max()))
        self._present()

    def on_resize(self, event: Resize) -> None:
        del event
        self._strips.clear()
        self._lines = ()
        if self._moment is not None:
            self.show(self._moment)
        # What the old lines left below the new ones was painted at the new size already.
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        strip = self._strips.get(y)
        if strip is None or strip.cell_length != self.size.width:
            strip = self._strips[y] = self._strip(self._lines[y] if y < len(self._lines) else BLANK)
        return strip

    def _hidden_max(self) -> int:
        return max(0, len(self._all) - self.size.height)

    def _present(self) -> None:
        """Cut the visible part out, compare it with what was, and mark the cells that changed."""
        old, self._lines = self._lines, self._visible()
        rows = range(min(max(len(old), len(self._lines)), self.size.height))
        regions: list[Region] = []
        for y in rows:
            before = old[y] if y < len(old) else BLANK
            start, end = changed(before, self._lines[y] if y < len(self._lines) else BLANK)
            if end:
                self._strips.pop(y, None)
                regions.append(Region(start, y, end - start, 1))
        if regions:
            self.refresh(*regions)

    def _visible(self) -> Lines:
        self._top = min(self._top, self._hidden_max())
        fixed = self._all[: self.FIXED_LINES]
        moving = self._all[self.FIXED_LINES + self._top :]
        room = self.size.height - len(fixed)
        below, above = max(len(moving) - room, 0), self._top
        if not fixed or not (below or above) or self._moment is None:
            return (*fixed, *moving)
        words = self._moment.words
        up = words.more_above.format(count=above) if above else ""
        down = words.more_below.format(count=below) if below else ""
        told = f"{up} {down}".strip()
        return (*fixed[:-1], _marked(fixed[-1], told, self.size.width), *moving[:room])

    def _strip(self, pieces: Line) -> Strip:
        """The one door to the terminal: whatever a view let through is cleaned here once more."""
        app: App[object] = self.app
        inks, base = styles(app.no_color), self.rich_style
        segments = [Segment(clean(text), base + inks[ink]) for text, ink in pieces]
        return Strip(segments).adjust_cell_length(self.size.width, base).simplify()


def _marked(heading: Line, told: str, cells: int) -> Line:
    """The heading with what is out of sight told at its right end."""
    mark = (span(f" {told} ", Ink.TITLE),)
    return (*filled(heading, cells - width(mark), Ink.HEAD), *mark)
