"""The degrade ladder and the operator's hand on it."""

import msgspec
import pytest

from btcbot_core.cycle.budgeted import propose
from btcbot_core.cycle.steps import mark
from btcbot_core.cycle.watching import degrade
from btcbot_core.domain.codes import AnomalyCode, Severity
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.policy import DegradePolicy
from btcbot_core.domain.trading import OrderEvent, OrderEventKind, OrderStatus
from btcbot_core.risk.anomalies import Anomaly
from btcbot_core.risk.degrade import (
    NOT_DEGRADED,
    Degrade,
    advance,
    cleared,
    overridden,
)
from tests.build import a_cycle, an_order, at, quote

replace = msgspec.structs.replace
WARN = (Anomaly(AnomalyCode.STALE_MARKET_DATA, Severity.WARN),)
ERROR = (Anomaly(AnomalyCode.PNL_DIVERGENCE, Severity.ERROR),)
POLICY = DegradePolicy()


def test_a_clean_cycle_ends_a_streak() -> None:
    ladder = NOT_DEGRADED
    for found in (WARN, WARN, (), WARN, WARN):
        ladder = advance(ladder, found, at(), POLICY)
    assert (ladder.level, ladder.streak) == (0, 2)


def test_a_streak_twice_as_long_climbs_one_more() -> None:
    ladder, levels = NOT_DEGRADED, []
    for _ in range(8):
        ladder = advance(ladder, WARN, at(), POLICY)
        levels.append(ladder.level)
    assert levels == [0, 0, 1, 1, 1, 2, 2, 2]


def test_the_end_of_a_cooldown_is_not_pushed_out_by_clean_cycles() -> None:
    ladder = advance(NOT_DEGRADED, ERROR, at(), POLICY)
    for minute in range(1, 20):
        ladder = advance(ladder, (), at(60 * minute), POLICY)
    assert ladder.cooldown_until == at(POLICY.observe_cooldown_s)


def test_a_lower_cooldown_never_shortens_a_higher_one() -> None:
    ladder = Degrade(level=1, cooldown_until=at(5000))
    ladder = advance(ladder, ERROR, at(), POLICY)
    assert ladder.cooldown_until == at(5000)


def test_while_it_cools_down_warnings_are_no_clean_cycles() -> None:
    ladder = Degrade(level=3, cooldown_until=at(), clean=3)
    assert advance(ladder, WARN, at(1), POLICY).clean == 0
    assert advance(ladder, (), at(1), POLICY).level == 2


def test_an_override_is_a_floor_until_its_time_and_nothing_wears_it_down() -> None:
    ladder = overridden(NOT_DEGRADED, RiskMode.OBSERVE_ONLY, at(600), "operator", "news")
    for minute in range(1, 10):
        ladder = advance(ladder, (), at(60 * minute), POLICY)
        assert ladder.effective(at(60 * minute)) == 3
    assert ladder.effective(at(600)) == 0
    assert advance(ladder, (), at(600), POLICY).override is None


def test_an_override_loosens_nothing() -> None:
    ladder = advance(NOT_DEGRADED, ERROR, at(), POLICY)
    for mode in (RiskMode.NORMAL, RiskMode.REDUCE_RISK_ONLY):
        assert overridden(ladder, mode, at(600), "operator", "try").effective(at(1)) == 3


def test_an_override_to_normal_takes_the_last_one_away() -> None:
    held = overridden(NOT_DEGRADED, RiskMode.REDUCE_RISK_ONLY, at(600), "operator", "news")
    assert overridden(held, RiskMode.NORMAL, at(600), "operator", "over") == NOT_DEGRADED


def test_a_hand_on_the_ladder_is_no_reason_to_climb() -> None:
    every = DegradePolicy(warn_codes=frozenset(AnomalyCode), warn_threshold=1)
    hand = (Anomaly(AnomalyCode.MANUAL_OVERRIDE, Severity.WARN),)
    assert advance(NOT_DEGRADED, hand, at(), every) == NOT_DEGRADED


def test_the_operator_alone_takes_it_down_before_its_time() -> None:
    assert cleared() == NOT_DEGRADED


def test_a_ladder_that_does_not_move_stays_the_same_value() -> None:
    assert advance(NOT_DEGRADED, (), at(), POLICY) is NOT_DEGRADED


def test_refusals_of_this_cycle_count_from_the_next_on() -> None:
    events = tuple(
        OrderEvent(
            client_id=an_order(f"c{n}").client_id,
            seq=2,
            cycle_id=an_order().cycle_id,
            at=at(),
            kind=OrderEventKind.REJECTED,
            before=OrderStatus.PLANNED,
            after=OrderStatus.REJECTED,
        )
        for n in range(3)
    )
    after = degrade(replace(a_cycle(), order_events=events))
    assert [a.code for a in after.anomalies] == [AnomalyCode.ORDER_REJECT_SPIKE]
    assert after.carried.degrade.streak == 1


@pytest.mark.parametrize(("level", "asked"), [(0, 9), (1, 8), (2, 4), (3, 2)])
def test_a_level_looks_at_fewer_pairs(level: int, asked: int) -> None:
    pairs = tuple(f"{letter * 2}TRY" for letter in "ABCDEFGHI")
    cycle = a_cycle(pairs, tuple(quote(pair) for pair in pairs))
    carried = replace(cycle.carried, degrade=Degrade(level=level))
    wished = propose(mark(replace(cycle, carried=carried)))
    assert len(wished.signals) == asked
