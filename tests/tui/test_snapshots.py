"""The screens as an operator sees them, kept as pictures to look at when they change."""

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from btcbot_core.app.frames import Frame, Outcome
from btcbot_tui.app import Console
from tests.tui.frames import (
    PHRASE,
    StillFeed,
    a_frame,
    a_pulse,
    armed,
    before_the_first_cycle,
    degraded,
    disarmed,
    ended,
    killed,
    rebalancing,
    some_notes,
    stale,
    unknown_order,
)
from tests.tui.stories import Seconds, a_look
from tests.tui.test_arm_dialog import Runner, opened, typed

SnapCompare = Callable[..., bool]
"""The plugin's fixture; it states no types of its own."""

NARROW, NORMAL, WIDE = (80, 24), (120, 40), (200, 60)


def shown(frame: Frame) -> Console:
    return Console(StillFeed(frame, some_notes()), a_look())


@pytest.fixture(autouse=True)
def with_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have switched colours off."""
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.parametrize("size", [(60, 20), NARROW, NORMAL, WIDE])
def test_the_overview_at_every_size(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(shown(a_frame(pulse=a_pulse(phase="judge"))), terminal_size=size)


@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
def test_a_rebalancing_run(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(shown(rebalancing()), terminal_size=size)


@pytest.mark.parametrize("size", [NARROW, NORMAL])
def test_a_killed_run(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(shown(killed()), terminal_size=size)


@pytest.mark.parametrize("size", [NARROW, NORMAL])
def test_stale_data(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(shown(stale()), terminal_size=size)


def test_an_armed_run(snap_compare: SnapCompare) -> None:
    assert snap_compare(shown(armed()), terminal_size=NORMAL)


def test_a_lease_that_is_about_to_end(snap_compare: SnapCompare) -> None:
    assert snap_compare(shown(armed(left_s=100)), terminal_size=NARROW)


@pytest.mark.parametrize("size", [NARROW, NORMAL])
def test_a_live_run_whose_gates_are_closed(
    snap_compare: SnapCompare, size: tuple[int, int]
) -> None:
    assert snap_compare(shown(disarmed("", "KILL_SWITCH", "DRY_RUN")), terminal_size=size)


@pytest.mark.parametrize("size", [NARROW, NORMAL])
def test_a_killed_live_run(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(shown(killed(armed())), terminal_size=size)


@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
def test_alarms_under_a_risk_budget(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(shown(degraded()), terminal_size=size)


def test_alarms_explained(snap_compare: SnapCompare) -> None:
    assert snap_compare(shown(degraded()), terminal_size=NARROW, press=["8"])


def test_alarms_without_colours(snap_compare: SnapCompare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(shown(degraded()), terminal_size=NARROW)


@pytest.mark.parametrize("size", [(60, 20), NORMAL])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_dialog_that_arms(snap_compare: SnapCompare, size: tuple[int, int], steps: int) -> None:
    feed = Runner()
    console = Console(feed, a_look())

    async def walk(pilot: Pilot[None]) -> None:
        dialog = await opened(pilot, console)
        if steps > 1:
            await pilot.press("tab", "enter")
        if steps > 2:
            await typed(pilot, "#reason", "canary")
            await typed(pilot, "#typed", PHRASE)
            await pilot.press("tab", "tab", "enter")
            feed.frame = armed(1_800, is_awaited=True)
        console.pull()
        await pilot.pause()
        assert dialog.is_current

    assert snap_compare(console, terminal_size=size, run_before=walk)


def test_an_order_of_unknown_fate(snap_compare: SnapCompare) -> None:
    assert snap_compare(shown(unknown_order()), terminal_size=NORMAL)


def test_a_run_before_its_first_cycle(snap_compare: SnapCompare) -> None:
    assert snap_compare(shown(before_the_first_cycle()), terminal_size=NARROW)


def test_a_run_that_failed(snap_compare: SnapCompare) -> None:
    frame = ended(Outcome.FAILED, "invariant broken: equity 100 is not capital 90 plus net 9")
    assert snap_compare(shown(frame), terminal_size=NARROW)


def test_a_paused_view(snap_compare: SnapCompare) -> None:
    seconds = Seconds()
    console = Console(StillFeed(a_frame(), some_notes()), a_look(seconds))

    async def pause(pilot: Pilot[None]) -> None:
        await pilot.press("p")
        seconds.now_s += 12
        console.pull()
        await pilot.pause()

    assert snap_compare(console, terminal_size=NARROW, run_before=pause)


@pytest.mark.parametrize("frame", [killed(), stale()], ids=["killed", "stale"])
def test_without_colours_every_state_is_in_words(
    snap_compare: SnapCompare, monkeypatch: pytest.MonkeyPatch, frame: Frame
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(shown(frame), terminal_size=NARROW)


@pytest.mark.parametrize("size", [(59, 24), (40, 10), (20, 5)])
def test_a_terminal_that_is_too_small(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(shown(killed()), terminal_size=size)


@pytest.mark.parametrize("size", [(60, 20), NORMAL])
def test_the_reset_dialog(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(shown(killed()), terminal_size=size, press=["R"])


def test_the_reset_dialog_without_colours(
    snap_compare: SnapCompare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(shown(killed()), terminal_size=NARROW, press=["R"])


def test_the_question_before_leaving(snap_compare: SnapCompare) -> None:
    assert snap_compare(shown(a_frame()), terminal_size=NARROW, press=["q"])


def test_the_help(snap_compare: SnapCompare) -> None:
    assert snap_compare(shown(a_frame()), terminal_size=NORMAL, press=["?"])


def test_an_enlarged_panel(snap_compare: SnapCompare) -> None:
    assert snap_compare(shown(a_frame()), terminal_size=NARROW, press=["3"])
