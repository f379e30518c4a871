"""Committed cycles, and the state that the last of them handed on."""

from collections.abc import Sequence

import msgspec

from btcbot_core.adapters.sqlite.fields import decimal_text, state_text, time_text
from btcbot_core.adapters.sqlite.rows import Cell, Rows, upsert_sql
from btcbot_core.adapters.sqlite.tables import Checkpoints, Cycles
from btcbot_core.adapters.sqlite.transaction import Transaction
from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.errors import StoreError
from btcbot_core.domain.ids import CycleId, RunId
from btcbot_core.domain.records import CycleRow

_CYCLES = Rows(Cycles, CycleRow, renamed={"run_id": "run"})
_SAVE = upsert_sql(Checkpoints, ("run", "cycle_id", "carried"), key="run")
_DECODER = msgspec.json.Decoder(Carried)


class SqliteCycles:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, row: CycleRow) -> None:
        self.add_all((row,))

    def add_all(self, rows: Sequence[CycleRow]) -> None:
        """Add many by one prepared statement."""
        with self._transaction.writing():
            self._transaction.write(_CYCLES.insert, map(_cells, rows))

    def last(self, run: RunId) -> CycleRow | None:
        found = self.recent(run, 1)
        return found[0] if found else None

    def find(self, cycle: CycleId) -> CycleRow | None:
        found = _CYCLES.values(self._transaction.read(_CYCLES.select().where(Cycles.id == cycle)))
        return found[0] if found else None

    def recent(self, run: RunId, limit: int) -> tuple[CycleRow, ...]:
        query = (
            _CYCLES.select()
            .where(Cycles.run == run)
            .order_by(Cycles.step.desc())
            .limit(max(limit, 0))
        )
        return _CYCLES.values(self._transaction.read(query))[::-1]

    def after(self, run: RunId, step: int, limit: int) -> tuple[CycleRow, ...]:
        query = (
            _CYCLES.select()
            .where((Cycles.run == run) & (Cycles.step > step))
            .order_by(Cycles.step)
            .limit(max(limit, 0))
        )
        return _CYCLES.values(self._transaction.read(query))


class SqliteCheckpoints:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def save(self, run: RunId, cycle: CycleId, carried: Carried) -> None:
        with self._transaction.writing():
            text = state_text(carried, f"the state of {run} after {cycle}")
            self._transaction.write(_SAVE, [(run, cycle, text)])

    def load(self, run: RunId) -> Carried | None:
        query = Checkpoints.select(Checkpoints.carried).where(Checkpoints.run == run)
        found = self._transaction.read(query.tuples())
        if not found:
            return None
        try:
            return _DECODER.decode(str(found[0][0]))
        except msgspec.DecodeError as error:
            raise StoreError(
                f"the checkpoint of run {run} cannot be read ({error}): restore a backup"
            ) from error

    def cycle(self, run: RunId) -> CycleId | None:
        query = Checkpoints.select(Checkpoints.cycle_id).where(Checkpoints.run == run)
        found = self._transaction.read(query.tuples())
        return CycleId(str(found[0][0])) if found else None


def _cells(row: CycleRow) -> tuple[Cell, ...]:
    """As `Rows.row` would, in the order of `_CYCLES.columns`; every cycle of a long run does this,
    so it is written out.
    """
    return (
        row.id,
        row.run_id,
        row.step,
        time_text(row.at),
        row.mode,
        decimal_text(row.equity_try),
        decimal_text(row.cash_try),
        decimal_text(row.capital_try),
        decimal_text(row.net_try),
        decimal_text(row.drawdown_ratio),
        row.orders_open,
        row.intents,
        row.fills,
        row.trace,
    )
