"""The store as the bot is given it: the real one, with points at which it can be cut or fail."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

from btcbot_core.cycle.acts import ActRow, word_of
from btcbot_core.domain.ids import RunId
from btcbot_core.ports import AuditRepo, Store, UnitOfWork
from tests.simulation.checker import Checker
from tests.simulation.events import Point
from tests.simulation.hooks import Hooks


class Acts:
    """The event log of acts, and what this unit of work adds to it."""

    def __init__(self, audit: AuditRepo) -> None:
        self._audit = audit
        self.added: list[str] = []

    def add(self, at: datetime, who: str, act: str, why: str) -> None:
        self._audit.add(at, who, act, why)
        self.added.append(act)

    def add_act(self, row: ActRow) -> None:
        self._audit.add_act(row)
        self.added.append(word_of(row.act.deed))

    def acts(self, run: RunId) -> tuple[ActRow, ...]:
        return self._audit.acts(run)

    def recent(self, limit: int) -> tuple[tuple[datetime, str, str, str], ...]:
        return self._audit.recent(limit)


class HookedWork:
    """One unit of work; its commit can be cut on either side."""

    def __init__(self, work: UnitOfWork, hooks: Hooks, checker: Checker) -> None:
        self.orders = work.orders
        self.ledger = work.ledger
        self.cycles = work.cycles
        self.runs = work.runs
        self.checkpoints = work.checkpoints
        self._acts = Acts(work.audit)
        self.audit: AuditRepo = self._acts
        self._work = work
        self._hooks = hooks
        self._checker = checker

    def commit(self) -> None:
        self._hooks.passed(Point.COMMIT_BEFORE)
        self._work.commit()
        self._checker.on_commit()
        self._checker.on_acts(self._acts.added)
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
