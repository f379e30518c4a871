"""Programs that begin warm: processes of their own, forked from one that has loaded everything.

A fresh interpreter takes half a second to load what a command needs, and the suite starts hundreds.
These are processes like any: they have a folder, an environment, streams, signals and an exit code.
Where the interpreter's own start is the point (its flags, its language), a test starts a fresh one.
"""

import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO

import msgspec

from tests.architecture.tree import ROOT
from tests.warm_server import SAFE_PATH, Request

PATIENCE_S = 60.0
PIECE = 65_536
_AT_THE_START = ("PYTHON", "LANG", "LC_")


class Program:
    """`python -m module`, started; as much of `subprocess.Popen` as the tests use."""

    def __init__(
        self, module: str, arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str]
    ) -> None:
        self.arguments = arguments
        request = Request(module, arguments, str(folder), dict(environment))
        out, theirs_out = os.pipe()
        err, theirs_err = os.pipe()
        self._end, theirs_end = os.pipe()
        null = os.open(os.devnull, os.O_RDONLY)
        theirs = [null, theirs_out, theirs_err, theirs_end]
        self.pid = _server().start(request, theirs)
        for handle in theirs:
            os.close(handle)
        self.returncode: int | None = None
        self.stdout: IO[str] = os.fdopen(out, encoding="utf-8")
        self.stderr: IO[str] = os.fdopen(err, encoding="utf-8")

    def poll(self) -> int | None:
        """The exit code, or the signal below zero; None while it lives."""
        return self._ended(0.0)

    def wait(self, timeout: float = PATIENCE_S) -> int:
        if (code := self._ended(timeout)) is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return code

    def communicate(self, timeout: float = PATIENCE_S) -> tuple[str, str]:
        """All that it says until it ends, on both streams; kills what does not end in time."""
        until_s = time.monotonic() + timeout
        told: dict[IO[str], bytes] = {self.stdout: b"", self.stderr: b""}
        with selectors.DefaultSelector() as streams:
            for stream in told:
                streams.register(stream, selectors.EVENT_READ, stream)
            while streams.get_map() and time.monotonic() < until_s:
                for key, _ in streams.select(max(0.0, until_s - time.monotonic())):
                    if piece := os.read(key.fd, PIECE):
                        told[key.data] += piece
                    else:
                        streams.unregister(key.fileobj)
        try:
            self.wait(max(0.0, until_s - time.monotonic()))
        finally:
            self.kill()
            for stream in told:
                stream.close()
        return told[self.stdout].decode(), told[self.stderr].decode()

    def result(self) -> "subprocess.CompletedProcess[str]":
        """What came of it, once it has ended."""
        out, err = self.communicate()
        return subprocess.CompletedProcess(self.arguments, self.wait(), out, err)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, wait_s: float) -> int | None:
        if self.returncode is None and select.select([self._end], [], [], wait_s)[0]:
            code = os.read(self._end, PIECE)
            assert code, "the server of programs died"
            os.close(self._end)
            self.returncode = int(code)
        return self.returncode


def needs_a_fresh_start(environment: Mapping[str, str]) -> bool:
    """Whether there is something in it that an interpreter reads as it starts."""
    return any(name.startswith(_AT_THE_START) for name in environment.keys() - {SAFE_PATH})


def bare_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """What a program sees: these settings, and nothing of the tests' own but where things are."""
    kept = ("PATH", "HOME", "PYTHONPATH", "TMPDIR")
    return {name: value for name, value in os.environ.items() if name in kept} | dict(extra)


class _Server:
    """Where programs come from. It ends when nobody holds its line any more."""

    def __init__(self) -> None:
        self.line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.warm_server", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
                env=bare_environment({}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    def start(self, request: Request, handles: Sequence[int]) -> int:
        """The pid of a new program; the handles are its streams, and where its code is told."""
        socket.send_fds(self.line, [msgspec.json.encode(request)], handles)
        told = self.line.recv(PIECE)
        assert told, "the server of programs ended: what it said is above"
        return int(told)


@cache
def _server() -> _Server:
    """One for this process and its whole life."""
    return _Server()
