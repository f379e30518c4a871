"""What the store costs: run it by hand, `python -m tests.bench.bench_store`; trust the ratios."""

import argparse
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from timeit import timeit

import msgspec

from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.latch import FileLatch
from btcbot_core.adapters.memory.store import MemoryStore
from btcbot_core.adapters.sqlite.database import Synchronous
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.adapters.witness import FileWitness, witness_path
from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.ids import ClientId, CycleId
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.witness import Witness
from btcbot_core.ledger.book import Ledger
from btcbot_core.ledger.lots import Holding, Lot
from btcbot_core.ports import Store
from tests.contract.store_makers import RUN, TRY, a_cycle, a_fee_event, a_fill_event, a_run

TRACE_BYTES = 900
SYMBOLS = ("BTCTRY", "ETHTRY", "SOLTRY", "XRPTRY", "AVAXTRY", "USDTTRY")


def a_carried() -> Carried:
    """Six pairs with three lots each: what a quiet night carries."""
    lot = Lot(Decimal("0.01234567"), Decimal("351234.56"))
    holdings = {
        Symbol(name): Holding(
            symbol=Symbol(name),
            qty=Decimal("0.03703701"),
            cost_try=Decimal("13008.67806"),
            lots=(lot, lot, lot),
        )
        for name in SYMBOLS
    }
    ledger = Ledger(quote=TRY, cash_try=Decimal("98765.4321"), holdings=holdings)
    return Carried(ledger=ledger, marks={Symbol(name): Decimal("351234.5") for name in SYMBOLS})


def quiet_cycles(store: Store, count: int) -> None:
    """A cycle that traded nothing: its row and the checkpoint, in one commit each."""
    carried, trace = a_carried(), b"x" * TRACE_BYTES
    for step in range(count):
        row = msgspec.structs.replace(a_cycle(step), trace=trace)
        with store.begin() as work:
            work.cycles.add(row)
            work.checkpoints.save(RUN, row.id, carried)
            work.commit()


def busy_cycles(store: Store, count: int) -> None:
    """A cycle with a fill and its fee besides."""
    carried, trace = a_carried(), b"x" * TRACE_BYTES
    for step in range(count):
        row = msgspec.structs.replace(a_cycle(step, trace=trace), id=CycleId(f"b{step}"))
        with store.begin() as work:
            work.ledger.booked(RUN, [])
            name = f"f{step}"
            work.ledger.append(
                RUN, [a_fill_event(2 * step + 1, name), a_fee_event(2 * step + 2, name)]
            )
            work.cycles.add(row)
            work.checkpoints.save(RUN, row.id, carried)
            work.commit()


def measure(
    name: str, store: Store, path: Path, work: Callable[[Store, int], None], count: int
) -> None:
    with store.begin() as begun:
        begun.runs.open(a_run(RUN))
        begun.commit()
    began = time.perf_counter()
    work(store, count)
    took = time.perf_counter() - began
    store.close()
    size = path.stat().st_size / count if path.exists() else 0
    print(f"{name:24} {count / took:10,.0f} cycles/s {size:8,.0f} bytes a cycle")


def measure_latch(folder: Path) -> None:
    """What stands in front of every order: the latch, unset and set."""
    latch = FileLatch(folder / "state.db.kill", SystemClock())
    count = 100_000
    unset_s = timeit(latch.is_set, number=count)
    began = time.perf_counter()
    latch.set("bench", "how long it takes")
    durable_s = time.perf_counter() - began
    set_s = timeit(latch.is_set, number=count)
    print(f"latch.is_set() {unset_s / count * 1e6:.2f} µs unset, {set_s / count * 1e6:.2f} µs set")
    print(f"latch.set() durable after {durable_s * 1e3:.2f} ms")


def measure_witness(folder: Path) -> None:
    """What a turn that sends pays besides its commits: the witness, and one commit to compare."""
    file = FileWitness(witness_path(folder / "state.db"))
    witness = Witness(at=SystemClock().now(), run=RUN, client_id=ClientId("btcb-" + "0" * 31))
    store = SqliteStore(folder / "audit.db", synchronous="FULL")

    def commit() -> None:
        with store.begin() as work:
            work.audit.add(witness.at, "bench", "note", "one commit")
            work.commit()

    count = 200
    for name, act in (("witness", lambda: file.write(witness)), ("a FULL commit", commit)):
        began_s = time.process_time()
        took_s = timeit(act, number=count)
        own_s = time.process_time() - began_s
        print(f"{name}: {took_s / count * 1e3:.2f} ms, {own_s / count * 1e3:.2f} of it our own")
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    count = parser.parse_args().count
    levels: tuple[Synchronous, ...] = ("NORMAL", "FULL")
    with tempfile.TemporaryDirectory() as folder:
        for work in (quiet_cycles, busy_cycles):
            measure(f"memory {work.__name__}", MemoryStore(), Path(folder) / "-", work, count)
            for level in levels:
                path = Path(folder) / f"{work.__name__}-{level}.db"
                store = SqliteStore(path, synchronous=level)
                measure(f"{level} {work.__name__}", store, path, work, count)
        measure_latch(Path(folder))
        measure_witness(Path(folder))


if __name__ == "__main__":
    main()
