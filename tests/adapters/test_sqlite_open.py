"""Opening a database: private, durable as asked, or refused in one line that says what to do."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import pytest

from btcbot_core.adapters.sqlite.database import connector, use_wal, verify
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.domain.errors import ExitCode, InvariantBrokenError, StoreError
from tests.adapters.damage import damage_table
from tests.adapters.processes import mode_of
from tests.contract.store_makers import RUN, a_cycle, a_run

NOBODY = 65534


def _filled(path: Path, cycles: int = 3) -> None:
    store = SqliteStore(path)
    with store.begin() as work:
        work.runs.open(a_run())
        for step in range(cycles):
            work.cycles.add(a_cycle(step, trace=b"t" * 900))
        work.commit()
    store.close()


def _refusal(path: Path, **options: object) -> str:
    """The one line that opening it ends with."""
    with pytest.raises(StoreError) as caught:
        SqliteStore(path, **options).close()  # type: ignore[arg-type]  # a test's own choice
    line = str(caught.value)
    assert caught.value.exit_code is ExitCode.STORE_UNUSABLE
    assert "\n" not in line
    return line


@pytest.fixture
def common_folder() -> Iterator[Path]:
    """A folder that another user can reach; pytest's own is closed to all others."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    rmtree(folder)


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Root may write everywhere, so root becomes somebody else for the test."""
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
        yield
        os.seteuid(0)
    else:
        yield


def test_everything_it_makes_is_private_under_any_umask(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.db"
    before = os.umask(0)
    try:
        store = SqliteStore(path)
        with store.begin() as work:
            work.runs.open(a_run())
            work.commit()
        assert mode_of(path.parent) == 0o700
        made = sorted(place.name for place in path.parent.iterdir())
        assert made == ["state.db", "state.db-shm", "state.db-wal"]
        assert {mode_of(place) for place in path.parent.iterdir()} == {0o600}
        store.close()
    finally:
        os.umask(before)


def test_an_empty_file_made_by_hand_becomes_private(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.touch()
    path.chmod(0o644)
    SqliteStore(path).close()
    assert mode_of(path) == 0o600


def test_a_typo_in_the_folder_makes_no_tree(tmp_path: Path) -> None:
    assert "No such file" in _refusal(tmp_path / "no" / "such" / "state.db")
    assert list(tmp_path.iterdir()) == []


def test_a_reader_needs_a_database_and_makes_none(tmp_path: Path) -> None:
    assert "no database at" in _refusal(tmp_path / "state.db", mode="ro")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    assert "not a plain file" in _refusal(tmp_path)
    assert "no database at" in _refusal(tmp_path, mode="ro")


def test_a_path_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert "name another" in _refusal(tmp_path / "a")
    assert "name another" in _refusal(tmp_path / "a\0b")
    assert "too long" in _refusal(tmp_path / ("x" * 300))
    assert "too long" in _refusal(tmp_path / ("x" * 300), mode="ro")


def test_a_link_leads_to_the_same_database(tmp_path: Path) -> None:
    _filled(tmp_path / "state.db")
    (tmp_path / "link.db").symlink_to(tmp_path / "state.db")
    store = SqliteStore(tmp_path / "link.db", mode="ro")
    with store.read() as look:
        assert look.cycles.last(RUN) == a_cycle(2, trace=b"t" * 900)
    store.close()


@pytest.mark.parametrize("mode", ["rw", "ro"])
def test_what_is_no_database_is_refused_and_left_alone(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes\n" * 400)
    assert "is not a database: name" in _refusal(path, mode=mode)
    assert path.read_text() == "these are my notes\n" * 400


@pytest.mark.parametrize("mode", ["rw", "ro"])
def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "theirs.db"
    theirs = sqlite3.connect(path)
    theirs.execute("CREATE TABLE bookmarks (url TEXT)")
    theirs.commit()
    theirs.close()
    before = path.read_bytes()
    assert "another program" in _refusal(path, mode=mode)
    assert path.read_bytes() == before


def test_a_damaged_page_is_found_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    _filled(path, cycles=50)
    damage_table(path, "cycles")
    SqliteStore(path).close()
    assert "is damaged (" in _refusal(path, is_checked=True)


def test_a_damaged_first_page_is_refused_unasked(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    _filled(path)
    content = bytearray(path.read_bytes())
    content[100:4096] = os.urandom(3996)
    path.write_bytes(content)
    assert "is damaged: keep" in _refusal(path)


def test_a_sound_database_passes_the_check(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    _filled(path)
    SqliteStore(path, is_checked=True).close()
    SqliteStore(path, is_checked=True, mode="ro").close()


def test_a_read_only_folder_is_refused_for_writing(
    common_folder: Path, request: pytest.FixtureRequest
) -> None:
    if os.getuid() != 0:
        common_folder.chmod(0o500)
    request.getfixturevalue("as_nobody")
    assert "Permission denied" in _refusal(common_folder / "state.db")


def test_a_read_only_file_is_refused_for_writing_and_can_be_read(
    common_folder: Path, request: pytest.FixtureRequest
) -> None:
    path = common_folder / "state.db"
    _filled(path)
    path.chmod(0o444)
    if os.getuid() != 0:
        common_folder.chmod(0o500)
    request.getfixturevalue("as_nobody")
    assert "is read-only" in _refusal(path)
    store = SqliteStore(path, mode="ro")
    with store.read() as look:
        assert look.cycles.last(RUN) is not None
    store.close()
    if os.getuid() != 0:
        common_folder.chmod(0o700)


def test_a_reader_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    _filled(path)
    before = path.read_bytes()
    store = SqliteStore(path, mode="ro")
    with pytest.raises(InvariantBrokenError, match="for reading"), store.begin():
        pass
    with store.read() as look:
        assert look.runs.latest() == a_run()
    store.close()
    assert path.read_bytes() == before


def test_a_commit_that_would_be_less_durable_than_asked_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    SqliteStore(path).close()
    database = connector(path, mode="rw", synchronous="NORMAL", busy_timeout_ms=100)
    use_wal(database, path)
    verify(database, path, "NORMAL")
    with pytest.raises(StoreError, match="synchronous 1"):
        verify(database, path, "FULL")
    database.close()


def test_a_file_without_a_log_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.touch()
    database = connector(path, mode="rw", synchronous="FULL", busy_timeout_ms=100)
    with pytest.raises(StoreError, match="journal delete"):
        verify(database, path, "FULL")
    database.close()
