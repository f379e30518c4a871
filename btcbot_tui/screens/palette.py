"""The command palette: every act that is alive now, found by its name."""

from collections.abc import Awaitable, Callable
from functools import partial

from textual.app import ComposeResult
from textual.command import CommandPalette, SimpleCommand, SimpleProvider
from textual.screen import Screen

from btcbot_tui.keymap import KEYS, Situation, is_alive, spelled
from btcbot_tui.moment import Moment
from btcbot_tui.texts import Words
from btcbot_tui.widgets.pane import Pane
from btcbot_tui.widgets.panels import Banner

RunAction = Callable[[str], Awaitable[object]]


class Palette(CommandPalette):
    """Textual's palette under our banner."""

    def __init__(self, provider: SimpleProvider, moment: Moment) -> None:
        hint = moment.words.palette_hint
        super().__init__([provider], placeholder=hint)  # type: ignore[list-item] # as Textual does
        self._moment = moment

    def compose(self) -> ComposeResult:
        yield Banner()
        yield from super().compose()

    def on_mount(self) -> None:
        self.show(self._moment)

    def show(self, moment: Moment) -> None:
        for pane in self.query(Pane):
            pane.show(moment)


def commands(
    screen: Screen[None], situation: Situation, words: Words, run_action: RunAction
) -> SimpleProvider:
    """One command for each key that does something now, with its kind and its sentence."""
    listed = [
        SimpleCommand(
            f"{words.keys[key.name].label}  ({spelled(key)}, {key.kind})",
            partial(run_action, key.action),
            words.keys[key.name].help,
        )
        for key in KEYS
        if is_alive(key, situation) and key.name not in ("palette", "interrupt")
    ]
    return SimpleProvider(screen, [*listed])
