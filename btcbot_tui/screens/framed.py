"""What every screen has: the banner on top at each size, and a guard where there is no room."""

import textwrap
from typing import ClassVar, Protocol, TypeVar, runtime_checkable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen, Screen

from btcbot_tui.format import clean
from btcbot_tui.ink import Lines, line
from btcbot_tui.moment import Moment
from btcbot_tui.widgets.pane import Pane
from btcbot_tui.widgets.panels import Banner

COLUMNS_MIN, ROWS_MIN = 60, 20
WIDTHS = ((0, "-tiny"), (COLUMNS_MIN, "-narrow"), (100, "-normal"), (160, "-wide"))
HEIGHTS = ((0, "-flat"), (ROWS_MIN, "-short"), (34, "-tall"))
"""From how many columns or rows on a screen carries which class; `theme.tcss` does the rest."""

T = TypeVar("T")


def plain(text: str) -> Content:
    """Text for a stock widget: never markup, whatever it holds (DEC-27)."""
    return Content("\n".join(clean(row) for row in text.split("\n")))


@runtime_checkable
class Shows(Protocol):
    """Whatever can be told of a new moment."""

    def show(self, moment: Moment) -> None: ...


class Guard(Pane):
    """Stands in for everything but the banner on a terminal that is too small."""

    FIXED_LINES: ClassVar[int] = 9

    def draw(self, moment: Moment, cells: int, rows: int) -> Lines:
        words = moment.words
        width, height = self.app.size
        told = words.too_small.format(
            columns=COLUMNS_MIN, rows=ROWS_MIN, width=width, height=height
        )
        lines = (*wrapped(words.too_small_keys, cells), *wrapped(told, cells))
        return lines[:rows]


def wrapped(text: str, cells: int) -> Lines:
    """Text in lines, broken between words."""
    return tuple(line(row) for row in textwrap.wrap(clean(text), max(cells, 1)))


class Framed(Screen[T]):
    """A screen under the banner. It shows moments; it asks for nothing."""

    def __init__(self, moment: Moment) -> None:
        super().__init__()
        self._moment = moment

    def on_mount(self) -> None:
        """The first moment; the next ones come with the console's pull."""
        self.show(self._moment)

    def show(self, moment: Moment) -> None:
        for pane in self.query(Pane):
            pane.show(moment)


class Dialog(Framed[T], ModalScreen[T]):
    """A question over the overview. Keys that were typed before it was read do nothing."""

    BINDINGS: ClassVar = [("escape", "cancel", "")]
    AUTO_FOCUS = ""

    def __init__(self, moment: Moment, type_ahead_s: float) -> None:
        super().__init__(moment)
        self._type_ahead_s = type_ahead_s

    def content(self) -> ComposeResult:
        """What stands in the box."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        yield Banner()
        yield Guard(id="guard")
        with Vertical(id="box") as box:
            box.disabled = True
            yield from self.content()

    def on_mount(self) -> None:
        super().on_mount()
        self.be_deaf()

    def be_deaf(self) -> None:
        """For a moment no key counts: what is on the screen now has not been read yet."""
        self.query_one("#box").disabled = True
        if self._type_ahead_s > 0:
            self.set_timer(self._type_ahead_s, self.listen)
        else:
            self.listen()

    def listen(self) -> None:
        """From now on keys count, and the harmless answer has the focus."""
        self.query_one("#box").disabled = False
        self.query_one("#cancel").focus()

    def action_cancel(self) -> None:
        self.dismiss(None)
