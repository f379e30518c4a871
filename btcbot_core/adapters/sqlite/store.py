"""The store on SQLite: opens the file, checks it, and begins units of work on it."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from peewee import SqliteDatabase

from btcbot_core.adapters.files import real_path
from btcbot_core.adapters.sqlite.backup import problem_of
from btcbot_core.adapters.sqlite.database import (
    BUSY_TIMEOUT_MS,
    Mode,
    Synchronous,
    connector,
    prepare_file,
    raw,
    use_wal,
    verify,
)
from btcbot_core.adapters.sqlite.errors import DeadStoreError, store_errors
from btcbot_core.adapters.sqlite.schema import (
    MIGRATIONS,
    Migration,
    bring_forward,
    found_version,
    require_current,
)
from btcbot_core.adapters.sqlite.transaction import Transaction
from btcbot_core.adapters.sqlite.unit_of_work import SqliteUnitOfWork
from btcbot_core.domain.errors import InvariantBrokenError, StoreError


class SqliteStore:
    """One writer process, any number of readers. Each thread works on its own connection."""

    def __init__(
        self,
        path: Path,
        *,
        mode: Mode = "rw",
        synchronous: Synchronous = "FULL",
        busy_timeout_ms: int = BUSY_TIMEOUT_MS,
        is_checked: bool = False,
        page_bytes: int | None = None,
        is_frozen: bool = False,
        migrations: Sequence[Migration] = MIGRATIONS,
        is_held: Callable[[], bool] = lambda: True,
    ) -> None:
        """Open and check the schema. `is_checked` asks SQLite to look the whole file over first;
        `page_bytes` is the page size of a new file; `is_frozen` reads it without its log;
        `is_held` is asked before each write whether the lock that keeps others out still stands.

        Raises StoreError with one line for the operator when the file cannot be used.
        """
        self._path = real_path(path)
        self._mode = mode
        self._synchronous = synchronous
        self._is_held = is_held
        self._connections: list[sqlite3.Connection] = []
        self._connecting = threading.Lock()
        self._writing = threading.RLock()
        self._closed_because = ""
        prepare_file(self._path, mode)
        self._database = connector(
            self._path,
            mode=mode,
            synchronous=synchronous,
            busy_timeout_ms=busy_timeout_ms,
            page_bytes=page_bytes,
            is_frozen=is_frozen,
        )
        self._inode = _inode(self._path)
        try:
            self._connect()
            self._settle_schema(migrations, is_checked=is_checked)
            self._content = _content(self._path)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def begin(self) -> Iterator[SqliteUnitOfWork]:
        """Open a write transaction; leaving without `commit()` rolls it back.

        Raises StoreBusyError when another process holds the write lock for too long.
        """
        if self._mode == "ro":
            raise InvariantBrokenError("this store was opened for reading")
        with self._writing, self._transaction("IMMEDIATE", is_writing=True) as work:
            self._require_own_content()
            self._require_lock()
            try:
                yield work
            finally:
                # A commit may have folded the log into the file.
                self._content = _content(self._path)

    @contextmanager
    def read(self) -> Iterator[SqliteUnitOfWork]:
        """One consistent look, however long it takes and whatever is written meanwhile."""
        with self._transaction("DEFERRED", is_writing=False) as work:
            yield work

    def close(self) -> None:
        """Close every thread's connection. The store is of no use afterwards."""
        self._closed_because = self._closed_because or f"database {self._path} is closed"
        with self._connecting:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
        self._database.close()

    @contextmanager
    def _transaction(self, lock: str, *, is_writing: bool) -> Iterator[SqliteUnitOfWork]:
        database = self._ready()
        connection = raw(database)
        if connection.in_transaction:
            raise InvariantBrokenError("a unit of work is open in this thread: end it first")
        transaction = Transaction(database, self._path, is_writing=is_writing)
        try:
            # Peewee's own `atomic` would commit on leaving; here only a commit commits.
            with store_errors(self._path):
                connection.execute(f"BEGIN {lock}")
            try:
                yield SqliteUnitOfWork(transaction)
            finally:
                transaction.end()
                with store_errors(self._path):
                    connection.rollback()  # no transaction is left after a commit
        except DeadStoreError as error:
            self._closed_because = str(error)
            raise

    def _ready(self) -> SqliteDatabase:
        """This thread's connection, as long as the file under it is the one that was opened."""
        if not self._closed_because and _inode(self._path) != self._inode:
            self._closed_because = (
                f"database {self._path} was moved or replaced while in use: stop and look"
            )
        if self._closed_because:
            raise StoreError(self._closed_because)
        if self._database.is_closed():
            self._connect()
            if self._mode == "rw":
                verify(self._database, self._path, self._synchronous)
        return self._database

    def _require_own_content(self) -> None:
        """The one writer knows when the file was last written; a copy over it is somebody else's.

        To go on would fold the log of one history into the pages of another.
        """
        if _content(self._path) != self._content:
            raise DeadStoreError(
                f"database {self._path} was written over while in use: stop and look"
            )

    def _require_lock(self) -> None:
        """Where its file was deleted somebody else can take the lock, and send orders too."""
        if not self._is_held():
            raise DeadStoreError(
                f"the lock of database {self._path} was deleted while in use: stop and look"
            )

    def _connect(self) -> None:
        with self._connecting, store_errors(self._path):
            self._database.connect()
            self._connections.append(raw(self._database))

    def _settle_schema(self, migrations: Sequence[Migration], *, is_checked: bool) -> None:
        found = found_version(self._database, self._path, migrations)
        if is_checked:
            self._check()
        if self._mode == "ro":
            require_current(self._path, found, migrations)
            return
        use_wal(self._database, self._path)
        verify(self._database, self._path, self._synchronous)
        bring_forward(self._database, self._path, found, migrations)

    def _check(self) -> None:
        with store_errors(self._path):
            problem = problem_of(raw(self._database))
        if problem:
            raise StoreError(
                f"database {self._path} is damaged ({problem}): keep it and restore a backup"
            )


def _content(path: Path) -> tuple[int, int]:
    """What changes whenever the file is written to."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_size, found.st_mtime_ns)


def _inode(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)
