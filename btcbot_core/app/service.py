"""How well a rebalancing run has been doing lately: rates, waits and drawdown against their limits.

The window is the last cycles of the run. A rate of nothing is no verdict.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum

import msgspec

from btcbot_core.cycle.trace import Trace
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.trading import OrderEventKind, OrderStatus

WINDOW = 20
_FEW = 3


class Grade(StrEnum):
    GOOD = "good"
    POOR = "poor"
    BAD = "bad"


class Bounds(msgspec.Struct, frozen=True, array_like=True):
    """Where a figure begins to be poor, and where bad; the bounds themselves are still better."""

    poor: Decimal
    bad: Decimal

    def grade(self, figure: Decimal) -> Grade:
        """By the side of `poor` on which `bad` lies: more is worse, or less is."""
        is_more_worse = self.bad > self.poor
        for grade, bound in ((Grade.BAD, self.bad), (Grade.POOR, self.poor)):
            if (figure > bound) if is_more_worse else (figure < bound):
                return grade
        return Grade.GOOD


REJECT_RATIO = Bounds(Decimal("0.05"), Decimal("0.10"))
FILL_RATIO = Bounds(Decimal("0.90"), Decimal("0.80"))
LATENCY_MS = Bounds(Decimal(1000), Decimal(2000))
DRAWDOWN_RATIO = Bounds(Decimal("0.10"), Decimal("0.20"))


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """What the last cycles came to. An order that was refused has left, too."""

    cycles: int = 0
    submitted: int = 0
    rejected: int = 0
    filled: int = 0
    latency_ms: int = 0
    """The wait for the exchange that one cycle in twenty exceeds."""
    drawdown_ratio: Decimal = ZERO

    @property
    def reject_ratio(self) -> Decimal | None:
        return Decimal(self.rejected) / self.submitted if self.submitted else None

    @property
    def fill_ratio(self) -> Decimal | None:
        return Decimal(self.filled) / self.submitted if self.submitted else None


def p95(values: Sequence[int]) -> int:
    """The value that 95 of 100 do not exceed; of one or two the larger. Raises on none."""
    if len(values) < _FEW:
        return max(values)
    return sorted(values)[(len(values) - 1) * 95 // 100]


def service_of(cycles: Iterable[tuple[Trace, Decimal]]) -> Service:
    """Counted from records, each with its drawdown."""
    waits: list[int] = []
    submitted = rejected = filled = 0
    worst = ZERO
    for trace, drawdown_ratio in cycles:
        kinds = [event.kind for event in trace.events]
        vitals = None if trace.saw is None else trace.saw.vitals
        rejected += kinds.count(OrderEventKind.REJECTED)
        submitted += kinds.count(OrderEventKind.ACCEPTED) + kinds.count(OrderEventKind.REJECTED)
        filled += sum(1 for event in trace.events if event.after is OrderStatus.FILLED)
        waits.append(0 if vitals is None else vitals.exchange_latency_ms)
        worst = max(worst, drawdown_ratio)
    return Service(
        cycles=len(waits),
        submitted=submitted,
        rejected=rejected,
        filled=filled,
        latency_ms=p95(waits) if waits else 0,
        drawdown_ratio=worst,
    )
