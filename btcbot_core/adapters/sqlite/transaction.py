"""One transaction on one connection: what repositories read and write through."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from peewee import BaseQuery, SqliteDatabase

from btcbot_core.adapters.sqlite.database import raw
from btcbot_core.adapters.sqlite.errors import store_errors
from btcbot_core.adapters.sqlite.rows import Cell
from btcbot_core.domain.errors import InvariantBrokenError


class Transaction:
    """Open from begin to commit. A failed write spoils it: nothing half done can be committed."""

    def __init__(self, database: SqliteDatabase, path: Path, *, is_writing: bool) -> None:
        self._database = database
        self._path = path
        self._is_writing = is_writing
        self._is_open = True
        self._is_spoiled = False

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Around everything that a repository does to write."""
        self._require_open()
        if not self._is_writing:
            raise InvariantBrokenError("this unit of work only reads")
        was_spoiled, self._is_spoiled = self._is_spoiled, True
        yield
        self._is_spoiled = was_spoiled

    def write(self, sql: str, rows: Iterable[Sequence[Cell]]) -> int:
        """Run one prepared statement for each row; returns how many rows it changed."""
        with store_errors(self._path):
            return raw(self._database).executemany(sql, rows).rowcount

    def ask(self, sql: str, cells: Sequence[Cell]) -> tuple[object, ...] | None:
        """The first row of one prepared question, as it is stored."""
        self._require_open()
        with store_errors(self._path):
            row: tuple[object, ...] | None
            row = raw(self._database).execute(sql, cells).fetchone()
            return row

    def read(self, query: BaseQuery) -> list[tuple[object, ...]]:
        """All rows of a query, converted by their fields."""
        self._require_open()
        with store_errors(self._path):
            return list(query.execute(self._database))

    def commit(self) -> None:
        self._require_open()
        if not self._is_writing:
            raise InvariantBrokenError("this unit of work only reads: it cannot be committed")
        if self._is_spoiled:
            raise InvariantBrokenError(
                "a write of this unit of work failed: it cannot be committed"
            )
        self._is_open = False
        with store_errors(self._path):
            raw(self._database).commit()

    def end(self) -> None:
        """Leave; without a commit everything is rolled back."""
        self._is_open = False

    def _require_open(self) -> None:
        if not self._is_open:
            raise InvariantBrokenError("this unit of work has ended: begin another")
