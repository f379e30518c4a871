"""The journal of our money."""

from collections.abc import Sequence

from peewee import SQL, fn

from btcbot_core.adapters.sqlite.rows import Rows, prepared
from btcbot_core.adapters.sqlite.tables import LedgerEvents
from btcbot_core.adapters.sqlite.transaction import Transaction
from btcbot_core.domain.errors import InvariantBrokenError
from btcbot_core.domain.ids import FillId, RunId, booked_ids
from btcbot_core.ledger.entries import LedgerEvent, LedgerEventKind

_EVENTS = Rows(LedgerEvents, LedgerEvent, given=("run",))
_OF_RUN = LedgerEvents.run == ""
_IS_BOOKED = prepared(LedgerEvents.select(SQL("1")).where(_OF_RUN & (LedgerEvents.id == "")))
_LAST_SEQ = prepared(LedgerEvents.select(fn.MAX(LedgerEvents.seq)).where(_OF_RUN))


class SqliteLedger:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def append(self, run: RunId, events: Sequence[LedgerEvent]) -> None:
        """Add events at the end. Raises InvariantBrokenError when their numbers leave a gap."""
        if not events:
            return
        with self._transaction.writing():
            first = self._last_seq(run) + 1
            if [event.seq for event in events] != list(range(first, first + len(events))):
                raise InvariantBrokenError(f"ledger events of {run} must go on with number {first}")
            self._transaction.write(_EVENTS.insert, [_EVENTS.row(event, run) for event in events])

    def events(self, run: RunId, after_seq: int = 0) -> tuple[LedgerEvent, ...]:
        query = _EVENTS.select().where((LedgerEvents.run == run) & (LedgerEvents.seq > after_seq))
        return _EVENTS.values(self._transaction.read(query.order_by(LedgerEvents.seq)))

    def booked(self, run: RunId, fills: Sequence[FillId]) -> frozenset[FillId]:
        ask = self._transaction.ask
        return frozenset(
            fill for fill in fills if any(ask(_IS_BOOKED, (run, name)) for name in booked_ids(fill))
        )

    def count(self, run: RunId, kind: LedgerEventKind) -> int:
        query = LedgerEvents.select(fn.COUNT(SQL("*"))).where(
            (LedgerEvents.run == run) & (LedgerEvents.kind == kind)
        )
        return int(str(self._transaction.read(query.tuples())[0][0]))

    def _last_seq(self, run: RunId) -> int:
        row = self._transaction.ask(_LAST_SEQ, (run,))
        return row[0] if row and isinstance(row[0], int) else 0
