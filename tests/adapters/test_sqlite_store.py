"""The store under strain: other processes, threads, kills and a failing disk."""

import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from importlib.resources import files
from pathlib import Path

import pytest

from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.lock import InstanceLock, lock_path
from btcbot_core.adapters.sqlite.blocker import blocker_of
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.domain.errors import BotError, ExitCode, StoreBusyError, StoreError
from tests.adapters.processes import DEADLINE_S, another_process
from tests.contract.store_makers import RUN, a_cycle, a_run, an_intent

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""

HOLD_LOCK = """
import sys
from pathlib import Path
from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.lock import InstanceLock
InstanceLock(Path(sys.argv[1]), SystemClock(), "run").acquire()
print("held", flush=True)
sys.stdin.read()
"""

WRITE_AND_WAIT = """
import sys
from pathlib import Path
from btcbot_core.adapters.sqlite.store import SqliteStore
from tests.contract.store_makers import RUN, a_cycle
store = SqliteStore(Path(sys.argv[1]))
with store.begin() as work:
    work.cycles.add(a_cycle(0))
    work.commit()
with store.begin() as work:
    work.cycles.add(a_cycle(1))
    print("written", flush=True)
    sys.stdin.read()
"""

WRITE_UNTIL_IT_FAILS = """
import sys
from pathlib import Path
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.domain.errors import BotError
from tests.contract.store_makers import RUN, a_cycle
store = SqliteStore(Path(sys.argv[1]))
for step in range(1, 100):
    try:
        with store.begin() as work:
            work.cycles.add(a_cycle(step, trace=b"t" * 900))
            work.commit()
        print("committed", step, flush=True)
    except BotError as error:
        print("failed", int(error.exit_code), error, flush=True)
        break
try:
    with store.begin() as work:
        work.commit()
    print("goes on", flush=True)
except BotError as error:
    print("stays shut", flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    with store.begin() as work:
        work.runs.open(a_run())
        work.commit()
    store.close()
    return path


def _steps(path: Path) -> list[int]:
    store = SqliteStore(path)
    try:
        with store.read() as look:
            return [row.step for row in look.cycles.recent(RUN, 1000)]
    finally:
        store.close()


# Other processes


def test_a_locked_database_is_busy_names_the_process_and_can_be_used_afterwards(
    path: Path,
) -> None:
    store = SqliteStore(path, busy_timeout_ms=50)
    with another_process(HOLD, path) as other:
        assert other.line() == "held"
        began = time.monotonic()
        with pytest.raises(StoreBusyError) as caught, store.begin():
            pass
        assert time.monotonic() - began < 5
        if Path("/proc/locks").exists():
            assert f"pid {other.pid}" in str(caught.value)
        with store.read() as look:
            assert look.cycles.last(RUN) is None
        other.finish()
    with store.begin() as work:
        work.cycles.add(a_cycle(0))
        work.commit()
    store.close()


def test_a_second_connection_of_our_own_is_named_as_such(path: Path) -> None:
    store = SqliteStore(path, busy_timeout_ms=50)
    by_hand = sqlite3.connect(path, isolation_level=None)
    by_hand.execute("BEGIN IMMEDIATE")
    with (
        InstanceLock(lock_path(path), SystemClock(), "test"),
        pytest.raises(StoreBusyError, match="this process itself"),
        store.begin(),
    ):
        pass
    by_hand.close()
    store.close()


def test_a_reader_sees_one_moment_while_the_writer_goes_on(path: Path) -> None:
    writer, reader = SqliteStore(path), SqliteStore(path, mode="ro")
    with reader.read() as look:
        assert look.cycles.last(RUN) is None
        with writer.begin() as work:
            work.cycles.add(a_cycle(0))
            work.commit()
        assert look.cycles.last(RUN) is None
    with reader.read() as look:
        assert look.cycles.last(RUN) == a_cycle(0)
    writer.close()
    reader.close()


def test_what_was_not_committed_dies_with_the_process(path: Path) -> None:
    with another_process(WRITE_AND_WAIT, path) as other:
        assert other.line() == "written"
        other.kill()
    assert _steps(path) == [0]


@pytest.mark.parametrize("lost", ["nothing", "state.db-shm"])
def test_a_reader_sees_what_a_killed_writer_committed(path: Path, lost: str) -> None:
    with another_process(WRITE_AND_WAIT, path) as other:
        assert other.line() == "written"
        other.kill()
    path.with_name(lost).unlink(missing_ok=True)
    reader = SqliteStore(path, mode="ro")
    with reader.read() as look:
        assert look.cycles.last(RUN) == a_cycle(0)
    reader.close()


def test_the_holder_of_the_lock_is_named_where_nobody_is_seen_writing(path: Path) -> None:
    assert blocker_of(path) == ""
    with another_process(HOLD_LOCK, lock_path(path)) as other:
        assert other.line() == "held"
        assert blocker_of(path) == f"pid {other.pid}"


def test_two_processes_may_create_the_same_database_at_once(tmp_path: Path) -> None:
    script = "import sys; sys.stdin.readline(); " + (
        "from pathlib import Path; from btcbot_core.adapters.sqlite.store import SqliteStore; "
        "SqliteStore(Path(sys.argv[1])).close()"
    )
    path = tmp_path / "new.db"
    with another_process(script, path) as one, another_process(script, path) as other:
        assert [one.finish(), other.finish()] == [0, 0]
    SqliteStore(path, is_checked=True).close()


# Threads


def test_each_thread_works_on_a_connection_of_its_own(path: Path) -> None:
    store = SqliteStore(path)
    found: list[int] = []

    def look_from_another_thread() -> None:
        with store.read() as look:
            found.append(len(look.cycles.recent(RUN, 10)))

    with store.begin() as work:
        work.cycles.add(a_cycle(0))
        thread = threading.Thread(target=look_from_another_thread)
        thread.start()
        thread.join()
        work.commit()
    look_from_another_thread()
    assert found == [0, 1]
    store.close()


def test_closing_closes_the_connections_of_all_threads(path: Path) -> None:
    store = SqliteStore(path)
    errors: list[BotError] = []
    used, closed = threading.Event(), threading.Event()

    def use_it_twice() -> None:
        with store.read():
            pass
        used.set()
        closed.wait(DEADLINE_S)
        try:
            with store.read():
                pass
        except BotError as error:
            errors.append(error)

    thread = threading.Thread(target=use_it_twice)
    thread.start()
    assert used.wait(DEADLINE_S)
    store.close()
    store.close()
    closed.set()
    thread.join()
    assert [str(error) for error in errors] == [f"database {path} is closed"]
    assert not path.with_name("state.db-wal").exists()


# The file under it


@pytest.mark.parametrize("accident", ["deleted", "replaced"])
def test_a_file_that_is_not_ours_any_more_is_noticed_before_the_next_write(
    path: Path, accident: str
) -> None:
    store = SqliteStore(path)
    shutil.copy(path, path.with_name("copy.db"))
    path.unlink()
    if accident == "replaced":
        path.with_name("copy.db").rename(path)
    for _ in range(2):
        with pytest.raises(StoreError, match="moved or replaced"), store.begin():
            pass
    store.close()


def test_nothing_is_written_once_the_lock_is_deleted(path: Path) -> None:
    with InstanceLock(lock_path(path), SystemClock(), "run") as lock:
        store = SqliteStore(path, is_held=lock.held)
        with store.begin() as work:
            work.cycles.add(a_cycle(0))
            work.commit()
        lock.path.unlink()
        with InstanceLock(lock.path, SystemClock(), "another") as other:
            assert other.held()
            for _ in range(2):
                with pytest.raises(StoreError, match="was deleted while in use"), store.begin():
                    pass
        store.close()
    assert _steps(path) == [0]


def test_a_failed_statement_leaves_the_connection_usable(path: Path) -> None:
    store = SqliteStore(path)
    with store.begin() as work:
        work.orders.add_intents(RUN, [an_intent()])
        work.commit()
    with pytest.raises(BotError), store.begin() as work:
        work.orders.add_intents(RUN, [an_intent()])
    with store.begin() as work:
        work.cycles.add(a_cycle(0))
        work.commit()
    store.close()
    assert _steps(path) == [0]


# The disk


STRACE = ("strace", "-f", "-qq", "-o", "/dev/null", "-e")


def _under_strace(path: Path, fault: str) -> list[str]:
    """What the writing process said while a system call of its failed."""
    done = subprocess.run(
        [*STRACE, f"inject={fault}", sys.executable, "-c", WRITE_UNTIL_IT_FAILS, str(path)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    if "ptrace" in done.stderr or "PTRACE" in done.stderr:
        pytest.skip("strace may not trace here")
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout.splitlines()


needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@needs_strace
def test_a_disk_that_fails_to_sync_shuts_the_store(path: Path) -> None:
    said = _under_strace(path, "fdatasync:error=EIO:when=3")
    failed = [line for line in said if line.startswith("failed")]
    assert len(failed) == 1
    assert failed[0].startswith(f"failed {int(ExitCode.STORE_UNUSABLE)} ")
    assert "check the disk" in failed[0]
    assert said[-1] == "stays shut"
    committed = [int(line.split()[1]) for line in said if line.startswith("committed")]
    assert set(committed) <= set(_steps(path))


@needs_strace
def test_a_full_disk_fails_the_commit_and_loses_nothing(path: Path) -> None:
    said = _under_strace(path, "pwrite64:error=ENOSPC:when=20")
    failed = [line for line in said if line.startswith("failed")]
    assert len(failed) == 1
    assert "the disk is full" in failed[0]
    assert said[-1] == "goes on"
    committed = [int(line.split()[1]) for line in said if line.startswith("committed")]
    assert committed
    assert _steps(path) == committed


@needs_strace
@pytest.mark.parametrize("when", [4, 9, 15, 22, 31])
def test_killed_at_a_write_it_holds_what_was_committed_and_nothing_half(
    path: Path, when: int
) -> None:
    said = _under_strace(path, f"pwrite64:signal=KILL:when={when}")
    committed = [int(line.split()[1]) for line in said if line.startswith("committed")]
    found = _steps(path)
    assert found[: len(committed)] == committed
    assert len(committed) < 99  # it was killed
    assert len(found) - len(committed) <= 1
    SqliteStore(path, is_checked=True).close()


def test_no_transaction_here_can_begin_without_the_write_lock() -> None:
    # A deferred one that reads first fails at its first write, however long it would wait.
    folder = Path(str(files("btcbot_core.adapters.sqlite")))
    begun = [
        line.strip()
        for place in sorted(folder.glob("*.py"))
        for line in place.read_text().splitlines()
        if "atomic(" in line
    ]
    assert begun
    assert all('atomic("IMMEDIATE")' in line for line in begun)
