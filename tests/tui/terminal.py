"""A real terminal pair for tests: starts a program on it, types, reads, stalls, hangs up.

Standard library only. `Screen` understands as much of a terminal as the console uses, so that a
test can say what an operator would read.
"""

import fcntl
import os
import re
import select
import signal
import struct
import sys
import termios
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

DEADLINE_S = 15.0
"""How long anything may take on a busy machine before a test gives up."""

_TOKEN = re.compile(
    r"\x1b\[(?P<args>[0-9;?<>=$]*)(?P<final>[@-~])"
    r"|\x1b[\]P].*?(?:\x07|\x1b\\)"
    r"|\x1b[^\[\]P]"
    r"|(?P<char>[^\x1b])",
    re.DOTALL,
)


class Screen:
    """What stands on the terminal after these bytes."""

    def __init__(self, columns: int, rows: int) -> None:
        self._columns, self._rows = columns, rows
        self._cells = [[" "] * columns for _ in range(rows)]
        self._x = self._y = 0
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""

    def feed(self, data: bytes) -> None:
        """Take what was written; a sequence may be cut anywhere and go on in the next piece."""
        text, end = self._rest + self._decode(data), 0
        for token in _TOKEN.finditer(text):
            if token.start() != end:
                break
            end = token.end()
            if token["final"]:
                self._control(token["args"], token["final"])
            elif token["char"]:
                self._put(token["char"])
        self._rest = text[end:]

    def resize(self, columns: int, rows: int) -> None:
        self.__init__(columns, rows)  # type: ignore[misc] # a new, empty screen

    def text(self) -> str:
        return "\n".join("".join(row).rstrip() for row in self._cells)

    def _control(self, args: str, final: str) -> None:
        numbers = [int(n) for n in args.split(";") if n.isdigit()]
        if final == "H":
            self._y = (numbers[0] if numbers else 1) - 1
            self._x = (numbers[1] if len(numbers) > 1 else 1) - 1
        elif final == "J" or (final == "h" and args == "?1049"):
            self._cells = [[" "] * self._columns for _ in range(self._rows)]

    def _put(self, char: str) -> None:
        if char == "\n":
            self._y += 1
        if char in "\r\n":
            self._x = 0
        elif 0 <= self._y < self._rows:
            if 0 <= self._x < self._columns:
                self._cells[self._y][self._x] = char
            self._x += 1


class Terminal:
    """A program on a terminal of its own. Leaving the block ends it, whatever it does."""

    def __init__(
        self,
        arguments: Sequence[str],
        size: tuple[int, int] = (80, 24),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.screen = Screen(*size)
        self.output = b""
        self._code: int | None = None
        self._master, slave = os.openpty()
        self.resize(*size)
        self.attributes = termios.tcgetattr(slave)
        path = os.ttyname(slave)
        self._slave = slave
        self.began_s = time.monotonic()
        self.pid = os.posix_spawn(
            sys.executable,
            [sys.executable, *arguments],
            {**_clean_environment(), **(environment or {})},
            # Opened by a fresh session's leader, the terminal becomes its controlling one.
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, path, os.O_RDWR, 0),
                (os.POSIX_SPAWN_DUP2, 0, 1),
                (os.POSIX_SPAWN_DUP2, 0, 2),
            ],
            setsid=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.hang_up()

    # Typing and reading

    def send(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def read(self, wait_s: float = 0.05) -> bytes:
        """What the program has written by now."""
        if not select.select([self._master], [], [], wait_s)[0]:
            return b""
        try:
            data = os.read(self._master, 65_536)
        except OSError:
            return b""
        self.output += data
        self.screen.feed(data)
        return data

    def read_for(self, seconds: float) -> bytes:
        """Everything written in this time."""
        before, until_s = len(self.output), time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            self.read(min(left_s, 0.05))
        return self.output[before:]

    def wait_for(self, text: str, wait_s: float = DEADLINE_S) -> None:
        """Until the screen shows the text."""
        self.wait_until(lambda: text in self.screen.text(), f"{text!r} on the screen", wait_s)

    def wait_until(self, is_so: Callable[[], bool], what: str, wait_s: float = DEADLINE_S) -> None:
        """Read until it is so; what does not come in time fails with the screen as it stands."""
        until_s = time.monotonic() + wait_s
        while not is_so():
            if time.monotonic() > until_s:
                raise AssertionError(f"{what} did not come:\n{self.screen.text()}")
            self.read()

    # What befalls a terminal

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(columns, rows)

    def hang_up(self) -> None:
        """The other side goes: the program gets SIGHUP, and its reads and writes fail."""
        for handle in (self._slave, self._master):
            with suppress(OSError):
                os.close(handle)

    def is_restored(self) -> bool:
        """Whether the terminal's modes are those from before."""
        return termios.tcgetattr(self._slave)[:4] == self.attributes[:4]

    # The program

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self, wait_s: float = DEADLINE_S, *, is_reading: bool = True) -> int:
        """The program's exit code, negative for a signal."""
        until_s = time.monotonic() + wait_s
        while self._poll() is None:
            if time.monotonic() > until_s:
                raise AssertionError(f"still running:\n{self.screen.text()}")
            if is_reading:
                self.read(0.02)
            else:
                time.sleep(0.02)
        while is_reading and self.read(0.01):
            pass
        assert self._code is not None
        return self._code

    def is_running(self) -> bool:
        return self._poll() is None

    def state(self) -> str:
        """The kernel's letter for the process: `T` is stopped."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        return float(ticks) / float(os.sysconf("SC_CLK_TCK"))

    def rss_mb(self) -> float:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def _poll(self) -> int | None:
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code


def _clean_environment() -> dict[str, str]:
    """Ours without what would change a console's looks."""
    changing = ("NO_COLOR", "COLUMNS", "LINES", "TMUX", "TERM_PROGRAM")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in changing and not name.startswith("TEXTUAL")
    }
    return {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONDEVMODE": ""}
