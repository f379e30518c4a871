"""The latch against a submit: no POST begins once it is set, however the two meet.

Each trial sends orders one after the other at a server that counts, and sets the latch at a random
instant, in turns as the runner does and as a hand does that makes the file. A request begins with
its last look at the latch; one may be on the wire by then.
"""

import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from btcbot_core.adapters.btcturk.exchange import BtcturkExchange
from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.latch import FileLatch
from btcbot_core.app.gate import Permit, WriteGate
from btcbot_core.app.lease import Standing
from btcbot_core.domain.arm import arm
from btcbot_core.domain.gates import Refusal
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.trading import AnswerKind
from tests.btcturk.loopback import Asked, Move, refusal
from tests.btcturk.world import OPEN, World
from tests.build import an_intent

TRIALS = 10_000
SUBMITS = 4
"""Orders that a trial tries to send; the latch falls among them."""
SPREAD_S = 0.004
SYNC_EVERY = 50
MEMORY = Path("/dev/shm")
"""A latch is set before its file is on the disk, so a slow disk would only blur the instant."""
STANDING = Standing(exposure_try=ZERO, open_orders=0)


class Witness:
    """The permit as the adapter asks it, with a note of when it last let something pass."""

    def __init__(self, permit: Permit) -> None:
        self._permit = permit
        self.passed_s: list[float] = []

    def __call__(self) -> Refusal | None:
        asked_s = time.perf_counter()
        refused = self._permit()
        if refused is None:
            self.passed_s.append(asked_s)
        return refused


class Trials:
    """A bot's writing side and a server that takes nothing and counts everything."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.posts = 0
        self.world = World(self._serve)
        self.latch = FileLatch(folder / "state.db.kill", SystemClock())
        permit = Permit(self.latch, None)
        self.witness = Witness(permit)
        client = self.world.client
        exchange = BtcturkExchange(client, arm(OPEN, client.base_url), self.witness)
        self._gate = WriteGate(exchange, permit, client.clock)
        self._chance = Random(seed)
        self.on_the_wire = self.late = 0

    def run(self, count: int) -> None:
        ways = (lambda: self.latch.set("bench", "now"), self.latch.path.touch)
        for number in range(count):
            if number % SYNC_EVERY == 0:
                self.world.client.keep_clock()
                self.world.server.asked.clear()
            self._trial(ways[number % 2])

    def _trial(self, kill: Callable[[], object]) -> None:
        self.latch.clear()
        self.witness.passed_s.clear()
        sender = threading.Thread(target=self._send)
        sender.start()
        time.sleep(SPREAD_S * self._chance.random())
        kill()
        set_s, posts = time.perf_counter(), self.posts
        sender.join()
        self.on_the_wire += self.posts > posts
        self.late += self.posts - posts > 1
        self.late += sum(passed_s > set_s for passed_s in self.witness.passed_s)
        assert self._gate.submit(an_intent(), STANDING).kind is AnswerKind.NOT_SENT

    def _send(self) -> None:
        for _ in range(SUBMITS):
            self.world.hands.forward(0.3)  # our own limits are not what is measured
            self._gate.submit(an_intent(), STANDING)

    def _serve(self, asked: Asked) -> Move:
        self.posts += asked.method == "POST"
        return refusal("FAILED_LIMIT_ORDER", 1120)


def main() -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        trials = Trials(Path(folder), seed=1)
        began_s = time.perf_counter()
        trials.run(TRIALS)
        trials.world.close()
    print(
        f"latch, {TRIALS:,} trials, {trials.posts:,} POSTs: {trials.late} began after it was set;"
        f" in {trials.on_the_wire:,} one was on the wire ({time.perf_counter() - began_s:.0f} s)"
    )
    assert trials.late == 0
    assert trials.posts > TRIALS // 2, "the latch was always first: nothing was measured"


if __name__ == "__main__":
    main()
