"""A cycle into the store: what is a fact is durable before the next word to the exchange.

Each unit of work writes all that the cycle learned since the last one, together with the state
that the next cycle starts from. So whenever the process dies, events, ledger and carried state
agree, and starting is recovering (DEC-17).
"""

from collections.abc import Callable
from datetime import datetime

from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.recording import Saw
from btcbot_core.cycle.trace import encode, sealed, trace
from btcbot_core.domain.ids import RunId
from btcbot_core.domain.money import money_down
from btcbot_core.domain.records import CycleRow
from btcbot_core.domain.trading import OrderEventKind
from btcbot_core.ports import Store, UnitOfWork


class Journal:
    """Writes one cycle at a time. `_written` counts what of the current cycle is durable."""

    def __init__(self, store: Store, run: RunId) -> None:
        self._store = store
        self._run = run
        self._written = (0, 0)
        self.on_act: list[Callable[[str, str, str], None]] = []
        """Told of each act that was journalled: who, what, why."""

    def save(self, cycle: Cycle) -> None:
        """Make everything so far durable: before an order leaves, and after each answer."""
        with self._store.begin() as work:
            counts = self._write(work, cycle)
            work.commit()
        self._written = counts

    def commit(self, cycle: Cycle, saw: Saw) -> CycleRow:
        """Make the cycle durable as a whole, with what it saw; returns its row."""
        row = cycle_row(cycle, saw)
        with self._store.begin() as work:
            self._write(work, cycle)
            work.cycles.add(row)
            work.commit()
        self._written = (0, 0)
        return row

    def forget(self) -> None:
        """A turn was given up before it spoke: nothing of it was written."""
        self._written = (0, 0)

    def note(self, at: datetime, who: str, act: str, why: str) -> None:
        """Journal an act of the operator, or of the bot on itself."""
        with self._store.begin() as work:
            work.audit.add(at, who, act, why)
            work.commit()
        for tell in self.on_act:
            tell(who, act, why)

    def _write(self, work: UnitOfWork, cycle: Cycle) -> tuple[int, int]:
        events, entries = self._written
        new_events = cycle.order_events[events:]
        if new_events:
            planned = {e.client_id for e in new_events if e.kind is OrderEventKind.PLANNED}
            intents = [i for i in cycle.intents if i.client_id in planned]
            if intents:
                work.orders.add_intents(self._run, intents)
            touched = {e.client_id for e in new_events}
            work.orders.apply(new_events, [cycle.carried.orders[c] for c in sorted(touched)])
        new_entries = cycle.ledger_events[entries:]
        if new_entries:
            work.ledger.append(self._run, new_entries)
        work.checkpoints.save(self._run, cycle.id, cycle.carried)
        return len(cycle.order_events), len(cycle.ledger_events)


def cycle_row(cycle: Cycle, saw: Saw) -> CycleRow:
    """A finished cycle as it is stored."""
    money = cycle.portfolio
    return CycleRow(
        id=cycle.id,
        run_id=cycle.run_id,
        step=cycle.step,
        at=cycle.at,
        mode=cycle.verdict.mode,
        equity_try=money.equity_try,
        cash_try=money.cash_try,
        capital_try=money.capital_try,
        net_try=money.net_try,
        drawdown_ratio=money_down(money.drawdown_ratio),
        orders_open=cycle.metrics.orders_open if cycle.metrics else 0,
        intents=len(cycle.intents),
        fills=len(cycle.fills),
        trace=sealed(encode(trace(cycle, saw)), cycle.id, cycle.at),
    )
