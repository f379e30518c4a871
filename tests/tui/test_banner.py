"""The banner says in words what this console is connected to and what may happen, at every size."""

import pytest
from msgspec.structs import replace

from btcbot_core.app.arming import ArmingView
from btcbot_core.app.frames import Outcome, Role
from btcbot_core.app.lease import LeaseView
from btcbot_core.domain.kill import KillState
from btcbot_core.domain.records import RunKind
from btcbot_tui.ink import Ink, width
from btcbot_tui.moment import Moment
from btcbot_tui.views.banner import banner, banner_flowed
from tests.tui.frames import (
    AT,
    HOSTILE,
    a_cycle,
    a_frame,
    a_pulse,
    a_world,
    armed,
    before_the_first_cycle,
    disarmed,
    ended,
    hostile,
    killed,
    stale,
)
from tests.tui.moments import a_moment, texts_of

SIZES = (60, 80, 99, 100, 120, 159, 160, 200)


def told(moment: Moment, cells: int = 160) -> str:
    return "\n".join(texts_of(banner(moment, cells)))


@pytest.mark.parametrize(
    ("role", "kind", "word"),
    [
        (Role.DEMO, RunKind.REPLAY, "DEMO"),
        (Role.REPLAY, RunKind.LIVE, "REPLAY"),
        (Role.HOST, RunKind.REPLAY, "RECORDED"),
        (Role.HOST, RunKind.BACKTEST, "BACKTEST"),
        (Role.HOST, RunKind.DRY_RUN, "DRY-RUN"),
        (Role.ATTACH, RunKind.LIVE, "LIVE BLOCKED"),
    ],
)
def test_the_mode_is_the_first_word_at_every_size(role: Role, kind: RunKind, word: str) -> None:
    moment = a_moment(a_frame(world=a_world(role, kind)))
    for cells in SIZES:
        assert told(moment, cells).strip().startswith(word)


def test_live_trading_names_every_closed_gate() -> None:
    frame = a_frame(world=a_world(Role.HOST, RunKind.LIVE))
    blocked = told(a_moment(frame))
    assert "LIVE BLOCKED (KILL_SWITCH, DRY_RUN, LIVE_TRADING, LIVE_TRADING_ACK)" in blocked


def test_open_gates_alone_arm_nothing() -> None:
    lease = LeaseView(ended_because="the lease ran out")
    frame = replace(armed(), arming=ArmingView(is_possible=True, lease=lease))
    assert "LIVE DISARMED (the lease ran out)" in told(a_moment(frame))
    assert "LIVE DISARMED" in told(a_moment(frame), 60)


def test_the_closed_gates_are_the_last_words_to_be_shortened() -> None:
    blocked = told(a_moment(disarmed("", "DRY_RUN", "KILL_SWITCH")), 80)
    assert "LIVE BLOCKED (KILL_SWITCH, DRY_RUN)" in blocked


def test_a_gate_that_is_closed_later_blocks_from_then_on() -> None:
    frame = armed()
    checks = tuple(replace(check, is_ok=check.name != "DRY_RUN") for check in frame.arming.checks)
    frame = replace(frame, arming=replace(frame.arming, checks=checks))
    assert "LIVE BLOCKED (DRY_RUN)" in told(a_moment(frame))


@pytest.mark.parametrize("cells", SIZES)
def test_the_last_two_minutes_are_called_expiring(cells: int) -> None:
    assert "LIVE EXPIRING 02:00" in told(a_moment(armed(left_s=120)), cells)
    assert "LIVE ARMED 02:01" in told(a_moment(armed(left_s=121)), cells)
    assert "LIVE EXPIRING 01:58" in told(a_moment(armed(left_s=121), silent_s=3), cells)
    assert "LIVE EXPIRING 00:00" in told(a_moment(armed(left_s=2), silent_s=9), cells)


def test_a_live_run_says_what_it_holds() -> None:
    assert "holding 3 assets 18k TRY" in told(a_moment(armed()))
    cycle = a_cycle()
    flat = replace(cycle, portfolio=replace(cycle.portfolio, positions={}))
    assert "flat" in told(a_moment(replace(armed(), cycle=flat)))
    assert "holding" not in told(a_moment(a_frame()))
    assert "flat" not in told(a_moment(before_the_first_cycle()))


@pytest.mark.parametrize("cells", SIZES)
def test_a_killed_live_run_counts_what_is_still_open(cells: int) -> None:
    frame = killed(armed())
    cycle = a_cycle()
    (kept, order), *_ = cycle.carried.orders.items()
    one = replace(cycle, carried=replace(cycle.carried, orders={kept: order}))
    moment = a_moment(replace(frame, cycle=one))
    moment = replace(moment, killed_with=frozenset(cycle.carried.orders))
    shown = told(moment, cells)
    assert "■ KILLED" in shown
    assert "LIVE BLOCKED" in shown
    assert "1 of 3" in shown
    if cells >= 120:
        assert "holding" in shown


