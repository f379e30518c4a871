"""Stamps that the exchange accepts, whatever this machine's clock does."""

import logging
from datetime import timedelta
from random import Random

import pytest

from btcbot_core.adapters.btcturk.server_clock import Sample, ServerClock
from btcbot_core.adapters.btcturk.wire.numbers import millis_of
from tests.btcturk.world import Hands

TOLERANCE_MS = 5_000
"""What the exchange forgives."""


class There:
    """The exchange's clock, which never errs, and our look at it."""

    def __init__(self) -> None:
        self.hands = Hands()
        self.clock = ServerClock(self.hands)

    def true_ms(self) -> int:
        return millis_of(self.hands.now() - self.hands.wall_error)

    def look(self, round_trip_s: float = 0.1) -> bool:
        sent_s = self.hands.monotonic_s()
        self.hands.forward(round_trip_s / 2)
        told = self.true_ms()
        self.hands.forward(round_trip_s / 2)
        wall_ms = millis_of(self.hands.now())
        return self.clock.learn(Sample(told, sent_s, self.hands.monotonic_s(), wall_ms))


def test_nothing_is_signed_before_the_exchanges_clock_is_known() -> None:
    there = There()
    assert there.clock.is_due()
    assert "not known yet" in there.clock.doubt()
    assert there.look()
    assert not there.clock.is_due()
    assert there.clock.doubt() == ""


def test_a_slow_round_trip_teaches_nothing() -> None:
    there = There()
    assert not there.look(round_trip_s=1.5)
    assert there.clock.doubt() != ""


def test_the_offset_is_measured_from_the_middle_of_the_round_trip() -> None:
    there = There()
    there.hands.wall_error = timedelta(seconds=-1.25)
    there.look(round_trip_s=0.8)
    assert there.clock.offset_ms() == 1250
    assert there.clock.doubt() == ""
    assert there.clock.stamp() == there.true_ms()


@pytest.mark.parametrize(("seconds", "words"), [(5.5, "5.5 s ahead"), (-5.5, "5.5 s behind")])
def test_a_clock_that_is_far_off_signs_nothing_and_says_how_far(seconds: float, words: str) -> None:
    there = There()
    there.hands.wall_error = timedelta(seconds=seconds)
    there.look()
    assert words in there.clock.doubt()


def test_a_clock_that_is_somewhat_off_warns_once_and_says_when_it_is_well_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    there = There()
    caplog.set_level(logging.WARNING)
    there.hands.wall_error = timedelta(seconds=3)
    for _ in range(5):
        there.look()
        assert there.clock.doubt() == ""
    there.hands.wall_error = timedelta(0)
    there.look()
    words = [getattr(record, "words", "") for record in caplog.records]
    assert words == ["this machine's clock is 3.0 s ahead", "the clocks agree again"]


def test_a_jump_of_the_wall_clock_is_noticed_before_the_next_signature() -> None:
    there = There()
    there.look()
    there.hands.wall_error = timedelta(seconds=0.4)
    assert there.clock.is_due()
    assert "jumped" in there.clock.doubt()
    there.look()
    assert there.clock.doubt() == ""


def test_a_machine_that_slept_looks_again_before_it_signs() -> None:
    there = There()
    there.look()
    there.hands.wall_error = timedelta(minutes=10)  # monotonic time stood still
    assert there.clock.is_due()
    assert there.clock.doubt() != ""


def test_the_clock_is_looked_at_each_minute_and_believed_for_ten() -> None:
    there = There()
    there.look()
    there.hands.forward(59)
    assert not there.clock.is_due()
    there.hands.forward(2)
    assert there.clock.is_due()
    assert there.clock.doubt() == ""
    there.hands.forward(600)
    assert "last seen" in there.clock.doubt()


def test_a_thousand_signatures_over_a_clock_that_jumps_are_all_in_time_and_in_order() -> None:
    there = There()
    chance = Random(20261122)
    last = signed = 0
    for step in range(1000):
        if step % 97 == 0:
            there.hands.wall_error = timedelta(seconds=chance.choice((-600, -3, -0.2, 0, 2, 600)))
        there.hands.forward(chance.random() * 20)
        if there.clock.is_due():
            there.look(round_trip_s=chance.random() * 0.9)
        if there.clock.doubt():
            continue
        stamp = there.clock.stamp()
        assert abs(stamp - there.true_ms()) < TOLERANCE_MS
        assert stamp > last
        last, signed = stamp, signed + 1
    assert signed > 500


def test_a_clock_that_drifts_half_a_second_a_minute_stays_signed_correctly() -> None:
    there = There()
    for _ in range(600):
        there.hands.forward(1)
        there.hands.wall_error += timedelta(milliseconds=500 / 60)
        if there.clock.is_due():
            there.look()
        if not there.clock.doubt():
            assert abs(there.clock.stamp() - there.true_ms()) < TOLERANCE_MS
