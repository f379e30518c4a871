"""Arming at the console: every way that arms nothing, and the one way that does."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Button, Input

from btcbot_core.app.frames import Arm, Command, Frame, Outcome, Role, SelectArm
from btcbot_core.app.lease import Grant
from btcbot_core.domain.records import RunKind
from btcbot_tui.app import Console
from btcbot_tui.screens.arm import IDLE_S, ArmDialog
from tests.tui.frames import (
    LIMITS,
    PHRASE,
    StillFeed,
    a_frame,
    a_world,
    armed,
    before_the_first_cycle,
    disarmed,
    ended,
    killed,
)
from tests.tui.stories import Seconds, a_console, a_look, answer_text, pane_text, tell

GRANT = Grant(who="ops", why="canary", limits=LIMITS, minutes=30)


class Runner(StillFeed):
    """A live run's side of arming: a phrase for each who asks, good once."""

    def __init__(self, *failing: str) -> None:
        super().__init__(disarmed("", *failing))
        self._asked = 0

    def command(self, command: Command) -> None:
        super().command(command)
        if isinstance(command, SelectArm):
            self._asked += 1
            self.arming(phrase=f"ARM 311-{self._asked} host", phrase_left_s=60)

    def arming(self, **changes: object) -> None:
        arming = replace(self.frame.arming, **changes)
        self.frame = replace(self.frame, arming=arming)

    @property
    def grants(self) -> list[Command]:
        return [command for command in self.commands if not isinstance(command, SelectArm)]


def shown(pilot: Pilot[None], selector: str) -> str:
    widget = pilot.app.screen.query_one(selector)
    return str(widget.render()) if widget.display else ""


async def opened(pilot: Pilot[None], console: Console, key: str = "A") -> ArmDialog:
    await pilot.press(key)
    console.pull()
    await pilot.pause()
    dialog = pilot.app.screen
    assert isinstance(dialog, ArmDialog)
    return dialog


async def at_the_grant(pilot: Pilot[None], console: Console) -> ArmDialog:
    dialog = await opened(pilot, console)
    await pilot.press("tab", "enter")
    await pilot.pause()
    assert "step 2 of 3" in shown(pilot, "#title")
    return dialog


async def with_all_typed(pilot: Pilot[None], console: Console, phrase: str = PHRASE) -> None:
    await at_the_grant(pilot, console)
    await typed(pilot, "#reason", "canary")
    await typed(pilot, "#typed", phrase)


async def typed(pilot: Pilot[None], selector: str, text: str) -> None:
    pilot.app.screen.query_one(selector, Input).focus()
    await pilot.press(*("space" if char == " " else char for char in text))
    await pilot.pause()


def is_offered(pilot: Pilot[None]) -> bool:
    return not pilot.app.screen.query_one("#do", Button).disabled


# ------------------------------------------------------------------------------ the one way


def test_all_that_holds_a_reason_and_the_phrase_typed_arm_what_is_shown() -> None:
    feed = Runner()
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        await at_the_grant(pilot, console)
        assert "At most 3,000 TRY an order, 10,000 TRY exposure, 5 open orders" in shown(
            pilot, "#limits"
        )
        assert PHRASE in shown(pilot, "#phrase")
        assert not is_offered(pilot)
        await typed(pilot, "#reason", "canary")
        await typed(pilot, "#typed", PHRASE)
        assert is_offered(pilot)
        await pilot.press("enter")
        assert pilot.app.screen.focused is pilot.app.screen.query_one("#cancel")
        assert feed.grants == [], "Enter in the field goes on to Cancel, not to Arm"
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert feed.commands == [SelectArm(), Arm(GRANT, PHRASE)]
        assert "step 3 of 3" in shown(pilot, "#title")

    tell(console, story)


def test_the_minutes_are_those_that_were_typed() -> None:
    feed = Runner()
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        await at_the_grant(pilot, console)
        pilot.app.screen.query_one("#minutes", Input).value = ""
        await typed(pilot, "#minutes", "4x5")
        await typed(pilot, "#reason", "canary")
        await typed(pilot, "#typed", PHRASE)
        await pilot.press("tab", "tab", "enter")
        await pilot.pause()
        assert feed.grants == [Arm(replace(GRANT, minutes=45), PHRASE)]

    tell(console, story)


