"""The kill latch: memory and file, either one stops orders, and nothing but `clear` undoes it."""

import json
import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path, PosixPath
from types import FrameType

import pytest

from btcbot_core.adapters.latch import FileLatch, kill_path
from btcbot_core.domain.errors import StoreError
from btcbot_core.domain.kill import NOT_KILLED, KillState
from btcbot_core.ports import KillLatch
from tests.adapters.processes import another_process, mode_of

AT = datetime(2022, 11, 8, 12, 0, 0, tzinfo=UTC)


class StoppedClock:
    def now(self) -> datetime:
        return AT

    def monotonic_s(self) -> float:
        return 0.0


SET = """
import sys
from pathlib import Path
from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.latch import FileLatch
state = FileLatch(Path(sys.argv[1]), SystemClock()).set("ops@shell", "looks wrong")
print(state.who, flush=True)
"""

WATCH = """
import sys
from pathlib import Path
from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.latch import FileLatch
latch = FileLatch(Path(sys.argv[1]), SystemClock())
print(latch.is_set(), flush=True)
sys.stdin.readline()
print(latch.is_set(), latch.state().who, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return kill_path(tmp_path / "state.db")


@pytest.fixture
def latch(path: Path) -> FileLatch:
    return FileLatch(path, StoppedClock())


def test_a_new_latch_is_not_set(latch: KillLatch) -> None:
    assert not latch.is_set()
    assert latch.state() == NOT_KILLED


def test_it_says_when_by_whom_and_why(latch: FileLatch) -> None:
    wanted = KillState(True, AT, "operator", "prices look wrong")
    assert latch.set("operator", "prices look wrong") == wanted
    assert latch.is_set()
    assert latch.state() == wanted


class WatchedPath(PosixPath):
    """A path that tells when the file system is asked for it."""

    listener: Callable[[], None] | None = None

    def __fspath__(self) -> str:
        if self.listener is not None:
            self.listener()
        return str(self)


def test_its_words_are_known_before_the_disk_is_asked(path: Path) -> None:
    watched = WatchedPath(path)
    latch = FileLatch(watched, StoppedClock())
    seen = list[str]()
    watched.listener = lambda: seen.append(latch.state().who)
    latch.set("operator", "why")
    assert seen
    assert {*seen} == {"operator"}


def test_the_file_stands_beside_the_database_and_tells_the_same(
    latch: FileLatch, path: Path, tmp_path: Path
) -> None:
    latch.set("operator", "why")
    assert path == tmp_path / "state.db.kill"
    assert json.loads(path.read_text()) == {
        "who": "operator",
        "why": "why",
        "at": "2022-11-08T12:00:00Z",
    }


def test_the_file_is_private_under_any_umask(latch: FileLatch, path: Path) -> None:
    before = os.umask(0)
    try:
        latch.set("operator", "why")
    finally:
        os.umask(before)
    assert mode_of(path) == 0o600


def test_it_stays_set_over_a_restart(latch: FileLatch, path: Path) -> None:
    latch.set("operator", "why")
    after = FileLatch(path, StoppedClock())
    assert after.is_set()
    assert after.state() == KillState(True, AT, "operator", "why")


def test_setting_it_again_keeps_the_first_words(latch: FileLatch, path: Path) -> None:
    latch.set("first", "one")
    assert latch.set("second", "two").who == "first"
    assert FileLatch(path, StoppedClock()).set("third", "three").who == "first"


@pytest.mark.parametrize("content", [b"", b"maintenance\n", b"{", b"\xff\xfe\x00", b"[1]", b"{}"])
def test_a_file_made_by_hand_kills_whatever_is_in_it(
    latch: FileLatch, path: Path, content: bytes
) -> None:
    path.write_bytes(content)
    assert latch.is_set()
    state = latch.state()
    assert state.is_set
    assert state.who == "unknown"
    assert state.why


def test_a_file_made_by_hand_tells_since_when(latch: FileLatch, path: Path) -> None:
    path.touch()
    at = latch.state().at
    assert at is not None
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)


def test_a_huge_file_is_not_read_whole(latch: FileLatch, path: Path) -> None:
    path.write_bytes(b'{"who":"' + b"a" * 1_000_000 + b'"}')
    assert latch.is_set()
    assert latch.state().who == "unknown"


def test_deleting_the_file_by_hand_does_not_reset_a_living_process(
    latch: FileLatch, path: Path
) -> None:
    path.touch()
    assert latch.is_set()
    path.unlink()
    assert latch.is_set()
    assert latch.state().is_set


def test_setting_it_again_brings_a_deleted_file_back(latch: FileLatch, path: Path) -> None:
    latch.set("operator", "why")
    path.unlink()
    latch.set("operator", "again")
    assert FileLatch(path, StoppedClock()).state() == KillState(True, AT, "operator", "why")


def test_clear_removes_the_file_and_the_memory(latch: FileLatch, path: Path) -> None:
    latch.set("operator", "why")
    latch.clear()
    assert not latch.is_set()
    assert latch.state() == NOT_KILLED
    assert not path.exists()
    latch.clear()
    assert latch.set("operator", "another").why == "another"


def test_clear_that_cannot_remove_the_file_leaves_it_set(latch: FileLatch, path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreError, match="still killed"):
        latch.clear()
    assert latch.is_set()


def test_it_is_set_even_where_no_file_can_be_written(tmp_path: Path) -> None:
    latch = FileLatch(tmp_path / "gone" / "state.db.kill", StoppedClock())
    state = latch.set("operator", "why")
    assert state.is_set
    assert (state.who, state.why) == ("operator", "why")
    assert "was not written" in state.problem
    assert latch.is_set()
    assert latch.state() == state


def test_a_second_try_can_make_it_durable(tmp_path: Path) -> None:
    path = tmp_path / "later" / "state.db.kill"
    latch = FileLatch(path, StoppedClock())
    latch.set("operator", "why")
    path.parent.mkdir()
    assert latch.set("operator", "again") == KillState(True, AT, "operator", "why")
    assert path.exists()


def test_it_is_set_before_the_clock_is_asked(path: Path) -> None:
    class BrokenClock(StoppedClock):
        def now(self) -> datetime:
            raise RuntimeError("no time")

    latch = FileLatch(path, BrokenClock())
    with pytest.raises(RuntimeError):
        latch.set("operator", "why")
    assert latch.is_set()
    assert latch.state().is_set


def test_what_cannot_be_looked_at_kills(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    latch = FileLatch(tmp_path / "file" / "state.db.kill", StoppedClock())
    assert latch.is_set()
    assert "cannot be read" in latch.state().why


def test_a_planted_link_kills_and_its_target_is_untouched(
    latch: FileLatch, path: Path, tmp_path: Path
) -> None:
    target = tmp_path / "precious"
    path.symlink_to(target)
    assert latch.is_set()
    latch.set("operator", "why")
    assert not target.exists()
    latch.clear()
    assert not path.is_symlink()
    assert not latch.is_set()


def test_a_planted_pipe_kills_and_makes_nobody_wait(latch: FileLatch, path: Path) -> None:
    os.mkfifo(path)
    assert latch.is_set()
    assert latch.state().who == "unknown"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's file")
def test_another_users_file_kills(latch: FileLatch, path: Path) -> None:
    path.write_text('{"who":"them","why":"x","at":"2022-11-08T12:00:00Z"}')
    os.chown(path, 12345, 12345)
    assert latch.is_set()
    assert latch.state().who == "unknown"
    assert "belongs to user 12345" in latch.state().why


def test_what_others_wrote_into_the_file_cannot_reach_the_terminal_raw(
    latch: FileLatch, path: Path
) -> None:
    path.write_text(json.dumps({"who": "a\x1b[2Jb\u202ec", "why": "\n" + "x" * 999}))
    state = latch.state()
    assert state.who == "a [2Jb c"
    assert state.why.isprintable()
    assert len(state.why) <= 200


def test_a_kill_from_another_process_is_seen(latch: FileLatch, path: Path) -> None:
    assert not latch.is_set()
    with another_process(SET, path) as other:
        assert other.line() == "ops@shell"
    assert latch.is_set()
    assert latch.state().who == "ops@shell"


def test_another_process_sees_our_kill_at_its_next_look(latch: FileLatch, path: Path) -> None:
    with another_process(WATCH, path) as other:
        assert other.line() == "False"
        latch.set("operator", "why")
        other.finish()
        assert other.line() == "True operator"


def test_a_signal_that_comes_while_it_is_being_set_can_set_it_too(path: Path) -> None:
    class SignallingClock(StoppedClock):
        """Asked for the time in the middle of `set`, it lets the signal in there."""

        has_signalled = False

        def now(self) -> datetime:
            if not self.has_signalled:
                self.has_signalled = True
                signal.raise_signal(signal.SIGUSR1)
            return AT

    latch = FileLatch(path, SignallingClock())

    def hear(number: int, frame: FrameType | None) -> None:
        latch.set("signal", signal.Signals(number).name)

    before = signal.signal(signal.SIGUSR1, hear)
    try:
        assert latch.set("operator", "why").who == "signal"
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert FileLatch(path, StoppedClock()).state().who == "signal"


def test_many_threads_may_set_and_read_at_once(latch: FileLatch) -> None:
    found: list[KillState] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(latch.set(f"t{n}", "why")))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({state.who for state in found}) == 1
    assert latch.is_set()
