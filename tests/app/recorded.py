"""The recorded night, run once and stored; tests that change the file take a copy."""

import shutil
import sqlite3
from pathlib import Path

from btcbot_core import bootstrap
from btcbot_core.app.frames import Role

STEPS = 996


def run_night(
    folder: Path, cycles: int | None = None, name: str = "night.db", stage: int = 3
) -> Path:
    """A dry run on the recorded night; the database is one file when it is done."""
    database = folder / name
    options = bootstrap.SessionOptions(
        role=Role.HOST,
        dataset=bootstrap.demo_folder(),
        db=database,
        is_dry_run=True,
        cycles_max=cycles,
        stage=stage,
    )
    session = bootstrap.open_session(options)
    session.run()
    assert session.exit_code == 0, session.error
    with sqlite3.connect(database) as store:
        store.execute("PRAGMA journal_mode = delete")
    return database


def copy_of(database: Path, folder: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copy(database, folder / "copy.db"))
