"""What is stored held against what it is the sum of: ledger, orders, records and their columns."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from btcbot_core.app.comparing import ABSENT, Difference, first_difference
from btcbot_core.app.verify import PAGE, as_row, cycles_of
from btcbot_core.cycle.trace import Trace, decode, is_sealed
from btcbot_core.domain.errors import BotError
from btcbot_core.domain.ids import ClientId, cycle_id
from btcbot_core.domain.money import ZERO, decimal_from, money_down
from btcbot_core.domain.records import CycleRow, RunRow
from btcbot_core.domain.trading import Intent, Order, OrderEvent, OrderEventKind
from btcbot_core.ledger.book import Ledger, fold
from btcbot_core.ledger.entries import LedgerEvent, LedgerEventKind
from btcbot_core.oms.machine import TABLE
from btcbot_core.ports import Progress, Store, UnitOfWork

_OF_THE_INTENT = ("symbol", "side", "price", "qty", "ttl_s", "reason", "type", "cycle_id")


class StoreCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What was held against each other, and the first place where it does not agree."""

    is_sound: bool
    runs: int
    cycles: int
    orders: int
    entries: int
    run: str = ""
    where: str = ""
    stored: str = ""
    expected: str = ""


def verify_store(store: Store, progress: Progress) -> StoreCheck:
    """Check every run of the store; the file itself was looked over when it was opened."""
    total = StoreCheck(is_sound=True, runs=0, cycles=0, orders=0, entries=0)
    with store.read() as work:
        for run in work.runs.all():
            audit = _Audit(work, run)
            found = audit.check(progress)
            total = audit.added_to(total)
            if found is not None:
                return msgspec.structs.replace(
                    total,
                    is_sound=False,
                    run=run.id,
                    where=found.field,
                    stored=found.first,
                    expected=found.second,
                )
    return total


class _Audit:
    """One run's books."""

    def __init__(self, work: UnitOfWork, run: RunRow) -> None:
        self._work, self._run = work, run
        self._orders = {order.client_id: order for order in work.orders.all(run.id)}
        self._events = {(e.client_id, e.seq): e for e in work.orders.events(run.id)}
        self._entries = tuple(work.ledger.events(run.id))
        self._cycles = 0

    def added_to(self, total: StoreCheck) -> StoreCheck:
        return msgspec.structs.replace(
            total,
            runs=total.runs + 1,
            cycles=total.cycles + self._cycles,
            orders=total.orders + len(self._orders),
            entries=total.entries + len(self._entries),
        )

    def check(self, progress: Progress) -> Difference | None:
        return self._check_cycles(progress) or self._check_orders() or self._check_checkpoint()

    def _check_cycles(self, progress: Progress) -> Difference | None:
        step, total = -1, cycles_of(self._work, self._run.id)
        while rows := self._work.cycles.after(self._run.id, step, PAGE):
            for row in rows:
                step = row.step
                if (found := self._check_cycle(row)) is not None:
                    return msgspec.structs.replace(found, field=f"cycles.{row.id}.{found.field}")
                self._cycles += 1
                progress(self._cycles, total)
        return None

    def _check_cycle(self, row: CycleRow) -> Difference | None:
        try:
            record = decode(row.trace)
        except msgspec.DecodeError as error:
            return Difference("trace", f"nothing readable: {error}", "a record")
        if record.seal and not is_sealed(row.trace, row.id, row.at):
            return Difference("seal", record.seal, "the seal of another record: it was changed")
        return (
            _check_columns(row, record)
            or self._check_intents(record.intents)
            or self._check_events(record.events)
        )

    def _check_intents(self, intents: Iterable[Intent]) -> Difference | None:
        for intent in intents:
            order = self._orders.get(intent.client_id)
            if order is None:
                return Difference(f"intents.{intent.client_id}", ABSENT, "an order")
            for name in _OF_THE_INTENT:
                field = f"orders.{intent.client_id}.{name}"
                found = first_difference(getattr(order, name), getattr(intent, name), field)
                if found is not None:
                    return found
        return None

    def _check_events(self, events: Iterable[OrderEvent]) -> Difference | None:
        """The journal of the orders says what the cycle says that it wrote there."""
        for event in events:
            stored = self._events.get((event.client_id, event.seq))
            field = f"order_events.{event.client_id}[{event.seq}]"
            if stored is None:
                return Difference(field, ABSENT, "an event of this cycle")
            if (found := first_difference(stored, event, field)) is not None:
                return found
        return None

    def _check_orders(self) -> Difference | None:
        events: dict[ClientId, list[OrderEvent]] = {}
        for event in self._events.values():
            events.setdefault(event.client_id, []).append(event)
        booked = _booked(self._entries)
        for order in self._orders.values():
            found = _check_order(order, events.get(order.client_id, []), booked)
            if found is not None:
                name = f"orders.{order.client_id}.{found.field}"
                return msgspec.structs.replace(found, field=name)
        return None

    def _check_checkpoint(self) -> Difference | None:
        carried = self._work.checkpoints.load(self._run.id)
        if carried is None:
            return None if not self._entries else Difference("checkpoint", ABSENT, "a state")
        try:
            folded = fold(Ledger(quote=carried.ledger.quote), self._entries)
        except (BotError, ArithmeticError) as error:
            return Difference("ledger_events", f"{error}", "entries that follow one another")
        found = first_difference(carried.ledger, folded, "checkpoint.ledger")
        for name, order in carried.orders.items():
            stored = self._orders.get(name)
            now = order if stored is None else as_row(order, stored)
            field = f"checkpoint.orders.{name}"
            found = found or first_difference(now, ABSENT if stored is None else stored, field)
        return found or self._check_whose()

    def _check_whose(self) -> Difference | None:
        """The state is the last committed cycle's, or that of a turn that was cut after it."""
        last, whose = (
            self._work.cycles.last(self._run.id),
            self._work.checkpoints.cycle(self._run.id),
        )
        step = -1 if last is None else last.step
        spoke = {entry.cycle_id for entry in self._entries} | {cycle_id(self._run.id, step + 1)}
        spoke |= {event.cycle_id for event in self._events.values()}
        if whose is None or (last is not None and whose == last.id) or whose in spoke:
            return None
        return Difference("checkpoint.cycle_id", whose, last.id if last else "the first cycle")


