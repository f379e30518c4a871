"""A backtest: the one runner, turned until the data end, resumed where it was cut.

A run is a function of dataset, settings, random seed and window. What it stores says so, and
whether it is complete; the same run again changes nothing.
"""

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

import msgspec

from btcbot_core.app.fingerprint import Fingerprint, read_fingerprint
from btcbot_core.app.frames import Outcome
from btcbot_core.app.runner import CycleRunner, Plan
from btcbot_core.app.world import Ports
from btcbot_core.cycle.cycle import Carried, Cycle
from btcbot_core.domain.records import CycleRow, RunRow
from btcbot_core.domain.symbol import Asset
from btcbot_core.ledger.book import Ledger
from btcbot_core.ledger.entries import LedgerEventKind


class Durable(Protocol):
    """What a backtest asks of its store beyond what all runs do."""

    def flush(self) -> None: ...


class BacktestSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a backtest came to. `cycles` counts all of the run, `cycles_now` those of this start."""

    run: str
    outcome: str
    is_complete: bool
    cycles: int
    cycles_now: int
    first_step: int
    last_step: int
    started_at: str = ""
    ended_at: str = ""
    seed: int
    source: str
    settings_digest: str
    fingerprint: str
    fills: int
    orders: dict[str, int]
    equity_try: Decimal | None = None
    net_try: Decimal | None = None
    capital_try: Decimal | None = None
    drawdown_ratio: Decimal | None = None
    max_drawdown_ratio: Decimal | None = None
    turnover_try: Decimal | None = None
    param_version: int = 1


class Backtest:
    """One run. `fingerprint` must be told of each row that the store is given."""

    def __init__(
        self, ports: Ports, plan: Plan, row: RunRow, durable: Durable, first_step: int
    ) -> None:
        self._ports, self._plan, self._row = ports, plan, row
        self._durable = durable
        self._first_step = first_step
        self.runner = CycleRunner(ports, plan)
        self._stopping = threading.Event()
        self.fingerprint = Fingerprint()
        self.on_cycle: Callable[[Cycle], None] | None = None

    @property
    def total(self) -> int:
        """How many cycles the whole run has."""
        return self._ports.timeline.total() or 0

    def stop(self) -> None:
        """End after the running cycle; safe from a signal handler."""
        self._stopping.set()

    def run(self, cycles_max: int | None = None) -> BacktestSummary:
        """Turn until the data end; `cycles_max` counts from the beginning of the run."""
        with self._ports.store.read() as work:
            self.fingerprint = read_fingerprint(work, self._row.id)
            known, last = work.runs.latest(), work.cycles.last(self._row.id)
            carried = work.checkpoints.load(self._row.id)
        before = self.fingerprint.cycles
        step = last.step if last else self._first_step - 1
        if not self._is_done(known, step, cycles_max):
            self._open()
            outcome = self._turn_until_end(carried, step, cycles_max)
            self._finish(outcome)
        return self._summary(self.fingerprint.cycles - before)

    def _is_done(self, known: RunRow | None, step: int, cycles_max: int | None) -> bool:
        if known is None or known.id != self._row.id:
            return False
        at_end = step - self._first_step + 1 >= min(cycles_max or self.total, self.total)
        return bool(known.outcome) and at_end

    def _open(self) -> None:
        with self._ports.store.begin() as work:
            work.runs.open(self._row)
            work.commit()
        self._durable.flush()  # from now on the database says that a run is under way

    def _turn_until_end(
        self, carried: Carried | None, step: int, cycles_max: int | None
    ) -> Outcome:
        quote = Asset(next(iter(self._rules_quotes())))
        state = carried or Carried(ledger=Ledger(quote=quote))
        advance, turn, first = self._ports.timeline.advance, self.runner.turn, self._first_step
        while not self._stopping.is_set():
            if cycles_max is not None and step - first + 1 >= cycles_max:
                return Outcome.CYCLES_DONE
            following = advance(step)
            if following is None:
                return Outcome.DATA_END
            cycle = turn(state, following)
            step, state = following, cycle.carried
            if self.on_cycle is not None:
                self.on_cycle(cycle)
        return Outcome.STOPPED

    def _rules_quotes(self) -> set[str]:
        rules = self._ports.market.rules(self._plan.symbols)
        return {pair.quote for pair in rules.values()}

    def _finish(self, outcome: Outcome) -> None:
        with self._ports.store.begin() as work:
            work.runs.finish(self._row.id, self._ports.wall.now(), outcome.name.lower())
            work.commit()
        self._durable.flush()

    def _summary(self, cycles_now: int) -> BacktestSummary:
        run = self._row.id
        with self._ports.store.read() as work:
            known, last = work.runs.latest(), work.cycles.last(run)
            first: tuple[CycleRow, ...] = work.cycles.after(run, -1, 1)
            carried = work.checkpoints.load(run)
            orders = {str(status): n for status, n in sorted(work.orders.count(run).items())}
            fills = work.ledger.count(run, LedgerEventKind.FILL)
        cycles, outcome = self.fingerprint.cycles, known.outcome if known else ""
        memory = carried.rebalance if carried else None
        learned = memory.adaptation if memory else None
        return BacktestSummary(
            run=run,
            outcome=outcome,
            is_complete=cycles == self.total,
            cycles=cycles,
            cycles_now=cycles_now,
            first_step=self._first_step,
            last_step=last.step if last else -1,
            started_at=first[0].at.isoformat() if first else "",
            ended_at=last.at.isoformat() if last else "",
            seed=self._row.seed,
            source=self._row.source,
            settings_digest=self._row.settings_digest,
            fingerprint=self.fingerprint.value,
            fills=fills,
            orders=orders,
            equity_try=last.equity_try if last else None,
            net_try=last.net_try if last else None,
            capital_try=last.capital_try if last else None,
            drawdown_ratio=last.drawdown_ratio if last else None,
            max_drawdown_ratio=memory.max_drawdown_ratio if memory else None,
            turnover_try=memory.turnover_try if memory else None,
            param_version=learned.version if learned else 1,
        )
