"""What lies between two cycles of a run: acts of the operator, and turns that were cut."""

from collections.abc import Iterable, Mapping

from btcbot_core.app.comparing import ABSENT, Difference, first_difference
from btcbot_core.cycle.acts import ActRow, acted, word_of
from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.errors import BotError
from btcbot_core.domain.ids import ClientId, RunId
from btcbot_core.domain.trading import Order, OrderEvent
from btcbot_core.ledger.book import fold
from btcbot_core.ledger.entries import LedgerEvent
from btcbot_core.ports import UnitOfWork


class Between:
    """Holds a run's journals, and leads from what one cycle handed on to where the next began."""

    def __init__(self, work: UnitOfWork, run: RunId) -> None:
        self.entries: Mapping[int, LedgerEvent] = {e.seq: e for e in work.ledger.events(run)}
        self.cuts = 0
        """Turns that were cut after they had spoken."""
        self._events: Mapping[tuple[ClientId, int], OrderEvent] = {
            (e.client_id, e.seq): e for e in work.orders.events(run)
        }
        self._acts: dict[int, list[ActRow]] = {}
        for row in work.audit.acts(run):
            self._acts.setdefault(row.step, []).append(row)

    def redo(self, step: int, own: Carried) -> tuple[Carried, Difference | None]:
        """The state after all that the operator did behind this step, done again."""
        for row in self._acts.pop(step, ()):
            try:
                own, found = self._redo(row, own)
            except (BotError, ArithmeticError, LookupError, ValueError) as error:
                words = f"{type(error).__name__}: {error}"
                found = Difference(_name(row), "an act that can be done here", words)
            if found is not None:
                return own, found
        return own, None

    def reach(self, own: Carried, theirs: Carried, name: str, *, is_cut: bool) -> Difference | None:
        """From the state that we came to, to the one that was gone on from: they are equal.

        Unless a turn was cut: it left entries and order events and no trace, so these must lead
        there.
        """
        found = first_difference(theirs, own, name)
        if found is None or not is_cut:
            return found
        self.cuts += 1
        numbers = range(own.ledger.seq + 1, theirs.ledger.seq + 1)
        try:
            folded = fold(own.ledger, [self.entries[number] for number in numbers])
        except (BotError, ArithmeticError, LookupError) as error:
            words = f"{type(error).__name__}: {error}"
            return Difference(f"{name}.ledger", "what the journal leads to", words)
        found = first_difference(theirs.ledger, folded, f"{name}.ledger")
        return found or self.check_orders(theirs.orders.values(), f"{name}.orders")

    def check_orders(self, orders: Iterable[Order], name: str) -> Difference | None:
        """Orders that came from the store, against what is journalled of them."""
        for order in orders:
            event = self._events.get((order.client_id, order.seq))
            after = ABSENT if event is None else event.after
            if order.status != after:
                return Difference(f"{name}.{order.client_id}.status", order.status, after)
        return None

    def check_lines(
        self, entries: Iterable[LedgerEvent], events: Iterable[OrderEvent]
    ) -> Difference | None:
        """What a cycle or an act writes, against what is journalled."""
        for entry in entries:
            stored = self.entries.get(entry.seq, ABSENT)
            if (
                found := first_difference(stored, entry, f"ledger_events[{entry.seq}]")
            ) is not None:
                return found
        for event in events:
            known = self._events.get((event.client_id, event.seq), ABSENT)
            name = f"order_events.{event.client_id}[{event.seq}]"
            if (found := first_difference(known, event, name)) is not None:
                return found
        return None

    def check_left(self) -> Difference | None:
        """Nothing was done at a place at which no start of the run went on."""
        for step, rows in self._acts.items():
            return Difference(_name(rows[0]), f"after step {step}", "where the run was at rest")
        return None

    def _redo(self, row: ActRow, own: Carried) -> tuple[Carried, Difference | None]:
        if row.left is not None:
            found = self.reach(own, row.left, f"{_name(row)}.left", is_cut=True)
            if found is not None:
                return own, found
            own = row.left
        done = acted(own, row.cycle, row.act)
        return done.carried, self.check_lines(done.entries, done.events)


def _name(row: ActRow) -> str:
    return f"acts.{word_of(row.act.deed)}"
