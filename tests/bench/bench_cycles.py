"""Stage 3 over recorded data: cycles a second, whether the cost is flat, bytes a quiet cycle."""

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from btcbot_core import bootstrap
from btcbot_core.app.frames import Role
from btcbot_core.cycle.cycle import Cycle
from tests.bench.generator import write_dataset

ROUNDS = 5
LONG = 100_000
EARLY = 1_000
WINDOW = 1_000


def one_run(dataset: Path, database: Path, note: Callable[[Cycle], None] | None = None) -> float:
    """Run to the end; returns wall seconds."""
    options = bootstrap.SessionOptions(
        role=Role.HOST, dataset=dataset, db=database, is_dry_run=True, stage=3
    )
    session = bootstrap.open_session(options)
    session.on_cycle = note
    began = time.perf_counter()
    session.run()
    took = time.perf_counter() - began
    assert session.exit_code == 0, session.error
    return took


def night(folder: Path) -> None:
    rates = []
    for number in range(ROUNDS):
        database = folder / f"night{number}.db"
        rates.append(996 / one_run(bootstrap.demo_folder(), database))
    rate = statistics.median(rates)
    print(f"stage 3, recorded night, 6 pairs, everything stored: {rate:,.0f} cycles/s")


def flat(folder: Path) -> None:
    """Compare quiet cycles early and late: what they cost must not grow with what went before."""
    dataset = write_dataset(folder / "long", LONG)
    costs_us: list[float] = []
    quiet: list[bool] = []
    last_s = time.process_time()

    def note(cycle: Cycle) -> None:
        nonlocal last_s
        now_s = time.process_time()
        costs_us.append((now_s - last_s) * 1e6)
        quiet.append(not cycle.carried.orders and not cycle.intents)
        last_s = now_s

    took = one_run(dataset, folder / "long.db", note)

    def cost_us(start: int) -> float:
        means = []
        for number in range(ROUNDS):
            span = range(start + number * WINDOW, start + (number + 1) * WINDOW)
            means.append(statistics.fmean(costs_us[n] for n in span if quiet[n]))
        return statistics.median(means)

    first, last = cost_us(EARLY), cost_us(LONG - ROUNDS * WINDOW)
    print(f"stage 3, {LONG:,} generated minutes: {LONG / took:,.0f} cycles/s")
    print(f"cost of a quiet cycle, CPU, median of {ROUNDS} windows of {WINDOW:,}:")
    print(f"  {first:.0f} us from {EARLY:,} on, {last:.0f} us up to {LONG:,}: {last / first:.3f}")
    size(folder / "long.db")


def size(database: Path) -> None:
    """Bytes that a quiet cycle adds: a cycle with no order, intent or fill."""
    store = sqlite3.connect(database)
    pages = "SELECT SUM(pgsize) FROM dbstat WHERE name = 'cycles' OR name LIKE '%cycles%'"
    try:
        used = store.execute(pages).fetchone()[0]
    except sqlite3.OperationalError:
        used = database.stat().st_size
    count = store.execute("SELECT COUNT(*) FROM cycles").fetchone()[0]
    print(f"database of a quiet cycle: {used / count:,.0f} bytes (its rows and index entries)")
    print(f"database in all, per cycle: {database.stat().st_size / count:,.0f} bytes")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        night(Path(name))
        flat(Path(name))


if __name__ == "__main__":
    main()
