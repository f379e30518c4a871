"""The one client for BTCTurk: waits its turn, keeps the clock, asks again where that is safe.

Reads are asked again; a write is sent once, whatever becomes of it (DEC-16).
"""

import logging
import time
from collections.abc import Callable, Mapping
from random import Random
from threading import Lock

from btcbot_core.adapters.btcturk.auth import Credentials
from btcbot_core.adapters.btcturk.calls import SERVER_TIME, Call
from btcbot_core.adapters.btcturk.errors import (
    NoAnswerError,
    NotSentError,
    OwnLimitError,
    ThrottledError,
)
from btcbot_core.adapters.btcturk.limits import RateLimits
from btcbot_core.adapters.btcturk.line import Ask, ClientOptions, Line
from btcbot_core.adapters.btcturk.server_clock import Sample, ServerClock
from btcbot_core.adapters.btcturk.vitals import Meter
from btcbot_core.adapters.btcturk.wire.envelope import Reply, parse
from btcbot_core.adapters.btcturk.wire.market import SERVER_TIME as SERVER_TIME_SHAPE
from btcbot_core.adapters.btcturk.wire.numbers import millis_of
from btcbot_core.cycle.cycle import Vitals
from btcbot_core.domain.errors import ExchangeUnavailableError
from btcbot_core.ports import Clock

TRIES = 4
BACKOFF_FIRST_S = 1.0
BACKOFF_MAX_S = 4.0
SLEEP_BUDGET_S = 8.0
"""One read sleeps no longer than this in all, for its turn and between its tries."""
PATIENCE_S = 15.0
"""No read is tried again when it was first asked so long ago."""
CANCEL_WAITS_S = 1.0
SYNC_SAMPLES = 3

_log = logging.getLogger(__name__)


