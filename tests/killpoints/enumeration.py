"""Goes through the kill points of a scenario, and holds the bot to its promises after each."""

import shutil
from pathlib import Path
from typing import NamedTuple

from btcbot_core.domain.trading import OrderStatus
from tests.killpoints.exchange import read_lines, taken
from tests.killpoints.life import SCENARIOS, journal
from tests.killpoints.strace import KILL, KILLED, count, prepare, striking
from tests.killpoints.verdict import Books, read_books, settle


class Tried(NamedTuple):
    """How many points there are, how many were tried, and after how many something was out."""

    points: int
    tried: int
    ambiguous: int
    """Kills that left an order at the exchange whose answer was in no book yet."""


def try_every(nth: int, name: str, folder: Path) -> Tried:
    """Kill a life at every n-th point; raises AssertionError naming the point that broke it."""
    prepared = folder / "prepared"
    prepare(name, prepared)
    calls = count(name, prepared, folder)
    points = [(call, at) for call in sorted(calls) for at in range(1, calls[call] + 1)]
    tried = points[::nth]
    unkilled = _settled(name, prepared, folder / "unkilled")
    ambiguous = 0
    with striking(name, calls, KILL) as striker:
        for call, at in tried:
            place = folder / f"{call}-{at}"
            shutil.copytree(prepared, place)
            ended = striker.life(place, call, at)
            assert ended.code == KILLED, f"{name}: not killed at {call} {at}: {ended}"
            ambiguous += _is_ambiguous(place)
            books = _settled(name, place, place, f"{name}, killed at {call} {at}")
            if name == "recovery":  # killed or not, recovering comes to the same end
                assert books.outcome == unkilled.outcome, (call, at)
            shutil.rmtree(place)
    return Tried(len(points), len(tried), ambiguous)


def _settled(name: str, source: Path, place: Path, what: str = "not killed") -> Books:
    if source != place:
        shutil.copytree(source, place)
    try:
        return settle(SCENARIOS[name], place)
    except AssertionError as error:
        raise AssertionError(f"{what}: {error}") from error


def _is_ambiguous(folder: Path) -> bool:
    placed = {line.client_id for line in taken(read_lines(journal(folder)))}
    if not placed:
        return False
    orders = {order.client_id: order.status for order in read_books(folder).orders}
    return any(orders.get(name) in (None, OrderStatus.PLANNED) for name in placed)
