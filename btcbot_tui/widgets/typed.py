"""A field that takes typing only: what confirms must come from fingers, not from a clipboard."""

from typing import ClassVar

from textual.events import Paste
from textual.message import Message
from textual.widgets import Input


class TypedInput(Input):
    """Refuses both ways to paste, and says that it did."""

    BINDINGS: ClassVar = [("ctrl+v", "refuse_paste", "")]

    class Refused(Message):
        """Somebody tried to paste."""

    def on_paste(self, event: Paste) -> None:
        event.prevent_default()
        event.stop()
        self.action_refuse_paste()

    def action_refuse_paste(self) -> None:
        """Takes the key from the field's own pasting."""
        self.post_message(self.Refused())
