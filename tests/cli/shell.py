"""Runs `btcbot-core` in a process of its own, in an empty folder and a bare environment."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from btcbot_core.bootstrap import demo_folder
from tests.warm import Program, bare_environment, needs_a_fresh_start

PATIENCE_S = 60.0
Json = dict[str, object]


@dataclass
class Shell:
    """A folder to work in; every command sees only what the test gives it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def db(self) -> Path:
        return self.folder / "state.db"

    def __call__(
        self, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        seen = self._environment(environment or {})
        if not needs_a_fresh_start(seen):
            return Program("btcbot_core", arguments, self.folder, seen).result()
        return subprocess.run(
            [sys.executable, "-m", "btcbot_core", *arguments],
            cwd=self.folder,
            env=seen,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE_S,
            check=False,
        )

    def json(self, *arguments: str) -> Json:
        """Run a command with --json; it must succeed and print one object."""
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        parsed: Json = json.loads(done.stdout)
        return parsed

    def start(self, *arguments: str) -> Program:
        """Start a command and let it run."""
        return Program("btcbot_core", arguments, self.folder, self._environment({}))

    def night(self, *arguments: str) -> tuple[str, ...]:
        """Arguments of a dry run on the recorded night."""
        where = ("--dataset", str(demo_folder()), "--db", str(self.db))
        return ("run", "--dry-run", *where, *arguments)

    def cycles(self) -> int:
        """How many cycles the database holds by now; none where there is no database yet."""
        try:
            with sqlite3.connect(f"file:{self.db}?mode=ro", uri=True) as store:
                found = store.execute("SELECT COUNT(*) FROM cycles").fetchone()
        except sqlite3.OperationalError:
            return 0
        return int(found[0])

    def _environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        return bare_environment({**self.environment, **extra})


def wait_until(is_so: Callable[[], bool], process: Program) -> None:
    """Wait for something to become true while a process lives; fails when it does not."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not is_so():
        if process.poll() is not None:
            out, err = process.communicate()
            raise AssertionError(f"it ended with {process.returncode}: {out}{err}")
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.01)


def end(process: Program, number: int = signal.SIGTERM) -> tuple[int, str, str]:
    """Send a signal and wait for the end."""
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.wait(), out, err
