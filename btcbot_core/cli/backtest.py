"""`stage7-backtest`: rebalance over a recording as fast as it goes, resumed where it was cut."""

import argparse
import os
import signal
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from btcbot_core.app.backtest import Backtest, BacktestSummary
from btcbot_core.bootstrap import open_reader
from btcbot_core.bootstrap.backtest import BacktestOptions, open_backtest
from btcbot_core.bootstrap.reporting import page_maker
from btcbot_core.cli.output import print_json, print_pairs, say
from btcbot_core.cli.progress import Progress
from btcbot_core.cli.reports import read_report, write_page
from btcbot_core.domain.errors import ConfigError, ExitCode
from btcbot_core.domain.money import canonical


def run(arguments: argparse.Namespace) -> int:
    """Run the whole window; answers 0 also when it was asked to stop: what is done is kept."""
    page = page_maker() if arguments.html else None
    cycles = whole("--cycles", arguments.cycles, least=1)
    with Progress("bytes read") as progress:
        opened = open_backtest(_options(arguments), progress)
    try:
        for warning in opened.warnings:
            say(f"! {warning}")
        backtest = opened.backtest
        _obey_signals(backtest)
        total = min(cycles or backtest.total, backtest.total)
        with Progress("cycles run") as progress:
            backtest.on_cycle = lambda _: progress(backtest.fingerprint.cycles, total)
            summary = backtest.run(cycles)
    finally:
        opened.close()
    if page is not None:
        with closing(open_reader(Path(arguments.out_db))) as store:
            write_page(Path(arguments.html), page, read_report(store, summary.run))
    print_json(summary) if arguments.json else _print(summary)
    return int(ExitCode.OK)


def _options(arguments: argparse.Namespace) -> BacktestOptions:
    start, end = instant("--start", arguments.start), instant("--end", arguments.end)
    if start is not None and end is not None and end < start:
        raise ConfigError("--end: expected an instant at or after --start")
    return BacktestOptions(
        dataset=Path(arguments.dataset),
        out_db=Path(arguments.out_db),
        start=start,
        end=end,
        seed=whole("--seed", arguments.seed, least=0),
        adapts=arguments.include_adaptation,
        env_file=Path(arguments.env_file) if arguments.env_file else None,
    )


def whole(flag: str, text: str | None, least: int) -> int | None:
    """A whole number of a flag. Raises ConfigError that names it."""
    if text is None:
        return None
    try:
        count = int(text)
    except ValueError:
        raise ConfigError(f"{flag}: expected a whole number, found {text[:40]!r}") from None
    if count < least:
        raise ConfigError(f"{flag}: expected {least} or more, found {count}")
    return count


def instant(flag: str, text: str | None) -> datetime | None:
    """ISO 8601; without a zone it is UTC."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{flag}: expected an instant such as 2022-11-08T22:37:00Z, found {text[:40]!r}"
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _obey_signals(backtest: Backtest) -> None:
    """First INT or TERM: finish the cycle, commit, say so. Second: go at once."""
    asked: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        if asked:
            os._exit(128 + number)
        asked.append(number)
        backtest.stop()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


def _print(summary: BacktestSummary) -> None:
    money = ("equity", "net", "capital", "turnover")
    pairs: dict[str, object] = {
        "run": summary.run,
        "outcome": summary.outcome + ("" if summary.is_complete else " (not the whole window)"),
        "cycles": f"{summary.cycles:,} ({summary.cycles_now:,} now)",
        "from": summary.started_at,
        "to": summary.ended_at,
        "fills": summary.fills,
        "orders": ", ".join(f"{n} {status}" for status, n in summary.orders.items()),
    }
    for name in money:
        value = getattr(summary, f"{name}_try")
        pairs[name] = None if value is None else canonical(value)
    deepest = summary.max_drawdown_ratio
    pairs["max drawdown ratio"] = None if deepest is None else canonical(round(deepest, 8))
    pairs["fingerprint"] = summary.fingerprint
    print_pairs(pairs)
