"""A bar on the terminal: how far, how fast, how long still."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _Rate(ProgressColumn):
    """How much was done in a second, of late."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s")


class Bar:
    """Drawn on stderr when it is told to, and gone when it is closed."""

    def __init__(self, what: str, console: Console | None = None) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
            auto_refresh=False,
            transient=True,
        )
        self._task = self._bar.add_task(what, total=None)

    def draw(self, done: int, total: int) -> None:
        self._bar.update(self._task, completed=done, total=total)
        if not self._bar.live.is_started:
            self._bar.start()
            # Whoever ends the program at once must find a cursor on the terminal.
            self._bar.console.show_cursor(True)
        self._bar.refresh()

    def close(self) -> None:
        self._bar.stop()
