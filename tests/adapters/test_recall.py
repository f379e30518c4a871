"""What a database knows before a run may write to it, also one that was cut in the making."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from btcbot_core.adapters.sqlite.recall import Recall, recall
from btcbot_core.domain.errors import StoreError
from btcbot_core.domain.ids import RunId
from btcbot_core.domain.witness import Witness
from tests.build import at


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """A database as its process leaves it that dies before the first commit is whole."""
    making = tmp_path / "making.db"
    store = sqlite3.connect(making, isolation_level=None)
    store.execute("PRAGMA cache_size = 1")
    store.execute("CREATE TABLE first (text)")
    store.execute("BEGIN IMMEDIATE")
    store.executemany("INSERT INTO first VALUES (?)", [("x" * 2_000,)] * 50)
    left = tmp_path / "state.db"
    for end in ("", "-journal"):
        shutil.copyfile(f"{making}{end}", f"{left}{end}")
    store.close()
    left.chmod(0o600)
    return left


def test_a_database_that_was_cut_in_the_making_knows_all_that_it_must(cut: Path) -> None:
    nothing_sent = Recall(knows_witness=True, has_sent=False)
    assert recall(cut, None) == nothing_sent
    assert recall(cut, Witness(at=at(0))) == nothing_sent


def test_where_something_was_sent_a_database_that_was_cut_is_refused(cut: Path) -> None:
    with pytest.raises(StoreError):
        recall(cut, Witness(at=at(0), run=RunId("l1")))
