"""A run's report on the terminal; the one place of the command line that draws."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from btcbot_core.cli.output import plain
from btcbot_core.domain.reporting import Rollup, RunReport

CENT = Decimal("0.01")
BARS = "▁▂▃▄▅▆▇█"
SPARK_WIDTH = 40
BAR_WIDTH = 24
ROWS_MAX = 12


def print_report(report: RunReport) -> None:
    """Key figures first, then how they came to be."""
    console = Console(highlight=False, markup=False, emoji=False)
    run = report.run
    console.print(f"run {plain(run.id)}: {run.stage}, {run.kind}, on {plain(run.source)}")
    console.print(f"outcome: {plain(run.outcome) or 'not finished'}\n")
    console.print(_keys(report))
    points = report.charts.points
    console.print(_line("equity  ", [p.equity for p in points], report.quote))
    drawdowns = [p.drawdown_ratio for p in points]
    console.print(_line("drawdown", drawdowns, "", is_ratio=True), "")
    console.print(_cycles("modes", "mode", report.modes))
    if report.no_trades:
        console.print(_cycles("cycles without a trade", "because", report.no_trades))
    console.print(_why_not(report))
    if len(report.days) > 1:
        console.print(_days("by day", report.days))
    if len(report.weeks) > 1:
        console.print(_days("by week", report.weeks))


def _keys(report: RunReport) -> Table:
    keys, quote = report.keys, report.quote
    table = _table("", (("", "left"), ("", "right"), ("", "left"), ("", "right")), headed=False)
    money = [
        ("equity", keys.equity_try),
        ("capital", keys.capital_try),
        ("net", keys.net_try),
        ("gross", keys.gross_try),
        ("realized", keys.realized_try),
        ("unrealized", keys.unrealized_try),
        ("fees", keys.fees_try),
        ("slippage", keys.slippage_try),
        ("turnover", keys.turnover_try),
    ]
    other = [
        ("return", _percent(keys.return_ratio)),
        ("max drawdown", _percent(keys.max_drawdown_ratio)),
        ("cycles", f"{keys.cycles:,}"),
        ("orders", f"{keys.orders:,}"),
        ("fills", f"{keys.fills:,} ({keys.buys} buys, {keys.sells} sells)"),
        ("canceled", f"{keys.canceled:,}"),
        ("rejected", f"{keys.rejected:,}"),
        ("from", f"{keys.first_at:%Y-%m-%d %H:%M}"),
        ("to", f"{keys.last_at:%Y-%m-%d %H:%M}"),
    ]
    for (name, amount), (other_name, value) in zip(money, other, strict=True):
        table.add_row(f"{name} {quote}", _money(amount), f"  {other_name}", value)
    return table


def _cycles(title: str, name: str, counts: Mapping[str, int]) -> Table:
    table = _table(title, ((name, "left"), ("cycles", "right"), ("", "left")))
    _add_bars(table, list(counts.items()))
    return table


def _why_not(report: RunReport) -> Table:
    columns = (("reason", "left"), ("times", "right"), ("", "left"), ("meaning", "left"))
    table = _table("why it did not trade", columns)
    shown = report.why_not[:ROWS_MAX]
    _add_bars(table, [(w.reason, w.count) for w in shown], [w.meaning for w in shown])
    left = len(report.why_not) - len(shown)
    if left > 0:
        table.caption = f"{left} rarer reasons are in --json"
    return table


def _days(title: str, rows: Sequence[Rollup]) -> Table:
    names = ("from", "cycles", "net", "fees", "turnover", "fills", "equity", "drawdown")
    table = _table(title, tuple((name, "right" if name != "from" else "left") for name in names))
    for row in rows[:ROWS_MAX]:
        table.add_row(
            str(row.start),
            f"{row.cycles:,}",
            _money(row.net_try),
            _money(row.fees_try),
            _money(row.turnover_try),
            str(row.fills),
            _money(row.equity_try),
            _percent(row.max_drawdown_ratio),
        )
    return table


def _table(title: str, columns: Iterable[tuple[str, str]], *, headed: bool = True) -> Table:
    table = Table(title=title or None, title_justify="left", box=None, show_header=headed)
    for name, side in columns:
        table.add_column(name, justify="right" if side == "right" else "left")
    return table


def _add_bars(
    table: Table, counts: Sequence[tuple[str, int]], words: Sequence[str] | None = None
) -> None:
    most = max((count for _, count in counts), default=1)
    for number, (name, count) in enumerate(counts):
        cells = [plain(name), f"{count:,}", "█" * max(1, round(count / most * BAR_WIDTH))]
        table.add_row(*cells, *([words[number]] if words else []))


def _line(name: str, values: Sequence[Decimal], unit: str, *, is_ratio: bool = False) -> Text:
    """A line of blocks between the lowest and the highest value."""
    if not values:
        return Text(f"{name} —")
    low, high = min(values), max(values)
    step = max(1, -(-len(values) // SPARK_WIDTH))
    shown = values[::step]
    height = high - low
    top = len(BARS) - 1
    blocks = "".join(BARS[int((v - low) / height * top) if height else 0] for v in shown)
    tell = _percent if is_ratio else _money
    return Text(f"{name} {blocks}  {tell(low)} to {tell(high)} {unit}".rstrip())


def _money(value: Decimal) -> str:
    return f"{value.quantize(CENT):,}"


def _percent(ratio: Decimal) -> str:
    return f"{(ratio * 100).quantize(CENT)} %"
