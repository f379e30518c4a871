"""A second process for the tests that need a real one: it runs a script and answers in lines."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DEADLINE_S = 20


class Other:
    """A Python process that prints a line when it is ready, and ends when its input does."""

    def __init__(self, script: str, *arguments: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid

    def line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def kill(self) -> None:
        """SIGKILL: nothing of it gets to run any more."""
        self._process.kill()
        self._process.wait(DEADLINE_S)

    def finish(self) -> int:
        """Close its input, so that it ends by itself; returns its exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._process.wait(DEADLINE_S)

    def close(self) -> None:
        if self._process.poll() is None:
            self.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


@contextmanager
def another_process(script: str, *arguments: object) -> Iterator[Other]:
    other = Other(script, *arguments)
    try:
        yield other
    finally:
        other.close()


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777
