"""Bots that are broken on purpose, each in one part: what a simulation is worth is what it catches.

Each replaces one real part by a broken one; no switch in the product knows of them.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal

import msgspec

from btcbot_core.app.gate import Permit
from btcbot_core.app.journal import Journal
from btcbot_core.app.lease import Lease
from btcbot_core.app.runner import Plan
from btcbot_core.app.session import Session
from btcbot_core.app.world import Ports
from btcbot_core.cycle.cycle import Carried, Cycle
from btcbot_core.cycle.steps import Step
from btcbot_core.domain.account import Accounts, Balance
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.errors import StoreError
from btcbot_core.domain.gates import Refusal
from btcbot_core.domain.ids import ClientId, CycleId, RunId
from btcbot_core.domain.trading import (
    Fill,
    Order,
    OrderStatus,
    OrderView,
)
from btcbot_core.ports import CheckpointRepo, KillLatch, Store, UnitOfWork
from tests.simulation.broken_exchanges import (
    BooksAFillTwice,
    CancelsWhatIsNotOurs,
    CountsFeesInFloats,
    DropsLateFills,
    MovesItsCursorBeforeTheCommit,
    RetriesAPost,
    SendsAgainWhatItDoesNotFind,
    TakesACancelForDone,
    TakesNoAnswerForANo,
)
from tests.simulation.wiring import RUN, Tampering

replace = msgspec.structs.replace


class _BlindPermit(Permit):
    def __call__(self) -> Refusal | None:
        return None if self.lease is None else self.lease.refusal()


class SkipsTheLatch(Tampering):
    def permit(self, latch: KillLatch, lease: Lease) -> Permit:
        return _BlindPermit(latch, lease)


class _ForgetfulPermit(Permit):
    def __init__(self, latch: KillLatch, lease: Lease) -> None:
        super().__init__(latch, lease)
        self._refused = Refusal(Reason.KILLED, "killed") if latch.is_set() else None

    def __call__(self) -> Refusal | None:
        """As it was at the start."""
        return self._refused or (None if self.lease is None else self.lease.refusal())


class ReadsTheLatchOnceAStart(Tampering):
    def permit(self, latch: KillLatch, lease: Lease) -> Permit:
        return _ForgetfulPermit(latch, lease)


class ForgetsTheLease(Tampering):
    def permit(self, latch: KillLatch, lease: Lease) -> Permit:
        del lease
        return Permit(latch, None)


class _Settling(Tampering):
    """Puts a broken step in the place of `reconcile`."""

    @staticmethod
    def wrapped(reconcile: Step) -> Step:
        return reconcile

    def plan(self, plan: Plan) -> Plan:
        reconcile, *others = plan.stage.settle
        broken = self.wrapped(reconcile)
        broken.__name__ = reconcile.__name__
        return replace(plan, stage=replace(plan.stage, settle=(broken, *others)))


class ForgetsUnknownOrders(_Settling):
    @staticmethod
    def wrapped(reconcile: Step) -> Step:
        def broken(cycle: Cycle) -> Cycle:
            cycle = reconcile(cycle)
            kept = {c: o for c, o in cycle.carried.orders.items() if not _is_tiring(o)}
            return replace(cycle, carried=replace(cycle.carried, orders=kept))

        return broken


def _is_tiring(order: Order) -> bool:
    return order.status is OrderStatus.UNKNOWN and order.absent_probes >= 2


class AdoptsByPriceAndSize(_Settling):
    @staticmethod
    def wrapped(reconcile: Step) -> Step:
        def broken(cycle: Cycle) -> Cycle:
            orders = tuple(cycle.carried.orders.values())
            numbers = {o.exchange_id: o.client_id for o in orders}
            views = tuple(_likened(view, orders) for view in cycle.heard.views)
            numbers |= {view.exchange_id: view.client_id for view in views if view.client_id}
            fills = tuple(
                replace(f, client_id=numbers.get(f.exchange_id) or _namesake(f, orders))
                for f in cycle.heard.fills
            )
            return reconcile(replace(cycle, heard=replace(cycle.heard, views=views, fills=fills)))

        return broken


def _likened(view: OrderView, orders: tuple[Order, ...]) -> OrderView:
    """The view, under the name of an order of ours that looks like it."""
    for order in orders:
        if (order.symbol, order.side, order.price, order.qty) == (
            view.symbol,
            view.side,
            view.price,
            view.qty,
        ):
            return replace(view, client_id=order.client_id)
    return view


def _namesake(fill: Fill, orders: tuple[Order, ...]) -> ClientId | None:
    """Whose fill it might be, by its price."""
    looks = (fill.symbol, fill.side, fill.price)
    alike = [o.client_id for o in orders if (o.symbol, o.side, o.price) == looks]
    return alike[-1] if alike else fill.client_id


class GivesUpAfterOneAbsence(Tampering):
    def plan(self, plan: Plan) -> Plan:
        orders = replace(plan.policy.orders, absent_probes_min=1, absent_for_s=0)
        return replace(plan, policy=replace(plan.policy, orders=orders))


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


class BooksTheLedgerApart(_Journalling):
    class Broken(Journal):
        def save(self, cycle: Cycle) -> None:
            entries = cycle.ledger_events[self._written[1] :]
            self._written = (self._written[0], len(cycle.ledger_events))
            super().save(cycle)
            with self._store.begin() as work:
                work.ledger.append(self._run, entries)
                work.commit()


class _Amnesia:
    """Remembers the money of the last life, not its orders."""

    def __init__(self, inner: CheckpointRepo) -> None:
        self._inner = inner

    def save(self, run: RunId, cycle: CycleId, carried: Carried) -> None:
        self._inner.save(run, cycle, carried)

    def cycle(self, run: RunId) -> CycleId | None:
        return self._inner.cycle(run)

    def load(self, run: RunId) -> Carried | None:
        carried = self._inner.load(run)
        return None if carried is None else replace(carried, orders={})


class _AmnesiacStore:
    def __init__(self, inner: Store) -> None:
        self._inner = inner

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        with self._inner.begin() as work:
            work.checkpoints = _Amnesia(work.checkpoints)
            yield work

    def read(self) -> AbstractContextManager[UnitOfWork]:
        return self._inner.read()

    def close(self) -> None:
        self._inner.close()


class RestartsWithoutItsOrders(Tampering):
    def store(self, store: Store) -> Store:
        return _AmnesiacStore(store)


class GivesUpWhateverTheBalancesSay(_Settling):
    @staticmethod
    def wrapped(reconcile: Step) -> Step:
        def broken(cycle: Cycle) -> Cycle:
            done = reconcile(replace(cycle, accounts=_booked(cycle)))
            return replace(done, accounts=cycle.accounts)

        return broken


def _booked(cycle: Cycle) -> Accounts:
    """Balances that are always just what the ledger says."""
    ledger = cycle.carried.ledger
    held = {r.base: ledger.holding(s).qty for s, r in cycle.rules.items()}
    held[ledger.quote] = ledger.cash_try
    return {asset: Balance(asset, amount, Decimal(0)) for asset, amount in held.items()}


BROKEN: tuple[type[Tampering], ...] = (
    SendsBeforeItStores,
    GoesOnWhenTheDiskIsFull,
    BooksTheLedgerApart,
    RetriesAPost,
    SendsAgainWhatItDoesNotFind,
    TakesNoAnswerForANo,
    ForgetsUnknownOrders,
    GivesUpAfterOneAbsence,
    GivesUpWhateverTheBalancesSay,
    AdoptsByPriceAndSize,
    DropsLateFills,
    BooksAFillTwice,
    MovesItsCursorBeforeTheCommit,
    CountsFeesInFloats,
    TakesACancelForDone,
    CancelsWhatIsNotOurs,
    SkipsTheLatch,
    ReadsTheLatchOnceAStart,
    ForgetsTheLease,
    RestartsWithoutItsOrders,
)