def test_what_becomes_of_it_is_told_until_it_is_closed() -> None:
    feed = Runner()
    console = a_console(feed)

    async def told(pilot: Pilot[None]) -> str:
        console.pull()
        await pilot.pause()
        return shown(pilot, "#outcome")

    async def story(pilot: Pilot[None]) -> None:
        await with_all_typed(pilot, console)
        await pilot.press("tab", "tab", "enter")
        assert "The runner answers between two cycles" in await told(pilot)
        feed.frame = armed(1_800, is_awaited=True)
        assert "ARMED, 30:00 left; the first order is awaited" in await told(pilot)
        assert "LIVE ARMED 30:00" in pane_text(pilot, "Banner")
        feed.frame = armed(1_790)
        assert "the first order was confirmed by the exchange" in await told(pilot)
        unknown = disarmed(because="the first order's outcome is unknown")
        feed.frame = replace(unknown, arming=replace(unknown.arming, attempts=1))
        assert "BACK TO DISARMED: the first order's outcome is unknown" in await told(pilot)
        await pilot.press("enter")
        assert not isinstance(pilot.app.screen, ArmDialog)

    tell(console, story)


def test_a_refusal_is_told_in_words() -> None:
    feed = Runner()
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        await with_all_typed(pilot, console)
        await pilot.press("tab", "tab", "enter")
        feed.arming(attempts=1, phrase="", refused="not armed: unknown orders: 1; data fresh: 41s")
        console.pull()
        await pilot.pause()
        told = shown(pilot, "#outcome")
        assert "NOT ARMED" in told
        assert "▲ unknown orders: 1" in told
        assert "▲ data fresh: 41s" in told

    tell(console, story)


def test_extending_is_arming_again_from_the_start() -> None:
    feed = Runner()
    feed.frame = armed()
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, console, "E")
        assert "step 1 of 3" in shown(pilot, "#title")
        assert feed.commands == [SelectArm()]

    tell(console, story)


# ------------------------------------------------------------------------ ways to arm nothing


@pytest.mark.parametrize(
    "failing", [["DRY_RUN"], ["KILL_SWITCH", "LIVE_TRADING"], ["unknown orders"], ["data fresh"]]
)
def test_what_does_not_hold_is_named_and_stops_it_there(failing: Sequence[str]) -> None:
    feed = Runner(*failing)
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, console)
        rows = shown(pilot, "#checks").splitlines()
        assert [row.split("  ")[1] for row in rows if "NO" in row] == failing
        assert len(rows) == 10
        assert not is_offered(pilot)
        await pilot.click("#do")
        assert "step 1 of 3" in shown(pilot, "#title")

    tell(console, story)


def test_what_stops_holding_while_the_phrase_is_typed_takes_the_button_away() -> None:
    feed = Runner()
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        await with_all_typed(pilot, console)
        assert is_offered(pilot)
        feed.arming(checks=disarmed("", "data fresh").arming.checks)
        console.pull()
        assert not is_offered(pilot)
        await pilot.click("#do")
        assert feed.grants == []

    tell(console, story)


@pytest.mark.parametrize(
    "wrong", ["ARM 311-1 hos", "arm 311-1 host", "ARM 311-2 host", "ARM 311-1 host ", " ARM", ""]
)
def test_a_phrase_that_is_not_as_shown_arms_nothing(wrong: str) -> None:
    feed = Runner()
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        await with_all_typed(pilot, console, wrong)
        assert not is_offered(pilot)
        await pilot.press("enter", "tab", "enter")
        await pilot.click("#do")
        assert feed.grants == []

    tell(console, story)


@pytest.mark.parametrize(("minutes", "why"), [("", "x"), ("0", "x"), ("241", "x"), ("30", "  ")])
def test_a_grant_without_a_reason_or_out_of_bounds_arms_nothing(minutes: str, why: str) -> None:
    feed = Runner()
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        dialog = await at_the_grant(pilot, console)
        dialog.query_one("#minutes", Input).value = minutes
        dialog.query_one("#reason", Input).value = why
        await typed(pilot, "#typed", PHRASE)
        assert not is_offered(pilot)

    tell(console, story)


def test_a_pasted_phrase_arms_nothing_and_is_told() -> None:
    feed = Runner()
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        dialog = await at_the_grant(pilot, console)
        await typed(pilot, "#reason", "canary")
        field = dialog.query_one("#typed", Input)
        field.focus()
        pilot.app.post_message(Paste(PHRASE))
        pilot.app.copy_to_clipboard(PHRASE)
        await pilot.press("ctrl+v")
        await pilot.pause()
        assert field.value == ""
        console.redraw()
        assert "Pasting is refused" in shown(pilot, "#hint")
        assert not is_offered(pilot)

    tell(console, story)


