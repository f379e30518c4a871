"""Forks a life for every line it hears, under strace; the driver's other half.

    strace … python -m tests.killpoints.zygote SCENARIO SOCKET

strace strikes at the same count in every process, but counts each anew: so a child that first
makes a few idle calls is struck that much earlier in its life. One interpreter start then serves
all points. It talks over a socket, for the calls of files are what strace counts.
"""

import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.killpoints.life import lived

NOWHERE = b"/dev/null/nothing"
SPOKE_MAX = 500

IDLE: dict[str, Callable[[int], object]] = {
    "write": lambda null: os.write(null, b""),
    "writev": lambda null: os.writev(null, [b""]),
    "pwrite64": lambda null: os.pwrite(null, b"", 0),
    "fsync": os.fsync,
    "fdatasync": os.fdatasync,
    "ftruncate": lambda null: os.ftruncate(null, 0),
    "rename": lambda _null: os.rename(NOWHERE, NOWHERE),
    "unlink": lambda _null: os.unlink(NOWHERE),
}
"""Every call that can change what a restart finds, and how to make it without any effect."""


def main() -> None:
    name, handle = sys.argv[1:]
    line = socket.socket(fileno=int(handle))
    while told := line.recv(4096).decode():
        syscall, idle, folder = told.split(" ", 2)
        child = os.fork()
        if child == 0:
            code = _live(name, Path(folder), syscall, int(idle), line)
            os._exit(code)
        _, status = os.waitpid(child, 0)
        line.send(f"ended {os.waitstatus_to_exitcode(status)}\n".encode())


def _live(name: str, folder: Path, syscall: str, idle: int, line: socket.socket) -> int:
    """The struck life; what it has to say goes over the socket, as its screen would show it."""
    null = os.open(os.devnull, os.O_WRONLY)
    for _ in range(idle):
        with suppress(OSError):
            IDLE[syscall](null)
    code, failure = lived(name, folder)
    if failure is not None:
        _say(line, str(failure))
    return code


def _say(line: socket.socket, words: str) -> None:
    line.send(f"said {words[:SPOKE_MAX]!r}\n".encode())


if __name__ == "__main__":
    main()
