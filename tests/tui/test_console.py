"""Stories told in keys: what an operator presses, what the run is asked, what the screen says."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from btcbot_core.app.frames import (
    Command,
    Frame,
    Note,
    NoteLevel,
    Outcome,
    ResetKill,
    Role,
    SetPace,
    StepOnce,
    Stop,
)
from btcbot_core.domain.codes import AnomalyCode, Severity
from btcbot_core.domain.errors import StoreError
from btcbot_core.domain.records import RunKind
from btcbot_core.risk.anomalies import Anomaly
from btcbot_tui.keymap import PANELS
from btcbot_tui.moment import HELD_S
from btcbot_tui.pace import PACES_S, faster, slower
from btcbot_tui.screens.framed import Dialog
from btcbot_tui.screens.help import HelpScreen
from btcbot_tui.screens.palette import Palette
from btcbot_tui.screens.quit import QuitDialog, consequences
from btcbot_tui.screens.reset import ResetDialog
from btcbot_tui.widgets.pane import Pane
from tests.tui.frames import (
    AT,
    StillFeed,
    a_cycle,
    a_frame,
    a_pulse,
    a_world,
    anomalous,
    armed,
    before_the_first_cycle,
    degraded,
    ended,
    killed,
)
from tests.tui.moments import a_moment
from tests.tui.stories import (
    Seconds,
    a_console,
    a_look,
    answer_text,
    pane_text,
    screen_text,
    tell,
)

STALE_ETH = Anomaly(AnomalyCode.STALE_MARKET_DATA, Severity.WARN, "41", "30", "ETHTRY")
DIVERGED = Anomaly(AnomalyCode.PNL_DIVERGENCE, Severity.ERROR, "412", "200")
LIVE = a_frame(world=a_world(Role.HOST, RunKind.LIVE, None))


async def opened(pilot: Pilot[None], key: str) -> None:
    await pilot.press(key)
    await pilot.pause()


@pytest.mark.parametrize("key", ["R", "q", "?", "colon", "1"])
def test_the_banner_is_on_every_screen_and_stays_true(key: str) -> None:
    feed = StillFeed(killed())
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, key)
        assert "DEMO" in pane_text(pilot, "Banner")
        assert "■ KILLED" in pane_text(pilot, "Banner")
        feed.frame = ended(Outcome.STOPPED)
        console.pull()
        assert "kill OFF" in pane_text(pilot, "Banner")
        assert "ENDED" in pane_text(pilot, "Banner")

    tell(console, story, (60, 20))


# ------------------------------------------------------------------------------- the kill


@pytest.mark.parametrize("before", [(), ("?",), ("q",), (":", "a"), ("1",)])
def test_the_kill_key_works_wherever_the_operator_is(before: tuple[str, ...]) -> None:
    feed = StillFeed()

    async def story(pilot: Pilot[None]) -> None:
        for key in before:
            await opened(pilot, key)
        await opened(pilot, "ctrl+k")
        assert feed.kills == [("ops", "kill key at the console")]
        assert "■ KILLED" in pane_text(pilot, "Banner")

    tell(a_console(feed), story)


@pytest.mark.parametrize("size", [(20, 5), (120, 19)])
def test_the_kill_key_works_on_the_smallest_screen(size: tuple[int, int]) -> None:
    feed = StillFeed()

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "ctrl+k")
        assert feed.kills
        assert "KILLED" in pane_text(pilot, "Banner")

    tell(a_console(feed), story, size)


def test_the_kill_key_works_in_an_input_field() -> None:
    feed = StillFeed(killed())

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "R")
        pilot.app.screen.query_one("#reason", Input).focus()
        await pilot.press("a", "b")
        await opened(pilot, "ctrl+k")
        assert feed.kills
        assert pilot.app.screen.query_one("#reason", Input).value == "ab"

    tell(a_console(feed), story)


def test_a_second_kill_says_that_it_is_one() -> None:
    feed = StillFeed()

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "ctrl+k")
        assert "KILLED: no new order leaves" in answer_text(pilot)
        await opened(pilot, "ctrl+k")
        assert "already killed" in answer_text(pilot)
        assert len(feed.kills) == 2, "the latch decides what a second kill is, never the screen"

    tell(a_console(feed), story)


class FullDisk(StillFeed):
    """A feed whose latch holds in memory only."""

    def kill(self, who: str, why: str) -> None:
        super().kill(who, why)
        raise StoreError("the disk is full")


def test_a_kill_that_cannot_be_stored_is_told_and_stays() -> None:
    feed = FullDisk()

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "ctrl+k")
        assert "not stored: the disk is full" in answer_text(pilot)
        assert "■ KILLED" in pane_text(pilot, "Banner")

    tell(a_console(feed), story)


def test_disarming_asks_nothing_and_needs_something_armed() -> None:
    feed, calm = StillFeed(armed()), StillFeed()

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "D")

    tell(a_console(feed), story)
    tell(a_console(calm), story)
    assert (feed.disarms, calm.disarms) == (["ops"], [])


# ------------------------------------------------------------------------------ the reset


def test_a_reset_needs_a_reason_and_the_word() -> None:
    feed = StillFeed(killed())

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "R")
        screen = pilot.app.screen
        assert isinstance(screen, ResetDialog)
        assert screen.focused is screen.query_one("#cancel")
        screen.query_one("#reason", Input).focus()
        await pilot.press(*"fixed", "enter")
        assert screen.focused is screen.query_one("#word")
        await pilot.press(*"RESE")
        assert screen.query_one("#do", Button).disabled
        await pilot.press("T")
        assert not screen.query_one("#do", Button).disabled
        await pilot.press("tab", "tab", "enter")
        await pilot.pause()
        assert feed.commands == [ResetKill("ops", "fixed")]

    tell(a_console(feed), story)


def test_a_word_that_is_nearly_right_resets_nothing() -> None:
    feed = StillFeed(killed())

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "R")
        screen = pilot.app.screen
        screen.query_one("#reason", Input).value = "fixed"
        for word in ("reset", "Reset", " RESET", "RESET ", "RESETT", ""):
            screen.query_one("#word", Input).value = word
            await pilot.pause()
            assert screen.query_one("#do", Button).disabled
        await pilot.click("#do")
        assert feed.commands == []

    tell(a_console(feed), story)


def test_enter_on_a_dialog_that_just_opened_goes_back() -> None:
    feed = StillFeed(killed())

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "R")
        await opened(pilot, "enter")
        assert not isinstance(pilot.app.screen, Dialog)
        assert feed.commands == []

    tell(a_console(feed), story)


@pytest.mark.parametrize("opener", ["R", "q"])
def test_keys_typed_before_a_dialog_was_read_do_nothing(opener: str) -> None:
    feed = StillFeed(killed())
    console = a_console(feed, a_look(type_ahead_s=3_600))

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, opener)
        dialog = pilot.app.screen
        assert isinstance(dialog, Dialog)
        await pilot.press("y", "enter", "tab", "enter")
        await pilot.click("#do")
        await pilot.pause()
        assert pilot.app.screen is dialog
        assert feed.commands == []
        dialog.listen()
        await opened(pilot, "enter")
        assert pilot.app.screen is not dialog

    tell(console, story)


def test_nothing_can_be_pasted_into_the_reset() -> None:
    from textual.events import Paste

    feed = StillFeed(killed())

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "R")
        word = pilot.app.screen.query_one("#word", Input)
        word.focus()
        pilot.app.post_message(Paste("RESET"))
        pilot.app.copy_to_clipboard("RESET")
        await opened(pilot, "ctrl+v")
        assert word.value == ""

    tell(a_console(feed), story)


def test_there_is_nothing_to_reset_while_nothing_is_killed() -> None:
    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "R")
        assert not isinstance(pilot.app.screen, ResetDialog)

    tell(a_console(StillFeed()), story)


# -------------------------------------------------------------------------------- leaving


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_leaving_asks_and_says_what_will_happen(key: str) -> None:
    feed = StillFeed()

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, key)
        assert isinstance(pilot.app.screen, QuitDialog)
        assert pilot.app.screen.focused is pilot.app.screen.query_one("#cancel")
        assert feed.commands == []

    tell(a_console(feed), story)


def test_what_leaving_does_to_orders_is_told() -> None:
    runner, orders = consequences(a_moment(a_frame(world=a_world(Role.HOST))))
    assert runner == "The runner finishes cycle 313, commits it and stops."
    assert orders.startswith("3 open paper orders stay in the database")
    assert consequences(a_moment())[1].startswith("3 paper orders are open"), "a demo's go with it"
    assert consequences(a_moment(LIVE))[1].startswith("3 OPEN ORDERS STAY ON THE EXCHANGE")
    cycle = a_cycle()
    calm = replace(cycle, carried=replace(cycle.carried, orders={}))
    assert consequences(a_moment(a_frame(cycle=calm)))[1] == "No order is open."
    assert "the cycle it is in" in consequences(a_moment(before_the_first_cycle()))[0]


def test_the_question_tells_what_is_so_now_and_not_when_it_was_opened() -> None:
    feed = StillFeed()
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "q")
        told = pilot.app.screen.query_one("#told", Static)
        assert "3 paper orders" in str(told.content)
        cycle = a_cycle()
        calm = replace(cycle, carried=replace(cycle.carried, orders={}))
        feed.frame = replace(feed.frame, cycle=calm, seq=feed.frame.seq + 1)
        console.pull()
        await pilot.pause()
        assert "No order is open." in str(told.content)

    tell(console, story)


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_the_key_that_opened_the_question_does_not_answer_it(key: str) -> None:
    feed = StillFeed()

    async def story(pilot: Pilot[None]) -> None:
        for _ in range(4):
            await opened(pilot, key)
        assert feed.commands == []
        assert feed.kills == []

    tell(a_console(feed), story)


@pytest.mark.parametrize("keys", [("y",), ("tab", "enter")])
def test_leaving_stops_the_run_and_waits_for_its_cycle(keys: tuple[str, ...]) -> None:
    feed = StillFeed()
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "q")
        await pilot.press(*keys)
        await pilot.pause()
        assert feed.commands == [Stop()]
        assert "STOPPING" in pane_text(pilot, "Banner")
        console.pull()
        assert console.return_code is None
        feed.frame = ended(Outcome.STOPPED)
        console.pull()
        assert console.return_code == 0

    tell(console, story)


def test_who_does_not_want_to_wait_leaves_the_screen_with_a_second_q() -> None:
    console = a_console(StillFeed())

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "q")
        await opened(pilot, "y")
        assert console.return_code is None
        await opened(pilot, "q")
        assert console.return_code == 0

    tell(console, story)


def test_a_run_that_ended_stays_on_the_screen_and_q_leaves_at_once() -> None:
    console = a_console(StillFeed(ended(Outcome.FAILED, "the disk is full")))

    async def story(pilot: Pilot[None]) -> None:
        console.pull()
        assert "■ FAILED: the disk is full" in pane_text(pilot, "Banner")
        assert console.return_code is None
        await opened(pilot, "q")
        assert console.return_code == 0

    tell(console, story)


# --------------------------------------------------------------------- pace, pause, panels


@pytest.mark.parametrize(
    ("key", "commands"),
    [
        ("+", [SetPace(0.5), SetPace(0.2)]),
        ("=", [SetPace(0.5), SetPace(0.2)]),
        ("-", [SetPace(2.0), SetPace(5.0)]),
        (".", [SetPace(HELD_S), StepOnce(), SetPace(HELD_S), StepOnce()]),
    ],
)
def test_recorded_data_can_be_sped_up_slowed_down_and_stepped(
    key: str, commands: Sequence[Command]
) -> None:
    feed = StillFeed()

    async def story(pilot: Pilot[None]) -> None:
        names = {"+": "plus", "=": "equals_sign", "-": "minus", ".": "full_stop"}
        await opened(pilot, names[key])
        await opened(pilot, names[key])
        assert feed.commands == commands

    tell(a_console(feed), story)


@pytest.mark.parametrize("frame", [LIVE, ended()])
def test_a_live_or_ended_run_has_no_pace_to_set(frame: Frame) -> None:
    feed = StillFeed(frame)

    async def story(pilot: Pilot[None]) -> None:
        await pilot.press("plus", "minus", "full_stop")
        assert feed.commands == []

    tell(a_console(feed), story)


def test_the_notches_of_pace_end_at_both_ends() -> None:
    assert [faster(notch) for notch in PACES_S] == [*PACES_S[1:], 0.0]
    assert [slower(notch) for notch in PACES_S] == [HELD_S, *PACES_S[:-1]]
    assert (faster(0.25), slower(0.25)) == (0.2, 0.5)


def test_a_paused_view_stands_still_while_the_bot_goes_on() -> None:
    seconds = Seconds()
    feed = StillFeed()
    console = a_console(feed, a_look(seconds))

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "p")
        feed.frame = killed(a_frame(cycle=a_cycle(step=400)))
        seconds.now_s += 12
        console.pull()
        assert "VIEW PAUSED 00:12" in pane_text(pilot, "Banner")
        assert "■ KILLED" in pane_text(pilot, "Banner"), "the banner is never paused"
        assert "CYCLE 312" in pane_text(pilot, "#cycle")
        await opened(pilot, "p")
        assert "CYCLE 401" in pane_text(pilot, "#cycle")
        assert feed.commands == []

    tell(console, story)


@pytest.mark.parametrize("size", [(60, 20), (200, 60)])
def test_a_digit_enlarges_a_panel_and_escape_brings_all_back(size: tuple[int, int]) -> None:
    async def story(pilot: Pilot[None]) -> None:
        sizes = {name: pilot.app.screen.query_one(f"#{name}").size for name in PANELS}
        for digit, name in enumerate(PANELS, start=1):
            await opened(pilot, str(digit))
            chosen = pilot.app.screen.query_one(f"#{name}")
            assert chosen.size == (size[0], size[1] - 3), name
            assert sum(1 for pane in pilot.app.screen.query(Pane) if pane.size.height) == 3
            await opened(pilot, "escape")
        for name in PANELS:
            assert pilot.app.screen.query_one(f"#{name}").size == sizes[name]

    tell(a_console(StillFeed()), story, size)


def test_an_enlarged_panel_scrolls_and_counts_what_is_out_of_sight() -> None:
    orders = {f"o{i}": order for i, order in enumerate(list(a_cycle().carried.orders.values()) * 9)}
    cycle = replace(a_cycle(), carried=replace(a_cycle().carried, orders=orders))

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "1")
        assert "▾11 more" in pane_text(pilot, "#orders")
        await opened(pilot, "down")
        assert "▴1 ▾10 more" in pane_text(pilot, "#orders")
        await pilot.press("pagedown", "pagedown")
        assert "▴11" in pane_text(pilot, "#orders")
        assert "more" not in pane_text(pilot, "#orders")
        await pilot.press("pageup", "pageup")
        assert "▾11 more" in pane_text(pilot, "#orders")

    tell(a_console(StillFeed(a_frame(cycle=cycle))), story, (80, 20))


def test_the_help_opens_scrolls_and_closes() -> None:
    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "?")
        assert isinstance(pilot.app.screen, HelpScreen)
        first = pane_text(pilot, "#help")
        await opened(pilot, "pagedown")
        assert pane_text(pilot, "#help") != first
        await opened(pilot, "escape")
        assert not isinstance(pilot.app.screen, HelpScreen)

    tell(a_console(StillFeed()), story, (80, 24))


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
def test_the_palette_finds_an_act_by_its_name(key: str) -> None:
    feed = StillFeed()

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, key)
        assert isinstance(pilot.app.screen, Palette)
        await pilot.press(*"KILL")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert feed.kills

    tell(a_console(feed), story)


# ------------------------------------------------------------------- the screen and its feed


def test_only_lines_that_changed_are_painted_again() -> None:
    feed = StillFeed()
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        feed.frame = a_frame(pulse=a_pulse(phase="plan"))
        console.pull()
        dirty = {
            pane.id or type(pane).__name__: sorted(region.y for region in pane._repaint_regions)
            for pane in pilot.app.screen.query(Pane)
            if pane._repaint_regions
        }
        assert dirty == {"cycle": [1]}

    tell(console, story)


def test_a_feed_that_shows_nothing_new_paints_nothing() -> None:
    console = a_console(StillFeed())

    async def story(pilot: Pilot[None]) -> None:
        console.pull()
        assert not [pane for pane in pilot.app.screen.query(Pane) if pane._repaint_regions]

    tell(console, story)


def test_a_note_appears_without_a_new_frame() -> None:
    feed = StillFeed()
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        feed.note(Note(AT, NoteLevel.WARNING, "order.unknown XRPTRY"))
        console.pull()
        assert "14:02:11 ▲ order.unknown XRPTRY" in pane_text(pilot, "#log")

    tell(console, story)


def test_an_answer_goes_after_a_while() -> None:
    seconds = Seconds()
    console = a_console(StillFeed(), a_look(seconds))

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "minus")
        assert "pace: 2s" in answer_text(pilot)
        seconds.now_s += 7
        console.pull()
        assert "pace: 2s" not in answer_text(pilot)

    tell(console, story)


@pytest.mark.parametrize("frame", [before_the_first_cycle(), killed()])
def test_any_frame_can_be_shown_at_any_size(frame: Frame) -> None:
    async def story(pilot: Pilot[None]) -> None:
        for size in ((1, 1), (20, 5), (60, 20), (99, 33), (160, 34), (300, 90)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert screen_text(pilot)

    tell(a_console(StillFeed(frame)), story)


def test_a_screen_that_changes_its_size_keeps_its_content() -> None:
    async def story(pilot: Pilot[None]) -> None:
        before = screen_text(pilot)
        for size in ((40, 10), (200, 60), (60, 20), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert screen_text(pilot) == before

    tell(a_console(StillFeed()), story)


class Broken(StillFeed):
    """A feed with a defect."""

    @property
    def latest(self) -> Frame:
        if self.commands:
            raise KeyError("defect")
        return self.frame


def test_a_defect_of_the_console_ends_it_with_one_line_and_no_traceback(
    capfd: pytest.CaptureFixture[str],
) -> None:
    feed = Broken()
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        feed.commands.append(Stop())
        console.call_later(console.pull)
        await pilot.pause()

    with pytest.raises(KeyError):
        tell(console, story)
    told = capfd.readouterr().err
    assert "the console failed; the runner finishes its cycle" in " ".join(told.split())
    assert "Traceback" not in told
    assert console.has_failed


# --------------------------------------------------------------------------------- alarms


def test_an_alarm_is_told_on_every_screen_until_it_is_acknowledged_and_gone() -> None:
    feed, seconds = StillFeed(anomalous(STALE_ETH)), Seconds()
    console = a_console(feed, a_look(seconds))

    async def story(pilot: Pilot[None]) -> None:
        for key in ("?", "escape", "q", "escape", "8"):
            await opened(pilot, key)
            assert "▲ WARN STALE_MARKET_DATA ETHTRY" in pane_text(pilot, "Banner")
        seconds.now_s += 1
        await opened(pilot, "a")
        assert "acknowledged: STALE_MARKET_DATA ETHTRY" in answer_text(pilot)
        assert "0 unacked" in pane_text(pilot, "Banner")
        assert "acked" in pane_text(pilot, "#alarms")
        feed.frame = armed()
        console.pull()
        await pilot.pause()
        assert "ALARMS" not in pane_text(pilot, "Banner")

    tell(console, story)


def test_an_alarm_that_went_unseen_waits_for_its_acknowledgement() -> None:
    feed, seconds = StillFeed(anomalous(STALE_ETH)), Seconds()
    console = a_console(feed, a_look(seconds))

    async def story(pilot: Pilot[None]) -> None:
        feed.frame = armed()
        seconds.now_s += 60
        console.pull()
        assert "gone, unacked" in pane_text(pilot, "Banner")
        await opened(pilot, "a")
        assert "ALARMS" not in pane_text(pilot, "Banner")
        await opened(pilot, "a")
        assert "no alarm waits" in answer_text(pilot)

    tell(console, story)


def test_an_alarm_that_just_came_up_is_not_acknowledged_by_a_key_meant_for_another() -> None:
    feed, seconds = StillFeed(anomalous(STALE_ETH)), Seconds()
    console = a_console(feed, a_look(seconds))

    async def story(pilot: Pilot[None]) -> None:
        seconds.now_s += 5
        feed.frame = anomalous(STALE_ETH, DIVERGED)
        console.pull()
        await opened(pilot, "a")
        assert "read it first" in answer_text(pilot)
        assert "ALARMS 2 unacked" in pane_text(pilot, "Banner")
        seconds.now_s += 1
        await opened(pilot, "a")
        assert "acknowledged: PNL_DIVERGENCE" in answer_text(pilot)

    tell(console, story)


def test_one_press_acknowledges_one_alarm() -> None:
    feed, seconds = StillFeed(anomalous()), Seconds()
    console = a_console(feed, a_look(seconds))

    async def story(pilot: Pilot[None]) -> None:
        for left in (2, 1, 0):
            seconds.now_s += 2
            await pilot.press("a", "a", "a")
            await pilot.pause()
            assert f"ALARMS {left} unacked" in pane_text(pilot, "Banner")

    tell(console, story)


def test_what_was_open_at_the_kill_is_counted_down() -> None:
    feed = StillFeed(armed())
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "ctrl+k")
        assert "3 of 3 still open" in pane_text(pilot, "Banner")
        cycle = a_cycle(312)
        none = replace(cycle, carried=replace(cycle.carried, orders={}))
        feed.frame = replace(feed.frame, cycle=none)
        console.pull()
        assert "0 of 3 still open" in pane_text(pilot, "Banner")
        assert "holding 3 assets" in pane_text(pilot, "Banner")

    tell(console, story, (200, 60))


# ------------------------------------------------------------- what a runner has not shown yet


class BusyRunner(StillFeed):
    """A run in the middle of a long turn: what is done to it is in no frame yet."""

    def kill(self, who: str, why: str) -> None:
        self.kills.append((who, why))


def test_a_kill_in_a_long_turn_is_on_the_banner_at_once() -> None:
    feed = BusyRunner(armed())
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "ctrl+k")
        assert "■ KILLED 14:02:11 ops" in pane_text(pilot, "Banner")
        assert "3 of 3 still open" in pane_text(pilot, "Banner")
        assert "LIVE BLOCKED (KILLED)" in pane_text(pilot, "Banner")
        feed.frame = killed(armed())
        console.pull()
        assert '"bad fills"' in pane_text(pilot, "Banner"), "the run's own word counts"
        feed.frame = armed()
        console.pull()
        assert "kill OFF" in pane_text(pilot, "Banner")

    tell(console, story, (200, 60))


def test_a_disarming_in_a_long_turn_is_on_the_banner_at_once() -> None:
    feed = StillFeed(armed())
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        await opened(pilot, "D")
        assert "LIVE DISARMED (disarmed by ops)" in pane_text(pilot, "Banner")
        feed.frame = armed(60)
        console.pull()
        assert "LIVE EXPIRING 01:00" in pane_text(pilot, "Banner"), "the run's own word counts"

    tell(console, story)


def test_a_screen_that_grew_keeps_nothing_of_the_old_lines() -> None:
    console = a_console(StillFeed(degraded()))

    async def story(pilot: Pilot[None]) -> None:
        await pilot.resize_terminal(200, 60)
        await pilot.pause()
        risk = pilot.app.screen.query_one("#risk", Pane).region
        rows = pilot.app.screen._compositor.render_strips()
        drawn = [row.crop(risk.x, risk.right).text for row in rows[risk.y : risk.bottom]]
        assert [row.rstrip() for row in drawn] == pane_text(pilot, "#risk").split("\n")

    tell(console, story)
