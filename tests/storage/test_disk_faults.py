"""The disk is full, read-only or broken: nothing is sent that is not stored (FAULTS D02-D04).

Here every n-th call fails; `tests.storage.soak_disk_faults` lets each of them fail.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.latch import FileLatch, kill_path
from btcbot_core.adapters.sqlite.store import SqliteStore
from tests.killpoints.life import database
from tests.killpoints.strace import PATIENCE_S, STRACE, prepare, why_not
from tests.storage.faults import FAULTS, NAME, try_every

NTH = 23
UNABLE = why_not()
pytestmark = pytest.mark.skipif(bool(UNABLE), reason=UNABLE)


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_sent_that_is_not_stored_when(fault: str, tmp_path: Path) -> None:
    nth = NTH if FAULTS[fault][0] == "pwrite64" else 3  # there are few syncs
    found = try_every(nth, fault, tmp_path)
    print(f"{fault}: {found.tried} of {found.calls} calls failed, {found.ended} ended the run")
    assert found.tried > 1
    assert found.ended


def _under(
    fault: str, database: Path, *arguments: str, only: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """A command for which calls fail as told: all of them, or those on one file."""
    call = fault.partition(":")[0]
    place = () if only is None else ("-P", str(only))
    strace = (*STRACE, "-o", "/dev/null", *place, "-e", f"trace={call}", "-e", f"inject={fault}")
    argv = (sys.executable, "-m", "btcbot_core", *arguments, "--db", str(database))
    return subprocess.run(
        [*strace, *argv],
        cwd=database.parent,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A database that has seen a cycle."""
    prepare(NAME, tmp_path / "life")
    return database(tmp_path / "life")


def test_on_a_full_disk_the_name_of_the_kill_file_alone_kills(used: Path) -> None:
    path = kill_path(used)
    done = _under("write:error=ENOSPC:when=1+", used, "kill", "--reason", "full", only=path)
    assert (done.returncode, done.stdout.startswith("KILLED")) == (0, True)
    assert "who and why could not be written (No space left on device)" in done.stderr
    assert FileLatch(path, SystemClock()).is_set()


def test_where_no_kill_file_can_be_made_the_command_says_so_and_what_to_do(used: Path) -> None:
    path = kill_path(used)
    done = _under("openat:error=ENOSPC:when=1+", used, "kill", "--reason", "full", only=path)
    assert done.returncode == 5
    assert "NOT killed" in done.stderr
    assert "kill -USR1" in done.stderr


def test_while_a_runner_lives_status_answers_on_a_full_disk(used: Path) -> None:
    runner = SqliteStore(used)
    try:
        done = _under("pwrite64:error=ENOSPC:when=1+", used, "status")
    finally:
        runner.close()
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


FULL = "pwrite64:error=ENOSPC:when=1+"


def test_without_a_runner_status_answers_on_a_full_disk(used: Path) -> None:
    done = _under(FULL, used, "status")
    assert (done.returncode, done.stderr) == (0, "")
    assert "last cycle" in done.stdout


def test_after_a_crash_on_a_full_disk_status_says_that_the_newest_may_be_missing(
    used: Path,
) -> None:
    used.with_name(used.name + "-wal").write_bytes(b"\x00" * 4096)  # a log, readable or not
    done = _under(FULL, used, "status")
    assert done.returncode == 0, done.stderr
    assert "what happened last may be missing" in done.stderr
    assert "last cycle" in done.stdout
