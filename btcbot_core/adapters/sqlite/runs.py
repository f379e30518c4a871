"""Runs, and the acts that are kept of operator and bot."""

from datetime import datetime
from typing import cast

from peewee import fn

from btcbot_core.adapters.sqlite.fields import time_text
from btcbot_core.adapters.sqlite.rows import Cell, Rows, insert_sql, update_sql
from btcbot_core.adapters.sqlite.tables import Audit, Runs
from btcbot_core.adapters.sqlite.transaction import Transaction
from btcbot_core.domain.errors import InvariantBrokenError
from btcbot_core.domain.ids import RunId
from btcbot_core.domain.records import RunRow

_RUNS = Rows(Runs, RunRow, given=("opened",))
_OPEN_AGAIN = update_sql(Runs, ("opened", "outcome", "finished_at"), "id")
_FINISH = update_sql(Runs, ("outcome", "finished_at"), "id")
_AUDIT = insert_sql(Audit, ("at", "who", "act", "why"))

Act = tuple[datetime, str, str, str]


class SqliteRuns:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def open(self, run: RunRow) -> None:
        """Register a run; the same id again continues it, and it is the latest again.

        Raises InvariantBrokenError when the id stands for a run of other stage, world or numbers.
        """
        with self._transaction.writing():
            known = self._one(Runs.id == run.id)
            opened: Cell = self._openings() + 1
            if known is None:
                self._transaction.write(_RUNS.insert, [_RUNS.row(run, opened)])
                return
            if _identity(known) != _identity(run):
                raise InvariantBrokenError(f"run id {run.id} belongs to another run")
            self._transaction.write(_OPEN_AGAIN, [(opened, "", None, run.id)])

    def latest(self) -> RunRow | None:
        return self._one(Runs.opened == self._openings())

    def count(self) -> int:
        found = self._transaction.read(Runs.select(fn.COUNT(Runs.id)).tuples())
        return int(str(found[0][0]))

    def all(self) -> tuple[RunRow, ...]:
        return _RUNS.values(self._transaction.read(_RUNS.select().order_by(Runs.opened)))

    def finish(self, run: RunId, at: datetime, outcome: str) -> None:
        with self._transaction.writing():
            if self._transaction.write(_FINISH, [(outcome, time_text(at), run)]) != 1:
                raise InvariantBrokenError(f"run {run} was finished and never opened")

    def _openings(self) -> int:
        last = self._transaction.read(Runs.select(fn.MAX(Runs.opened)).tuples())[0][0]
        return last if isinstance(last, int) else 0

    def _one(self, condition: object) -> RunRow | None:
        found = _RUNS.values(self._transaction.read(_RUNS.select().where(condition)))
        return found[0] if found else None


class SqliteAudit:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, at: datetime, who: str, act: str, why: str) -> None:
        with self._transaction.writing():
            self._transaction.write(_AUDIT, [(time_text(at), who, act, why)])

    def recent(self, limit: int) -> tuple[Act, ...]:
        """Newest last."""
        query = Audit.select(Audit.at, Audit.who, Audit.act, Audit.why)
        found = self._transaction.read(
            query.order_by(Audit.id.desc()).limit(max(limit, 0)).tuples()
        )
        return tuple(cast("Act", row) for row in reversed(found))


def _identity(run: RunRow) -> tuple[str, ...]:
    return (run.stage, run.kind, run.source, run.settings_digest, str(run.seed))
