"""The console: pulls frames, shows them, and turns keys into commands. It never touches the bot.

The runner works in a thread of its own and never calls the screen; the screen pulls (DEC-25).
"""

import getpass
import logging
import os
import signal
from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.message import Message
from textual.screen import Screen

from btcbot_core.app.frames import Feed, Outcome, ResetKill, Role, StepOnce, Stop
from btcbot_core.domain.errors import BotError
from btcbot_core.domain.records import RunKind
from btcbot_tui.alarms import unacknowledged
from btcbot_tui.ink import Ink
from btcbot_tui.keymap import KEYS, Situation, is_alive, situation_of
from btcbot_tui.moment import HELD_S
from btcbot_tui.pace import faster, slower
from btcbot_tui.screens.framed import HEIGHTS, WIDTHS, Shows
from btcbot_tui.screens.overview import Overview
from btcbot_tui.theme import THEME
from btcbot_tui.views.alarms import named
from btcbot_tui.views.cycle import pace_told
from btcbot_tui.watch import Look, Watch

log = logging.getLogger(__name__)

PULL_S = 0.25
ANSWER_S = 6.0
KILL_REASON = "kill key at the console"

_BINDINGS = [
    Binding(",".join(key.keys), key.action, key.name, priority=key.is_priority) for key in KEYS
]
_BY_ACTION = {key.action.partition("(")[0]: key for key in reversed(KEYS)}
"""The first key of each action decides when it is alive."""


