"""Faults of the process and its surroundings that no other part of the tests strikes."""

import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from btcbot_core.adapters.latch import kill_path
from tests.cli.shell import PATIENCE_S, Shell, end, wait_until
from tests.cli.test_run import assert_nothing_twice
from tests.story.worlds import Rig
from tests.warm import bare_environment

LIVES = 20
FEW_HANDLES = 16


class CrashError(BaseException):
    """The process is gone: nothing catches it, nothing runs after it."""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_asked_to_end_at_any_moment_it_ends_in_order(shell: Shell, seed: int) -> None:
    goal = Random(seed).randint(1, 40)
    process = shell.start(*shell.night("--loop", "--cycle-seconds", "0.005"))
    wait_until(lambda: shell.cycles() >= goal, process)
    assert end(process)[0] == 0
    assert_nothing_twice(shell.db)


def test_a_storm_of_interrupts_skips_no_commit(shell: Shell) -> None:
    """The first asks, the second goes at once; whatever was committed stands."""
    process = shell.start(*shell.night("--loop", "--cycle-seconds", "0.005"))
    wait_until(lambda: shell.cycles() >= 5, process)
    for _ in range(50):
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_S)
    # The last of them may come when all is done and the interpreter has taken its hands away.
    assert process.returncode in (0, 130, -signal.SIGINT)
    assert_nothing_twice(shell.db)
    seen = shell.cycles()
    assert shell(*shell.night("--max-cycles", "3")).returncode == 0
    assert shell.cycles() == seen + 3


def test_a_reader_that_went_away_neither_ends_the_run_nor_kills_the_bot(shell: Shell) -> None:
    process = shell.start(*shell.night("--loop", "--max-cycles", "60", "--cycle-seconds", "0.005"))
    wait_until(lambda: shell.cycles() >= 5, process)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()
    process.wait(PATIENCE_S)
    seen = shell.cycles()
    assert seen == 60
    assert not kill_path(shell.db).exists()
    assert_nothing_twice(shell.db)
    assert shell(*shell.night("--max-cycles", "3")).returncode == 0
    assert shell.cycles() == seen + 3


def test_a_process_that_was_frozen_goes_on_where_it_was(shell: Shell) -> None:
    process = shell.start(*shell.night("--loop", "--cycle-seconds", "0.005"))
    wait_until(lambda: shell.cycles() >= 5, process)
    process.send_signal(signal.SIGSTOP)
    seen = shell.cycles()
    process.send_signal(signal.SIGCONT)
    wait_until(lambda: shell.cycles() >= seen + 10, process)
    assert end(process)[0] == 0
    assert_nothing_twice(shell.db)


def test_no_memory_ends_the_run_as_a_defect_and_kills(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    session = rig.session(3)
    rig.exchange.failure = MemoryError()
    session.run()
    assert session.exit_code == 9
    assert rig.latch.is_set()
    assert rig.exchange.submits == []


def test_a_bot_that_crashes_at_each_start_sends_nothing(tmp_path: Path) -> None:
    """Every start asks the exchange before it speaks; who dies while asking has not spoken."""
    rig = Rig(tmp_path)
    failing = CrashError()
    rig.exchange.failure = failing  # type: ignore[assignment]
    for _ in range(LIVES):
        with pytest.raises(CrashError):
            rig.run(1)
    assert rig.exchange.submits == []
    rig.exchange.failure = None
    rig.run(1)
    assert len(rig.exchange.submits) == 1


def test_a_run_needs_few_file_handles_and_leaks_none(shell: Shell) -> None:
    argv = [sys.executable, "-m", "btcbot_core", *shell.night("--max-cycles", "300")]
    done = subprocess.run(
        ["sh", "-c", f'ulimit -n {FEW_HANDLES}; exec "$@"', "sh", *argv],
        cwd=shell.folder,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert shell.cycles() == 300


def test_a_module_in_the_folder_it_is_called_from_is_not_taken_for_the_librarys(
    shell: Shell,
) -> None:
    shell.json(*shell.night("--max-cycles", "1"))
    for name in ("json", "sqlite3", "decimal", "httpx", "btcbot_core"):
        (shell.folder / f"{name}.py").write_text("raise SystemExit('shadowed')\n")
    command = Path(sys.executable).with_name("btcbot-core")
    done = subprocess.run(
        [str(command), "status", "--db", str(shell.db)],
        cwd=shell.folder,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _environment() -> dict[str, str]:
    """What a shell would hand over, without a path on which our own folder stands first."""
    kept = bare_environment({})
    kept.pop("PYTHONPATH", None)
    return kept