class BtcturkClient:
    """Sends calls, brings replies. Used by several threads at once."""

    def __init__(
        self,
        options: ClientOptions,
        clock: Clock,
        chance: Random,
        credentials: Credentials | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base_url = options.base_url
        self.clock = clock
        self.limits = RateLimits(clock)
        self.refused_at_s: float | None = None
        """When an order was last refused, by the monotonic clock: its pair's rules may be old."""
        self.server_clock = ServerClock(clock)
        self._line = Line(options, clock, credentials)
        self._meter = Meter()
        self._chance = chance
        self._sleep = sleep
        self._sync_lock = Lock()

    def close(self) -> None:
        self._line.close()

    def read(self, call: Call, params: Mapping[str, str] | None = None) -> Reply:
        """Ask, and ask again as long as that may help.

        Raises ExchangeUnavailableError: NotSentError, NoAnswerError, ThrottledError or
        UnusableAnswerError.
        """
        ask = Ask(call, self._name(), params or {})
        patience = _Patience(self._sleep, SLEEP_BUDGET_S)
        started_s = self.clock.monotonic_s()
        is_resynced = False
        for attempt in range(1, TRIES + 1):
            try:
                self._take_turn(ask, patience)
                reply = self._asked(ask)
            except (NotSentError, NoAnswerError, ThrottledError) as fault:
                is_late = self.clock.monotonic_s() - started_s > PATIENCE_S
                if not fault.may_retry or attempt == TRIES or is_late:
                    raise
                if not patience.sleep(self._backoff_s(attempt, fault)):
                    raise
                continue
            if reply.status == 401 and call.is_private and not is_resynced:
                # A refused stamp is the one cause of a 401 that we can mend ourselves.
                self.server_clock.forget()
                is_resynced = True
                continue
            return reply
        raise NoAnswerError(f"{TRIES} tries", ask.request_id)

    def write(
        self, call: Call, gate: Callable[[], None], params: Mapping[str, str], body: bytes = b""
    ) -> Reply:
        """Send once. The gate is asked last, right before the first byte leaves.

        Raises NotSentError when nothing left; NoAnswerError or UnusableAnswerError when
        anything may have come of it.
        """
        ask = Ask(call, self._name(), params, body)
        self._take_turn(ask, _Patience(self._sleep, CANCEL_WAITS_S if call.may_wait else 0.0))
        reply = self._exchange(ask, gate)
        if reply.status == 429:
            self._meter.throttled()
            self.limits.shut(call, reply.retry_after_s)
        if reply.status == 401:
            self.server_clock.forget()  # the next read looks again; nothing is sent until then
        return reply

    def keep_clock(self) -> str:
        """Compare the clocks if it is time to. Returns why orders may not be signed now, or ""."""
        if self.server_clock.is_due():
            self._look_at_clock(self._name())
        return self.server_clock.doubt()

    def vitals(self) -> Vitals:
        """How the line has been since this was last asked."""
        return self._meter.read(self.limits, self.server_clock)

    def _asked(self, ask: Ask) -> Reply:
        """One try of a read; what may pass by itself is raised."""
        reply = self._exchange(ask, _open)
        is_banned = reply.status in (403, 418) and not reply.is_json
        if reply.status == 429 or is_banned:
            self._meter.throttled()
            self.limits.shut(ask.call, reply.retry_after_s)
            raise ThrottledError(reply.status, reply.retry_after_s, ask.request_id)
        if reply.status >= 500:
            raise NoAnswerError(f"HTTP {reply.status}", ask.request_id, may_retry=True)
        if 300 <= reply.status < 400:
            raise reply.bad("it points elsewhere, and we do not follow")
        return reply

    def _exchange(self, ask: Ask, gate: Callable[[], None]) -> Reply:
        is_well = False
        began_s = self.clock.monotonic_s()
        try:
            reply = self._line.exchange(ask, self.server_clock.stamp, gate)
            is_well = reply.status < 400
            return reply
        finally:
            self._meter.answered(self.clock.monotonic_s() - began_s)
            self.limits.answered(ask.call, is_well=is_well)

    def _take_turn(self, ask: Ask, patience: "_Patience") -> None:
        """Wait for what must be waited for, and refuse what must not be signed."""
        if ask.call.is_private:
            self._check_clock(ask)
        while (wait_s := self.limits.admit(ask.call)) > 0:
            if not patience.sleep(wait_s):
                raise OwnLimitError(ask.call.traffic, wait_s, ask.request_id)

    def _check_clock(self, ask: Ask) -> None:
        if not self._line.has_key:
            raise NotSentError("no_key", "there is no API key", ask.request_id)
        fault = ""
        if ask.call.may_wait and self.server_clock.is_due():
            fault = self._look_at_clock(ask.request_id)
        if doubt := self.server_clock.doubt():
            raise NotSentError(
                "clock", f"{doubt} {fault}".rstrip(), ask.request_id, may_retry=bool(fault)
            )

    def _look_at_clock(self, request_id: str) -> str:
        """Learn the server's time. Returns why not, which matters only if it was not known."""
        with self._sync_lock:
            for turn in range(SYNC_SAMPLES):
                if not self.server_clock.is_due():
                    return ""
                try:
                    self._learn_time(Ask(SERVER_TIME, f"{request_id}-t{turn}"))
                except ExchangeUnavailableError as fault:
                    _log.warning("clock.not_seen", extra={"words": str(fault)})
                    return f"({fault})"
        return ""

    def _learn_time(self, ask: Ask) -> None:
        self._take_turn(ask, _Patience(self._sleep, CANCEL_WAITS_S))
        sent_s = self.clock.monotonic_s()
        reply = self._asked(ask)
        got_s = self.clock.monotonic_s()
        if reply.status != 200:
            raise reply.bad("it does not tell the time")
        told = parse(reply, reply.body, SERVER_TIME_SHAPE)
        wall_ms = millis_of(self.clock.now())
        self.server_clock.learn(Sample(told.server_time, sent_s, got_s, wall_ms))

    def _backoff_s(
        self, attempt: int, fault: NotSentError | NoAnswerError | ThrottledError
    ) -> float:
        """1, 2, 4 seconds, half to one and a half of it, clamped after that (DEC-32)."""
        if isinstance(fault, ThrottledError) and fault.retry_after_s is not None:
            return fault.retry_after_s
        planned_s = BACKOFF_FIRST_S * 2.0 ** (attempt - 1)
        return min(BACKOFF_MAX_S, planned_s * (0.5 + self._chance.random()))

    def _name(self) -> str:
        return f"{self._chance.getrandbits(48):012x}"


class _Patience:
    """So much sleep is left for one call."""

    def __init__(self, sleep: Callable[[float], None], left_s: float) -> None:
        self._sleep = sleep
        self._left_s = left_s

    def sleep(self, seconds: float) -> bool:
        """Sleep, if that much is left. False when it is not; then nothing is slept."""
        if seconds > self._left_s:
            return False
        self._left_s -= seconds
        self._sleep(seconds)
        return True


def _open() -> None:
    """The gate that is always open: asking costs nothing."""
