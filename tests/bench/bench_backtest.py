"""Backtests: cycles a second, whether the cost is flat, memory, and bytes a quiet cycle.

An equal-weight rebalance of five pairs over made-up minutes, everything traced and stored. CPU
time is told beside wall time: a machine that does other things says little by the clock.
"""

import argparse
import resource
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from btcbot_core.adapters.replay.synthetic import Recipe, Scenario, write_dataset
from btcbot_core.bootstrap.backtest import BacktestOptions, OpenBacktest, open_backtest
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.domain.symbol import Symbol
from tests.bench import yardsticks

PAIRS = tuple(map(Symbol, ("BTCTRY", "ETHTRY", "SOLTRY", "AVAXTRY", "XRPTRY")))
CYCLES, WINDOW, WINDOWS = 20_000, 1_000, 5
PHASED = 5_000
BYTES_MAX = 1_500
PROFILE = {
    "DRY_RUN_TRY_BALANCE": "100000",
    "NOTIONAL_CAP_TRY_PER_CYCLE": "20000",
    "MAX_ORDERS_PER_CYCLE": "5",
    "MAX_POSITION_TRY_PER_SYMBOL": "",
    "STAGE7_MAX_SYMBOL_EXPOSURE_TRY": "100000",
    "STAGE7_DRIFT_BAND_BPS": "100",
    "STAGE7_MAX_DAILY_LOSS_TRY": "",
    "STAGE7_MAX_CONSECUTIVE_LOSSES": "",
    "STAGE7_FEE_BURN_LIMIT_TRY": "",
    "STAGE7_MAX_DRAWDOWN_RATIO": "1",
}


class Meter:
    """CPU microseconds of each quiet cycle, thinned to the windows that are compared."""

    def __init__(self, total: int) -> None:
        self._last_s = time.process_time()
        early = range(WINDOW, WINDOW * (1 + WINDOWS))
        late = range(total - WINDOW * WINDOWS, total)
        self._spans = (early, late)
        self.costs_us: tuple[list[float], list[float]] = ([], [])

    def __call__(self, cycle: Cycle) -> None:
        now_s = time.process_time()
        if not cycle.intents and not cycle.carried.orders:
            for span, costs in zip(self._spans, self.costs_us, strict=True):
                if cycle.step in span:
                    costs.append((now_s - self._last_s) * 1e6)
        self._last_s = now_s


class Phases:
    """CPU seconds by phase. Each look at the clock costs too, so it is a run of its own."""

    def __init__(self) -> None:
        self.cost_s: dict[str, float] = {}
        self._name, self._since_s = "between", time.process_time()

    def __call__(self, name: str) -> None:
        now_s = time.process_time()
        self.cost_s[self._name] = self.cost_s.get(self._name, 0.0) + now_s - self._since_s
        self._name, self._since_s = name, time.process_time()

    def between(self, _: Cycle) -> None:
        self("between")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=CYCLES, help="100000 or 1000000 for the aims")
    parser.add_argument("--keep", type=Path, help="write dataset and database here")
    arguments, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as name:
        measure(arguments.keep or Path(name), arguments.cycles)
        phases(Path(name) / "phases")
    print("yardsticks, CPU time of each:")
    yardsticks.report()


def backtest(folder: Path, cycles: int) -> tuple[OpenBacktest, Path]:
    """The run that is measured, ready to start, and its database."""
    dataset, db = folder / f"minutes{cycles}", folder / f"out{cycles}.db"
    if not dataset.exists():
        recipe = Recipe(
            symbols=PAIRS, minutes=cycles, scenario=Scenario.FLAT, seed=7, profile=PROFILE
        )
        write_dataset(dataset, recipe)
    return open_backtest(BacktestOptions(dataset=dataset, out_db=db)), db


def phases(folder: Path) -> None:
    """Where the time goes, in microseconds of a cycle."""
    folder.mkdir()
    opened, _ = backtest(folder, PHASED)
    seen = Phases()
    opened.backtest.runner.observe = seen
    opened.backtest.on_cycle = seen.between
    done = opened.backtest.run().cycles_now
    opened.close()
    told = sorted(seen.cost_s.items(), key=lambda cost: -cost[1])
    print("by phase, CPU us a cycle: " + ", ".join(f"{n} {s / done * 1e6:.0f}" for n, s in told))


def measure(folder: Path, cycles: int) -> None:
    began_s = time.perf_counter()
    opened, db = backtest(folder, cycles)
    loaded_s = time.perf_counter() - began_s
    meter = Meter(opened.backtest.total)
    opened.backtest.on_cycle = meter
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    summary = opened.backtest.run()
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    opened.close()
    done = summary.cycles_now
    print(f"stage 7, {done:,} cycles, 5 pairs, {summary.fills:,} fills; loaded in {loaded_s:.1f} s")
    print(f"{done / wall_s:,.0f} cycles/s by the clock, {done / cpu_s:,.0f} by CPU time")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory at its highest {peak_mb:.0f} MB")
    early, late = (statistics.median(costs) for costs in meter.costs_us if costs)
    print(f"a quiet cycle, CPU: {early:.0f} us early, {late:.0f} us late: {late / early:.3f}")
    size(db)


def size(db: Path) -> None:
    """Bytes of the cycles' table and indexes: in all, and a quiet cycle's part by its length."""
    store = sqlite3.connect(db)
    quiet = "intents = 0 AND fills = 0 AND orders_open = 0"
    count, quiets, all_bytes, quiet_bytes = store.execute(
        f"SELECT COUNT(*), SUM({quiet}), SUM(length(trace)),"
        f" SUM(length(trace) * ({quiet})) FROM cycles"
    ).fetchone()
    used = store.execute(
        "SELECT SUM(pgsize) FROM dbstat WHERE name = 'cycles' OR name LIKE '%cycles%'"
    ).fetchone()[0]
    beside = used - all_bytes
    each = quiet_bytes / quiets + beside / count
    print(f"{each:,.0f} bytes a quiet cycle ({quiets:,} of {count:,}; at most {BYTES_MAX:,})")
    print(f"{db.stat().st_size / count:,.0f} bytes a cycle, the whole database")
    store.close()
    assert each <= BYTES_MAX, f"{each:.0f} bytes"


if __name__ == "__main__":
    main()
