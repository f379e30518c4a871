"""What reads a run again: `verify --run`, `verify --store`, export and report, in cycles a second.

CPU time is told beside wall time: a machine that does other things says little by the clock.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from btcbot_core import bootstrap
from btcbot_core.app.choosing import run_named
from btcbot_core.app.exports import Format, lines
from btcbot_core.app.figures import newest
from btcbot_core.app.run_report import make_report
from btcbot_core.app.verify import verify_run
from btcbot_core.app.verify_store import verify_store
from btcbot_core.domain.records import RunRow
from btcbot_core.ports import Store, unheard
from tests.bench.bench_backtest import backtest

CYCLES = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=CYCLES)
    arguments, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as name:
        opened, db = backtest(Path(name), arguments.cycles)
        opened.backtest.run()
        opened.close()
        with closing(bootstrap.open_reader(db)) as store:
            measure(store, run_named(store), arguments.cycles)


def measure(store: Store, run: RunRow, cycles: int) -> None:
    """Each reader once over the whole run."""
    for name, read in _readers(store, run):
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        read()
        wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
        print(f"{name}: {cycles / wall_s:,.0f} cycles/s by the clock, {cycles / cpu_s:,.0f} by CPU")


def _readers(store: Store, run: RunRow) -> Iterator[tuple[str, Callable[[], object]]]:
    def exported(form: Format) -> None:
        with store.read() as work:
            rows = newest(work, run.id, None, unheard)
        for _ in lines(rows, form):
            pass

    def reported() -> None:
        with store.read() as work:
            make_report(work, run, unheard)

    yield "verify --run", lambda: verify_run(store, run, unheard)
    yield "verify --store", lambda: verify_store(store, unheard)
    for form in Format:
        yield f"stage7-export --format {form}", partial(exported, form)
    yield "stage7-report", reported


if __name__ == "__main__":
    main()
