"""The database file is cut short, or written over, under a living store (FAULTS D10, D12)."""

import os
import shutil
from pathlib import Path

import pytest

from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.domain.errors import StoreError
from tests.build import at
from tests.killpoints.life import SCENARIOS, database, live


def note(store: SqliteStore) -> None:
    with store.begin() as work:
        work.audit.add(at(), "operator", "note", "is anybody there")
        work.commit()


def refuses_to_write(store: SqliteStore, words: str) -> None:
    for _ in range(2):
        with pytest.raises(StoreError, match=words):
            note(store)
    store.close()


@pytest.mark.parametrize("size", [0, 4096, 40_000])
def test_a_file_that_is_cut_short_while_in_use_is_written_to_no_more(
    tmp_path: Path, size: int
) -> None:
    assert live(SCENARIOS["submit"], tmp_path, steps=2).exit_code == 0
    store = SqliteStore(database(tmp_path))
    os.truncate(database(tmp_path), size)
    refuses_to_write(store, "damaged|written over")


def test_a_copy_over_a_file_in_use_is_noticed_before_the_next_write(tmp_path: Path) -> None:
    """The file stays the same one; only what is in it is another history."""
    assert live(SCENARIOS["submit"], tmp_path, steps=1).exit_code == 0
    older = shutil.copyfile(database(tmp_path), tmp_path / "older.bak")
    assert live(SCENARIOS["submit"], tmp_path, steps=2).exit_code == 0
    store = SqliteStore(database(tmp_path))
    note(store)
    shutil.copyfile(older, database(tmp_path))
    refuses_to_write(store, "was written over while in use")
