"""Most tests start their programs warm: that is only as good as it is like a fresh start."""

import signal
from pathlib import Path

import pytest

from tests.cli.shell import Shell, end, wait_until
from tests.warm import needs_a_fresh_start

FRESH = {"PYTHONUTF8": "1"}


@pytest.mark.parametrize(
    "arguments",
    [("config", "show", "--json"), ("run", "--cycle-seconds", "soon"), ("no-such-command",)],
)
def test_a_warm_start_says_what_a_fresh_one_says(shell: Shell, arguments: tuple[str, ...]) -> None:
    assert needs_a_fresh_start(FRESH)
    warm, fresh = shell(*arguments), shell(*arguments, environment=FRESH)
    assert (warm.returncode, warm.stdout, warm.stderr) == (
        fresh.returncode,
        fresh.stdout,
        fresh.stderr,
    )


def test_a_program_that_began_warm_is_a_process_of_its_own(shell: Shell) -> None:
    process = shell.start(*shell.night("--loop", "--cycle-seconds", "0.02"))
    wait_until(lambda: shell.cycles() >= 1, process)
    assert Path(f"/proc/{process.pid}/cwd").resolve() == shell.folder.resolve()
    assert end(process, signal.SIGKILL)[0] == -signal.SIGKILL
    assert shell.json("status", "--db", str(shell.db))["runner"] is None
