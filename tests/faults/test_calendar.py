"""Odd dates: ends of months and years, leap days, and the second before midnight (FAULTS T05)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from btcbot_core.adapters.btcturk.wire.numbers import instant, millis_of
from btcbot_core.adapters.replay import columns
from btcbot_core.adapters.sqlite.fields import time_text
from btcbot_core.risk.day import Snapshot, day_of

ODD = [
    datetime(2024, 2, 28, 23, 59, 59, 999_000, UTC),
    datetime(2024, 2, 29, 0, 0, tzinfo=UTC),
    datetime(2024, 2, 29, 23, 59, 59, 999_000, UTC),
    datetime(2023, 2, 28, 23, 59, 59, tzinfo=UTC),
    datetime(2100, 2, 28, 23, 59, 59, tzinfo=UTC),  # no leap year
    datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC),  # a leap second came after it
    datetime(2025, 12, 31, 23, 59, 59, 999_000, UTC),
    datetime(2026, 3, 29, 1, 0, tzinfo=UTC),  # Europe moves its clocks
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),  # more seconds than 31 bits hold
]


def money_at(at: datetime) -> Snapshot:
    zero = Decimal(0)
    return Snapshot(at=at, equity_try=zero, capital_try=zero, realized_try=zero, fees_try=zero)


@pytest.mark.parametrize("at", ODD, ids=str)
def test_an_odd_date_survives_wire_recording_and_store(at: datetime) -> None:
    assert instant(millis_of(at)) == at
    assert columns.instant(columns.microseconds(at)) == at
    assert datetime.fromisoformat(time_text(at)) == at


@pytest.mark.parametrize("at", ODD, ids=str)
def test_a_day_begins_at_midnight_utc_once_and_never_again(at: datetime) -> None:
    day = day_of(None, None, money_at(at))
    assert day.date == date(at.year, at.month, at.day)
    midnight = datetime(at.year, at.month, at.day, tzinfo=UTC) + timedelta(days=1)
    last = money_at(midnight - timedelta(microseconds=1))
    assert day_of(day, last, last) is day
    following = day_of(day, last, money_at(midnight))
    assert following.date == day.date + timedelta(days=1)
    assert following.baseline == last
    back = money_at(at)
    assert day_of(following, last, back) is following, "a clock that goes back opens no day again"
