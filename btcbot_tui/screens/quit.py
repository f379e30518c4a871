"""The dialog before leaving: what will become of the runner and of our open orders."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Static

from btcbot_core.app.frames import Role
from btcbot_core.domain.records import RunKind
from btcbot_tui.moment import Moment
from btcbot_tui.screens.framed import Dialog, plain


class QuitDialog(Dialog[bool]):
    """Answers True to leave. The key that opened it does not answer it (FAULTS O07)."""

    BINDINGS: ClassVar = [("y", "leave", "")]

    def content(self) -> ComposeResult:
        words = self._moment.words
        yield Static(plain(words.quit_title), classes="title")
        yield Static(id="told")
        yield Static(plain(words.quit_hint), classes="label")
        with Horizontal(classes="buttons"):
            yield Button(plain(words.cancel), id="cancel", compact=True)
            yield Button(plain(words.quit_do), id="do", compact=True)

    def show(self, moment: Moment) -> None:
        """The run goes on under the question: what leaving does is told as of now."""
        super().show(moment)
        self.query_one("#told", Static).update(plain("\n".join(consequences(moment))))

    def action_leave(self) -> None:
        if not self.query_one("#box").disabled:
            self.dismiss(True)

    @on(Button.Pressed, "#cancel")
    def cancel(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#do")
    def leave(self) -> None:
        self.dismiss(True)


def consequences(moment: Moment) -> tuple[str, str]:
    """What happens to the runner, and what to the orders that are still open."""
    words, cycle = moment.words, moment.frame.cycle
    if cycle is None:
        return words.quit_runner_first, words.quit_orders_none
    runner = words.quit_runner.format(step=f"{cycle.step + 2:,}")
    count = sum(order.is_active for order in cycle.carried.orders.values())
    if not count:
        return runner, words.quit_orders_none
    if moment.frame.world.kind is RunKind.LIVE:
        told = words.quit_orders_live
    elif moment.frame.world.role is Role.DEMO:
        told = words.quit_orders_demo
    else:
        told = words.quit_orders_paper
    return runner, told.format(count=count)
