"""The dialog that resets the kill latch: a reason, a typed word, and time to think."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Input, Static

from btcbot_tui.format import clean, clock
from btcbot_tui.screens.framed import Dialog, plain
from btcbot_tui.widgets.typed import TypedInput

REASON_LENGTH_MAX = 120


class ResetDialog(Dialog[str]):
    """Answers the reason, or None when the operator thought better of it."""

    def content(self) -> ComposeResult:
        words, kill, zone = self._moment.words, self._moment.frame.kill, self._moment.zone
        told = words.reset_text.format(
            at=clock(kill.at, zone), who=clean(kill.who, 24), why=clean(kill.why, 80)
        )
        yield Static(plain(words.reset_title), classes="title")
        yield Static(plain(told))
        yield Static(plain(words.reset_reason), classes="label")
        yield TypedInput(
            id="reason",
            compact=True,
            placeholder=words.reset_reason_hint,
            max_length=REASON_LENGTH_MAX,
        )
        yield Static(plain(words.reset_type), classes="label")
        yield TypedInput(
            id="word",
            compact=True,
            placeholder=words.reset_type_hint,
            max_length=len(words.reset_word) + 8,
        )
        with Horizontal(classes="buttons"):
            yield Button(plain(words.cancel), id="cancel", compact=True)
            yield Button(plain(words.reset_do), id="do", compact=True, disabled=True)

    @on(Input.Changed)
    def typed(self) -> None:
        self.query_one("#do", Button).disabled = not self._is_complete()

    @on(Input.Submitted)
    def go_on(self) -> None:
        """Enter in a field moves on; it never resets by itself."""
        self.focus_next()

    @on(Button.Pressed, "#cancel")
    def cancel(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#do")
    def reset(self) -> None:
        if self._is_complete():
            self.dismiss(self.query_one("#reason", Input).value.strip())

    def _is_complete(self) -> bool:
        reason = self.query_one("#reason", Input).value.strip()
        return (
            bool(reason) and self.query_one("#word", Input).value == self._moment.words.reset_word
        )
