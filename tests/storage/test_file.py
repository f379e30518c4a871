"""The database file is cut short under a living store (FAULTS D10)."""

import os
from pathlib import Path

import pytest

from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.domain.errors import StoreError
from tests.build import at
from tests.killpoints.life import SCENARIOS, database, live


@pytest.mark.parametrize("size", [0, 4096, 40_000])
def test_a_file_that_is_cut_short_while_in_use_is_written_to_no_more(
    tmp_path: Path, size: int
) -> None:
    assert live(SCENARIOS["submit"], tmp_path, steps=2).exit_code == 0
    store = SqliteStore(database(tmp_path))
    os.truncate(database(tmp_path), size)
    for _ in range(2):
        with pytest.raises(StoreError, match="damaged"), store.begin() as work:
            work.audit.add(at(), "operator", "note", "is anybody there")
            work.commit()
    store.close()
