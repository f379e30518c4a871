"""Data never becomes markup, an action, a crash or an escape sequence (DEC-27, FAULTS S03)."""

import re
import unicodedata

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from textual.pilot import Pilot

from btcbot_core.app.frames import Note, NoteLevel, Outcome
from btcbot_core.domain.codes import AnomalyCode, Severity
from btcbot_core.risk.anomalies import Anomaly
from btcbot_tui.alarms import after
from btcbot_tui.ink import Lines
from btcbot_tui.screens.reset import ResetDialog
from btcbot_tui.table import body, heading, lay_out
from btcbot_tui.views.alarms import alarm_line, alarms_lines
from btcbot_tui.views.banner import banner, banner_flowed
from btcbot_tui.views.cycle import cycle_lines
from btcbot_tui.views.decisions import decisions_table
from btcbot_tui.views.log import log_lines
from btcbot_tui.views.money import money_lines
from btcbot_tui.views.orders import orders_table
from btcbot_tui.views.positions import positions_table
from btcbot_tui.views.quotes import quotes_table
from btcbot_tui.views.risk import risk_lines
from tests.tui.frames import AT, HOSTILE, StillFeed, hostile
from tests.tui.moments import a_moment, texts_of
from tests.tui.stories import a_console, tell

FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "Zl", "Zp"}


def everything_drawn(text: str, cells: int) -> Lines:
    notes = (Note(AT, NoteLevel.ERROR, text),)
    odd = Anomaly(AnomalyCode.CLOCK_SKEW, Severity.ERROR, text, text, text)
    moment = replace(a_moment(hostile(text), paused_s=1), notes=notes, alarms=after((), [odd], AT))
    tables = (orders_table, positions_table, decisions_table, quotes_table)
    drawn = [table(moment) for table in tables]
    layouts = [(table, lay_out(table, cells)) for table in drawn]
    return (
        *banner(moment, cells),
        *banner_flowed(moment, cells),
        *cycle_lines(moment, cells, 3),
        *money_lines(moment, cells, 3),
        *money_lines(moment, cells, 20),
        *risk_lines(moment, cells, 9),
        alarm_line(moment, cells),
        *alarms_lines(moment, cells, 9),
        *log_lines(moment, cells, 9),
        *(heading(table, layout, cells) for table, layout in layouts),
        *(row for table, layout in layouts for row in body(table, layout, cells)),
    )


@given(st.text(max_size=300), st.integers(20, 220))
def test_no_view_lets_a_control_character_through(text: str, cells: int) -> None:
    for drawn in texts_of(everything_drawn(text, cells)):
        assert not {unicodedata.category(char) for char in drawn} & FORBIDDEN


def test_hostile_frames_are_shown_as_text_in_panels_and_dialogs() -> None:
    feed = StillFeed()
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        for text in HOSTILE:
            feed.frame = replace(hostile(text), outcome=Outcome.RUNNING)
            feed.note(Note(AT, NoteLevel.ERROR, text))
            console.pull()
            await pilot.press("R")
            assert isinstance(console.screen, ResetDialog)
            picture = console.export_screenshot()
            assert not re.search("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e]", picture)
            await pilot.press("escape")
        assert console.return_code is None

    tell(console, story, (200, 60))


def test_a_click_on_an_action_in_data_does_nothing() -> None:
    feed = a_hostile_feed("[@click=app.kill]kill[/]")
    console = a_console(feed)

    async def story(pilot: Pilot[None]) -> None:
        for name in ("cycle", "orders", "decisions", "log"):
            for x in (4, 6):
                await pilot.click(f"#{name}", offset=(x, 1))
        assert (feed.commands, feed.kills) == ([], [])

    tell(console, story, (120, 40))


def a_hostile_feed(text: str) -> StillFeed:
    frame = replace(hostile(text), outcome=Outcome.RUNNING)
    return StillFeed(frame, (Note(AT, NoteLevel.ERROR, text),))


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=5, deadline=None)
@given(st.text(max_size=80))
def test_no_text_breaks_a_dialog(text: str) -> None:
    async def story(pilot: Pilot[None]) -> None:
        await pilot.press("R")
        await pilot.pause()

    tell(a_console(a_hostile_feed(text)), story, (80, 24))
