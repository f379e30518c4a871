"""Driving a console without a terminal: a feed, a size, and a story told in keys."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC

from textual.pilot import Pilot

from btcbot_core.app.frames import Feed
from btcbot_tui.app import Console
from btcbot_tui.screens.overview import Overview
from btcbot_tui.watch import Look
from btcbot_tui.widgets.pane import Pane
from btcbot_tui.widgets.panels import KeyBar
from tests.tui.frames import AT

Story = Callable[[Pilot[None]], Awaitable[None]]


class Seconds:
    """A monotonic clock that a story moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def a_look(seconds: Seconds | None = None, type_ahead_s: float = 0) -> Look:
    return Look(
        operator="ops",
        zone=UTC,
        type_ahead_s=type_ahead_s,
        wall=lambda: AT,
        monotonic_s=seconds or Seconds(),
    )


def a_console(feed: Feed, look: Look | None = None) -> Console:
    return Console(feed, look or a_look())


def tell(console: Console, story: Story, size: tuple[int, int] = (120, 40)) -> None:
    """Run the console headless and tell the story; what the console raises, the test raises."""

    async def run() -> None:
        async with console.run_test(size=size) as pilot:
            await pilot.pause()
            await story(pilot)

    asyncio.run(run())


def pane_text(pilot: Pilot[None], selector: str) -> str:
    """What a pane of the screen on top shows, line by line."""
    pane = pilot.app.screen.query_one(selector, Pane)
    return "\n".join(pane.render_line(y).text.rstrip() for y in range(pane.size.height))


def screen_text(pilot: Pilot[None]) -> str:
    return "\n".join(
        pane_text(pilot, f"#{pane.id}" if pane.id else type(pane).__name__)
        for pane in pilot.app.screen.query(Pane)
        if pane.size.height
    )


def answer_text(pilot: Pilot[None]) -> str:
    """The bar of keys under the overview, which also answers."""
    overview = pilot.app.screen_stack[0]
    assert isinstance(overview, Overview)
    return overview.query_one(KeyBar).render_line(0).text
