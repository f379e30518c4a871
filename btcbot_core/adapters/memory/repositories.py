"""The repositories over dictionaries; the contract tests hold them to what SQLite does."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from btcbot_core.adapters.memory.undo import Changes
from btcbot_core.cycle.acts import ActRow, word_of
from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.errors import InvariantBrokenError
from btcbot_core.domain.ids import ClientId, CycleId, EventId, FillId, RunId, booked_ids
from btcbot_core.domain.records import CycleRow, RunRow
from btcbot_core.domain.trading import Intent, Order, OrderEvent, OrderStatus
from btcbot_core.ledger.entries import LedgerEvent, LedgerEventKind
from btcbot_core.oms.machine import planned

K = TypeVar("K")
V = TypeVar("V")
Told = tuple[datetime, str, str, str]


class Shelves:
    """Everything that is kept."""

    def __init__(self) -> None:
        self.runs: dict[RunId, RunRow] = {}
        self.opened: list[RunId] = []
        self.finished_at: dict[RunId, datetime] = {}
        self.cycles: dict[CycleId, CycleRow] = {}
        self.steps: dict[RunId, dict[int, CycleRow]] = {}
        self.orders: dict[ClientId, Order] = {}
        self.order_places: dict[ClientId, tuple[RunId, int]] = {}
        self.by_exchange_id: dict[tuple[RunId, str], tuple[ClientId, ...]] = {}
        self.order_events: dict[tuple[ClientId, int], OrderEvent] = {}
        self.journals: dict[RunId, list[LedgerEvent]] = {}
        self.booked: dict[tuple[RunId, EventId], int] = {}
        self.checkpoints: dict[RunId, tuple[CycleId, Carried]] = {}
        self.audit: list[Told] = []
        self.acts: dict[RunId, list[ActRow]] = {}


class _Repository:
    def __init__(self, shelves: Shelves, changes: Changes) -> None:
        self._shelves = shelves
        self._changes = changes

    def _put_new(self, shelf: dict[K, V], key: K, value: V) -> None:
        if key in shelf:
            raise InvariantBrokenError(f"the store refused a row: {key} is taken")
        self._changes.put(shelf, key, value)

    def _require_run(self, run: RunId) -> None:
        if run not in self._shelves.runs:
            raise InvariantBrokenError(f"the store refused a row: run {run} was never opened")


class MemoryOrders(_Repository):
    def add_intents(self, run: RunId, intents: Sequence[Intent]) -> None:
        """Store intents as PLANNED orders; their first events come through `apply`, as all do."""
        with self._changes.writing():
            for intent in intents:
                self._require_run(run)
                order, _ = planned(intent)
                place = run, len(self._shelves.orders)
                self._put_new(self._shelves.orders, order.client_id, order)
                self._changes.put(self._shelves.order_places, order.client_id, place)

    def apply(self, events: Sequence[OrderEvent], orders: Sequence[Order]) -> None:
        """Append events and bring their orders' rows up to date."""
        with self._changes.writing():
            for order in orders:
                if order.client_id not in self._shelves.orders:
                    raise InvariantBrokenError(
                        "an order was brought up to date that was never stored"
                    )
                self._changes.put(self._shelves.orders, order.client_id, order)
                self._note_exchange_id(order)
            for event in events:
                self._add_event(event)

    def active(self, run: RunId) -> tuple[Order, ...]:
        self._changes.require_open()
        orders, places = self._shelves.orders, self._shelves.order_places
        return tuple(o for o in orders.values() if o.is_active and places[o.client_id][0] == run)

    def find(
        self, run: RunId, exchange_ids: Sequence[str], client_ids: Sequence[ClientId]
    ) -> tuple[Order, ...]:
        self._changes.require_open()
        places = self._shelves.order_places
        found = {client for client in client_ids if places.get(client, ("", 0))[0] == run}
        for exchange_id in exchange_ids:
            found.update(self._shelves.by_exchange_id.get((run, exchange_id), ()))
        return tuple(self._shelves.orders[c] for c in sorted(found, key=places.__getitem__))

    def count(self, run: RunId) -> Mapping[OrderStatus, int]:
        self._changes.require_open()
        places = self._shelves.order_places
        orders = self._shelves.orders.values()
        return Counter(o.status for o in orders if places[o.client_id][0] == run)

    def all(self, run: RunId) -> tuple[Order, ...]:
        self._changes.require_open()
        places = self._shelves.order_places
        ours = [
            order for order in self._shelves.orders.values() if places[order.client_id][0] == run
        ]
        return tuple(sorted(ours, key=lambda order: places[order.client_id][1]))

    def events(self, run: RunId) -> tuple[OrderEvent, ...]:
        self._changes.require_open()
        places, events = self._shelves.order_places, self._shelves.order_events
        return tuple(events[key] for key in sorted(events) if places[key[0]][0] == run)

    def _note_exchange_id(self, order: Order) -> None:
        if order.exchange_id is None:
            return
        key = self._shelves.order_places[order.client_id][0], order.exchange_id
        known = self._shelves.by_exchange_id.get(key, ())
        if order.client_id not in known:
            self._changes.put(self._shelves.by_exchange_id, key, (*known, order.client_id))

    def _add_event(self, event: OrderEvent) -> None:
        if event.client_id not in self._shelves.orders:
            raise InvariantBrokenError(
                f"the store refused a row: no order {event.client_id} for its event"
            )
        self._put_new(self._shelves.order_events, (event.client_id, event.seq), event)


