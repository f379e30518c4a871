"""Own time of a live cycle, stage 4 on twenty pairs: all of it but the network.

Everything that was decided is durable (FULL), with every fsync that this takes.
"""

import os
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from btcbot_core.cycle.cycle import Cycle
from tests.bench.generator import TWENTY, write_dataset
from tests.bench.live_run import LiveRun, Spent

CYCLES = 3_000
FSYNCS = 50
BOUND_MS = 40


class Stopwatch:
    """Cuts the time at the end of each cycle, less what was spent outside."""

    def __init__(self, run: LiveRun) -> None:
        self._run = run
        self._last = Spent.now()
        self.wall_ms: list[float] = []
        self.cpu_ms: list[float] = []
        self.orders = self.spoke = 0

    def cut(self, cycle: Cycle) -> None:
        own, away = Spent.now().since(self._last), self._run.outside.spent
        self.wall_ms.append((own.wall_s - away.wall_s) * 1000)
        self.cpu_ms.append((own.cpu_s - away.cpu_s) * 1000)
        self.orders += len(cycle.intents)
        self.spoke += bool(cycle.intents or cycle.cancels)
        self._run.outside.spent = Spent(0.0, 0.0)
        self._last = Spent.now()


def fsync_ms(folder: Path) -> float:
    """What one durable page costs here: the median, since a disk has many users."""
    took_ms = []
    with (folder / "page").open("wb") as file:
        for _ in range(FSYNCS):
            file.write(b"x" * 4096)
            file.flush()
            began_s = time.perf_counter()
            os.fsync(file.fileno())
            took_ms.append((time.perf_counter() - began_s) * 1000)
    return statistics.median(took_ms)


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def main() -> None:
    with tempfile.TemporaryDirectory() as name, ExitStack() as undo:
        folder = Path(name)
        dataset = write_dataset(folder / "data", CYCLES, move_ratio=0.002, pairs=TWENTY)
        run = LiveRun(dataset, folder / "live.db")
        watch = Stopwatch(run)
        session = run.session(undo)
        session.on_cycle = watch.cut
        session.run()
        assert session.exit_code == 0, session.error
        disk_ms = fsync_ms(folder)
    print(
        f"live cycle, stage 4, {len(TWENTY)} pairs, FULL, {CYCLES:,} cycles:"
        f" {watch.spoke:,} of them spoke, {watch.orders:,} orders"
    )
    for kind, values in (("wall", watch.wall_ms), ("CPU", watch.cpu_ms)):
        p50, p99 = percentile(values, 50), percentile(values, 99)
        print(f"  own time, {kind}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {max(values):.1f} ms")
    print(f"  one fsync on this disk now: {disk_ms:.1f} ms; a cycle with five orders does over ten")
    assert percentile(watch.cpu_ms, 99) < BOUND_MS, f"over {BOUND_MS} ms of CPU at p99"


if __name__ == "__main__":
    main()
