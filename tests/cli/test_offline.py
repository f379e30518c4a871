"""Every command that needs no exchange: it opens no line, answers in JSON, and reads only to read.

STAGE7 §27.9. All of them run in one process of their own, in which a hook ends whatever would
look a name up, connect, listen or send.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.shell import PATIENCE_S

OFFLINE = """
import contextlib, io, json, sys
from hashlib import sha256
from pathlib import Path

LINES = ("getaddrinfo", "gethostbyname", "gethostbyaddr", "connect", "bind", "sendto", "sendmsg")

def guard(event, arguments):
    room, _, act = event.partition(".")
    if room == "socket" and act in LINES:
        raise SystemExit(f"opened a line: {event} {arguments}")

sys.addaudithook(guard)
from btcbot_core.cli.main import main

told = []
for name, arguments in json.loads(sys.stdin.read()):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = ended.code
    db = Path("out.db")
    digest = sha256(db.read_bytes()).hexdigest() if db.exists() else ""
    told.append([name, code, out.getvalue(), err.getvalue(), digest])
print(json.dumps(told))
"""
PLACE = ("--db", "out.db")
BACKTEST = ("stage7-backtest", "--dataset", "d", "--out-db")
WRITING = {
    "replay-init": ["replay-init", "--dataset", "d", "--minutes", "30"],
    "replay-validate": ["replay-validate", "--dataset", "d"],
    "stage7-backtest": [*BACKTEST, "out.db"],
    "stage7-run": ["stage7-run", "--dataset", "d", "--db", "run.db", "--max-cycles", "3"],
    "stage7-params reset": [
        *("stage7-params", "reset", "--db", "run.db"),
        *("--reason", "offline", "--word", "RESET"),
    ],
}
READING = {
    "stage7-report": ["stage7-report", *PLACE],
    "stage7-export": ["stage7-export", *PLACE],
    "stage7-backtest-report": ["stage7-backtest-report", *PLACE],
    "stage7-alerts": ["stage7-alerts", *PLACE],
    "stage7-params show": ["stage7-params", "show", *PLACE],
    "stage7-db-count": ["stage7-db-count", *PLACE],
    "stage7-parity": ["stage7-parity", "--db-a", "out.db", "--db-b", "out.db"],
    "verify": ["verify", *PLACE, "--run", "last", "--store"],
    "status": ["status", *PLACE],
    "doctor": ["doctor", *PLACE],
    "config": ["config", "show"],
}
Told = dict[str, tuple[object, str, str, str]]


def guarded(
    folder: Path, commands: Sequence[tuple[str, Sequence[str]]]
) -> subprocess.CompletedProcess[str]:
    """The commands, one after another, in a process of their own that may open no line."""
    return subprocess.run(
        [sys.executable, "-c", OFFLINE],
        input=json.dumps(commands),
        cwd=folder,
        env={"HOME": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What each command came to: exit code, output, words, and the database's hash after it."""
    folder = tmp_path_factory.mktemp("offline")
    commands = [(name, [*line, "--json"]) for name, line in (WRITING | READING).items()]
    done = guarded(folder, commands)
    assert done.returncode == 0, done.stderr
    rows: list[tuple[str, object, str, str, str]] = json.loads(done.stdout)
    return {name: (code, out, err, digest) for name, code, out, err, digest in rows}


@pytest.mark.parametrize("name", [*WRITING, *READING])
def test_27_9_a_command_that_needs_no_exchange_opens_no_line(told: Told, name: str) -> None:
    code, out, err, _ = told[name]
    assert code == 0, err
    assert isinstance(json.loads(out), dict)


def test_27_9_what_reads_leaves_the_database_byte_for_byte(told: Told) -> None:
    before = told["stage7-run"][3]
    assert len(before) == len(hashlib.sha256().hexdigest())
    assert {name for name in READING if told[name][3] != before} == set()


def test_the_guard_would_notice(tmp_path: Path) -> None:
    """A guard that lets everything pass would prove nothing."""
    done = guarded(tmp_path, [("health", ["health", "--json"])])
    assert "opened a line" in done.stdout + done.stderr
