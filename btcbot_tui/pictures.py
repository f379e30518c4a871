"""Draws the console for the docs: `python -m btcbot_tui.pictures FOLDER` (`make pictures`).

The program draws itself: the shipped night is traded up to a step, and the console shows the frame
that stands there. What would differ from one machine to the next is set by hand.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

import msgspec

from btcbot_core.app.frames import Command, Frame, Note, Outcome, Role
from btcbot_core.bootstrap import SessionOptions, open_session
from btcbot_tui.app import Console
from btcbot_tui.watch import Look

STEP = 430
"""A minute in which one pair is sold off, another cannot be bought yet, and an order expires."""
SIZES = ((120, 40),)
TOOK_MS, TOOK_P95_MS, PACE_S = 0.4, 0.7, 0.25
"""What a turn takes, and the demo's pace, on a usual machine."""


class StillFeed:
    """One frame that does not change; keys and commands lead nowhere."""

    def __init__(self, frame: Frame, notes: Sequence[Note]) -> None:
        self.latest = frame
        self._notes = notes

    def drain(self) -> Sequence[Note]:
        notes, self._notes = self._notes, ()
        return notes

    def command(self, command: Command) -> None:
        """Nothing runs here."""

    def kill(self, who: str, why: str) -> None:
        """Nothing runs here."""

    def disarm(self, who: str) -> None:
        """Nothing runs here."""


def main(argv: Sequence[str] | None = None) -> int:
    """Write one picture for each size into the folder."""
    parser = argparse.ArgumentParser(prog="btcbot_tui.pictures", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go")
    folder: Path = parser.parse_args(argv).folder
    folder.mkdir(parents=True, exist_ok=True)
    frame, notes = the_night_at(STEP)
    for width, height in SIZES:
        path = folder / f"overview-{width}x{height}.svg"
        drawn = asyncio.run(_drawn(StillFeed(frame, notes), (width, height)))
        path.write_text(drawn, encoding="utf-8")
        print(f"wrote {path}")
    return 0


def the_night_at(step: int) -> tuple[Frame, Sequence[Note]]:
    """The frame after so many turns of the demo, as it stands while the run goes on."""
    session = open_session(SessionOptions(role=Role.DEMO, speed="max", cycles_max=step))
    session.run()
    if session.error is not None:
        raise session.error
    last = session.latest
    pulse = msgspec.structs.replace(
        last.pulse, took_ms=TOOK_MS, took_p95_ms=TOOK_P95_MS, overruns=0, pace_s=PACE_S
    )
    world = msgspec.structs.replace(last.world, database=Path(last.world.database).name)
    frame = msgspec.structs.replace(
        last, world=world, pulse=pulse, outcome=Outcome.RUNNING, message=""
    )
    return frame, session.drain()


async def _drawn(feed: StillFeed, size: tuple[int, int]) -> str:
    """The console on this frame as SVG."""
    console = Console(feed, Look(zone=UTC, operator="operator", monotonic_s=lambda: 0.0))
    async with console.run_test(size=size) as pilot:
        await pilot.pause()
        console.pull()
        console.redraw()
        await pilot.pause()
        return console.export_screenshot(title="btcbot")


if __name__ == "__main__":
    sys.exit(main())
