"""The store in dictionaries: for runs that keep nothing, with the same promises as the real one.

Every change notes how to undo it, so a unit of work that is left without a commit costs only
what it changed, however much the store holds.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from btcbot_core.adapters.memory.repositories import (
    MemoryAudit,
    MemoryCheckpoints,
    MemoryCycles,
    MemoryLedger,
    MemoryOrders,
    MemoryRuns,
    Shelves,
)
from btcbot_core.adapters.memory.undo import Changes
from btcbot_core.domain.errors import InvariantBrokenError, StoreBusyError
from btcbot_core.ports import (
    AuditRepo,
    CheckpointRepo,
    CycleRepo,
    LedgerRepo,
    OrderRepo,
    RunRepo,
)

BUSY_TIMEOUT_S = 5.0


class MemoryUnitOfWork:
    def __init__(self, shelves: Shelves, changes: Changes) -> None:
        self._changes = changes
        self.orders: OrderRepo = MemoryOrders(shelves, changes)
        self.ledger: LedgerRepo = MemoryLedger(shelves, changes)
        self.cycles: CycleRepo = MemoryCycles(shelves, changes)
        self.runs: RunRepo = MemoryRuns(shelves, changes)
        self.checkpoints: CheckpointRepo = MemoryCheckpoints(shelves, changes)
        self.audit: AuditRepo = MemoryAudit(shelves, changes)

    def commit(self) -> None:
        """Keep it all. Afterwards this unit of work is over."""
        self._changes.commit()


class MemoryStore:
    """One unit of work at a time; another thread waits for its turn."""

    def __init__(self) -> None:
        self._shelves = Shelves()
        self._turn = threading.Lock()
        self._holder: int | None = None

    @contextmanager
    def begin(self) -> Iterator[MemoryUnitOfWork]:
        with self._unit(is_writing=True) as work:
            yield work

    @contextmanager
    def read(self) -> Iterator[MemoryUnitOfWork]:
        with self._unit(is_writing=False) as work:
            yield work

    def close(self) -> None:
        """Nothing to release; what was kept goes with the object."""

    @contextmanager
    def _unit(self, *, is_writing: bool) -> Iterator[MemoryUnitOfWork]:
        if self._holder == threading.get_ident():
            raise InvariantBrokenError("a unit of work is open in this thread: end it first")
        if not self._turn.acquire(timeout=BUSY_TIMEOUT_S):
            raise StoreBusyError("another thread's unit of work has not ended")
        self._holder = threading.get_ident()
        changes = Changes(is_writing=is_writing)
        try:
            yield MemoryUnitOfWork(self._shelves, changes)
        finally:
            changes.end()
            self._holder = None
            self._turn.release()
