"""Each stored cycle in figures: what reports, exports and alerts are made of."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from btcbot_core.app.verify import PAGE, cycles_of
from btcbot_core.cycle.learning import RebalanceRow
from btcbot_core.cycle.trace import Trace, decode
from btcbot_core.domain.codes import Severity
from btcbot_core.domain.errors import StoreError
from btcbot_core.domain.ids import RunId
from btcbot_core.domain.money import ZERO, decimal_from
from btcbot_core.domain.policy import Policy
from btcbot_core.domain.records import CycleRow
from btcbot_core.domain.trading import UNRESOLVED, OrderEventKind
from btcbot_core.ports import Progress, UnitOfWork

REBALANCE = "rebalance"
_NOTHING_OF_ITS_OWN = RebalanceRow(no_trades=None)


class CycleFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One cycle. Amounts in quote currency; flows are of the cycle, all else as it then stood."""

    ts: datetime
    cycle_id: str
    run_id: str
    step: int
    mode: str
    universe_size: int
    gross_try: Decimal
    net_try: Decimal
    realized_try: Decimal
    unrealized_try: Decimal
    fees_try: Decimal
    slippage_try: Decimal
    turnover_try: Decimal
    """Flow: what was bought and sold in this cycle."""
    cash_try: Decimal
    equity_try: Decimal
    drawdown_ratio: Decimal
    max_drawdown_ratio: Decimal
    planned: int
    submitted: int
    filled: int
    rejected: int
    canceled: int
    orders_open: int
    fill_rate: Decimal
    """Fills of this cycle over orders that it sent, at least one."""
    no_trades_reason: str = ""
    """Why a rebalancing cycle did not trade; empty where it did."""
    quality_flags: tuple[str, ...] = ()
    alert_flags: tuple[str, ...] = ()


class Studied(msgspec.Struct, frozen=True):
    """A cycle's row, its record and its figures."""

    row: CycleRow
    trace: Trace
    figures: CycleFigures


def study(work: UnitOfWork, run: RunId, progress: Progress) -> Iterator[Studied]:
    """All cycles of a run, oldest first, read page by page.

    Raises StoreError naming the cycle whose record cannot be read.
    """
    step, memory = -1, _Memory()
    done, total = 0, cycles_of(work, run)
    while rows := work.cycles.after(run, step, PAGE):
        for row in rows:
            step = row.step
            try:
                record = decode(row.trace)
                studied = Studied(row, record, memory.figures(row, record))
            except (msgspec.DecodeError, ValueError, ArithmeticError) as error:
                raise StoreError(
                    f"the record of cycle {row.id} cannot be read ({error}): try `verify`"
                ) from error
            yield studied
            done += 1
            progress(done, total)


def newest(
    work: UnitOfWork, run: RunId, count: int | None, progress: Progress
) -> Sequence[CycleFigures]:
    """The figures of the last cycles, oldest first; None is all of them.

    A run is read from its start: drawdown and thresholds are of what went before.
    """
    found: list[CycleFigures] = []
    for cycle in study(work, run, progress):
        found.append(cycle.figures)
        if count is not None and len(found) > 2 * count:
            del found[:-count]
    return found if count is None else found[len(found) - min(count, len(found)) :]


def rebalancing(record: Trace) -> RebalanceRow:
    """What a rebalancing cycle wrote down of itself; an empty row for others."""
    raw = record.extra.get(REBALANCE)
    if raw is None:
        return _NOTHING_OF_ITS_OWN
    return msgspec.json.decode(raw, type=RebalanceRow)


def policy_of(record: Trace) -> Policy | None:
    """What the operator had set, told by the first cycle after a start; None by all others."""
    if record.saw is None or not bytes(record.saw.policy):
        return None
    return msgspec.json.decode(record.saw.policy, type=Policy)


class _Memory:
    """What a cycle's figures need of the cycles before it."""

    def __init__(self) -> None:
        self._policy = Policy()
        self._worst = ZERO

    def figures(self, row: CycleRow, record: Trace) -> CycleFigures:
        self._policy = policy_of(record) or self._policy
        self._worst = max(self._worst, row.drawdown_ratio)
        own = rebalancing(record)
        amounts = (record.realized, record.fees, record.slippage)
        realized, fees, slippage = (decimal_from(text or "0") for text in amounts)
        unrealized = row.net_try + fees - realized
        kinds = [event.kind for event in record.events]
        planned = kinds.count(OrderEventKind.PLANNED)
        held_back = kinds.count(OrderEventKind.NOT_SENT)
        rejected = kinds.count(OrderEventKind.REJECTED)
        taken = sum(1 for pair in own.pairs if not pair.exclusions)
        return CycleFigures(
            ts=row.at,
            cycle_id=row.id,
            run_id=row.run_id,
            step=row.step,
            mode=row.mode,
            universe_size=taken if own.pairs else len(record.quotes),
            gross_try=realized + unrealized + slippage,
            net_try=row.net_try,
            realized_try=realized,
            unrealized_try=unrealized,
            fees_try=fees,
            slippage_try=slippage,
            turnover_try=sum((fill.notional_try for fill in record.fills), ZERO),
            cash_try=row.cash_try,
            equity_try=row.equity_try,
            drawdown_ratio=row.drawdown_ratio,
            max_drawdown_ratio=self._worst,
            planned=planned,
            submitted=planned - held_back,
            filled=len(record.fills),
            rejected=rejected,
            canceled=kinds.count(OrderEventKind.CANCELED),
            orders_open=row.orders_open,
            fill_rate=Decimal(len(record.fills)) / max(1, planned - held_back),
            no_trades_reason=own.no_trades or "",
            quality_flags=own.quality or _quality(record),
            alert_flags=tuple(sorted({*own.alerts, *self._alerts(record, rejected)})),
        )

    def _alerts(self, record: Trace, rejected: int) -> Iterator[str]:
        """What every stage can be told of, by the limits that were in force."""
        if self._worst >= self._policy.risk.max_drawdown_ratio > ZERO:
            yield "drawdown_breach"
        if rejected >= self._policy.anomalies.rejects > 0:
            yield "reject_spike"
        if record.problems:
            yield "missing_data"
        if record.killed:
            yield "killed"
        if any(event.after in UNRESOLVED and _is_late(event.kind) for event in record.events):
            yield "unknown_order"
        for anomaly in record.anomalies:
            if anomaly.severity is Severity.ERROR:
                yield str(anomaly.code).lower()


def _is_late(kind: OrderEventKind) -> bool:
    """A plan is unresolved for a moment by its nature; any other event that leaves it so is not."""
    return kind is not OrderEventKind.PLANNED


def _quality(record: Trace) -> tuple[str, ...]:
    found = ("missing_data",) if record.problems else ()
    return (*found, *sorted({str(anomaly.code).lower() for anomaly in record.anomalies}))
