"""A look at a database file that changes nothing and needs no known schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from peewee import SqliteDatabase

from btcbot_core.adapters.sqlite.backup import copy_once, problem_of
from btcbot_core.adapters.sqlite.database import BUSY_TIMEOUT_MS, connector, prepare_file, raw
from btcbot_core.adapters.sqlite.errors import store_errors
from btcbot_core.adapters.sqlite.schema import APPLICATION_ID, MIGRATIONS, version_of
from btcbot_core.domain.errors import StoreError
from btcbot_core.ports import Progress


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says of itself."""

    damage: str
    schema: int
    schema_known: int
    journal: str
    size_bytes: int
    wal_bytes: int


def inspect(path: Path) -> Inspection:
    """Read the file's version, journal and sizes, and have SQLite check it over.

    Raises StoreError when it is no database of ours, or cannot be read at all.
    """
    with _opened(path) as database, store_errors(path):
        schema = int(database.pragma("user_version"))
        journal = str(database.pragma("journal_mode"))
        damage = problem_of(raw(database))
    return Inspection(
        damage=damage,
        schema=schema,
        schema_known=version_of(MIGRATIONS),
        journal=journal,
        size_bytes=path.stat().st_size,
        wal_bytes=_size(path.with_name(path.name + "-wal")),
    )


def save_copy(path: Path, place: Path, progress: Progress) -> int:
    """Copy the database, also while a runner writes to it; returns the copy's size in bytes.

    Raises FileExistsError where anything stands already; StoreError for what is no database of
    ours, cannot be read, or does not check out when it is copied.
    """
    with _opened(path) as database:
        copy_once(database, place, progress)
    return place.stat().st_size


@contextmanager
def _opened(path: Path) -> Iterator[SqliteDatabase]:
    prepare_file(path, "ro")
    database = connector(path, mode="ro", synchronous="FULL", busy_timeout_ms=BUSY_TIMEOUT_MS)
    try:
        with store_errors(path):
            database.connect()
            owner = int(database.pragma("application_id"))
        if owner != APPLICATION_ID:
            raise StoreError(f"database {path} belongs to another program: name another file")
        yield database
    finally:
        database.close()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # no log, or it was folded in just now
