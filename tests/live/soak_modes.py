"""`make soak`: each breach, each anomaly and the way back, as the console shows them over HTTP.

Stage 4 trades on the paper exchange; each case makes one rule speak and reads the banner.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from tests.live.console import ConsoleBot
from tests.live.rig import SETTINGS, Exchange

WAIT_S = 90.0
CALM = {
    "DEGRADE_COOLDOWN_OBSERVE_SECONDS": "2",
    "DEGRADE_COOLDOWN_REDUCE_SECONDS": "2",
    "DEGRADE_RECOVERY_CYCLES": "2,2,2",
}
EACH_WARNS = {
    "LATENCY_SPIKE_MS": "1",
    "DEGRADE_WARN_CODES_CSV": "EXCHANGE_LATENCY_SPIKE",
    "DEGRADE_WARN_THRESHOLD": "3",
}


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that is to speak: what makes it, and what the banner says then."""

    name: str
    settings: Mapping[str, str] = {}
    faults: str = ""
    shows: tuple[str, ...]
    """In this order; the last is the way back, where there is one."""
    is_disarmed: bool = False
    """Whether the way back begins with a person who arms again: an error has ended the lease."""


CASES = (
    Case(
        name="drawdown",
        settings={"RISK_MAX_DRAWDOWN_TRY": "1"},
        shows=("risk NORMAL", "OBSERVE_ONLY (mode:drawdown_limit)"),
    ),
    Case(
        name="exposure",
        settings={"RISK_MAX_POSITION_PCT": "0.001"},
        shows=("risk NORMAL", "REDUCE_RISK_ONLY (mode:exposure_limit)"),
    ),
    Case(
        name="fees",
        settings={"RISK_MAX_FEE_TRY_PER_DAY": "0.01"},
        shows=("risk NORMAL", "REDUCE_RISK_ONLY (mode:fee_budget)"),
    ),
    Case(
        name="three warnings",
        settings=EACH_WARNS,
        # Not from NORMAL on: three cycles may be over before a hand has armed.
        shows=("REDUCE_RISK_ONLY (mode:degraded)",),
    ),
    Case(
        name="an error, and the way back",
        faults="orderbook after=60s until=62s 429=12s",
        shows=("OBSERVE_ONLY (mode:anomaly)", "mode:degraded", "risk NORMAL"),
        is_disarmed=True,
    ),
)


def show(case: Case) -> None:
    """Arm the console on a fresh account, and wait for what its banner is to say."""
    with tempfile.TemporaryDirectory() as name:
        exchange = Exchange(Path(name), case.faults)
        exchange.start()
        bot = ConsoleBot(
            Path(name), exchange, SETTINGS | CALM | dict(case.settings), stage=4, pace_s="1"
        )
        try:
            bot.start()
            bot.arm()
            assert bot.terminal is not None
            *before, last = case.shows
            for words in before:
                bot.terminal.wait_for(words, WAIT_S)
            if case.is_disarmed:
                bot.arm()
            bot.terminal.wait_for(last, WAIT_S)
        finally:
            if bot.is_alive():
                bot.kill()
            exchange.stop()
    print(f"modes, {case.name}: {' then '.join(case.shows)}", flush=True)


def main() -> None:
    for case in CASES:
        show(case)


if __name__ == "__main__":
    main()
