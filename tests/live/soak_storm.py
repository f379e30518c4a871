"""`make soak`: the storm with ten kills, on as many random seeds as SEEDS says (3).

Both stages, armed by the environment and armed by a hand in the console.
"""

import os
import tempfile
import time
from itertools import product
from pathlib import Path

from tests.live.storm import Storm, weather

KILLS = 10


def main() -> None:
    seeds = range(1, int(os.environ.get("SEEDS", "3")) + 1)
    for stage, has_screen, seed in product((3, 4), (False, True), seeds):
        storm = Storm(seed=seed, kills=KILLS, stage=stage, has_screen=has_screen)
        began_s = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            orders, cycles = weather(Path(folder), storm)
        print(
            f"storm, {storm}: {KILLS} kills, {cycles} cycles, {orders} orders:"
            f" exchange and ledger agree to the last digit ({time.monotonic() - began_s:.0f} s)",
            flush=True,
        )


if __name__ == "__main__":
    main()
