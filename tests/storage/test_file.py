"""The database file is cut short, or written over, under a living store (FAULTS D10, D12)."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.domain.errors import StoreError
from tests.adapters.damage import damage_table
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


@pytest.mark.parametrize("table", ["cycles", "ledger_events", "audit"])
def test_a_start_looks_the_whole_file_over_and_refuses_a_damaged_one(
    tmp_path: Path, table: str
) -> None:
    assert live(SCENARIOS["submit"], tmp_path, steps=3).exit_code == 0
    damage_table(database(tmp_path), table)
    damaged = database(tmp_path).read_bytes()
    with pytest.raises(StoreError, match=r"is damaged .* keep it and restore a backup"):
        live(SCENARIOS["submit"], tmp_path)
    assert database(tmp_path).read_bytes() == damaged


def test_an_index_that_is_at_odds_with_its_table_is_damage(tmp_path: Path) -> None:
    assert live(SCENARIOS["submit"], tmp_path, steps=3).exit_code == 0
    with sqlite3.connect(database(tmp_path)) as store:
        query = "SELECT rootpage FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'cycles'"
        one, other = (row[0] for row in store.execute(query))
        store.execute("PRAGMA writable_schema = on")
        swap = "UPDATE sqlite_schema SET rootpage = ? - rootpage WHERE rootpage IN (?, ?)"
        store.execute(swap, (one + other, one, other))
    with sqlite3.connect(database(tmp_path)) as store:
        assert store.execute("PRAGMA quick_check").fetchall() == [("ok",)]
    with pytest.raises(StoreError, match="is damaged"):
        live(SCENARIOS["submit"], tmp_path)


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