class Console(App[None], inherit_bindings=False):
    """One feed on the screen."""

    CSS_PATH = "theme.tcss"
    TITLE = "btcbot"
    BINDINGS: ClassVar[list[BindingType]] = [*_BINDINGS]
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False

    class Killed(Message):
        """The kill key was taken, on whatever thread."""

        def __init__(self, was_killed: bool, problem: str) -> None:
            super().__init__()
            self.was_killed = was_killed
            self.problem = problem

    def __init__(self, feed: Feed, look: Look | None = None) -> None:
        self._look = look or Look()
        self._feed = feed
        self._watch = Watch(feed, self._look)
        self._answered_at_s: float | None = None
        self.is_ascii = self._look.is_ascii
        self.on_gone: Callable[[], None] | None = None
        """Called when the terminal is gone, on whatever thread noticed it."""
        self.has_failed = False
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.HORIZONTAL_BREAKPOINTS = list(WIDTHS)
        self.VERTICAL_BREAKPOINTS = list(HEIGHTS)
        self.register_theme(THEME)
        self.theme = THEME.name

    def get_driver_class(self) -> type[Driver]:
        from btcbot_tui.driver import SafeDriver

        return SafeDriver

    def get_default_screen(self) -> Screen[None]:
        self._watch.pull()
        return Overview(self._watch.moment())

    def on_mount(self) -> None:
        self.set_interval(PULL_S, self.pull)

    # Showing

    def pull(self) -> None:
        """Draw when there is a new frame or note, and once a second for the ages."""
        if not self._watch.pull():
            return
        self._forget_answer()
        self.redraw()
        if self._watch.is_stopping and self._watch.moment().has_ended:
            self.exit()

    def redraw(self) -> None:
        """Show this moment on every screen that can."""
        moment = self._watch.moment()
        for screen in self.screen_stack:
            if isinstance(screen, Shows):
                screen.show(moment)

    def answer(self, text: str, ink: Ink = Ink.STRONG) -> None:
        """Say what became of a key, for a while, under the overview."""
        self._answered_at_s = self._look.monotonic_s()
        self._overview.answer(text, ink)

    def _forget_answer(self) -> None:
        at_s = self._answered_at_s
        if at_s is not None and self._look.monotonic_s() - at_s > ANSWER_S:
            self._answered_at_s = None
            self._overview.answer("")

    @property
    def _overview(self) -> Overview:
        base = self.screen_stack[0]
        assert isinstance(base, Overview)
        return base

    # Stopping: the kill, and what loosens it again

    def kill_now(self) -> None:
        """Set the latch. Called on the input thread; waits for nothing but the latch itself."""
        was_killed, problem = self._feed.latest.kill.is_set, ""
        try:
            self._feed.kill(self._who(), KILL_REASON)
        except (BotError, OSError) as error:
            log.exception("kill.not_stored")
            problem = str(error)
        self.post_message(self.Killed(was_killed, problem))

    def action_kill(self) -> None:
        """Where no driver of ours took the key before."""
        self.kill_now()

    def on_console_killed(self, message: Killed) -> None:
        words = self._look.words
        self._watch.have_killed(self._who(), KILL_REASON, message.problem)
        if message.problem:
            self.answer(words.kill_not_stored.format(problem=message.problem), Ink.ALARM)
        else:
            self.answer(words.kill_again if message.was_killed else words.kill_set, Ink.ALARM)
        self.pull()
        self.redraw()

    def action_disarm(self) -> None:
        words, who = self._look.words, self._who()
        self._feed.disarm(who)
        self._watch.have_disarmed(words.disarmed_by.format(who=who))
        self.answer(words.disarmed)
        self.redraw()

    # Arming, and the alarms

    def action_arm(self) -> None:
        """Begin to arm, or say why there is nothing to."""
        frame, words = self._feed.latest, self._look.words
        if frame.outcome is not Outcome.RUNNING:
            self.answer(words.arm_over)
        elif frame.arming.is_possible:
            from btcbot_tui.screens.arm import ArmDialog

            asked = ArmDialog(self._watch.moment(), self._look, self._who(), self._feed.command)
            self.push_screen(asked, self._armed)
        elif frame.world.kind is RunKind.LIVE and frame.world.role is Role.HOST:
            self.answer(words.arm_not_yet)
        else:
            self.answer(words.arm_on_paper)

    def action_extend(self) -> None:
        """A lease is never prolonged, only granted anew."""
        self.action_arm()

    def _armed(self, told: str | None) -> None:
        if told:
            self.answer(told)

    def action_acknowledge(self) -> None:
        words = self._look.words
        if not unacknowledged(self._watch.alarms):
            self.answer(words.acknowledge_none)
        elif (alarm := self._watch.acknowledge()) is None:
            self.answer(words.acknowledge_read_first)
        else:
            log.info("alarm.acknowledged %s by %s", named(alarm), self._who())
            self.answer(words.acknowledged.format(alarm=named(alarm)))
            self.redraw()

    def action_reset_kill(self) -> None:
        from btcbot_tui.screens.reset import ResetDialog

        dialog = ResetDialog(self._watch.moment(), self._look.type_ahead_s)
        self.push_screen(dialog, self._reset)

    def _reset(self, why: str | None) -> None:
        if why:
            self._feed.command(ResetKill(self._who(), why))
            self.answer(self._look.words.reset_asked)

    def _who(self) -> str:
        if self._look.operator:
            return self._look.operator
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return f"uid {os.getuid()}"

    # The pace of recorded data

    def action_faster(self) -> None:
        self._set_pace(faster(self._watch.pace_s()))

    def action_slower(self) -> None:
        self._set_pace(slower(self._watch.pace_s()))

    def action_step_once(self) -> None:
        self._set_pace(HELD_S)
        self._feed.command(StepOnce())
        self.answer(self._look.words.stepped)

    def _set_pace(self, pace_s: float) -> None:
        self._watch.ask_pace(pace_s)
        words = self._look.words
        self.answer(words.pace_now.format(pace=pace_told(pace_s, words)))

    # Moving about

    def action_pause_view(self) -> None:
        self._watch.toggle_pause()
        self.redraw()

    def action_enlarge(self, panel: str) -> None:
        self._overview.enlarge(panel)

    def action_scroll_panel(self, count: int) -> None:
        self._overview.scroll_panel(count)

    def action_help(self) -> None:
        from btcbot_tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self._watch.moment()))

    def action_palette(self) -> None:
        from btcbot_tui.screens.palette import Palette, commands

        words, screen = self._look.words, self._overview
        offered = commands(screen, self._situation(), words, self.run_action)
        self.push_screen(Palette(offered, self._watch.moment()))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that would do nothing now is not there at all."""
        del parameters
        key = _BY_ACTION.get(action)
        return key is None or key.says_why or is_alive(key, self._situation())

    def _situation(self) -> Situation:
        is_enlarged = bool(self._overview.enlarged) if self.screen_stack else False
        return situation_of(self._feed.latest, self._watch.alarms, is_enlarged=is_enlarged)

    # Leaving

    def action_leave(self) -> None:
        """Ask, unless there is nothing left to lose; over a dialog, only close that."""
        if self.screen is not self._overview:
            self.screen.dismiss(None)
        elif self._watch.is_stopping or self._feed.latest.outcome is not Outcome.RUNNING:
            self.exit()
        else:
            from btcbot_tui.screens.quit import QuitDialog

            dialog = QuitDialog(self._watch.moment(), self._look.type_ahead_s)
            self.push_screen(dialog, self._leave)

    def _leave(self, is_sure: bool | None) -> None:
        if is_sure:
            self._watch.is_stopping = True
            self._feed.command(Stop())
            self.answer(self._look.words.leaving)
            self.redraw()

    def leave_now(self, code: int) -> None:
        """Leave without a question; may be called from any thread."""
        self.exit(return_code=code)

    # What befalls the terminal, told by the driver on its threads

    def terminal_gone(self) -> None:
        """Nobody looks at this screen any more."""
        if self.on_gone is not None:
            self.on_gone()
        else:
            self.leave_now(128 + signal.SIGHUP)

    def suspend_refused(self) -> None:
        self.answer(self._look.words.suspend_refused, Ink.WARN)

    def abandon(self) -> None:
        """Give the terminal back, from any thread, when nothing else can any more."""
        from btcbot_tui.driver import SafeDriver

        if isinstance(self._driver, SafeDriver):
            self._driver.abandon()

    def _fatal_error(self) -> None:
        """The console's own guard: what broke goes to the log, one line to the operator."""
        self.has_failed = True
        log.critical("console.failed", exc_info=True)
        self._exit_renderables.append(Text(self._look.words.console_failed))
        self._close_messages_no_wait()
