"""The overview: one screen at three sizes, each panel in its place, any one enlarged by a digit."""

from textual.app import ComposeResult
from textual.containers import Container

from btcbot_tui.ink import Ink
from btcbot_tui.keymap import PANELS
from btcbot_tui.moment import Moment
from btcbot_tui.screens.framed import Framed, Guard
from btcbot_tui.views.alarms import alarms_lines
from btcbot_tui.views.cycle import cycle_lines
from btcbot_tui.views.decisions import decisions_table
from btcbot_tui.views.log import log_lines
from btcbot_tui.views.money import money_lines
from btcbot_tui.views.orders import orders_table
from btcbot_tui.views.positions import positions_table
from btcbot_tui.views.quotes import quotes_table
from btcbot_tui.views.risk import risk_lines
from btcbot_tui.widgets.livegrid import LiveGrid
from btcbot_tui.widgets.pane import Pane
from btcbot_tui.widgets.panels import Banner, KeyBar, Panel

SIDE = ("profit", "risk", "quotes", "alarms")
MAIN = ("orders", "positions", "decisions")


class Overview(Framed[None]):
    """Where things stand is `theme.tcss`; what they say, the views."""

    def __init__(self, moment: Moment) -> None:
        super().__init__(moment)
        self._enlarged = ""

    def compose(self) -> ComposeResult:
        yield Banner()
        yield Guard(id="guard")
        with Container(id="body"):
            yield Panel(cycle_lines, id="cycle")
            with Container(id="middle"):
                with Container(id="side"):
                    yield Panel(money_lines, id="profit")
                    yield Panel(risk_lines, id="risk")
                    yield Panel(alarms_lines, id="alarms")
                    yield LiveGrid(quotes_table, id="quotes")
                with Container(id="main"):
                    yield LiveGrid(orders_table, id="orders")
                    yield LiveGrid(positions_table, id="positions")
                    yield LiveGrid(decisions_table, id="decisions")
            yield Panel(log_lines, id="log")
        yield KeyBar()

    def show(self, moment: Moment) -> None:
        self.set_class(bool(moment.alarms), "-alarmed")
        is_rebalancing = moment.cycle is not None and moment.cycle.rebalance is not None
        self.set_class(is_rebalancing, "-rebalancing")
        super().show(moment)

    @property
    def enlarged(self) -> str:
        """The panel that fills the screen, or an empty string."""
        return self._enlarged

    def enlarge(self, panel: str) -> None:
        """Give one panel the whole screen; the same one again, or none, gives all their places."""
        self._enlarged = "" if panel == self._enlarged else panel
        self.set_class(bool(self._enlarged), "-enlarged")
        for name in PANELS:
            self.query_one(f"#{name}").set_class(name == self._enlarged, "-chosen")
        self.query_one("#side").set_class(self._enlarged in SIDE, "-chosen")
        self.query_one("#main").set_class(self._enlarged in MAIN, "-chosen")
        self.query_one("#middle").set_class(self._enlarged not in ("", "log"), "-chosen")
        self.query_one(KeyBar).set_enlarged(bool(self._enlarged))

    def scroll_panel(self, count: int) -> None:
        if self._enlarged:
            self.query_one(f"#{self._enlarged}", Pane).scroll_lines(count)

    def answer(self, text: str, ink: Ink = Ink.STRONG) -> None:
        """Say in the bar of keys what became of the last one."""
        self.query_one(KeyBar).answer(text, ink)
