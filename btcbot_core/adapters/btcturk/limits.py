"""Our side of the exchange's rate limits: how long a call must wait, and who may not call now."""

import math
from collections import deque
from threading import Lock

from btcbot_core.adapters.btcturk.calls import LIMITS, Call, Traffic
from btcbot_core.ports import Clock

RETRY_AFTER_MAX_S = 300.0
COOLDOWN_MIN_S = 3.0
COOLDOWN_MAX_S = 60.0
PROBE_WAIT_S = 0.25


class _Lane:
    """What is known of one kind of traffic."""

    def __init__(self, traffic: Traffic) -> None:
        self.windows = LIMITS[traffic]
        self.sent: deque[float] = deque(maxlen=max(window.limit for window in self.windows))
        self.shut_until = -math.inf
        self.refusals = 0
        self.is_probing = False


class RateLimits:
    """Sliding windows and a breaker for each kind of traffic, shared by all threads.

    A sliding window that holds over any span also holds over the exchange's fixed ones,
    wherever they start. A breaker opens when the exchange asks us to wait; when the time is
    over, one call goes ahead to see. Cancels go through an open breaker: an order that cannot
    be pulled is worse than a longer wait.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lanes = {traffic: _Lane(traffic) for traffic in Traffic}
        self._lock = Lock()

    def admit(self, call: Call) -> float:
        """0 when the call may go now, and it is counted; else the seconds until it may."""
        lane = self._lanes[call.traffic]
        with self._lock:
            now = self._clock.monotonic_s()
            is_free = call.share_percent >= 100
            wait = max(self._full_for(lane, call, now), 0 if is_free else lane.shut_until - now)
            if wait > 0:
                return wait
            if lane.refusals and not is_free:
                if lane.is_probing:
                    return PROBE_WAIT_S
                lane.is_probing = True
            lane.sent.append(now)
            return 0.0

    def shut(self, call: Call, retry_after_s: float | None) -> float:
        """The exchange asked us to wait; returns for how long this kind of call is stopped."""
        lane = self._lanes[call.traffic]
        with self._lock:
            lane.refusals += 1
            lane.is_probing = False
            wait = (
                min(COOLDOWN_MAX_S, COOLDOWN_MIN_S * 2.0 ** min(lane.refusals - 1, 8))
                if retry_after_s is None
                else min(retry_after_s, RETRY_AFTER_MAX_S)
            )
            lane.shut_until = self._clock.monotonic_s() + wait
            return wait

    def answered(self, call: Call, *, is_well: bool) -> None:
        """The call came back, or failed otherwise: the next one may go."""
        lane = self._lanes[call.traffic]
        with self._lock:
            lane.is_probing = False
            if is_well:
                lane.refusals = 0

    def shut_for_s(self, traffic: Traffic) -> float:
        """For how long no call of this kind is made; 0 when none is held back."""
        lane = self._lanes[traffic]
        return max(0.0, lane.shut_until - self._clock.monotonic_s())

    @staticmethod
    def _full_for(lane: _Lane, call: Call, now: float) -> float:
        """Seconds until each window has room for one more."""
        wait = 0.0
        for window in lane.windows:
            room = max(1, window.limit * call.share_percent // 100)
            if len(lane.sent) >= room:
                wait = max(wait, lane.sent[-room] + window.period_s - now)
        return wait