@pytest.mark.parametrize("key", ["enter", "A", "space", "tab"])
def test_a_held_key_arms_nothing(key: str) -> None:
    feed = Runner()
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        for before in ([], ["tab"]):
            await opened(pilot, console)
            await pilot.press(*before, *[key] * 12)
            console.pull()
            await pilot.pause()
            assert feed.grants == []
            while isinstance(pilot.app.screen, ArmDialog):
                await pilot.press("escape")
                await pilot.pause()

    tell(console, story)


def test_keys_typed_before_a_step_was_read_do_nothing() -> None:
    feed = Runner()
    console = a_console(feed, a_look(type_ahead_s=3_600))

    async def story(pilot: Pilot[None]) -> None:
        dialog = await opened(pilot, console)
        await pilot.press("tab", "enter", "enter")
        await pilot.click("#do")
        assert "step 1 of 3" in shown(pilot, "#title")
        dialog.listen()
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert "step 2 of 3" in shown(pilot, "#title")
        await pilot.press("enter", *"canary", "enter")
        assert pilot.app.screen is dialog
        assert dialog.query_one("#reason", Input).value == ""
        dialog.listen()
        await pilot.pause()
        assert dialog.focused is dialog.query_one("#cancel")

    tell(console, story)


@pytest.mark.parametrize("step", [1, 2])
def test_left_alone_it_closes_itself(step: int) -> None:
    feed, seconds = Runner(), Seconds()
    console = a_console(feed, a_look(seconds))

    async def story(pilot: Pilot[None]) -> None:
        await (opened if step == 1 else at_the_grant)(pilot, console)
        seconds.now_s += IDLE_S - 2
        console.pull()
        assert "Closes itself in 2 s" in shown(pilot, "#hint")
        seconds.now_s += 2
        console.pull()
        await pilot.pause()
        assert not isinstance(pilot.app.screen, ArmDialog)
        assert "nothing was armed" in answer_text(pilot)
        assert feed.grants == []

    tell(console, story)


def test_typing_keeps_it_open_and_the_phrase_that_runs_out_closes_it() -> None:
    feed, seconds = Runner(), Seconds()
    console = a_console(feed, a_look(seconds))

    async def story(pilot: Pilot[None]) -> None:
        dialog = await at_the_grant(pilot, console)
        seconds.now_s += IDLE_S - 1
        await typed(pilot, "#reason", "canary")
        seconds.now_s += 2
        feed.arming(phrase_left_s=12)
        console.pull()
        assert pilot.app.screen is dialog
        assert "Closes itself in 12 s" in shown(pilot, "#hint")
        feed.arming(phrase="", phrase_left_s=0)
        console.pull()
        await pilot.pause()
        assert "the phrase ran out" in answer_text(pilot)
        assert feed.grants == []

    tell(console, story)


def test_a_phrase_from_before_is_not_the_one_to_type() -> None:
    feed = StillFeed(disarmed(PHRASE))
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, console)
        assert not is_offered(pilot)
        feed.frame = disarmed("ARM 311-2 host")
        console.pull()
        assert is_offered(pilot)

    tell(console, story)


def test_the_kill_key_works_over_it_and_takes_the_arming_away() -> None:
    feed = Runner()
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        await at_the_grant(pilot, console)
        await typed(pilot, "#reason", "canary")
        await pilot.press("ctrl+k")
        await pilot.pause()
        assert feed.kills
        assert "■ KILLED" in pane_text(pilot, "Banner")
        await pilot.press("escape")
        assert feed.grants == []

    tell(console, story)


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (a_frame(), "on paper"),
        (a_frame(world=a_world(Role.HOST, RunKind.DRY_RUN)), "on paper"),
        (a_frame(world=a_world(Role.HOST, RunKind.LIVE)), "not yet"),
        (before_the_first_cycle(), "on paper"),
        (killed(), "on paper"),
        (ended(Outcome.STOPPED), "has ended"),
    ],
)
def test_where_there_is_nothing_to_arm_the_key_says_so(frame: Frame, told: str) -> None:
    feed = StillFeed(frame)

    async def story(pilot: Pilot[None]) -> None:
        await pilot.press("A")
        await pilot.pause()
        assert not isinstance(pilot.app.screen, ArmDialog)
        assert told in answer_text(pilot)
        assert feed.commands == []

    tell(a_console(feed), story)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60)])
def test_every_step_fits_the_screen(size: tuple[int, int]) -> None:
    feed = Runner()
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        dialog = await opened(pilot, console)
        for _ in range(2):
            box = dialog.query_one("#box").region
            assert (box.y, box.bottom <= size[1], box.right <= size[0]) >= (2, True, True)
            assert dialog.query_one("#do").region.bottom < box.bottom
            await pilot.press("tab", "enter")
            await pilot.pause()

    tell(console, story, size)
