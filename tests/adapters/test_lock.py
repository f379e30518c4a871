"""The instance lock: one holder, named to others, gone with its process, no trap to be set."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.lock import (
    InstanceLock,
    account_lock_path,
    lock_path,
    read_holder,
)
from btcbot_core.domain.errors import AnotherInstanceError, ExitCode, StoreError
from tests.adapters.processes import another_process, mode_of

HOLD = """
import sys
from pathlib import Path
from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.lock import InstanceLock
InstanceLock(Path(sys.argv[1]), SystemClock(), "run --loop").acquire()
print("held", flush=True)
sys.stdin.read()
"""

LOOK = """
import sys
from pathlib import Path
from btcbot_core.adapters.lock import read_holder
print("looking", flush=True)
while True:
    read_holder(Path(sys.argv[1]))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return lock_path(tmp_path / "state.db")


def _lock(path: Path, command: str = "run") -> InstanceLock:
    return InstanceLock(path, SystemClock(), command)


def test_the_lock_stands_beside_the_database(path: Path, tmp_path: Path) -> None:
    assert path == tmp_path / "state.db.lock"


def test_a_link_to_the_database_leads_to_the_same_lock(path: Path, tmp_path: Path) -> None:
    (tmp_path / "other.db").symlink_to(tmp_path / "state.db")
    assert lock_path(tmp_path / "other.db") == path


def test_the_holder_says_who_it_is(path: Path) -> None:
    with _lock(path, "run --once"):
        holder = read_holder(path)
        assert holder is not None
        assert holder.pid == os.getpid()
        assert holder.command == "run --once"
        assert holder.host
        assert abs((datetime.now(UTC) - holder.since).total_seconds()) < 60


def test_nobody_holds_a_lock_that_was_released(path: Path) -> None:
    with _lock(path) as lock:
        assert lock.held()
    assert not lock.held()
    assert read_holder(path) is None
    assert path.exists()


def test_nobody_holds_a_lock_that_was_never_taken(path: Path) -> None:
    assert read_holder(path) is None


def test_another_process_is_refused_and_told_by_whom(path: Path) -> None:
    with another_process(HOLD, path) as other:
        assert other.line() == "held"
        with pytest.raises(AnotherInstanceError) as caught:
            _lock(path).acquire()
        message = str(caught.value)
        assert f"pid {other.pid}" in message
        assert "run --loop" in message
        assert os.uname().nodename in message
        assert f"since {datetime.now(UTC):%Y-%m-%d}" in message
        assert caught.value.exit_code is ExitCode.ANOTHER_INSTANCE
        holder = read_holder(path)
        assert holder is not None
        assert holder.pid == other.pid


def test_a_second_lock_in_the_same_process_is_refused_too(path: Path) -> None:
    with _lock(path), pytest.raises(AnotherInstanceError, match=f"pid {os.getpid()}"):
        _lock(path).acquire()


def test_taking_a_lock_that_is_held_already_changes_nothing(path: Path) -> None:
    with _lock(path) as lock:
        lock.acquire()
        assert lock.held()


def test_a_killed_holder_frees_the_lock(path: Path) -> None:
    with another_process(HOLD, path) as other:
        assert other.line() == "held"
        other.kill()
        assert read_holder(path) is None
        with _lock(path) as lock:
            assert lock.held()
            holder = read_holder(path)
            assert holder is not None
            assert holder.pid == os.getpid()


def test_a_holder_that_ends_frees_the_lock(path: Path) -> None:
    with another_process(HOLD, path) as other:
        assert other.line() == "held"
        assert other.finish() == 0
    with _lock(path) as lock:
        assert lock.held()


def test_looking_who_holds_it_keeps_nobody_out(path: Path) -> None:
    with another_process(LOOK, path) as other:
        assert other.line() == "looking"
        for _ in range(5):
            with _lock(path) as lock:
                assert lock.held()


def test_a_deleted_lock_file_is_noticed(path: Path) -> None:
    with _lock(path) as lock:
        path.unlink()
        assert not lock.held()
        path.touch()
        assert not lock.held()


def test_the_file_is_private_under_any_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        with _lock(path):
            assert mode_of(path) == 0o600
    finally:
        os.umask(before)


def test_a_lock_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    path.touch(0o666)
    path.chmod(0o666)
    with _lock(path):
        assert mode_of(path) == 0o600


def test_a_planted_link_is_refused_and_its_target_untouched(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("keep me")
    path.symlink_to(target)
    with pytest.raises(StoreError, match="link"):
        _lock(path).acquire()
    assert target.read_text() == "keep me"
    assert read_holder_fails(path)


def test_a_planted_hard_link_is_refused_and_its_target_untouched(
    path: Path, tmp_path: Path
) -> None:
    target = tmp_path / "precious"
    target.write_text("keep me")
    os.link(target, path)
    with pytest.raises(StoreError, match="no lock file of ours"):
        _lock(path).acquire()
    assert target.read_text() == "keep me"


def test_a_planted_pipe_makes_nobody_wait(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(StoreError, match="no lock file of ours"):
        _lock(path).acquire()
    assert read_holder(path) is None


def test_garbage_in_the_file_stops_nobody(path: Path) -> None:
    path.write_bytes(b"\xff{not json" * 1000)
    with _lock(path) as lock:
        assert lock.held()
        assert json.loads(path.read_text())["pid"] == os.getpid()


def test_a_holder_that_cannot_be_understood_is_still_a_holder(path: Path) -> None:
    with _lock(path):
        path.write_text("garbage")
        holder = read_holder(path)
        assert holder is not None
        assert holder.command == "unknown"
        with pytest.raises(AnotherInstanceError, match="another process"):
            _lock(path).acquire()


def test_no_folder_no_lock_and_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file") as caught:
        _lock(tmp_path / "no" / "such" / "state.db.lock").acquire()
    assert "\n" not in str(caught.value)


def test_the_account_lock_lies_in_a_folder_of_ours_and_does_not_show_the_key(
    tmp_path: Path,
) -> None:
    path = account_lock_path(tmp_path, "public-key-1")
    assert path.parent == tmp_path / "btcbot"
    assert mode_of(path.parent) == 0o700
    assert "public-key-1" not in str(path)
    assert path == account_lock_path(tmp_path, "public-key-1")
    assert path != account_lock_path(tmp_path, "public-key-2")
    with _lock(path) as lock:
        assert lock.held()


def test_a_folder_that_others_can_enter_is_not_used_for_account_locks(tmp_path: Path) -> None:
    (tmp_path / "btcbot").mkdir()
    (tmp_path / "btcbot").chmod(0o755)
    with pytest.raises(StoreError, match="ours alone"):
        account_lock_path(tmp_path, "key")


def test_a_planted_link_is_not_used_as_the_folder_for_account_locks(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(0o700)
    (tmp_path / "btcbot").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="ours alone"):
        account_lock_path(tmp_path, "key")


def test_without_a_runtime_folder_there_is_no_account_lock(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="XDG_RUNTIME_DIR"):
        account_lock_path(tmp_path / "no" / "such", "key")


def read_holder_fails(path: Path) -> bool:
    with pytest.raises(StoreError):
        read_holder(path)
    return True
