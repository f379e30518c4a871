"""Points within a turn at which the process can die, the store can fail and a hand can act."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.simulation.events import Point


class Died(BaseException):
    """The process is gone: not an error, so that nothing in the bot can answer it."""

    def __init__(self, down_s: int) -> None:
        super().__init__(f"killed, down for {down_s} s")
        self.down_s = down_s


@dataclass
class Trap:
    """Acts when its point is passed for the n-th time, and so many times in a row."""

    nth: int
    act: Callable[[], None]
    times: int = 1


class Hooks:
    """Asked at every point; nearly always there is nothing to do."""

    def __init__(self) -> None:
        self._traps: dict[Point, list[Trap]] = {}

    def set(self, point: Point, trap: Trap) -> None:
        self._traps.setdefault(point, []).append(trap)

    def clear(self) -> None:
        """The storm is over."""
        self._traps.clear()

    def passed(self, point: Point) -> None:
        traps = self._traps.get(point)
        if not traps:
            return
        due = []
        for trap in traps:
            trap.nth -= 1
            if trap.nth <= 0:
                trap.times -= 1
                due.append(trap)
        self._traps[point] = [trap for trap in traps if trap.times > 0]
        for trap in due:
            trap.act()
