"""Runs the console on a frame that stands still: `python -m tests.tui.still_console [frame]`."""

import sys

from btcbot_tui.app import Console
from btcbot_tui.watch import Look
from tests.tui import frames

if __name__ == "__main__":
    make = getattr(frames, sys.argv[1] if len(sys.argv) > 1 else "a_frame")
    Console(
        frames.StillFeed(make(), frames.some_notes()), Look(operator="ops", wall=lambda: frames.AT)
    ).run()
