"""Bots that remember wrongly: each has a broken journal or store."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

import msgspec

from btcbot_core.app.journal import Journal
from btcbot_core.app.session import Session
from btcbot_core.app.world import Ports
from btcbot_core.cycle.cycle import Carried, Cycle
from btcbot_core.domain.errors import StoreError
from btcbot_core.domain.ids import CycleId, RunId
from btcbot_core.domain.trading import (
    Order,
    OrderStatus,
)
from btcbot_core.domain.witness import Witness
from btcbot_core.ports import CheckpointRepo, Store, UnitOfWork
from btcbot_core.risk.degrade import NOT_DEGRADED
from tests.simulation.wiring import RUN, Tampering

replace = msgspec.structs.replace


class _Journalling(Tampering):
    """Puts a broken journal into the runner."""

    Broken: type[Journal]

    def session(self, session: Session, ports: Ports) -> None:
        journal = type(self).Broken(ports.store, RUN)
        session._runner.journal = journal
        session.watch._journal = journal


class SendsBeforeItStores(_Journalling):
    class Broken(Journal):
        def save(self, cycle: Cycle) -> None:
            if not any(order.status is OrderStatus.PLANNED for order in _of(cycle)):
                super().save(cycle)


def _of(cycle: Cycle) -> tuple[Order, ...]:
    """The orders that this cycle planned."""
    return tuple(o for o in cycle.carried.orders.values() if o.cycle_id == cycle.id)


class GoesOnWhenTheDiskIsFull(_Journalling):
    class Broken(Journal):
        def save(self, cycle: Cycle) -> None:
            try:
                super().save(cycle)
            except StoreError:
                return


class TellsItsWitnessBeforeItStores(Tampering):
    """Refused at a start after a crash in between, though nothing was forgotten."""

    def session(self, session: Session, ports: Ports) -> None:
        class Broken(Journal):
            def save(self, cycle: Cycle) -> None:
                for order in _of(cycle)[-1:]:
                    ports.witness(Witness(at=cycle.at, run=RUN, client_id=order.client_id))
                super().save(cycle)

        journal = Broken(ports.store, RUN)
        session._runner.journal = journal
        session.watch._journal = journal


class BooksTheLedgerApart(_Journalling):
    class Broken(Journal):
        def save(self, cycle: Cycle) -> None:
            entries = cycle.ledger_events[self._written[1] :]
            self._written = (self._written[0], len(cycle.ledger_events))
            super().save(cycle)
            with self._store.begin() as work:
                work.ledger.append(self._run, entries)
                work.commit()


class ResetsWithoutAWord(_Journalling):
    class Broken(Journal):
        def note(self, at: datetime, who: str, act: str, why: str) -> None:
            if act != "reset":
                super().note(at, who, act, why)


class ArmsWithoutAWord(_Journalling):
    class Broken(Journal):
        def note(self, at: datetime, who: str, act: str, why: str) -> None:
            if act != "arm":
                super().note(at, who, act, why)


class _Amnesia:
    """Remembers the last life, but for something."""

    def __init__(self, inner: CheckpointRepo, forget: Callable[[Carried], Carried]) -> None:
        self._inner = inner
        self._forget = forget

    def save(self, run: RunId, cycle: CycleId, carried: Carried) -> None:
        self._inner.save(run, cycle, carried)

    def cycle(self, run: RunId) -> CycleId | None:
        return self._inner.cycle(run)

    def load(self, run: RunId) -> Carried | None:
        carried = self._inner.load(run)
        return None if carried is None else self._forget(carried)


class _AmnesiacStore:
    def __init__(self, inner: Store, forget: Callable[[Carried], Carried]) -> None:
        self._inner = inner
        self._forget = forget

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        with self._inner.begin() as work:
            work.checkpoints = _Amnesia(work.checkpoints, self._forget)
            yield work

    def read(self) -> AbstractContextManager[UnitOfWork]:
        return self._inner.read()

    def close(self) -> None:
        self._inner.close()


class RestartsWithoutItsOrders(Tampering):
    def store(self, store: Store) -> Store:
        return _AmnesiacStore(store, lambda carried: replace(carried, orders={}))


class StartsAtTheFootOfTheLadder(Tampering):
    def store(self, store: Store) -> Store:
        return _AmnesiacStore(store, lambda carried: replace(carried, degrade=NOT_DEGRADED))