class MemoryLedger(_Repository):
    def append(self, run: RunId, events: Sequence[LedgerEvent]) -> None:
        """Add events at the end. Raises InvariantBrokenError when their numbers leave a gap."""
        if not events:
            return
        with self._changes.writing():
            self._require_run(run)
            if run not in self._shelves.journals:
                self._changes.put(self._shelves.journals, run, [])
            journal = self._shelves.journals[run]
            for event in events:
                if event.seq != len(journal) + 1:
                    raise InvariantBrokenError(
                        f"ledger events of {run} must go on with number {len(journal) + 1}"
                    )
                self._put_new(self._shelves.booked, (run, event.id), event.seq)
                self._changes.append(journal, event)

    def events(self, run: RunId, after_seq: int = 0) -> tuple[LedgerEvent, ...]:
        self._changes.require_open()
        return tuple(self._shelves.journals.get(run, [])[max(after_seq, 0) :])

    def booked(self, run: RunId, fills: Sequence[FillId]) -> frozenset[FillId]:
        self._changes.require_open()
        booked = self._shelves.booked
        return frozenset(
            fill for fill in fills if any((run, name) in booked for name in booked_ids(fill))
        )

    def count(self, run: RunId, kind: LedgerEventKind) -> int:
        self._changes.require_open()
        return sum(1 for event in self._shelves.journals.get(run, []) if event.kind is kind)


class MemoryCycles(_Repository):
    def add(self, row: CycleRow) -> None:
        with self._changes.writing():
            self._require_run(row.run_id)
            if row.run_id not in self._shelves.steps:
                self._changes.put(self._shelves.steps, row.run_id, {})
            self._put_new(self._shelves.cycles, row.id, row)
            self._put_new(self._shelves.steps[row.run_id], row.step, row)

    def last(self, run: RunId) -> CycleRow | None:
        found = self.recent(run, 1)
        return found[0] if found else None

    def find(self, cycle: CycleId) -> CycleRow | None:
        self._changes.require_open()
        return self._shelves.cycles.get(cycle)

    def recent(self, run: RunId, limit: int) -> tuple[CycleRow, ...]:
        """The rows of the highest steps; newest last."""
        self._changes.require_open()
        steps = self._shelves.steps.get(run, {})
        newest = sorted(steps, reverse=True)[: max(limit, 0)]
        return tuple(steps[step] for step in reversed(newest))

    def after(self, run: RunId, step: int, limit: int) -> tuple[CycleRow, ...]:
        self._changes.require_open()
        steps = self._shelves.steps.get(run, {})
        following = sorted(found for found in steps if found > step)[: max(limit, 0)]
        return tuple(steps[found] for found in following)


class MemoryCheckpoints(_Repository):
    def save(self, run: RunId, cycle: CycleId, carried: Carried) -> None:
        with self._changes.writing():
            self._require_run(run)
            self._changes.put(self._shelves.checkpoints, run, (cycle, carried))

    def load(self, run: RunId) -> Carried | None:
        self._changes.require_open()
        found = self._shelves.checkpoints.get(run)
        return None if found is None else found[1]

    def cycle(self, run: RunId) -> CycleId | None:
        self._changes.require_open()
        found = self._shelves.checkpoints.get(run)
        return None if found is None else found[0]


class MemoryRuns(_Repository):
    def open(self, run: RunRow) -> None:
        """Register a run; the same id again continues it, and it is the latest again.

        Raises InvariantBrokenError when the id stands for a run of other stage, world or numbers.
        """
        with self._changes.writing():
            known = self._shelves.runs.get(run.id)
            again = run if known is None else msgspec.structs.replace(known, outcome="")
            if msgspec.structs.replace(run, started_at=again.started_at, outcome="") != again:
                raise InvariantBrokenError(f"run id {run.id} belongs to another run")
            self._changes.put(self._shelves.runs, run.id, again)
            self._changes.append(self._shelves.opened, run.id)

    def latest(self) -> RunRow | None:
        self._changes.require_open()
        return self._shelves.runs[self._shelves.opened[-1]] if self._shelves.opened else None

    def count(self) -> int:
        self._changes.require_open()
        return len(self._shelves.runs)

    def all(self) -> tuple[RunRow, ...]:
        self._changes.require_open()
        last = {run: number for number, run in enumerate(self._shelves.opened)}
        return tuple(self._shelves.runs[run] for run in sorted(last, key=last.__getitem__))

    def finish(self, run: RunId, at: datetime, outcome: str) -> None:
        with self._changes.writing():
            known = self._shelves.runs.get(run)
            if known is None:
                raise InvariantBrokenError(f"run {run} was finished and never opened")
            finished = msgspec.structs.replace(known, outcome=outcome)
            self._changes.put(self._shelves.runs, run, finished)
            self._changes.put(self._shelves.finished_at, run, at)


class MemoryAudit(_Repository):
    def add(self, at: datetime, who: str, act: str, why: str) -> None:
        with self._changes.writing():
            self._changes.append(self._shelves.audit, (at, who, act, why))

    def add_act(self, row: ActRow) -> None:
        act = row.act
        with self._changes.writing():
            self._require_run(row.run_id)
            self.add(act.at, act.who, word_of(act.deed), act.why)
            if row.run_id not in self._shelves.acts:
                self._changes.put(self._shelves.acts, row.run_id, [])
            self._changes.append(self._shelves.acts[row.run_id], row)

    def acts(self, run: RunId) -> tuple[ActRow, ...]:
        self._changes.require_open()
        return tuple(self._shelves.acts.get(run, ()))

    def recent(self, limit: int) -> tuple[Told, ...]:
        """Newest last."""
        self._changes.require_open()
        return tuple(self._shelves.audit[-limit:]) if limit > 0 else ()
