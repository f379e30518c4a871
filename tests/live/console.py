"""The console on a terminal of its own, as a bot that a hand arms: dialog, grant, typed phrase."""

import os
import re
import signal
from dataclasses import dataclass

from tests.live.rig import Bot
from tests.tui.terminal import Terminal

SIZE = (120, 40)
DEAF_S = 1.2
"""A dialog that has just opened takes no key for so long."""
KEY_S = 0.03
PATIENCE_S = 60.0

_phrase = re.compile(r"Type +(ARM \S+ \S+)").search


@dataclass
class ConsoleBot(Bot):
    """`btcbot-tui`, hosting the same run; each start is followed by a person's arming."""

    stage: int = 3
    terminal: Terminal | None = None

    def start(self, *flags: str) -> None:
        where = ("--stage", str(self.stage), "--db", str(self.db), "--cycle-seconds", "0.3")
        arguments = ["-m", "btcbot_tui", *where, *flags]
        self.terminal = Terminal(arguments, SIZE, self.environment)
        self.terminal.wait_for("QUOTES", PATIENCE_S)

    def arm(self, minutes: int = 30) -> None:
        """Through the three steps of the dialog, with keys alone."""
        assert self.terminal is not None
        terminal = self.terminal
        terminal.send("A")
        terminal.wait_for("All holds", PATIENCE_S)
        terminal.read_for(DEAF_S)
        terminal.send("\t\r")
        terminal.wait_for("step 2 of 3")
        terminal.read_for(DEAF_S)
        said = _phrase(terminal.screen.text())
        assert said, terminal.screen.text()
        self._type(f"\t{minutes}\tstorm\t{said[1]}\t\t\r")
        terminal.wait_for("ARMED, ", PATIENCE_S)
        terminal.send("\x1b")

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
