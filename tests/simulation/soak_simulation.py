"""`make soak`: as many stories as SEEDS says (5000), then the table of the broken bots.

FIRST is the first seed (0). The seeds are shared by the cores that this process may use: `taskset`
leaves some to others.
"""

import os
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor

from tests.proofs import DAY_S, summed
from tests.simulation.catching import main as print_table
from tests.simulation.checker import Violated
from tests.simulation.events import written
from tests.simulation.shrink import shrunk, told, violation
from tests.simulation.stories import story_of
from tests.simulation.test_seeds import commit
from tests.simulation.world import Outline

BATCH = 20
PROGRESS_S = 10.0


def outline_of(seed: int) -> tuple[int, Outline | str]:
    """What a seed came to, or what it broke."""
    try:
        return seed, told(story_of(seed))
    except Violated as violated:
        return seed, str(violated)


def main() -> None:
    first, count = int(os.environ.get("FIRST", "0")), int(os.environ.get("SEEDS", "5000"))
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as workers:
        seeds = range(first, first + count)
        failed = _count(workers.map(outline_of, seeds, chunksize=BATCH), count)
    for seed, words in failed[:3]:
        short = written(shrunk(story_of(seed), violation))
        print(f"seed {seed} at commit {commit()}: {words}\n  shrunk: {short}", flush=True)
    if failed:
        raise SystemExit(f"{len(failed)} of {count} seeds failed: {[s for s, _ in failed[:20]]}")
    print_table()


def _count(results: Iterable[tuple[int, Outline | str]], count: int) -> list[tuple[int, str]]:
    """Follow the stories, tell how far they are, and sum them up in a closing line."""
    began_s = told_s = time.monotonic()
    outlines: list[Outline] = []
    failed: list[tuple[int, str]] = []
    for seed, result in results:
        if isinstance(result, Outline):
            outlines.append(result)
        else:
            failed.append((seed, result))
            print(f"seed {seed}: {result}", flush=True)
        if time.monotonic() - told_s > PROGRESS_S:
            told_s = time.monotonic()
            done = len(outlines) + len(failed)
            print(f"{done} of {count} seeds, {len(failed)} failed", flush=True)
    print(_closing(outlines, time.monotonic() - began_s))
    return failed


def _closing(outlines: list[Outline], took_s: float) -> str:
    a_minute = sum(outline.simulated_s for outline in outlines) / DAY_S / took_s * 60
    return f"{summed(outlines)}; in {took_s:.0f} s, {a_minute:.0f} days a minute"


if __name__ == "__main__":
    main()
