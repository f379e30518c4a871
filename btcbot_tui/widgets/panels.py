"""The panes that are no tables: banner, bar of keys, and one for each view of lines."""

from collections.abc import Callable
from typing import ClassVar

from btcbot_tui.ink import Ink, Line, Lines, Span, clipped, filled, span, width
from btcbot_tui.keymap import hints, situation_of
from btcbot_tui.moment import Moment
from btcbot_tui.views.alarms import alarm_line
from btcbot_tui.views.banner import banner, banner_flowed
from btcbot_tui.widgets.pane import Pane

View = Callable[[Moment, int, int], Lines]


class Panel(Pane):
    """A view of lines in its place on the screen."""

    def __init__(self, view: View, *, id: str) -> None:  # noqa: A002 - Textual's own word
        super().__init__(id=id)
        self._view = view

    def draw(self, moment: Moment, cells: int, rows: int) -> Lines:
        return self._view(moment, cells, rows)


class Banner(Pane):
    """What this console is connected to and what may happen: on every screen, first line first."""

    DEFAULT_CSS = """
    Banner { dock: top; height: 2; width: 100%; }
    Banner.-alarmed { height: 3; }
    """
    FIXED_LINES: ClassVar[int] = 9
    ROOMY_CELLS: ClassVar[int] = 60
    ROWS_MAX: ClassVar[int] = 3
    """More rows than this has the banner only where it stands in for everything else."""

    def show(self, moment: Moment) -> None:
        self.set_class(bool(moment.alarms), "-alarmed")
        super().show(moment)

    def draw(self, moment: Moment, cells: int, rows: int) -> Lines:
        alarms = (alarm_line(moment, cells),) if moment.alarms else ()
        if cells < self.ROOMY_CELLS or rows > self.ROWS_MAX:
            return (*banner_flowed(moment, cells), *alarms)
        return (*banner(moment, cells), *alarms)


class KeyBar(Pane):
    """The keys that are alive, and for a while the answer to the last one."""

    DEFAULT_CSS = "KeyBar { dock: bottom; height: 1; width: 100%; }"

    def __init__(self) -> None:
        super().__init__()
        self._answer: Span | None = None
        self._is_enlarged = False

    def answer(self, text: str, ink: Ink = Ink.STRONG) -> None:
        """Say what became of a key; an empty text takes the answer away."""
        self._answer = span(f" {text} ", ink) if text else None
        self._again()

    def set_enlarged(self, is_enlarged: bool) -> None:
        self._is_enlarged = is_enlarged
        self._again()

    def draw(self, moment: Moment, cells: int, rows: int) -> Lines:
        del rows
        situation = situation_of(moment.frame, moment.alarms, is_enlarged=self._is_enlarged)
        offered = tuple(hints(situation, moment.words))
        room = cells - (width((self._answer,)) if self._answer else 0)
        shown = _fitting(offered, room)
        if self._answer is None:
            return (filled(shown, cells, Ink.HEAD),)
        return (filled((*shown, self._answer), cells, Ink.HEAD),)

    def _again(self) -> None:
        if self._moment is not None:
            self.show(self._moment)


def _fitting(offered: tuple[tuple[str, str, bool], ...], room: int) -> Line:
    """Pinned hints, and as many of the others, from the left, as there is room for."""
    left = room - sum(_cells(key, label) for key, label, is_pinned in offered if is_pinned)
    pieces: Line = ()
    for key, label, is_pinned in offered:
        if not is_pinned:
            left -= _cells(key, label)
            if left < 0:
                continue
        pieces = (*pieces, span(f" {key}", Ink.TITLE), span(f" {label} ", Ink.HEAD))
    return clipped(pieces, room)


def _cells(key: str, label: str) -> int:
    return len(key) + len(label) + 3
