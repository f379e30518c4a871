"""The console over a scripted run with a computing thread, for tests on a real terminal.

`python -m tests.tui.console_program JOURNAL [flags]`; what the run does and hears is written to
the journal line by line, each with a monotonic time.
"""

import argparse
import os
import sys
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from btcbot_core.app.frames import Command, Note, NoteLevel, Outcome, SelectArm, Stop
from btcbot_core.domain.kill import KillState
from btcbot_core.domain.market import MarketSnapshot
from btcbot_tui.app import Console
from btcbot_tui.lifeline import Patience
from btcbot_tui.main import show
from tests.tui import frames


class ScriptedRun:
    """Cycles that compute for a while and are journalled; a feed, and a run behind it."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._journal = os.open(arguments.journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._cycle_s: float = arguments.cycle_s
        self._pause_s: float = arguments.pause_s
        self._is_hanging: bool = arguments.hang
        self._is_hostile: bool = arguments.hostile
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._kill = KillState(False)
        self._notes = list(frames.some_notes())
        self.exit_code = 0
        self._is_live: bool = arguments.live
        self.latest = frames.disarmed() if self._is_live else frames.a_frame()

    def start(self) -> None:
        threading.Thread(target=self._run, name="cycle-runner").start()

    def stop(self) -> None:
        self._stop.set()

    def join(self, timeout_s: float) -> bool:
        return self._ended.wait(timeout_s)

    def drain(self) -> Sequence[Note]:
        notes, self._notes = self._notes, []
        return notes

    def command(self, command: Command) -> None:
        self._say(f"command {command}")
        if isinstance(command, Stop):
            self.stop()
        if isinstance(command, SelectArm):
            self.latest = frames.disarmed(frames.PHRASE)

    def kill(self, who: str, why: str) -> None:
        self._say(f"kill {who}: {why}")
        if not self._kill.is_set:
            self._kill = KillState(True, frames.AT, who, why)
            self.latest = replace(self.latest, kill=self._kill)

    def disarm(self, who: str) -> None:
        self._say(f"disarm {who}")

    def _run(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            self._say(f"begin {number}")
            _compute(self._cycle_s)
            self._show(number)
            self._say(f"end {number}")
            self._stop.wait(self._pause_s)
        while self._is_hanging:
            time.sleep(1)
        self.latest = replace(self.latest, outcome=Outcome.STOPPED)
        self._say("stopped")
        self._ended.set()

    def _show(self, number: int) -> None:
        at = frames.AT + timedelta(seconds=number)
        if self._is_hostile:
            self._show_hostile(number, at)
            return
        market = MarketSnapshot(at=at, quotes=frames.some_quotes(at))
        cycle = replace(frames.a_cycle(number, at), market=market)
        self.latest = replace(self.latest, seq=number, cycle=cycle, kill=self._kill)

    def _show_hostile(self, number: int, at: datetime) -> None:
        """One after another, everything that outside strings could try."""
        text = frames.HOSTILE[number % len(frames.HOSTILE)]
        self._notes.append(Note(at, NoteLevel.ERROR, text))
        self.latest = replace(frames.hostile(text), seq=number, outcome=Outcome.RUNNING)

    def _say(self, text: str) -> None:
        os.write(self._journal, f"{time.monotonic_ns()} {text}\n".encode())


def _compute(seconds: float) -> None:
    """Pure Python work, which keeps the interpreter as a strategy would."""
    until_s, x = time.monotonic() + seconds, 1
    while time.monotonic() < until_s:
        for i in range(1_000):
            x = (x * 1103515245 + i) & 0xFFFFFFFF


def main() -> int:
    top = argparse.ArgumentParser()
    top.add_argument("journal")
    top.add_argument("--cycle-s", type=float, default=0.02)
    top.add_argument("--pause-s", type=float, default=0.05)
    top.add_argument("--hang", action="store_true", help="the runner never ends")
    top.add_argument("--block-loop", action="store_true", help="the event loop stands still")
    top.add_argument("--hostile", action="store_true", help="a new attack each cycle")
    top.add_argument("--live", action="store_true", help="a run that can be armed")
    top.add_argument("--ascii", action="store_true")
    arguments = top.parse_args()
    run = ScriptedRun(arguments)
    if arguments.block_loop:
        Console.on_ready = _block_loop  # type: ignore[attr-defined] # a program of its own
    return show(run, is_ascii=arguments.ascii, patience=Patience(join_s=2.0, leave_s=1.0))


def _block_loop(self: Console) -> None:
    """A defect that a console could have: its loop does not come back."""
    self.set_timer(1.0, lambda: time.sleep(60))


if __name__ == "__main__":
    sys.exit(main())
