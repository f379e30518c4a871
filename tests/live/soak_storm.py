"""`make soak`: the storm with ten kills, on as many random seeds as SEEDS says (3)."""

import os
import tempfile
import time
from pathlib import Path

from tests.live.storm import weather

KILLS = 10


def main() -> None:
    began_s = time.monotonic()
    for seed in range(1, int(os.environ.get("SEEDS", "3")) + 1):
        with tempfile.TemporaryDirectory() as folder:
            orders, cycles = weather(Path(folder), seed, KILLS)
        took_s = time.monotonic() - began_s
        print(
            f"storm, seed {seed}: {KILLS} kills, {cycles} cycles, {orders} orders:"
            f" exchange and ledger agree to the last digit ({took_s:.0f} s)",
            flush=True,
        )


if __name__ == "__main__":
    main()
