"""The help: every key from the key table, in groups by what it can do."""

from typing import ClassVar

from textual.app import ComposeResult

from btcbot_tui.format import clean
from btcbot_tui.ink import BLANK, Ink, Line, Lines, filled, line, span
from btcbot_tui.keymap import KEYS, Key, Kind, spelled
from btcbot_tui.moment import Moment
from btcbot_tui.screens.framed import Framed, Guard, wrapped
from btcbot_tui.texts import Words
from btcbot_tui.widgets.pane import Pane
from btcbot_tui.widgets.panels import Banner

_KEY_CELLS, _ACT_CELLS = 16, 13


class HelpPane(Pane):
    """The list of keys; longer than the screen, it scrolls."""

    def draw(self, moment: Moment, cells: int, rows: int) -> Lines:
        del rows
        return help_lines(moment.words, cells)


class HelpScreen(Framed[None]):
    BINDINGS: ClassVar = [
        ("escape,q,question_mark,f1", "close", ""),
        ("up,k", "scroll(-1)", ""),
        ("down,j", "scroll(1)", ""),
        ("pageup", "scroll(-10)", ""),
        ("pagedown", "scroll(10)", ""),
    ]

    def compose(self) -> ComposeResult:
        yield Banner()
        yield Guard(id="guard")
        yield HelpPane(id="help")

    def action_close(self) -> None:
        self.dismiss(None)

    def action_scroll(self, count: int) -> None:
        self.query_one(HelpPane).scroll_lines(count)


def help_lines(words: Words, cells: int) -> Lines:
    """One paragraph a key, under a heading for each kind."""
    title = (span(f" {words.help_title}  ", Ink.TITLE), span(words.help_hint, Ink.HEAD))
    lines: list[Line] = [filled(title, cells, Ink.HEAD)]
    for kind in Kind:
        lines += [BLANK, line(span(f" {words.kinds[kind]}", Ink.STRONG))]
        for key in KEYS:
            if key.kind is kind:
                lines += _paragraph(key, words, cells)
    return tuple(lines)


def _paragraph(key: Key, words: Words, cells: int) -> Lines:
    told = words.keys[key.name]
    place = words.places[key.place]
    indent = 3 + _KEY_CELLS + _ACT_CELLS
    text = wrapped(f"{told.help} ({place})", max(cells - indent - 1, 20))
    head = (
        span(f"   {spelled(key):<{_KEY_CELLS}}", Ink.STRONG),
        span(f"{clean(told.label):<{_ACT_CELLS}}"),
    )
    rest = (line(span(" " * indent), *row) for row in text[1:])
    return ((*head, *text[0]), *rest)
