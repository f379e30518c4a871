"""`stage7-backtest`: rebalance over a recording as fast as it goes, resumed where it was cut."""

import argparse
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from btcbot_core.app.backtest import Backtest, BacktestSummary
from btcbot_core.bootstrap.backtest import BacktestOptions, open_backtest
from btcbot_core.cli.output import print_json, print_pairs, say
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.domain.errors import ConfigError, ExitCode
from btcbot_core.domain.money import canonical

PATIENCE_S = 2.0
EVERY_S = 0.5
LOOK_EVERY = 100
BAR_CELLS = 30


def run(arguments: argparse.Namespace) -> int:
    """Run the whole window; answers 0 also when it was asked to stop: what is done is kept."""
    opened = open_backtest(_options(arguments))
    cycles = whole("--cycles", arguments.cycles, least=1)
    try:
        for warning in opened.warnings:
            say(f"! {warning}")
        backtest = opened.backtest
        _obey_signals(backtest)
        bar = Bar(backtest, cycles)
        if sys.stderr.isatty():
            backtest.on_cycle = bar
        summary = backtest.run(cycles)
        bar.clear()
    finally:
        opened.close()
    print_json(summary) if arguments.json else _print(summary)
    return int(ExitCode.OK)


class Bar:
    """How far, how fast and how long still; silent for the first two seconds."""

    def __init__(self, backtest: Backtest, cycles_max: int | None) -> None:
        self._backtest = backtest
        self._total = min(cycles_max or backtest.total, backtest.total)
        self._began_s = time.monotonic()
        self._due_s = self._began_s + PATIENCE_S
        self._turned = 0
        self._is_drawn = False

    def __call__(self, _cycle: Cycle) -> None:
        self._turned += 1
        if self._turned % LOOK_EVERY:
            return
        now_s = time.monotonic()
        if now_s < self._due_s:
            return
        self._due_s = now_s + EVERY_S
        self._is_drawn = True
        print(f"\r{self.line(now_s)}\x1b[K", end="", file=sys.stderr, flush=True)

    def line(self, now_s: float) -> str:
        """The bar as it stands."""
        done = self._backtest.fingerprint.cycles
        rate = self._turned / max(now_s - self._began_s, 1e-9)
        left_s = int((self._total - done) / rate) if rate else 0
        cells = BAR_CELLS * done // max(self._total, 1)
        drawn = "#" * cells + "-" * (BAR_CELLS - cells)
        clock = f"{left_s // 3600}:{left_s // 60 % 60:02}:{left_s % 60:02}"
        return f"[{drawn}] {done:,}/{self._total:,} {rate:,.0f} cycles/s, {clock} left"

    def clear(self) -> None:
        """Leave the line as it was found."""
        if self._is_drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


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
