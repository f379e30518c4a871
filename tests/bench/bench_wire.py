"""What reading BTCTurk costs, and a long fuzz: `python -m tests.bench.bench_wire [--bodies N]`."""

import argparse
import json
import time
import tracemalloc
from collections.abc import Callable
from random import Random

from btcbot_core.adapters.btcturk.market import top
from btcbot_core.adapters.btcturk.wire import account as private
from btcbot_core.adapters.btcturk.wire import market as public
from btcbot_core.adapters.btcturk.wire.envelope import Reply, data_of, parse
from btcbot_core.domain.symbol import Symbol
from tests.btcturk.hostile import hostile_body, survive
from tests.btcturk.loopback import data
from tests.btcturk.world import World, always, book, order_row

BOOK_LEVELS = 100
BOOK_LIMIT_MS = 0.5
GATHER_LIMIT_MS = 150.0
SIX = ("BTCTRY", "ETHTRY", "SOLTRY", "XRPTRY", "AVAXTRY", "USDTTRY")


def best_ms(act: Callable[[], object], rounds: int = 20, turns: int = 50) -> float:
    """The fastest of several rounds: what the machine can do when nobody else is about."""
    took = []
    for _ in range(rounds):
        started = time.perf_counter()
        for _ in range(turns):
            act()
        took.append((time.perf_counter() - started) / turns * 1000)
    return min(took)


def reply_with(value: object) -> Reply:
    envelope = {"data": value, "success": True, "message": None, "code": 0}
    return Reply(status=200, is_json=True, body=json.dumps(envelope).encode(), request_id="bench")


def a_deep_book() -> Reply:
    bids = [[str(3_712_281 - 7 * n), f"0.{n + 1:08d}"] for n in range(BOOK_LEVELS)]
    asks = [[str(3_715_990 + 7 * n), f"0.{n + 1:08d}"] for n in range(BOOK_LEVELS)]
    return reply_with({"timestamp": 1_787_525_059_089, "bids": bids, "asks": asks})


def bench_parsing() -> bool:
    reply = a_deep_book()
    took = best_ms(lambda: top(parse(reply, data_of(reply), public.BOOK)))
    print(f"book of {BOOK_LEVELS} levels a side   {took:7.3f} ms (at most {BOOK_LIMIT_MS})")
    orders = reply_with([order_row(id=n + 1) for n in range(1000)])
    rows = best_ms(
        lambda: [private.view_of(r) for r in parse(orders, data_of(orders), private.ORDERS)],
        rounds=5,
        turns=3,
    )
    print(f"listing of 1000 orders       {rows:7.3f} ms")
    return took < BOOK_LIMIT_MS


def bench_gathering() -> bool:
    world = World(always(data(book())))
    symbols = [Symbol(name) for name in SIX]
    try:
        took = best_ms(lambda: world.market.snapshot(symbols), rounds=5, turns=5)
    finally:
        world.close()
    print(f"six books over the loopback  {took:7.3f} ms (at most {GATHER_LIMIT_MS:g})")
    return took < GATHER_LIMIT_MS


def fuzz(bodies: int, seed: int) -> bool:
    """Hostile bodies, each read in every way; what is not refused as it should be is raised."""
    chance = Random(seed)
    tracemalloc.start()
    started, slowest, taken = time.monotonic(), 0.0, 0
    for number in range(bodies):
        body = hostile_body(chance)
        begun = time.monotonic()
        try:
            taken += survive(body)
        except Exception:
            print(f"seed {seed}, body {number}: {body[:200]!r}")
            raise
        slowest = max(slowest, time.monotonic() - begun)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    took = time.monotonic() - started
    print(
        f"{bodies} hostile bodies (seed {seed}): {took:.0f} s, slowest {slowest * 1000:.0f} ms,"
        f" peak {peak / 1e6:.1f} MB, {taken} readings taken, none crashed"
    )
    return slowest < 1 and peak < 50e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bodies", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=20261122)
    options = parser.parse_args()
    outcomes = (bench_parsing(), bench_gathering(), fuzz(options.bodies, options.seed))
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    raise SystemExit(main())
