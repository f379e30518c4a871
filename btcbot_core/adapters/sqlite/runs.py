"""Runs, and the acts that are kept of operator and bot."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

import msgspec
from peewee import fn

from btcbot_core.adapters.sqlite.fields import state_text, time_text
from btcbot_core.adapters.sqlite.rows import Cell, Rows, insert_sql, update_sql
from btcbot_core.adapters.sqlite.tables import Audit, Runs
from btcbot_core.adapters.sqlite.transaction import Transaction
from btcbot_core.cycle.acts import Act, ActRow, Deed, word_of
from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.errors import InvariantBrokenError, StoreError
from btcbot_core.domain.ids import CycleId, RunId
from btcbot_core.domain.records import RunRow

_RUNS = Rows(Runs, RunRow, given=("opened",))
_OPEN_AGAIN = update_sql(Runs, ("opened", "outcome", "finished_at"), "id")
_FINISH = update_sql(Runs, ("outcome", "finished_at"), "id")
_AUDIT = insert_sql(Audit, ("at", "who", "act", "why", "run", "deed"))

Told = tuple[datetime, str, str, str]


class _Deed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the cell holds: of an `ActRow` all that has no column of its own."""

    step: int
    cycle: CycleId
    deed: Deed
    left: Carried | None = None


_DECODER = msgspec.json.Decoder(_Deed)


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
            self._transaction.write(_AUDIT, [(time_text(at), who, act, why, None, None)])

    def add_act(self, row: ActRow) -> None:
        act, told = row.act, _Deed(step=row.step, cycle=row.cycle, deed=row.act.deed, left=row.left)
        with self._transaction.writing():
            text = state_text(told, f"an act on {row.run_id}")
            cells = (time_text(act.at), act.who, word_of(act.deed), act.why, row.run_id, text)
            self._transaction.write(_AUDIT, [cells])

    def acts(self, run: RunId) -> tuple[ActRow, ...]:
        query = Audit.select(Audit.at, Audit.who, Audit.why, Audit.deed).where(Audit.run == run)
        found = self._transaction.read(query.order_by(Audit.id).tuples())
        return tuple(_act_row(run, cells) for cells in found)

    def recent(self, limit: int) -> tuple[Told, ...]:
        """Newest last."""
        query = Audit.select(Audit.at, Audit.who, Audit.act, Audit.why)
        found = self._transaction.read(
            query.order_by(Audit.id.desc()).limit(max(limit, 0)).tuples()
        )
        return tuple(cast("Told", row) for row in reversed(found))


def _act_row(run: RunId, cells: Sequence[object]) -> ActRow:
    at, who, why, deed = cast("tuple[datetime, str, str, str]", cells)
    try:
        told = _DECODER.decode(deed)
    except msgspec.DecodeError as error:
        raise StoreError(
            f"an act on run {run} cannot be read ({error}): restore a backup"
        ) from error
    act = Act(who=who, why=why, at=at, deed=told.deed)
    return ActRow(run_id=run, step=told.step, cycle=told.cycle, left=told.left, act=act)


def _identity(run: RunRow) -> tuple[str, ...]:
    return (run.stage, run.kind, run.source, run.settings_digest, str(run.seed))
