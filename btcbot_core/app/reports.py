"""Read-only questions about runs: what a run came to, and how things stand now."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from btcbot_core.app.session import Session
from btcbot_core.cycle.trace import Trace, decode
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.ids import CycleId
from btcbot_core.domain.kill import KillState
from btcbot_core.domain.money import decimal_from
from btcbot_core.domain.records import CycleRow, RunRow
from btcbot_core.domain.trading import Order, OrderView
from btcbot_core.ledger.entries import LedgerEventKind
from btcbot_core.ports import Store


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to so far. Amounts in the quote currency; None before the first cycle."""

    run: str
    stage: str
    kind: str
    source: str
    book: str
    database: str
    outcome: str
    message: str
    exit_code: int
    cycles: int
    """Turns of this process; `step` counts over restarts."""
    step: int
    total_steps: int | None
    mode: str
    quote: str
    orders: Mapping[str, int]
    """Orders of the run by status."""
    fills: int
    equity_try: Decimal | None
    capital_try: Decimal | None
    net_try: Decimal | None
    realized_try: Decimal | None
    fees_try: Decimal | None
    slippage_try: Decimal | None
    cash_try: Decimal | None
    killed: KillState


def run_summary(session: Session) -> RunSummary:
    """Sum a session up; call it after the session ended."""
    frame, tally = session.latest, session.tally
    last = decode(tally.last.trace) if tally.last else None

    def amount(text: str) -> Decimal | None:
        return decimal_from(text) if last and text else None

    return RunSummary(
        run=session.run_id,
        stage=frame.world.stage,
        kind=frame.world.kind,
        source=frame.world.source,
        book=frame.world.book,
        database=frame.world.database,
        outcome=frame.outcome.name.lower(),
        message=frame.message,
        exit_code=session.exit_code,
        cycles=frame.pulse.turns,
        step=tally.step,
        total_steps=frame.world.total_steps,
        mode=last.mode if last else "",
        quote=frame.world.quote,
        orders={status.value: n for status, n in tally.orders.items()},
        fills=tally.fills,
        equity_try=amount(last.equity if last else ""),
        capital_try=amount(last.capital if last else ""),
        net_try=tally.last.net_try if tally.last else None,
        realized_try=amount(last.realized if last else ""),
        fees_try=amount(last.fees if last else ""),
        slippage_try=amount(last.slippage if last else ""),
        cash_try=amount(last.cash if last else ""),
        killed=frame.kill,
    )


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a database stands: its latest run, its last cycle, and what is open."""

    run: RunRow | None
    cycle: CycleRow | None
    orders: tuple[Order, ...]
    others: tuple[OrderView, ...] = ()
    """Open orders on the account that are not in our books, as last listed."""
    fills: int


def standing(store: Store) -> Standing:
    """Read how things stand, in one consistent look."""
    with store.read() as work:
        run = work.runs.latest()
        if run is None:
            return Standing(run=None, cycle=None, orders=(), fills=0)
        carried = work.checkpoints.load(run.id)
        return Standing(
            run=run,
            cycle=work.cycles.last(run.id),
            orders=work.orders.active(run.id),
            others=carried.strangers if carried else (),
            fills=work.ledger.count(run.id, LedgerEventKind.FILL),
        )


class TracedCycle(msgspec.Struct, frozen=True):
    """A stored cycle with its record."""

    id: CycleId
    step: int
    at: datetime
    trace: Trace


def one_trace(store: Store, cycle: str) -> TracedCycle:
    """The trace of a cycle of the latest run, by its id or `last`.

    Raises ConfigError when there is no such cycle.
    """
    with store.read() as work:
        run = work.runs.latest()
        row = None
        if run is not None and cycle == "last":
            row = work.cycles.last(run.id)
        elif run is not None:
            row = work.cycles.find(CycleId(cycle))
    if row is None:
        raise ConfigError(f"no cycle {cycle} in this database: `status` names the last one")
    return TracedCycle(row.id, row.step, row.at, decode(row.trace))


def age_s(then: datetime, now: datetime) -> int:
    """Whole seconds between two instants."""
    return int((now - then).total_seconds())
