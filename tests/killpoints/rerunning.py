"""Goes through the kill points of a backtest: the same command again must end in the same state."""

import shutil
from pathlib import Path
from typing import NamedTuple

from tests.killpoints.backtest import NAME, end_state, live, prepare
from tests.killpoints.strace import KILL, KILLED, count, striking


class Rerun(NamedTuple):
    """How many writes a backtest makes, and at how many of them it was killed."""

    points: int
    tried: int


def kill_and_rerun(nth: int, folder: Path) -> Rerun:
    """Kill at every n-th write. Raises AssertionError naming the one that changed the end."""
    prepared = folder / "prepared"
    prepare(prepared)
    whole = folder / "whole"
    shutil.copytree(prepared, whole)
    live(whole)
    wanted = end_state(whole)
    calls = count(NAME, prepared, folder)
    points = [(call, at) for call in sorted(calls) for at in range(1, calls[call] + 1)]
    tried = points[nth // 2 :: nth]
    with striking(NAME, calls, KILL) as striker:
        for call, at in tried:
            place = folder / f"{call}-{at}"
            shutil.copytree(prepared, place)
            ended = striker.life(place, call, at)
            assert ended.code == KILLED, f"not killed at {call} {at}: {ended}"
            live(place)
            assert end_state(place) == wanted, f"killed at {call} {at}"
            shutil.rmtree(place)
    return Rerun(len(points), len(tried))
