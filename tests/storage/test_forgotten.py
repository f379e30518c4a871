"""A store that has forgotten what it sent: noticed at the start, never sent again (D09, O16)."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.adapters.witness import FileWitness, witness_path
from btcbot_core.domain.errors import StoreError
from btcbot_core.domain.ids import ClientId
from btcbot_core.domain.witness import Witness
from tests.build import at
from tests.killpoints.exchange import read_lines, taken
from tests.killpoints.life import RUN, SCENARIOS, database, journal, live

SUBMIT = SCENARIOS["submit"]
"""Step 0 sends nothing, step 1 two orders."""
BEFORE, AFTER = 1, 3


@contextmanager
def log_kept(folder: Path) -> Iterator[None]:
    """As long as somebody reads, no close folds the log into the database: as after a crash."""
    reader = SqliteStore(database(folder), mode="ro")
    with reader.read():
        yield
    reader.close()


def beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def crashed(folder: Path, start: str = "") -> Path:
    """A database whose last commits, with two orders that were sent, are only in its log."""
    folder.mkdir()
    live(SUBMIT, folder, steps=BEFORE)
    with log_kept(folder):
        live(SUBMIT, folder, steps=AFTER, start=start)
    assert beside(database(folder), "-wal").stat().st_size
    beside(database(folder), "-shm").unlink()
    return database(folder)


def names(folder: Path) -> Counter[ClientId]:
    return Counter(line.client_id for line in taken(read_lines(journal(folder))))


def an_older_copy(folder: Path, path: Path) -> None:
    """What stood there before the orders were sent."""
    older = folder.parent / "older"
    older.mkdir()
    live(SUBMIT, older, steps=BEFORE)
    beside(path, "-wal").unlink()
    shutil.copyfile(database(older), path)


def no_log(_folder: Path, path: Path) -> None:
    beside(path, "-wal").unlink()


def no_database(_folder: Path, path: Path) -> None:
    beside(path, "-wal").unlink()
    path.unlink()


def an_empty_file(_folder: Path, path: Path) -> None:
    beside(path, "-wal").unlink()
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [an_older_copy, no_log, no_database, an_empty_file])
def test_a_store_that_has_forgotten_an_order_is_refused_and_nothing_is_sent(
    tmp_path: Path, harm: Callable[[Path, Path], None]
) -> None:
    folder = tmp_path / "life"
    path = crashed(folder)
    harm(folder, path)
    sent, content = names(folder), path.read_bytes() if path.exists() else None
    with pytest.raises(StoreError, match="forgotten order") as refused:
        live(SUBMIT, folder)
    assert "btcbot-core restored" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert names(folder) == sent
    assert (path.read_bytes() if path.exists() else None) == content


def test_the_log_of_another_database_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "life"
    path, other = crashed(folder), crashed(tmp_path / "other", start="another")
    shutil.copyfile(beside(other, "-wal"), beside(path, "-wal"))
    sent, files = names(folder), (path.read_bytes(), beside(path, "-wal").read_bytes())
    with pytest.raises(StoreError, match=r"forgotten order|damaged"):
        live(SUBMIT, folder)
    assert names(folder) == sent
    assert (path.read_bytes(), beside(path, "-wal").read_bytes()) == files


def test_a_log_of_an_earlier_time_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    folder, stale = tmp_path / "life", tmp_path / "stale-wal"
    folder.mkdir()
    store = SqliteStore(database(folder))
    shutil.copyfile(beside(database(folder), "-wal"), stale)
    store.close()
    live(SUBMIT, folder, steps=AFTER)
    shutil.copyfile(stale, beside(database(folder), "-wal"))
    content = database(folder).read_bytes()
    with pytest.raises(StoreError, match=r"forgotten order|damaged"):
        live(SUBMIT, folder)
    assert database(folder).read_bytes() == content


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"at": "yesterday"}'])
def test_a_witness_that_is_gone_or_says_nothing_is_refused(
    tmp_path: Path, content: bytes | None
) -> None:
    assert live(SUBMIT, tmp_path, steps=AFTER).exit_code == 0
    file = witness_path(database(tmp_path))
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(StoreError, match="btcbot-core restored"):
        live(SUBMIT, tmp_path)


def restored_whole(folder: Path, start: str) -> Counter[ClientId]:
    """Database and witness of before the orders were put back together; the exchange goes on."""
    live(SUBMIT, folder, steps=BEFORE)
    kept = folder.parent / "kept"
    shutil.copytree(folder, kept)
    live(SUBMIT, folder, steps=AFTER, start="the first start")
    for path in (database(folder), witness_path(database(folder))):
        shutil.copyfile(kept / path.name, path)
    live(SUBMIT, folder, start=start)
    return names(folder)


def test_no_start_names_an_order_as_another_did_though_nobody_can_know_of_it(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "life"
    folder.mkdir()
    assert set(restored_whole(folder, "the second start").values()) == {1}


def test_without_its_word_a_start_would_and_so_this_test_can_fail(tmp_path: Path) -> None:
    folder = tmp_path / "life"
    folder.mkdir()
    assert 2 in restored_whole(folder, "the first start").values()


def test_the_witness_is_for_us_alone_and_a_draft_of_a_dead_process_is_no_hindrance(
    tmp_path: Path,
) -> None:
    file = FileWitness(witness_path(tmp_path / "state.db"))
    (tmp_path / f".{file.path.name}.{os.getpid()}.part").touch()
    file.write(Witness(at=at(), run=RUN))
    assert file.read() == Witness(at=at(), run=RUN)
    assert file.path.stat().st_mode & 0o777 == 0o600
