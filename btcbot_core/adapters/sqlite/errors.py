"""SQLite's errors in the operator's words: what happened, to which file, and what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peewee import PeeweeException

from btcbot_core.adapters.sqlite.blocker import blocker_of
from btcbot_core.domain.errors import BotError, InvariantBrokenError, StoreBusyError, StoreError

_PRIMARY = 0xFF  # an extended result code keeps the primary one in its lowest byte
_DEAD = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_ROOMLESS = frozenset(
    {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
)

_ADVICE = {
    sqlite3.SQLITE_READONLY: "cannot be written: check the permissions of the file and its folder",
    sqlite3.SQLITE_FULL: "cannot grow, the disk is full: free some space",
    sqlite3.SQLITE_IOERR: "could not be read or written by the disk: check the disk, then restart",
    sqlite3.SQLITE_CORRUPT: "is damaged: keep the file and restore a backup",
    sqlite3.SQLITE_NOTADB: "is not a database: name another file or restore a backup",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: check its folder and the permissions of both",
}


class DeadStoreError(StoreError):
    """The disk or the file failed under us: nothing that it says can be trusted any more.

    A failed fsync must not be tried again, since the kernel may have dropped the pages.
    """


def translated(path: Path, error: Exception) -> BotError:
    """Our error for one of Peewee's or SQLite's."""
    cause = getattr(error, "orig", error)  # Peewee wraps SQLite's own
    code = _code(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusyError(
            f"database {path} is locked by {blocker_of(path) or 'another process'}: let it finish"
        )
    if code == sqlite3.SQLITE_CONSTRAINT:
        return InvariantBrokenError(f"the store refused a row: {cause}")
    advice = _ADVICE.get(code)
    line = f"database {path} {advice} ({cause})" if advice else f"database {path}: {cause}"
    return DeadStoreError(line) if code in _DEAD else StoreError(line)


def lacks_room(error: StoreError) -> bool:
    """Whether SQLite could not make or read a file that it needs, as on a full disk."""
    return error.__cause__ is not None and _code(error.__cause__) in _ROOMLESS


def awaits_rollback(error: StoreError) -> bool:
    """Whether a change was cut half way, and a reader alone may not take it back."""
    return (
        error.__cause__ is not None
        and _extended(error.__cause__) == sqlite3.SQLITE_READONLY_ROLLBACK
    )


def _code(error: BaseException) -> int:
    """SQLite's primary result code; 0 for what is no error of its own."""
    return _extended(error) & _PRIMARY


def _extended(error: BaseException) -> int:
    code: int = getattr(getattr(error, "orig", error), "sqlite_errorcode", 0)
    return code


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Let nothing of SQLite's out but our own errors."""
    try:
        yield
    except (PeeweeException, sqlite3.Error) as error:
        raise translated(path, error) from error
