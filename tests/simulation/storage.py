"""The store as the bot is given it: the real one, with points at which it can be cut or fail."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from btcbot_core.ports import Store, UnitOfWork
from tests.simulation.checker import Checker
from tests.simulation.events import Point
from tests.simulation.hooks import Hooks


class HookedWork:
    """One unit of work; its commit can be cut on either side."""

    def __init__(self, work: UnitOfWork, hooks: Hooks, checker: Checker) -> None:
        self.orders = work.orders
        self.ledger = work.ledger
        self.cycles = work.cycles
        self.runs = work.runs
        self.checkpoints = work.checkpoints
        self.audit = work.audit
        self._work = work
        self._hooks = hooks
        self._checker = checker

    def commit(self) -> None:
        self._hooks.passed(Point.COMMIT_BEFORE)
        self._work.commit()
        self._checker.on_commit()
        self._hooks.passed(Point.COMMIT_AFTER)


class HookedStore:
    def __init__(self, store: Store, hooks: Hooks, checker: Checker) -> None:
        self._store = store
        self._hooks = hooks
        self._checker = checker

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        self._hooks.passed(Point.BEGIN)
        with self._store.begin() as work:
            yield HookedWork(work, self._hooks, self._checker)

    def read(self) -> AbstractContextManager[UnitOfWork]:
        return self._store.read()

    def close(self) -> None:
        self._store.close()
