"""The paper exchange: orders a second over HTTP on one core, memory over many, quiet steps."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from btcbot_core.adapters.paper.core import PaperCore
from btcbot_core.adapters.paper.exchange import PaperExchange
from btcbot_core.adapters.paper.model import SimPolicy
from btcbot_core.adapters.replay.clock import ReplayTimeline, clock_of
from btcbot_core.adapters.replay.dataset import load
from btcbot_core.adapters.replay.market import ReplayMarket
from btcbot_core.domain.money import floor_to
from btcbot_core.domain.trading import Side
from tests.adapters.market import a_ticket, purse
from tests.canaries import KEY, SECRET
from tests.paper_server.serving import DEMO, signed

ORDERS_PER_S_MIN = 500
WARM, MEASURED, MANY = 20_000, 5_000, 100_000
GROWTH_RATIO_MAX = 1.05
STAMP_EVERY = 500

PROGRAM = """
from btcbot_core.adapters.paper.server.serving import serve
from btcbot_core.adapters.replay.dataset import load
from btcbot_core.adapters.replay.recording import Recording
from tests.adapters.market import purse
from tests.paper_server.serving import DEMO, WallClock, options

rich = options(balances=purse(TRY="100000000", BTC="1"))
serve(Recording(load(DEMO)), rich, WallClock(), lambda port: print(port, flush=True))
"""


class Line:
    """One connection that is kept, with requests made by hand: the client must not be slow."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._heads: dict[str, str] = {}
        self._sent = 0

    def order(self, side: str) -> None:
        """A small order at a price that fills at once. Raises AssertionError when it is refused."""
        price = "400000" if side == "buy" else "300000"
        body = json.dumps(
            {
                "quantity": "0.001",
                "price": price,
                "orderMethod": "limit",
                "orderType": side,
                "pairSymbol": "BTCTRY",
                "newOrderClientId": "bench",
            }
        )
        if self._sent % STAMP_EVERY == 0:
            self._heads = signed(KEY, SECRET, int(time.time() * 1000))
        self._sent += 1
        head = "".join(f"{name}: {value}\r\n" for name, value in self._heads.items())
        request = (
            f"POST /api/v1/order HTTP/1.1\r\nHost: paper\r\nContent-Type: application/json\r\n"
            f"{head}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self._socket.sendall(request.encode())
        answer = self._socket.recv(65536)
        while not answer.endswith(b"}"):
            answer += self._socket.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200"), answer[:300]

    def close(self) -> None:
        self._socket.close()


@contextmanager
def exchange() -> Iterator[tuple[int, Line]]:
    """The exchange as a process on one core, and a line to it."""
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert program.stdout is not None
    line = None
    try:
        port = int(program.stdout.readline())
        os.sched_setaffinity(program.pid, {max(os.sched_getaffinity(0))})
        line = Line(port)
        yield program.pid, line
    finally:
        if line is not None:
            line.close()
        program.kill()
        program.wait(10)
        program.stdout.close()


def resident_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(row for row in status.splitlines() if row.startswith("VmRSS")).split()[1])


def trade(line: Line, count: int) -> float:
    """Orders a second."""
    begun = time.perf_counter()
    for number in range(count):
        line.order("buy" if number % 2 == 0 else "sell")
    return count / (time.perf_counter() - begun)


def quiet_step_us() -> float:
    """What a step costs when six orders rest and none is met, right after a snapshot."""
    demo = load(DEMO)
    clock = clock_of(demo)
    timeline, market = ReplayTimeline(demo, clock), ReplayMarket(demo, clock)
    core = PaperCore(market.rules(demo.symbols), market, SimPolicy(latency=demo.interval))
    core.open_account("a", purse(TRY="1000000000"))
    door = PaperExchange(core, "a", clock)
    step = timeline.advance(-1)
    for symbol in demo.symbols:
        quote = market.quote(symbol)
        assert quote is not None
        price = floor_to(quote.bid / 2, demo.pairs[symbol].rules.tick_size)
        qty = str(Decimal(1_000_000) // price)
        core.submit("a", a_ticket(Side.BUY, qty, str(price), symbol=symbol), clock.now())
    took_s, steps = 0.0, 0
    while step is not None and (step := timeline.advance(step)) is not None:
        market.snapshot(demo.symbols)
        begun = time.perf_counter()
        door.balances()
        took_s += time.perf_counter() - begun
        steps += 1
    return took_s / steps * 1e6


def main() -> None:
    """Measure, print, and fail where a bound is missed."""
    begun = time.perf_counter()
    load(DEMO)
    print(f"demo dataset loaded in {(time.perf_counter() - begun) * 1000:.0f} ms")
    print(f"a quiet step with six resting orders {quiet_step_us():.0f} µs")
    with exchange() as (pid, line):
        trade(line, WARM)
        before = resident_kib(pid)
        rate = max(trade(line, MEASURED) for _ in range(3))
        print(f"{rate:.0f} orders/s over HTTP on one core, each taken and filled")
        trade(line, MANY - 3 * MEASURED)
        after = resident_kib(pid)
        print(f"memory {before // 1024} MiB, after {MANY} orders more {after // 1024} MiB")
    assert rate >= ORDERS_PER_S_MIN, f"{rate:.0f} orders/s"
    assert after <= before * GROWTH_RATIO_MAX, f"grew from {before} to {after} KiB"