@pytest.mark.parametrize("cells", SIZES)
def test_an_armed_run_counts_down_in_a_warning_badge(cells: int) -> None:
    moment = a_moment(armed())
    assert "LIVE ARMED 28:14" in told(moment, cells)
    assert "LIVE ARMED 28:10" in told(replace(moment, silent_s=4), cells)
    assert Ink.WARN_BADGE in {piece.ink for piece in banner(moment, cells)[0]}
    assert "LIVE ARMED" in told(a_moment(armed(left_s=None)), cells)


@pytest.mark.parametrize("cells", SIZES)
def test_a_kill_is_told_at_every_size(cells: int) -> None:
    shown = told(a_moment(killed()), cells)
    assert "■ KILLED" in shown
    assert "OBSERVE_ONLY" in shown
    if cells >= 100:
        assert '■ KILLED 13:59:11 ops "bad fills"' in shown
        assert "mode:kill_switch_active" in shown


def test_a_kill_that_is_not_stored_says_so() -> None:
    frame = replace(a_frame(), kill=KillState(True, AT, "ops", "why", "disk full"))
    assert "KILLED, NOT STORED" in told(a_moment(frame))


def test_no_kill_is_told_too() -> None:
    assert "kill OFF" in told(a_moment(), 60)


@pytest.mark.parametrize("cells", SIZES)
def test_old_data_are_called_old(cells: int) -> None:
    assert "DATA 01:15 OLD" in told(a_moment(stale(75)), cells)


def test_the_age_of_data_grows_while_the_runner_is_silent() -> None:
    frame = a_frame(world=a_world(Role.HOST, RunKind.DRY_RUN))
    assert "data 0.8s" in told(a_moment(frame))
    assert "data 31s" in told(a_moment(frame, late_s=31))
    assert "DATA 01:31 OLD" in told(a_moment(frame, late_s=91))


def test_a_pair_without_data_is_counted_beside_the_age() -> None:
    assert "data 5.0s, 1 stale" in told(a_moment(stale(5)))


def test_a_runner_that_shows_nothing_new_is_told() -> None:
    assert "NO NEWS FOR 01:30" in told(a_moment(silent_s=90))
    assert "NO NEWS" not in told(a_moment(silent_s=30))


def test_a_held_run_is_not_called_silent() -> None:
    frame = a_frame(pulse=a_pulse(pace_s=86_400.0))
    assert "NO NEWS" not in told(a_moment(frame, silent_s=3_000))


def test_a_paused_view_says_that_the_bot_goes_on() -> None:
    assert "VIEW PAUSED 00:12, the bot goes on" in told(a_moment(paused_s=12))


def test_the_banner_of_a_paused_view_tells_the_newest_state() -> None:
    assert "■ KILLED" in told(a_moment(killed(), shown=a_frame(), paused_s=3))


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.RUNNING])
def test_an_end_is_told_with_its_reason(outcome: Outcome) -> None:
    shown = told(a_moment(ended(outcome, "the disk is full")))
    if outcome is Outcome.FAILED:
        assert "■ FAILED: the disk is full" in shown
    else:
        assert f"ENDED: {outcome.value}" in shown


def test_stopping_is_told_until_it_is_done() -> None:
    assert "STOPPING" in told(a_moment(is_stopping=True))
    assert "STOPPING" not in told(a_moment(ended(), is_stopping=True))


def test_before_the_first_cycle_nothing_is_invented() -> None:
    shown = told(a_moment(before_the_first_cycle()))
    assert "risk — (no cycle yet)" in shown
    assert "data —" in shown


@pytest.mark.parametrize("cells", SIZES)
@pytest.mark.parametrize("text", HOSTILE)
def test_no_line_is_wider_than_the_screen(cells: int, text: str) -> None:
    for frame in (a_frame(), killed(), stale(), hostile(text), hostile(text * 40)):
        lines = banner(a_moment(frame, paused_s=7, silent_s=900), cells)
        assert [width(pieces) for pieces in lines] == [cells, cells]


@pytest.mark.parametrize("cells", [12, 20, 30, 40, 59])
def test_the_smallest_screens_tell_mode_kill_and_risk_first(cells: int) -> None:
    lines = texts_of(banner_flowed(a_moment(killed()), cells))
    together = " ".join(lines)
    assert together.index("DEMO") < together.index("KILLED") < together.index("OBSERVE")
    assert all(len(text) <= cells for text in lines)


def test_a_calm_banner_has_no_warning_ink() -> None:
    inks = {piece.ink for pieces in banner(a_moment(), 160) for piece in pieces}
    assert inks <= {Ink.PLAIN, Ink.DIM, Ink.BADGE}
