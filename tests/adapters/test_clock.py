"""The machine's clock: aware, in UTC, and a second one that only goes forward."""

from datetime import UTC, datetime

from btcbot_core.adapters.clock import SystemClock


def test_the_time_is_aware_and_in_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert before <= now <= datetime.now(UTC)


def test_durations_come_from_a_clock_that_never_goes_back() -> None:
    clock = SystemClock()
    times = [clock.monotonic_s() for _ in range(100)]
    assert times == sorted(times)
