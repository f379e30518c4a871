"""What a run came to, whatever its stage: key figures, costs, modes, why it did not trade."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from btcbot_core.app.charts_data import ChartMaker
from btcbot_core.app.figures import CycleFigures, Studied, study
from btcbot_core.domain.codes import MEANING, Reason
from btcbot_core.domain.decisions import Action
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.records import RunRow
from btcbot_core.domain.reporting import KeyFigures, Rollup, RunReport, WhyNot
from btcbot_core.domain.trading import Side
from btcbot_core.ports import Progress, UnitOfWork

SCHEMA = "report/1"
IDENTITY_TOLERANCE_TRY = Decimal("0.00000001")
FINDINGS_MAX = 20
_NOT_DONE = frozenset({Action.BLOCK, Action.HOLD})


def make_report(work: UnitOfWork, run: RunRow, progress: Progress) -> RunReport:
    """Read a run once, from its start. Raises ConfigError where it has no cycle."""
    last = work.cycles.last(run.id)
    if last is None:
        raise ConfigError(f"run {run.id} has no cycle yet: there is nothing to report")
    carried = work.checkpoints.load(run.id)
    maker = _Maker(ChartMaker(last.step + 1))
    for cycle in study(work, run.id, progress):
        maker.add(cycle)
    return maker.report(run, carried.ledger.quote if carried else "")


class _Maker:
    """Sums up cycle after cycle; keeps nothing that grows with them but days."""

    def __init__(self, charts: ChartMaker) -> None:
        self._charts = charts
        self._modes: Counter[str] = Counter()
        self._no_trades: Counter[str] = Counter()
        self._why: Counter[str] = Counter()
        self._sums: Counter[str] = Counter()
        self._turnover = ZERO
        self._days: dict[date, Rollup] = {}
        self._weeks: dict[date, Rollup] = {}
        self._findings: list[str] = []
        self._first: CycleFigures | None = None
        self._last: Studied | None = None

    def add(self, cycle: Studied) -> None:
        figures, record = cycle.figures, cycle.trace
        before = self._last.figures if self._last else None
        self._findings.extend(
            _findings(cycle, before) if len(self._findings) < FINDINGS_MAX else ()
        )
        self._charts.add(cycle)
        self._modes[figures.mode] += 1
        if figures.no_trades_reason:
            self._no_trades[figures.no_trades_reason] += 1
        self._why.update(hold.reason for hold in record.holds)
        self._why.update(d.reason for d in record.decisions if d.action in _NOT_DONE)
        self._sums.update(
            orders=figures.submitted,
            fills=figures.filled,
            rejected=figures.rejected,
            canceled=figures.canceled,
            buys=sum(1 for fill in record.fills if fill.side is Side.BUY),
            sells=sum(1 for fill in record.fills if fill.side is Side.SELL),
        )
        self._turnover += figures.turnover_try
        day = figures.ts.date()
        _roll(self._days, day, figures, before)
        _roll(self._weeks, day - timedelta(days=day.weekday()), figures, before)
        self._first = self._first or figures
        self._last = cycle

    def report(self, run: RunRow, quote: str) -> RunReport:
        if self._first is None or self._last is None:
            raise ConfigError(f"run {run.id} has no cycle yet: there is nothing to report")
        return RunReport(
            schema=SCHEMA,
            run=run,
            quote=quote,
            keys=self._keys(self._first, self._last),
            modes=dict(self._modes.most_common()),
            no_trades=dict(self._no_trades.most_common()),
            why_not=tuple(
                WhyNot(reason, count, MEANING.get(Reason(reason), ""))
                for reason, count in self._why.most_common()
            ),
            days=tuple(reversed(self._days.values())),
            weeks=tuple(reversed(self._weeks.values())),
            findings=tuple(self._findings[:FINDINGS_MAX]),
            charts=self._charts.charts(),
        )

    def _keys(self, first: CycleFigures, last: Studied) -> KeyFigures:
        figures, capital = last.figures, last.row.capital_try
        return KeyFigures(
            first_at=first.ts,
            last_at=figures.ts,
            cycles=self._modes.total(),
            equity_try=figures.equity_try,
            capital_try=capital,
            net_try=figures.net_try,
            return_ratio=figures.net_try / capital if capital else ZERO,
            gross_try=figures.gross_try,
            realized_try=figures.realized_try,
            unrealized_try=figures.unrealized_try,
            fees_try=figures.fees_try,
            slippage_try=figures.slippage_try,
            turnover_try=self._turnover,
            max_drawdown_ratio=figures.max_drawdown_ratio,
            mode=figures.mode,
            **self._sums,
        )


def _findings(cycle: Studied, before: CycleFigures | None) -> Iterator[str]:
    """What would make a report untrue: each is one line with the cycle's id."""
    figures, row = cycle.figures, cycle.row
    if before is not None and figures.ts <= before.ts:
        yield f"{row.id}: {figures.ts} does not come after {before.ts}"
    if abs(row.equity_try - (row.capital_try + row.net_try)) > IDENTITY_TOLERANCE_TRY:
        yield f"{row.id}: equity {row.equity_try} is not capital plus net {row.net_try}"
    if row.drawdown_ratio < ZERO:
        yield f"{row.id}: drawdown {row.drawdown_ratio} is under zero"


def _roll(
    periods: dict[date, Rollup], start: date, now: CycleFigures, before: CycleFigures | None
) -> None:
    """Add a cycle to its period; running totals enter as what they changed by."""
    known = periods.get(start)
    net = now.net_try - (before.net_try if before else ZERO)
    fees = now.fees_try - (before.fees_try if before else ZERO)
    periods[start] = Rollup(
        start=start,
        cycles=(known.cycles if known else 0) + 1,
        net_try=(known.net_try if known else ZERO) + net,
        fees_try=(known.fees_try if known else ZERO) + fees,
        turnover_try=(known.turnover_try if known else ZERO) + now.turnover_try,
        fills=(known.fills if known else 0) + now.filled,
        equity_try=now.equity_try,
        max_drawdown_ratio=max(known.max_drawdown_ratio if known else ZERO, now.drawdown_ratio),
    )
