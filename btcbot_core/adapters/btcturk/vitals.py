"""How the line to the exchange is, measured at every call and told once a cycle."""

from decimal import Decimal
from threading import Lock

from btcbot_core.adapters.btcturk.calls import Traffic
from btcbot_core.adapters.btcturk.limits import RateLimits
from btcbot_core.adapters.btcturk.server_clock import ServerClock
from btcbot_core.cycle.cycle import Vitals


class Meter:
    """The slowest answer and any refusal since it was last read; used by several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._slowest_s = 0.0
        self._was_throttled = False

    def answered(self, took_s: float) -> None:
        with self._lock:
            self._slowest_s = max(self._slowest_s, took_s)

    def throttled(self) -> None:
        with self._lock:
            self._was_throttled = True

    def read(self, limits: RateLimits, clock: ServerClock) -> Vitals:
        """What was measured; the next reading begins anew."""
        with self._lock:
            slowest_s, self._slowest_s = self._slowest_s, 0.0
            was_throttled, self._was_throttled = self._was_throttled, False
        return Vitals(
            exchange_latency_ms=int(slowest_s * 1000),
            clock_skew_s=Decimal(clock.offset_ms()) / 1000,
            rate_limited=was_throttled,
            breaker_open=any(limits.shut_for_s(traffic) > 0 for traffic in Traffic),
        )
