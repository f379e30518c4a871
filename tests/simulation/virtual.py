"""Virtual time: the exchange's, which is right, and the bot's machine's, which may be wrong."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class VirtualTime:
    """Moves only when it is told to. Seconds since the story began."""

    true_s: float = 0.0
    offset_s: float = 0.0
    """How far the machine's clock is ahead."""
    drift: float = 0.0
    """Seconds that it gains in a second."""

    def pass_(self, seconds: float) -> None:
        self.true_s += seconds
        self.offset_s += seconds * self.drift

    def now(self) -> datetime:
        """What time it is at the exchange; whole milliseconds, as its stamps are."""
        return T0 + timedelta(milliseconds=round(self.true_s * 1000))


@dataclass
class ExchangeClock:
    time: VirtualTime

    def now(self) -> datetime:
        return self.time.now()

    def monotonic_s(self) -> float:
        return self.time.true_s


@dataclass
class MachineClock:
    """What the bot sees. Its monotonic time is right: setting the clock does not move it."""

    time: VirtualTime

    def now(self) -> datetime:
        return self.time.now() + timedelta(milliseconds=round(self.time.offset_s * 1000))

    def monotonic_s(self) -> float:
        return self.time.true_s
