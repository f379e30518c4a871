"""A copy of the database that was checked before it counts."""

import os
import sqlite3
from pathlib import Path

from peewee import SqliteDatabase

from btcbot_core.adapters.files import create_private, sync_folder
from btcbot_core.adapters.sqlite.database import raw
from btcbot_core.adapters.sqlite.errors import store_errors
from btcbot_core.domain.errors import StoreError

COPIES_MAX = 100


def copy_verified(database: SqliteDatabase, target: Path) -> Path:
    """Copy the open database to `target`, or beside it where that is taken; returns the place.

    Raises StoreError when the copy cannot be made or does not check out; then it is removed.
    """
    place = _claim(target)
    try:
        with store_errors(place):
            _copy(raw(database), place)
        sync_folder(place.parent)
    except BaseException:
        place.unlink(missing_ok=True)
        raise
    return place


def problem_of(connection: sqlite3.Connection) -> str:
    """What SQLite's own check finds wrong; empty when nothing."""
    found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(1)")]
    return "" if found == ["ok"] else " ".join("; ".join(found).split())


def _claim(target: Path) -> Path:
    for number in range(COPIES_MAX):
        place = target.with_name(f"{target.name}.{number}") if number else target
        try:
            os.close(create_private(place))
        except FileExistsError:
            continue
        except OSError as error:
            raise StoreError(
                f"no backup can be made at {place} ({error.strerror}): free or unlock the folder"
            ) from error
        return place
    raise StoreError(f"{COPIES_MAX} backups stand beside {target}: move some away")


def _copy(source: sqlite3.Connection, place: Path) -> None:
    copy = sqlite3.connect(place, isolation_level=None)
    try:
        source.backup(copy)
        problem = problem_of(copy)
        if problem:
            raise StoreError(f"the backup {place} does not check out ({problem}): do not go on")
        # One file, not three, so that it can be carried away whole.
        copy.execute("PRAGMA journal_mode = delete")
    finally:
        copy.close()
