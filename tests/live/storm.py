"""The storm: everything the catalogue knows, at once, while the bot is killed at random."""

from pathlib import Path
from random import Random
from time import sleep

from tests.live.rig import Bot, Exchange, assert_nothing_lost_and_nothing_twice, wait_until

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


def weather(folder: Path, seed: int, kills: int) -> tuple[int, int]:
    """Trade through the storm, then let it calm down and compare every digit.

    Returns how many orders the exchange saw and how many cycles the bot made.
    """
    exchange = Exchange(folder, FAULTS, seed=seed)
    exchange.start()
    bot, chance = Bot(folder, exchange), Random(seed)
    try:
        for _ in range(kills):
            bot.start()
            sleep(1.5 + 4 * chance.random())  # the storm's own time: not waiting for a state
            assert bot.process is not None
            assert bot.process.poll() is None, bot.process.communicate()
            bot.kill()
        exchange.calm()
        bot.settings["KILL_SWITCH"] = "true"  # nothing new: what is out there must come home
        bot.start()
        before = bot.cycles()
        wait_until(lambda: bot.cycles() > before + 2 and not bot.active(), SETTLED_WITHIN_S)
        bot.stop()
        assert_nothing_lost_and_nothing_twice(exchange, bot)
        return len(exchange.orders()), bot.cycles()
    finally:
        if bot.process is not None and bot.process.poll() is None:
            bot.kill()
        exchange.stop()
