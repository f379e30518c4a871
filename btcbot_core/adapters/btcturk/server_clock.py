"""The exchange's clock as we know it: stamps for signing, and whether ours may be trusted.

A stamp is the server's time carried on by the monotonic clock, so a wall clock that jumps after
the last look cannot spoil it. What the wall clock does is watched none the less: data ages are
measured with it, and a machine that slept shows as a jump (API.md §4, FAULTS T01-T03).
"""

import logging
from threading import Lock

import msgspec

from btcbot_core.adapters.btcturk.wire.numbers import millis_of
from btcbot_core.ports import Clock

ROUND_TRIP_MAX_S = 1.0
"""A slower sample is not believed: its error may be half of this."""
SYNC_EVERY_S = 60.0
SYNC_AGE_MAX_S = 600.0
JUMP_MS = 250
OFFSET_WARNS_MS = 2_000
OFFSET_REFUSES_MS = 5_000

_log = logging.getLogger(__name__)


class Stamps:
    """Strictly increasing stamps, whatever the clock does."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = Lock()

    def next(self, now_ms: int) -> int:
        with self._lock:
            self._last = max(now_ms, self._last + 1)
            return self._last


class Sample(msgspec.Struct, frozen=True):
    """One look at the server's clock: what it said, and ours before and after asking."""

    server_ms: int
    sent_s: float
    got_s: float
    wall_ms: int


class ServerClock:
    """Learns the server's time from samples; says what time it is there, and how far we are off."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stamps = Stamps()
        self._known: Sample | None = None
        self._is_warned = False

    def learn(self, sample: Sample) -> bool:
        """Take a sample in. False when its round trip was too slow to be worth anything."""
        if not 0 <= sample.got_s - sample.sent_s <= ROUND_TRIP_MAX_S:
            return False
        self._known = sample
        self._warn_once()
        return True

    def forget(self) -> None:
        """The exchange refused a stamp: what we believe of its clock is worth nothing."""
        self._known = None

    def is_due(self) -> bool:
        """Whether it is time to look again: at start, each minute, and after a jump."""
        known = self._known
        return known is None or self._age_s(known) > SYNC_EVERY_S or self._has_jumped(known)

    def doubt(self) -> str:
        """Why a private request must not be signed now, for the operator; empty when it may."""
        known = self._known
        if known is None:
            return "the exchange's clock is not known yet"
        if self._age_s(known) > SYNC_AGE_MAX_S:
            return f"the exchange's clock was last seen {self._age_s(known):.0f} s ago"
        offset_ms = self.offset_ms()
        if abs(offset_ms) > OFFSET_REFUSES_MS:
            return f"{_words(offset_ms)}: set it by a time server"
        if self._has_jumped(known):
            return "this machine's clock jumped: it is compared again with the next reading call"
        return ""

    def offset_ms(self) -> int:
        """How far the server's clock is ahead of ours now; 0 as long as it is not known."""
        known = self._known
        return 0 if known is None else self._server_ms(known) - millis_of(self._clock.now())

    def stamp(self) -> int:
        """The next stamp to sign."""
        known = self._known
        return self._stamps.next(
            millis_of(self._clock.now()) if known is None else self._server_ms(known)
        )

    def _server_ms(self, known: Sample) -> int:
        middle_s = (known.sent_s + known.got_s) / 2
        return known.server_ms + round((self._clock.monotonic_s() - middle_s) * 1000)

    def _age_s(self, known: Sample) -> float:
        return self._clock.monotonic_s() - known.got_s

    def _has_jumped(self, known: Sample) -> bool:
        by_wall = millis_of(self._clock.now()) - known.wall_ms
        return abs(by_wall - round(self._age_s(known) * 1000)) > JUMP_MS

    def _warn_once(self) -> None:
        """Say it when it becomes so and when it ends, not every minute."""
        offset_ms = self.offset_ms()
        is_off = abs(offset_ms) > OFFSET_WARNS_MS
        if is_off != self._is_warned:
            self._is_warned = is_off
            words = _words(offset_ms) if is_off else "the clocks agree again"
            _log.warning("clock.offset", extra={"offset_ms": offset_ms, "words": words})


def _words(offset_ms: int) -> str:
    """The server ahead means that we are behind."""
    return f"this machine's clock is {abs(offset_ms) / 1000:.1f} s " + (
        "behind" if offset_ms > 0 else "ahead"
    )
