"""The console on a terminal of its own, as a bot that a hand arms: dialog, grant, typed phrase."""

import os
import re
import signal
import time
from dataclasses import dataclass

from tests.live.rig import Bot
from tests.tui.terminal import Terminal

SIZE = (120, 40)
DEAF_S = 1.2
"""A dialog that has just opened takes no key for so long."""
KEY_S = 0.05
PATIENCE_S = 120.0

_phrase = re.compile(r"Type +(ARM \S+ \S+)").search


@dataclass
class ConsoleBot(Bot):
    """`btcbot-tui`, hosting the same run; each start is followed by a person's arming."""

    stage: int = 3
    pace_s: str = "0.3"
    terminal: Terminal | None = None

    def start(self, *flags: str) -> None:
        where = ("--stage", str(self.stage), "--db", str(self.db), "--cycle-seconds", self.pace_s)
        arguments = ["-m", "btcbot_tui", *where, *flags]
        self.terminal = Terminal(arguments, SIZE, self.environment)
        self.terminal.wait_for("QUOTES", PATIENCE_S)

    def arm(self) -> None:
        """As often as it takes: in a storm what must hold does not hold all the time."""
        assert self.terminal is not None
        until_s = time.monotonic() + PATIENCE_S
        while not self._has_armed(self.terminal):
            assert time.monotonic() < until_s, self.terminal.screen.text()
            self.terminal.send("\x1b")
            self.terminal.read_for(DEAF_S)
        self.terminal.send("\x1b")

    def _has_armed(self, terminal: Terminal) -> bool:
        """Go through the three steps of the dialog, with keys alone."""
        try:
            terminal.send("A")
            terminal.wait_for("All holds")
            terminal.read_for(DEAF_S)
            terminal.send("\t\r")
            terminal.wait_for("step 2 of 3")
            terminal.read_for(DEAF_S)
            said = _phrase(terminal.screen.text())
            self._type(f"\t\tstorm\t{said[1] if said else ''}\t\t\r")
            terminal.wait_for("ARMED, ")
        except AssertionError:
            return False
        return True

    def live(self, seconds: float) -> None:
        assert self.terminal is not None
        self.terminal.read_for(seconds)

    def is_alive(self) -> bool:
        return self.terminal is not None and self.terminal.is_running()

    def kill(self) -> None:
        assert self.terminal is not None
        os.kill(self.terminal.pid, signal.SIGKILL)
        self.terminal.wait()
        self.terminal.hang_up()
        self.terminal = None

    def _type(self, keys: str) -> None:
        assert self.terminal is not None
        for key in keys:
            self.terminal.send(key)
            self.terminal.read_for(KEY_S)
