"""The machine's own clock, for everything that is not recorded data."""

import time
from datetime import UTC, datetime


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()


class LiveTimeline:
    """A live market has no end; its steps only count."""

    def advance(self, last_step: int) -> int | None:
        return last_step + 1

    def total(self) -> int | None:
        return None
