"""Strikes lives at chosen system calls, by strace: with a kill, or with an error of the disk."""

import os
import re
import shutil
import socket
import subprocess
import sys
from ast import literal_eval
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.tree import ROOT
from tests.killpoints.life import SCENARIOS
from tests.killpoints.zygote import IDLE
from tests.warm import Program, bare_environment

STRACE = ("strace", "-f", "-qq")
"""Not with `--seccomp-bpf`: strace 6.1 then injects no signal, and says nothing."""
PATIENCE_S = 60.0
KILL = "signal=KILL"
KILLED = -9


@dataclass(frozen=True)
class End:
    """How a struck life ended: its exit code, or the signal below zero, and what it said."""

    code: int
    said: str = ""


def why_not() -> str:
    """Why no process can be struck here; empty when one can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(
        [*STRACE, "-o", os.devnull, "true"], capture_output=True, text=True, check=False
    )
    return "" if tried.returncode == 0 else f"strace may not trace here: {tried.stderr[:80]}"


def prepare(name: str, folder: Path) -> None:
    """Live the cycles that come before the struck ones, in a process that may die of it."""
    scenario = SCENARIOS[name]
    folder.mkdir(parents=True)
    if not scenario.lived_steps:
        return
    life = ("tests.killpoints.life", (name, str(folder), str(scenario.lived_steps)))
    done = Program(*life, ROOT, bare_environment({})).result()
    expected = KILLED if scenario.dies_after_taking else 0
    assert done.returncode == expected, done.stderr


def count(name: str, prepared: Path, scratch: Path) -> Counter[str]:
    """How often a life that nothing strikes makes each of the calls."""
    folder, told = scratch / "counted", scratch / "calls"
    shutil.copytree(prepared, folder)
    names = ",".join(IDLE)
    done = subprocess.run(
        [
            *(*STRACE, "-o", str(told), "-e", f"trace={names}", "-e", "signal=none"),
            *(*_python("tests.killpoints.life"), name, str(folder)),
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shutil.rmtree(folder)
    return Counter(re.findall(r"^\d+ +(\w+)\(", told.read_text(), re.MULTILINE))


@dataclass
class Striker:
    """Runs lives that are struck at the k-th call of a kind, for k up to `calls` of that kind."""

    calls: Mapping[str, int]
    line: socket.socket

    def life(self, folder: Path, call: str, at: int) -> End:
        """One life in this folder, struck at its `at`-th call of this kind."""
        assert 1 <= at <= self.calls[call]
        self.line.send(f"{call} {self.calls[call] + 1 - at} {folder}".encode())
        told, said = "", ""
        while True:
            heard = self.line.recv(4096).decode()
            assert heard, "the forking process died"
            told += heard
            while "\n" in told:
                word, told = told.split("\n", 1)
                kind, _, rest = word.partition(" ")
                if kind == "ended":
                    return End(int(rest), said)
                said = literal_eval(rest)


@contextmanager
def striking(name: str, calls: Mapping[str, int], fault: str) -> Iterator[Striker]:
    """A striker at these kinds of calls, of which a life makes so many.

    `fault` is in strace's words, `+` after `when` included. It strikes each kind at a count that
    no life comes to by itself.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    ours.settimeout(PATIENCE_S)
    once, lasting = fault.removesuffix("+"), "+" if fault.endswith("+") else ""
    strikes = [f"inject={call}:{once}:when={made + 1}{lasting}" for call, made in calls.items()]
    process = subprocess.Popen(
        [
            *(*STRACE, "-o", os.devnull, "-e", f"trace={','.join(calls)}"),
            *(part for strike in strikes for part in ("-e", strike)),
            *(*_python("tests.killpoints.zygote"), name, str(theirs.fileno())),
        ],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
    )
    theirs.close()
    try:
        yield Striker(calls, ours)
    finally:
        ours.close()
        process.wait(PATIENCE_S)


def _python(module: str) -> list[str]:
    """No byte code is written: that would be calls which are none of the bot's."""
    return [sys.executable, "-B", "-m", module]