def _check_columns(row: CycleRow, record: Trace) -> Difference | None:
    """The columns beside a trace are for questions: each can be told from the trace."""
    equity, capital, peak = (
        decimal_from(t or "0") for t in (record.equity, record.capital, record.peak)
    )
    fallen = (peak - equity) / peak if peak > ZERO else ZERO
    told = {
        "mode": str(record.mode),
        "equity_try": equity,
        "cash_try": decimal_from(record.cash or "0"),
        "capital_try": capital,
        "drawdown_ratio": money_down(fallen),
        "intents": len(record.intents),
        "fills": len(record.fills),
    }
    for name, value in told.items():
        if (found := first_difference(getattr(row, name), value, name)) is not None:
            return found
    if abs(row.net_try - (equity - capital)) > Decimal("1e-8"):
        return Difference("net_try", str(row.net_try), str(equity - capital))
    return None


def _booked(entries: Iterable[LedgerEvent]) -> Mapping[str, Decimal]:
    """How much the ledger holds of each order: by our id, or by the exchange's where it told no
    other."""
    booked: dict[str, Decimal] = {}
    for entry in entries:
        name = entry.client_id or entry.exchange_id
        if entry.kind is LedgerEventKind.FILL and name is not None:
            booked[name] = booked.get(name, ZERO) + entry.qty
    return booked


def _check_order(
    order: Order, events: list[OrderEvent], booked: Mapping[str, Decimal]
) -> Difference | None:
    """An order is the fold of its events, and of it no more is filled than is booked."""
    before, filled = None, ZERO
    for number, event in enumerate(events, start=1):
        if event.seq != number:
            return Difference(f"events[{number}].seq", str(event.seq), str(number))
        if event.before != before or event.kind not in TABLE[before]:
            words = f"{event.kind} after {event.before}"
            return Difference(f"events[{number}]", words, f"what may follow {before}")
        before = event.after
        filled += event.qty if event.kind is OrderEventKind.FILLED else ZERO
    if not events:
        return Difference("events", ABSENT, "at least its plan")
    last = events[-1]
    told = {
        "seq": (order.seq, last.seq),
        "status": (order.status, last.after),
        "filled_qty": (order.filled_qty, filled),
        "qty": (order.qty, events[0].qty),
        "created_at": (order.created_at, events[0].at),
        "exchange_id": (order.exchange_id, last.exchange_id),
        "updated_at": (order.updated_at, last.at),
    }
    for name, (stored, expected) in told.items():
        if (found := first_difference(stored, expected, name)) is not None:
            return found
    names = filter(None, (order.client_id, order.exchange_id))
    return first_difference(sum((booked.get(n, ZERO) for n in names), ZERO), filled, "booked")
