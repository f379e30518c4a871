"""A store that makes many cycles durable at once: for runs that can be done again.

Units of work join one transaction, which is committed every few hundred cycles together with the
carried state of the last of them. A process that dies loses whole cycles since then and nothing
else, so the run goes on from there as if it had never been further.
"""

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType

from btcbot_core.adapters.sqlite.cycles import SqliteCycles
from btcbot_core.adapters.sqlite.pending import PendingLedger, PendingOrders
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.adapters.sqlite.unit_of_work import SqliteUnitOfWork
from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.errors import InvariantBrokenError
from btcbot_core.domain.ids import CycleId, RunId
from btcbot_core.domain.records import CycleRow
from btcbot_core.ports import (
    AuditRepo,
    CheckpointRepo,
    CycleRepo,
    LedgerRepo,
    OrderRepo,
    RunRepo,
)

CYCLES_A_BATCH = 500


class _Checkpoints:
    """Keeps the newest state; it is written when the batch is."""

    def __init__(self, batch: "_Batch") -> None:
        self._batch = batch

    def save(self, run: RunId, cycle: CycleId, carried: Carried) -> None:
        self._batch.state = (run, cycle, carried)

    def load(self, run: RunId) -> Carried | None:
        self._batch.write_state()
        return self._batch.work.checkpoints.load(run)

    def cycle(self, run: RunId) -> CycleId | None:
        self._batch.write_state()
        return self._batch.work.checkpoints.cycle(run)


class _Cycles:
    """Keeps rows for one statement a batch, and shows each to who follows the run."""

    def __init__(self, batch: "_Batch", follow: Callable[[CycleRow], None]) -> None:
        self._batch = batch
        self._inner = batch.kept
        self._follow = follow

    def add(self, row: CycleRow) -> None:
        self._batch.rows.append(row)
        self._batch.cycles += 1
        self._follow(row)

    def last(self, run: RunId) -> CycleRow | None:
        self._batch.write_rows()
        return self._inner.last(run)

    def find(self, cycle: CycleId) -> CycleRow | None:
        self._batch.write_rows()
        return self._inner.find(cycle)

    def recent(self, run: RunId, limit: int) -> tuple[CycleRow, ...]:
        self._batch.write_rows()
        return self._inner.recent(run, limit)

    def after(self, run: RunId, step: int, limit: int) -> tuple[CycleRow, ...]:
        self._batch.write_rows()
        return self._inner.after(run, step, limit)


class _Batch:
    """One transaction, open across units of work."""

    def __init__(self, store: SqliteStore) -> None:
        self._open = ExitStack()
        self.work: SqliteUnitOfWork = self._open.enter_context(store.begin())
        self.kept = SqliteCycles(self.work.transaction)
        self.orders = PendingOrders(self.work.orders)
        self.ledger = PendingLedger(self.work.ledger)
        self.cycles = 0
        self.rows: list[CycleRow] = []
        self.state: tuple[RunId, CycleId, Carried] | None = None

    def write_rows(self) -> None:
        if self.rows:
            self.kept.add_all(self.rows)
            self.rows = []

    def write_state(self) -> None:
        if self.state is not None:
            self.work.checkpoints.save(*self.state)
            self.state = None

    def commit(self) -> None:
        self.orders.write()
        self.ledger.write()
        self.write_rows()
        self.write_state()
        self.work.commit()
        self._open.close()

    def drop(self) -> None:
        """Give it all up: rolled back to the last batch."""
        self._open.close()


class BatchedUnit:
    """A unit of work inside a batch. Committing it means that its batch may be committed.

    It is entered and left once for each unit that joins; a class, because that is done several
    times a cycle.
    """

    def __init__(self, store: "BatchedStore", batch: _Batch) -> None:
        self.orders: OrderRepo = batch.orders
        self.ledger: LedgerRepo = batch.ledger
        self.runs: RunRepo = batch.work.runs
        self.audit: AuditRepo = batch.work.audit
        self.cycles: CycleRepo = _Cycles(batch, store.follow)
        self.checkpoints: CheckpointRepo = _Checkpoints(batch)
        self.batch = batch
        self._store = store
        self._is_open = self._is_writing = self._is_committed = False

    def join(self, *, is_writing: bool) -> "BatchedUnit":
        """The unit as the next one."""
        if self._is_open:
            raise InvariantBrokenError("a unit of work is open in this thread: end it first")
        self._is_writing, self._is_committed = is_writing, False
        return self

    def commit(self) -> None:
        if not self._is_writing:
            raise InvariantBrokenError("this unit of work only reads: it cannot be committed")
        self._is_committed = True

    def __enter__(self) -> "BatchedUnit":
        self._is_open = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_open = False
        if self._is_writing and (kind is not None or not self._is_committed):
            self._store.drop()
        elif self._is_writing:
            self._store.settle()


class BatchedStore:
    """For one thread. After a unit that was not committed there is only the last batch."""

    def __init__(
        self,
        store: SqliteStore,
        cycles_a_batch: int = CYCLES_A_BATCH,
        follow: Callable[[CycleRow], None] = lambda _: None,
    ) -> None:
        self.follow = follow
        self._store = store
        self._size = cycles_a_batch
        self._unit: BatchedUnit | None = None

    def begin(self) -> BatchedUnit:
        """Join the open batch, or open one."""
        return self._joined().join(is_writing=True)

    def read(self) -> BatchedUnit:
        """A look at everything so far, durable or not."""
        return self._joined().join(is_writing=False)

    def settle(self) -> None:
        """Make the batch durable when it is full."""
        if self._unit is not None and self._unit.batch.cycles >= self._size:
            self.flush()

    def flush(self) -> None:
        """Make everything durable now."""
        unit, self._unit = self._unit, None
        if unit is not None:
            unit.batch.commit()

    def drop(self) -> None:
        """Go back to the last batch that was made durable."""
        unit, self._unit = self._unit, None
        if unit is not None:
            unit.batch.drop()

    def close(self) -> None:
        """Close the store; what was not flushed is gone, as after a kill."""
        self.drop()
        self._store.close()

    def _joined(self) -> BatchedUnit:
        if self._unit is None:
            self._unit = BatchedUnit(self, _Batch(self._store))
        return self._unit
