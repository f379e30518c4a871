"""The storm: everything the catalogue knows, at once, while the bot is killed at random."""

from pathlib import Path
from random import Random

import msgspec

from tests.live.console import ConsoleBot
from tests.live.rig import (
    SETTINGS,
    Bot,
    Exchange,
    assert_nothing_lost_and_nothing_twice,
    wait_until,
)

FAULTS = """
submit      chance=0.15  timeout-after
submit      chance=0.10  html-after
submit      chance=0.08  reset=40
submit      chance=0.05  timeout-before
cancel      chance=0.25  cancel-then-fill
cancel      chance=0.10  timeout-after
mytrades    chance=0.20  late-fills=2s
mytrades    chance=0.20  duplicate-fills
mytrades    chance=0.20  reorder-fills
allorders   chance=0.20  hide-orders=2s
openorders  chance=0.10  hide-orders=2s
*           chance=0.02  429=1s
*           chance=0.02  reset=20
"""
SETTLED_WITHIN_S = 120.0
KILLED_WHILE_STARTING = 0.2
"""In so many lives the kill may come before the first cycle."""
COMMANDS = {3: "run", 4: "stage4-run"}
QUICK_TO_RECOVER = {
    "DEGRADE_COOLDOWN_OBSERVE_SECONDS": "1",
    "DEGRADE_COOLDOWN_REDUCE_SECONDS": "1",
    "DEGRADE_RECOVERY_CYCLES": "1,1,1",
}
"""Else the first gust would have stage 4 watch for half an hour."""


class Storm(msgspec.Struct, frozen=True, kw_only=True):
    """Which bot goes through the storm, and how hard."""

    seed: int
    kills: int
    stage: int = 3
    has_screen: bool = False
    """Armed by a hand in the console, not by the environment."""

    def __str__(self) -> str:
        where = "console" if self.has_screen else "headless"
        return f"stage {self.stage}, {where}, seed {self.seed}"


def weather(folder: Path, storm: Storm) -> tuple[int, int]:
    """Trade through the storm, then let it calm down and compare every digit.

    Returns how many orders the exchange saw and how many cycles the bot made.
    """
    exchange = Exchange(folder, FAULTS, seed=storm.seed)
    exchange.start()
    headless = Bot(folder, exchange, SETTINGS | QUICK_TO_RECOVER, COMMANDS[storm.stage])
    console = ConsoleBot(folder, exchange, SETTINGS | QUICK_TO_RECOVER, stage=storm.stage)
    bot, chance = console if storm.has_screen else headless, Random(storm.seed)
    try:
        for _ in range(storm.kills):
            bot.start()
            if storm.has_screen or chance.random() > KILLED_WHILE_STARTING:
                bot.arm()
            bot.live(1.5 + 4 * chance.random())  # the storm's own time: not waiting for a state
            assert bot.is_alive()
            bot.kill()
        exchange.calm()
        headless.settings["KILL_SWITCH"] = "true"  # nothing new: what is out must come home
        headless.start()
        before = headless.cycles()
        wait_until(
            lambda: headless.cycles() > before + 2 and not headless.active(), SETTLED_WITHIN_S
        )
        headless.stop()
        assert_nothing_lost_and_nothing_twice(exchange, headless)
        return len(exchange.orders()), headless.cycles()
    finally:
        for each in (console, headless):
            if each.is_alive():
                each.kill()
        exchange.stop()
