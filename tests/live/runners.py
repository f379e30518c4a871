"""Runners that all want one account: most on one database, some on others with the same key."""

import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import msgspec

from tests.live.rig import Bot, Exchange
from tests.warm import bare_environment

TRADES = "armed by the environment"
"""What a runner says once it holds the account."""
LOOK_S = 0.2
PAUSE_AFTER_KILL_S = 10.0


class Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """How many runners try, for how long, and how often the one that trades is killed."""

    runners: int
    others: int
    """So many of them have a database of their own, with the same key."""
    seconds: float
    reign_s: float
    seed: int = 1
    pause_s: float = 12.0
    """How long a runner that was sent away waits, about, before it tries again."""


@dataclass
class Tally:
    """What was seen; `errors` holds every line that no refused or killed runner should say."""

    refused: int = 0
    reigns: int = 0
    errors: list[str] = field(default_factory=list)


@dataclass
class Runner:
    """One that tries: sent away, it comes back later."""

    bot: Bot
    name: str
    next_s: float
    process: subprocess.Popen[bytes] | None = None

    @property
    def said(self) -> Path:
        return self.bot.folder / f"{self.name}.err"

    def start(self) -> None:
        arguments = ["run", "--loop", "--cycle-seconds", "1", "--db", str(self.bot.db)]
        with self.said.open("wb") as told:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "btcbot_core", *arguments],
                cwd=self.bot.folder,
                env=bare_environment(self.bot.environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=told,
            )

    def is_trading(self) -> bool:
        is_alive = self.process is not None and self.process.poll() is None
        return is_alive and TRADES in self.words()

    def words(self) -> str:
        return self.said.read_text("utf-8", "replace")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


def let_them_try(folder: Path, crowd: Crowd) -> tuple[Tally, int]:
    """Have the crowd at the account; returns what was seen and how many orders were placed.

    Raises AssertionError when two trade at once, when one that was sent away does not say by whom,
    or when the exchange holds an order twice or one that nobody's books know.
    """
    exchange = Exchange(folder)
    exchange.start()
    chance, tally = Random(crowd.seed), Tally()
    runners = [_runner(folder, exchange, crowd, n, chance) for n in range(crowd.runners)]
    ends_s, reign_began_s = time.monotonic() + crowd.seconds, 0.0
    try:
        while (now_s := time.monotonic()) < ends_s:
            for runner in runners:
                _tend(runner, now_s, tally, crowd.pause_s * (0.5 + chance.random()))
            ruling = [runner for runner in runners if runner.is_trading()]
            assert len(ruling) <= 1, [runner.name for runner in ruling]
            reign_began_s = reign_began_s if ruling else now_s
            if ruling and now_s - reign_began_s > crowd.reign_s:
                _end_reign(ruling[0], tally)
            time.sleep(LOOK_S)
    finally:
        for runner in runners:
            if runner.process is not None:
                runner.kill()
        placed = exchange.orders()
        exchange.stop()
    names = Counter(order["orderClientId"] for order in placed)
    books = {runner.bot.db: runner.bot for runner in runners}.values()
    known = Counter(row[0] for bot in books for row in bot.rows("SELECT client_id FROM orders"))
    assert max(names.values(), default=1) == 1
    assert all(known[name] == 1 for name in names)
    return tally, len(placed)


def _runner(folder: Path, exchange: Exchange, crowd: Crowd, number: int, chance: Random) -> Runner:
    """All share a folder for their locks; the last few have a database of their own."""
    is_other = number >= crowd.runners - crowd.others
    home = folder / (f"other{number}" if is_other else "shared")
    home.mkdir(exist_ok=True)
    bot = Bot(home, exchange, runtime=folder)
    return Runner(bot, f"runner{number}", time.monotonic() + crowd.pause_s * chance.random())


def _tend(runner: Runner, now_s: float, tally: Tally, pause_s: float) -> None:
    """Start a runner whose time has come; hear one that was sent away."""
    if runner.process is None:
        if now_s >= runner.next_s:
            runner.start()
        return
    code = runner.process.poll()
    if code is None:
        return
    words = runner.words()
    assert code == 3, (code, words[-500:])
    assert "pid " in words, words
    tally.refused += 1
    runner.process, runner.next_s = None, now_s + pause_s


def _end_reign(runner: Runner, tally: Tally) -> None:
    """Kill the one that trades, so that another comes to it; nothing it said may be of locks."""
    runner.kill()
    runner.process, runner.next_s = None, time.monotonic() + PAUSE_AFTER_KILL_S
    tally.reigns += 1
    tally.errors += [line for line in runner.words().splitlines() if "lock" in line.lower()]
