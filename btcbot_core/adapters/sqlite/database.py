"""Open the database file: private, durable as asked, of our schema, or not at all."""

import os
import sqlite3
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from peewee import SqliteDatabase

from btcbot_core.adapters.files import (
    PRIVATE_FILE,
    create_private,
    make_private_folder,
    sync_folder,
)
from btcbot_core.adapters.sqlite.errors import store_errors
from btcbot_core.domain.errors import StoreError

Synchronous = Literal["FULL", "NORMAL"]
Mode = Literal["rw", "ro"]

BUSY_TIMEOUT_MS = 5_000
WAL_BYTES_MAX = 16 * 1024 * 1024
SQLITE_MIN = (3, 38, 0)  # STRICT tables, and `->>` in the views

_HAS_EFFECTIVE_IDS = os.access in os.supports_effective_ids
_LEVEL: dict[Synchronous, int] = {"NORMAL": 1, "FULL": 2}


def connector(
    path: Path,
    *,
    mode: Mode,
    synchronous: Synchronous,
    busy_timeout_ms: int,
    page_bytes: int | None = None,
    is_frozen: bool = False,
) -> SqliteDatabase:
    """Peewee's database over the file. Each thread that uses it gets a connection of its own.

    Frozen, the file is read as it stands, without its log: only where nobody can be writing.
    """
    pragmas: list[tuple[str, int | str]] = [
        ("busy_timeout", busy_timeout_ms),
        ("foreign_keys", 1),
    ]
    if page_bytes is not None:
        pragmas.insert(0, ("page_size", page_bytes))  # counts only while the file is empty
    if mode == "rw":
        # The journal mode is a property of the file: `use_wal` sets it, once the file is known
        # to be ours.
        pragmas += [
            ("synchronous", _LEVEL[synchronous]),
            ("journal_size_limit", WAL_BYTES_MAX),
        ]
    else:
        pragmas.append(("query_only", 1))
    return SqliteDatabase(
        _uri(path, mode, is_frozen=is_frozen),
        pragmas=pragmas,
        timeout=busy_timeout_ms / 1000,
        uri=True,
        # Still one connection a thread; but whoever closes the store closes them all.
        check_same_thread=False,
    )


def prepare_file(path: Path, mode: Mode) -> None:
    """See that the file is there and usable; a writer may create it, and its folder."""
    if sqlite3.sqlite_version_info < SQLITE_MIN:
        raise StoreError(
            f"SQLite {sqlite3.sqlite_version} is too old, 3.38 is needed: update Python or SQLite"
        )
    try:
        if mode == "ro":
            if not path.is_file():
                raise StoreError(
                    f"there is no database at {path}: start a run first, or name another"
                )
            return
        make_private_folder(path.parent)
        os.close(create_private(path))
        sync_folder(path.parent)
    except FileExistsError:
        # Never opened and closed here: closing any handle of a database file drops the locks
        # that SQLite holds on it in this process.
        _require_writable(path)
    except OSError as error:
        raise StoreError(
            f"there can be no database at {path} ({error.strerror}):"
            " check its folder, or name another file"
        ) from error


def raw(database: SqliteDatabase) -> sqlite3.Connection:
    """Peewee's own connection of this thread, for prepared statements."""
    connection: sqlite3.Connection = database.connection()  # type: ignore[no-untyped-call]
    return connection


def use_wal(database: SqliteDatabase, path: Path) -> None:
    """Let readers read while the one writer writes."""
    with store_errors(path):
        database.pragma("journal_mode", "wal")


def verify(database: SqliteDatabase, path: Path, synchronous: Synchronous) -> None:
    """Read back what a commit's durability hangs on; SQLite ignores a setting it cannot follow."""
    with store_errors(path):
        journal, level = database.pragma("journal_mode"), database.pragma("synchronous")
        has_keys = database.pragma("foreign_keys")
    if journal != "wal" or level != _LEVEL[synchronous] or has_keys != 1:
        raise StoreError(
            f"database {path} runs with journal {journal}, synchronous {level} and foreign keys"
            f" {has_keys}, but wal, {_LEVEL[synchronous]} and 1 are needed:"
            " is it on a network file system?"
        )


def _require_writable(path: Path) -> None:
    if not path.is_file():
        raise StoreError(f"database {path} is not a plain file: name another")
    for place in (path, path.parent):
        if not os.access(place, os.W_OK, effective_ids=_HAS_EFFECTIVE_IDS):
            raise StoreError(
                f"database {path} cannot be written, {place} is read-only:"
                " check the permissions, or name another file"
            )
    if not path.stat().st_size:
        path.chmod(PRIVATE_FILE)  # made empty by hand; what we put into it is for us alone


def has_log(path: Path) -> bool:
    """Whether there is a log beside the file that holds commits of its own, perhaps."""
    wal = path.with_name(path.name + "-wal")
    return wal.is_file() and wal.stat().st_size > 0


def _uri(path: Path, mode: Mode, *, is_frozen: bool) -> str:
    # On a read-only medium SQLite cannot make the index of a log; and there is no log to read.
    is_frozen = is_frozen or (
        mode == "ro"
        and not os.access(path.parent, os.W_OK, effective_ids=_HAS_EFFECTIVE_IDS)
        and not has_log(path)
    )
    suffix = "&immutable=1" if is_frozen else ""
    return f"file:{quote(str(path.absolute()))}?mode={mode}{suffix}"
