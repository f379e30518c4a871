"""Forks a program for every request: the other half of `tests.warm`.

    python -m tests.warm_server SOCKET

It loads all that `btcbot-core` may need once, and each program then begins where an interpreter of
its own would come to after half a second of loading.
"""

import gc
import importlib
import os
import pkgutil
import runpy
import signal
import socket
import sys
import time
from types import FrameType

import msgspec

from btcbot_core import bootstrap, cli

SAFE_PATH = "PYTHONSAFEPATH"
"""The one name of the interpreter's own that a program may be given here."""
REQUEST_MAX = 100_000
LOADED = ("btcbot_core.adapters.paper.server.serving", "btcbot_core.adapters.btcturk.armed")
"""Beside all of `cli` and `bootstrap`: what these load only when it is asked for."""


class Request(msgspec.Struct, frozen=True):
    """`python -m module arguments`, in a folder, with nothing in its environment but this."""

    module: str
    arguments: tuple[str, ...]
    folder: str
    environment: dict[str, str]


def load() -> None:
    for room in (cli, bootstrap):
        for found in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
            importlib.import_module(found.name)
    for name in LOADED:
        importlib.import_module(name)
    # What is there now shall never be looked over again: a page that is written to is copied.
    gc.collect()
    gc.freeze()


class Server:
    """The parent of the programs: starts them, and tells by what they ended."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._living: dict[int, int] = {}
        """Where to write a program's exit code, by its pid."""

    def serve(self) -> Request | None:
        """Returns in each program that it starts; and at last, with None, in the server."""
        signal.signal(signal.SIGCHLD, self._bury)
        while True:
            told, handles, _, _ = socket.recv_fds(self._line, REQUEST_MAX, 4)
            if not told:
                return None
            request = msgspec.json.decode(told, type=Request)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
            if (pid := os.fork()) == 0:
                self._become(handles)
                return request
            *streams, end = handles
            self._living[pid] = end
            for handle in streams:
                os.close(handle)
            self._line.send(str(pid).encode())
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})

    def _become(self, handles: list[int]) -> None:
        """The child keeps nothing of the server's but its own three streams."""
        self._line.close()
        for number, handle in enumerate(handles[:3]):
            os.dup2(handle, number)
        for handle in (*handles, *self._living.values()):
            os.close(handle)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})

    def _bury(self, _number: int, _frame: FrameType | None) -> None:
        while self._living:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            end = self._living.pop(pid)
            os.write(end, str(os.waitstatus_to_exitcode(status)).encode())
            os.close(end)


def run(request: Request) -> None:
    """Be the program, as `python -m` would make one."""
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environment)
    time.tzset()
    sys.path[:1] = [] if SAFE_PATH in request.environment else [request.folder]
    sys.argv = [request.module, *request.arguments]
    runpy.run_module(request.module, run_name="__main__", alter_sys=True)


def main() -> None:
    load()
    with socket.socket(fileno=int(sys.argv[1])) as line:
        request = Server(line).serve()
    if request is not None:
        run(request)


if __name__ == "__main__":
    main()
