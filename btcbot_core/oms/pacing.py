"""How fast orders may leave: a bucket on the run's clock, and seeded waits after failures.

Both are values that a run carries, so a replay paces itself as the run did, on any machine.
(STAGE7 §9.3 with its BETTER: one bucket a run, the clamp after the jitter.)
"""

from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from hashlib import sha256

import msgspec

from btcbot_core.domain.money import ZERO
from btcbot_core.domain.rebalancing import PacePolicy

_MICROSECONDS = Decimal(1_000_000)
_DRAWS = 2**32


class Bucket(msgspec.Struct, frozen=True):
    """Tokens, and when they were counted. A new run's bucket is full."""

    tokens: Decimal
    at: datetime


def refilled(bucket: Bucket | None, at: datetime, pace: PacePolicy) -> Bucket:
    """The bucket as it is now; it fills continuously and never over its size."""
    full = Decimal(pace.burst)
    if bucket is None or bucket.tokens >= full:
        return Bucket(full, at)
    elapsed = Decimal((at - bucket.at) // timedelta(microseconds=1)) / _MICROSECONDS
    return Bucket(min(full, bucket.tokens + max(ZERO, elapsed) * pace.rate), at)


def taken(bucket: Bucket) -> Bucket | None:
    """The bucket without a token; None when it holds none."""
    return Bucket(bucket.tokens - 1, bucket.at) if bucket.tokens >= 1 else None


def wait_s(bucket: Bucket, pace: PacePolicy) -> Decimal:
    """Seconds until there is a token."""
    return max(ZERO, 1 - bucket.tokens) / pace.rate


def draw(seed: int, *parts: str) -> Decimal:
    """A number from 0 to under 1 that depends on nothing but what goes in."""
    text = ":".join((str(seed), *parts))
    return Decimal(int(sha256(text.encode()).hexdigest()[:8], 16)) / _DRAWS


def delay_ms(pace: PacePolicy, name: str, attempt: int) -> int:
    """How long to wait after the n-th failure: doubled each time, jittered, then clamped."""
    base = Decimal(pace.base_delay_ms * 2 ** (attempt - 1))
    jittered = base * (Decimal("0.5") + draw(pace.seed, name, str(attempt)))
    return int(min(Decimal(pace.max_delay_ms), jittered).to_integral_value(ROUND_DOWN))


class Retry(msgspec.Struct, frozen=True):
    """A pair whose orders failed to leave: how often in a row, and until when it waits."""

    attempts: int
    until: datetime


def failed(retry: Retry | None, name: str, at: datetime, pace: PacePolicy) -> Retry:
    """One failure more. Who has used up its tries waits longest and starts over."""
    attempts = (retry.attempts if retry and retry.attempts < pace.retries_max else 0) + 1
    wait = pace.max_delay_ms if attempts == pace.retries_max else delay_ms(pace, name, attempts)
    return Retry(attempts, at + timedelta(milliseconds=wait))
