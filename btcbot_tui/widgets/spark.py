"""A sparkline in one or more rows of block characters."""

from collections.abc import Sequence
from decimal import Decimal

BLOCKS = " ▁▂▃▄▅▆▇█"
_LEVELS = len(BLOCKS) - 1


def spark(values: Sequence[Decimal], cells: int, rows: int = 1) -> tuple[str, ...]:
    """The values as `rows` lines of at most `cells` characters, top line first.

    The lowest value is one eighth of a row, so that it is seen; equal values lie in the middle.
    """
    if not values or cells < 1 or rows < 1:
        return ()
    points = thinned(values, cells)
    low, high = min(points), max(points)
    steps = rows * _LEVELS
    if low == high:
        heights = [max(1, steps // 2)] * len(points)
    else:
        scale = Decimal(steps - 1) / (high - low)
        heights = [1 + int((point - low) * scale) for point in points]
    return tuple(
        "".join(_block(height - floor * _LEVELS) for height in heights)
        for floor in reversed(range(rows))
    )


def thinned(values: Sequence[Decimal], count: int) -> list[Decimal]:
    """At most `count` of the values, evenly spaced; the newest always stays."""
    size = len(values)
    if size <= count:
        return list(values)
    return [values[(i + 1) * size // count - 1] for i in range(count)]


def bar(done: Decimal, cells: int) -> str:
    """A ratio of one as a bar: `████░░░░`."""
    full = int(min(max(done, Decimal(0)), Decimal(1)) * cells)
    return "█" * full + "░" * (cells - full)


def _block(height: int) -> str:
    return BLOCKS[min(max(height, 0), _LEVELS)]
