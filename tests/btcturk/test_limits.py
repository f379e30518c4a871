"""Our side of the exchange's limits holds in any span, and cancels always find room."""

from random import Random

import pytest

from btcbot_core.adapters.btcturk.calls import (
    BALANCES,
    BOOK,
    CANCEL,
    EXCHANGE_INFO,
    FILLS,
    KLINES,
    LIMITS,
    OPEN_ORDERS,
    ORDER,
    SUBMIT,
    Call,
    Traffic,
)
from btcbot_core.adapters.btcturk.limits import PROBE_WAIT_S, RateLimits
from tests.btcturk.world import Hands

CALLS = (BALANCES, BOOK, EXCHANGE_INFO, FILLS, KLINES, OPEN_ORDERS, ORDER, SUBMIT, CANCEL)


def drain(limits: RateLimits, call: Call) -> int:
    """Make the call until it must wait; how often it went."""
    count = 0
    while limits.admit(call) == 0:
        count += 1
    return count


@pytest.mark.parametrize("call", CALLS, ids=lambda c: f"{c.method} {c.path}")
def test_in_no_span_does_a_call_go_more_often_than_published(call: Call) -> None:
    hands, chance = Hands(), Random(11)
    limits = RateLimits(hands)
    sent: list[float] = []
    for _ in range(3000):
        hands.forward(chance.random() * 0.05)
        if limits.admit(call) == 0:
            sent.append(hands.monotonic_s())
    for window in LIMITS[call.traffic]:
        later = sent[window.limit :]
        assert all(b - a >= window.period_s for a, b in zip(sent, later, strict=False))
    assert sent


def test_the_wait_that_is_told_is_just_long_enough() -> None:
    hands = Hands()
    limits = RateLimits(hands)
    drain(limits, BALANCES)
    wait_s = limits.admit(BALANCES)
    hands.forward(wait_s - 0.001)
    assert limits.admit(BALANCES) > 0
    hands.forward(0.001)
    assert limits.admit(BALANCES) == 0


def test_submits_leave_room_for_cancels() -> None:
    limits = RateLimits(Hands())
    assert drain(limits, SUBMIT) == 7
    assert drain(limits, CANCEL) == 3


def test_kinds_of_traffic_do_not_wait_for_each_other() -> None:
    limits = RateLimits(Hands())
    drain(limits, BALANCES)
    assert limits.admit(FILLS) == 0


@pytest.mark.parametrize(
    ("told_s", "shut_s"), [(30.0, 30.0), (1e9, 300.0), (None, 3.0), (0.5, 0.5)]
)
def test_a_breaker_stays_open_as_long_as_the_exchange_asks_but_not_for_ever(
    told_s: float | None, shut_s: float
) -> None:
    hands = Hands()
    limits = RateLimits(hands)
    assert limits.shut(BOOK, told_s) == shut_s
    assert limits.admit(BOOK) == pytest.approx(shut_s)
    assert limits.shut_for_s(Traffic.BOOK) == pytest.approx(shut_s)
    hands.forward(shut_s)
    assert limits.admit(BOOK) == 0
    assert limits.shut_for_s(Traffic.BOOK) == 0


def test_without_a_word_the_wait_doubles_up_to_a_minute() -> None:
    limits = RateLimits(Hands())
    assert [limits.shut(BOOK, None) for _ in range(7)] == [3, 6, 12, 24, 48, 60, 60]


def test_after_the_wait_one_call_goes_ahead_to_see() -> None:
    hands = Hands()
    limits = RateLimits(hands)
    limits.shut(BOOK, 5.0)
    hands.forward(5)
    assert limits.admit(BOOK) == 0
    assert limits.admit(BOOK) == PROBE_WAIT_S
    limits.answered(BOOK, is_well=True)
    assert [limits.admit(BOOK) for _ in range(3)] == [0, 0, 0]


def test_a_probe_that_fails_lets_only_another_probe_go() -> None:
    hands = Hands()
    limits = RateLimits(hands)
    limits.shut(BOOK, 5.0)
    hands.forward(5)
    limits.admit(BOOK)
    limits.answered(BOOK, is_well=False)
    assert limits.admit(BOOK) == 0
    assert limits.admit(BOOK) == PROBE_WAIT_S


def test_an_open_breaker_holds_new_orders_back_but_never_a_cancel() -> None:
    limits = RateLimits(Hands())
    limits.shut(SUBMIT, 60.0)
    assert limits.admit(SUBMIT) == 60
    assert limits.admit(CANCEL) == 0
