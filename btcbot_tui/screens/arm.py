"""The dialog that arms: select, grant, supervise. Every way out of it but one arms nothing."""

from collections.abc import Callable
from enum import IntEnum

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from btcbot_core.app.arming import ArmingView
from btcbot_core.app.frames import Arm, Command, SelectArm
from btcbot_core.app.lease import Grant
from btcbot_tui.moment import Moment
from btcbot_tui.screens.framed import Dialog, plain
from btcbot_tui.views.arming import checks_told, holds, limits_told, outcome_told, phrase_told
from btcbot_tui.watch import Look
from btcbot_tui.widgets.typed import TypedInput

MINUTES_DEFAULT = 30
IDLE_S = 30
"""After this long without a step or a typed key the dialog closes itself."""
REASON_LENGTH_MAX = 120
PHRASE_LENGTH_MAX = 120


class Step(IntEnum):
    SELECT = 1
    GRANT = 2
    SUPERVISE = 3


class ArmDialog(Dialog[str]):
    """Answers a word for the bar of keys when it closed without arming, or None."""

    def __init__(
        self, moment: Moment, look: Look, who: str, ask: Callable[[Command], None]
    ) -> None:
        super().__init__(moment, look.type_ahead_s)
        self._ask = ask
        self._who = who
        self._monotonic_s = look.monotonic_s
        self._step = Step.SELECT
        self._touched_s = look.monotonic_s()
        self._old_phrase = moment.frame.arming.phrase
        """One that was shown before we asked: it will be worthless once we are answered."""
        self._has_phrase = False
        self._attempts = 0
        self._was_pasted = False
        """Whether the last thing that happened in a field was a paste."""

    def content(self) -> ComposeResult:
        words, arming = self._moment.words, self._arming
        yield Static(id="title", classes="title")
        with Vertical(id="select"):
            yield Static(id="checks")
            yield Static(id="verdict", classes="label")
        with Vertical(id="grant"):
            yield Static(id="limits")
            yield Static(plain(words.arm_minutes.format(most=arming.minutes_max)), classes="label")
            yield TypedInput(
                str(min(MINUTES_DEFAULT, arming.minutes_max)),
                id="minutes",
                compact=True,
                restrict="[0-9]*",
                max_length=4,
            )
            yield Static(plain(words.arm_reason), classes="label")
            yield TypedInput(
                id="reason",
                compact=True,
                placeholder=words.arm_reason_hint,
                max_length=REASON_LENGTH_MAX,
            )
            yield Static(id="phrase", classes="label")
            yield TypedInput(
                id="typed",
                compact=True,
                placeholder=words.arm_type_hint,
                max_length=PHRASE_LENGTH_MAX,
            )
        yield Static(id="outcome")
        yield Static(id="hint", classes="label")
        with Horizontal(classes="buttons"):
            yield Button(plain(words.cancel), id="cancel", compact=True)
            yield Button(plain(words.arm_go_on), id="do", compact=True, disabled=True)

    def on_mount(self) -> None:
        super().on_mount()
        self._ask(SelectArm())

    # What is shown

    def show(self, moment: Moment) -> None:
        """Draw this moment; close when time is up: an open dialog must not wait for hours."""
        super().show(moment)
        self._moment = moment
        self._has_phrase = self._has_phrase or bool(self._phrase)
        if self.query("#do") and not self._is_over():
            self._tell()

    def _tell(self) -> None:
        words, arming, step = self._moment.words, self._arming, self._step
        step_told = words.arm_step.format(step=int(step))
        self._say("#title", f"{words.arm_title}   {step_told}")
        self._say("#checks", checks_told(arming, words))
        self._say("#verdict", words.arm_ready if holds(arming) else words.arm_blocked)
        self._say("#limits", limits_told(arming.limits, self._moment.quote, words))
        self._say("#phrase", phrase_told(self._phrase, words))
        if step is Step.SUPERVISE:
            answered = arming.attempts > self._attempts
            self._say("#outcome", outcome_told(arming, answered, words))
        closes = words.arm_closes.format(seconds=self._left_s())
        self._say("#hint", words.arm_pasted if self._was_pasted else closes)
        for name in Step:
            self.query_one(f"#{_PARTS[name]}").display = name is step
        self.query_one("#hint").display = step is not Step.SUPERVISE
        button = self.query_one("#do", Button)
        button.display = step is not Step.SUPERVISE
        button.disabled = not self._is_ready()

    def _say(self, selector: str, text: str) -> None:
        self.query_one(selector, Static).update(plain(text))

    # The steps

    @on(Button.Pressed, "#cancel")
    def cancel(self) -> None:
        self.action_cancel()

    def action_cancel(self) -> None:
        words = self._moment.words
        self.dismiss(None if self._step is Step.SUPERVISE else words.arm_left)

    @on(Button.Pressed, "#do")
    def go_on(self) -> None:
        """From what must hold to what is granted, and from there to the runner; each step once."""
        if not self._is_ready():
            return
        if self._step is Step.SELECT:
            self._step = Step.GRANT
            self.query_one("#do", Button).label = plain(self._moment.words.arm_do)
        else:
            self._attempts = self._arming.attempts
            grant, phrase = self._grant(), self._typed("#typed")
            self._step = Step.SUPERVISE
            self.query_one("#cancel", Button).label = plain(self._moment.words.close)
            if grant is not None:
                self._ask(Arm(grant, phrase))
        self._touch()
        self._tell()
        self.be_deaf()

    @on(Input.Changed)
    def typed(self) -> None:
        if not self.query_one("#box").disabled:
            self._touch()
            self._was_pasted = False
        self.query_one("#do", Button).disabled = not self._is_ready()

    @on(Input.Submitted)
    def next_field(self) -> None:
        """Enter in a field moves on; it never arms by itself."""
        self.focus_next()

    @on(TypedInput.Refused)
    def refuse_paste(self) -> None:
        self._was_pasted = True
        self._tell()

    def _touch(self) -> None:
        self._touched_s = self._monotonic_s()

    def _left_s(self) -> int:
        """Seconds until it closes itself: for want of a step, or because the phrase runs out."""
        idle_s = int(IDLE_S - (self._monotonic_s() - self._touched_s))
        if not self._phrase:
            return max(idle_s, 0)
        phrase_s = self._arming.phrase_left_s - self._moment.silent_s
        return max(min(idle_s, phrase_s), 0)

    def _is_over(self) -> bool:
        if self._step is Step.SUPERVISE or not self.is_attached:
            return False
        words = self._moment.words
        if self._has_phrase and not self._phrase:
            self.dismiss(words.arm_phrase_over)
        elif self._moment.has_ended:
            self.dismiss(words.arm_over)
        elif self._left_s() <= 0:
            self.dismiss(words.arm_timed_out)
        else:
            return False
        return True

    # What was typed

    def _is_ready(self) -> bool:
        """Whether the next step may be taken, as far as it can be known here."""
        if not self._phrase or not holds(self._arming):
            return False
        if self._step is Step.SELECT:
            return True
        is_typed = self._typed("#typed") == self._phrase
        return self._step is Step.GRANT and is_typed and self._grant() is not None

    def _grant(self) -> Grant | None:
        """What was typed as a grant; None while something is missing or out of bounds."""
        limits, why, minutes = self._arming.limits, self._typed("#reason"), self._typed("#minutes")
        if limits is None or not why.strip() or not minutes.isdecimal():
            return None
        if not 1 <= int(minutes) <= self._arming.minutes_max:
            return None
        return Grant(who=self._who, why=why.strip(), limits=limits, minutes=int(minutes))

    def _typed(self, selector: str) -> str:
        return self.query_one(selector, Input).value

    @property
    def _arming(self) -> ArmingView:
        return self._moment.frame.arming

    @property
    def _phrase(self) -> str:
        phrase = self._arming.phrase
        return "" if phrase == self._old_phrase else phrase


_PARTS = {Step.SELECT: "select", Step.GRANT: "grant", Step.SUPERVISE: "outcome"}
