"""An alarm is shown until somebody has seen it: by examples, and for every history there may be."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcbot_core.domain.codes import AnomalyCode, Severity
from btcbot_core.risk.anomalies import Anomaly
from btcbot_tui.alarms import (
    RETURNED_MAX,
    AlarmKey,
    Alarms,
    AlarmState,
    acknowledged,
    after,
    unacknowledged,
)
from btcbot_tui.texts import ENGLISH
from tests.tui.frames import AT

STALE, SKEW = AnomalyCode.STALE_MARKET_DATA, AnomalyCode.CLOCK_SKEW
WARN, ERROR = Severity.WARN, Severity.ERROR
BTC, ETH = AlarmKey(STALE, "BTCTRY"), AlarmKey(STALE, "ETHTRY")


def odd(key: AlarmKey, severity: Severity = WARN, observed: str = "31") -> Anomaly:
    return Anomaly(key.code, severity, observed, "30", key.about)


def history(*cycles: Sequence[Anomaly]) -> Alarms:
    alarms: Alarms = ()
    for number, found in enumerate(cycles):
        alarms = after(alarms, found, AT + timedelta(seconds=number))
    return alarms


def test_what_appears_wants_looking_at_from_then_on() -> None:
    (alarm,) = history([odd(BTC)], [odd(BTC, observed="32")])
    assert (alarm.key, alarm.since, alarm.times) == (BTC, AT, 1)
    assert (alarm.observed, alarm.limit, alarm.state) == ("32", "30", AlarmState.UNACKED)


def test_what_was_acknowledged_stays_shown_until_it_is_gone() -> None:
    alarms = acknowledged(history([odd(BTC)]), BTC)
    assert [alarm.state for alarm in alarms] == [AlarmState.ACKED]
    assert [a.state for a in after(alarms, [odd(BTC)], AT)] == [AlarmState.ACKED]
    assert after(alarms, [], AT) == ()


def test_what_went_away_unseen_stays_until_it_is_acknowledged() -> None:
    alarms = history([odd(BTC)], [], [])
    assert [alarm.state for alarm in alarms] == [AlarmState.RETURNED]
    assert acknowledged(alarms, BTC) == ()


def test_what_comes_and_goes_is_one_alarm_that_counts() -> None:
    (alarm,) = history([odd(BTC)], [], [odd(BTC)], [], [odd(BTC)])
    assert (alarm.times, alarm.since, alarm.state) == (3, AT, AlarmState.UNACKED)


def test_what_got_worse_since_it_was_acknowledged_asks_again() -> None:
    alarms = acknowledged(history([odd(BTC)]), BTC)
    (alarm,) = after(alarms, [odd(BTC, ERROR)], AT)
    assert (alarm.severity, alarm.state) == (ERROR, AlarmState.UNACKED)


def test_an_error_that_nobody_saw_is_not_shown_as_a_warning() -> None:
    (alarm,) = history([odd(BTC, ERROR)], [odd(BTC)])
    assert alarm.severity is ERROR
    (alarm,) = after(acknowledged((alarm,), BTC), [odd(BTC)], AT)
    assert (alarm.severity, alarm.state) == (WARN, AlarmState.ACKED)


def test_another_pair_is_another_alarm() -> None:
    alarms = after(acknowledged(history([odd(BTC)]), BTC), [odd(BTC), odd(ETH)], AT)
    assert [(a.key, a.state) for a in alarms] == [
        (ETH, AlarmState.UNACKED),
        (BTC, AlarmState.ACKED),
    ]


def test_errors_stand_before_warnings_and_what_was_seen_stands_last() -> None:
    skew = AlarmKey(SKEW, "")
    alarms = history([odd(BTC), odd(ETH)], [odd(BTC), odd(ETH), odd(skew, ERROR)])
    assert [a.key for a in alarms] == [skew, BTC, ETH]
    assert [a.key for a in acknowledged(alarms, skew)] == [BTC, ETH, skew]


def test_a_flood_of_warnings_that_are_over_is_bounded_and_errors_are_not_cut() -> None:
    keys = [AlarmKey(STALE, f"P{number:03d}") for number in range(RETURNED_MAX * 2)]
    assert len(history([odd(key) for key in keys], [])) == RETURNED_MAX
    assert len(history([odd(key, ERROR) for key in keys], [])) == len(keys)


@pytest.mark.parametrize("code", list(AnomalyCode))
def test_every_code_says_why_it_comes_what_it_does_and_what_to_do(code: AnomalyCode) -> None:
    told = ENGLISH.alarms[code]
    assert all(text.endswith(".") for text in (told.cause, told.consequence, told.act))


_KEYS = st.builds(AlarmKey, st.sampled_from([STALE, SKEW]), st.sampled_from(["", "BTCTRY"]))
_FOUND = st.lists(st.builds(odd, _KEYS, st.sampled_from(Severity)), max_size=4)
_ACTS = st.lists(st.one_of(_FOUND, _KEYS), max_size=12)


@given(_ACTS)
def test_no_history_loses_what_was_not_acknowledged(
    acts: Sequence[list[Anomaly] | AlarmKey],
) -> None:
    alarms: Alarms = ()
    unseen: dict[AlarmKey, Severity] = {}
    for number, act in enumerate(acts):
        if isinstance(act, AlarmKey):
            alarms = acknowledged(alarms, act)
            unseen.pop(act, None)
        else:
            before = {alarm.key: alarm for alarm in alarms}
            alarms = after(alarms, act, AT + timedelta(seconds=number))
            for anomaly in act:
                key = AlarmKey(anomaly.code, anomaly.about)
                was = before.get(key)
                is_new = was is None or not was.is_acked
                if is_new or (was and was.severity is WARN and anomaly.severity is ERROR):
                    is_error = ERROR in (anomaly.severity, unseen.get(key))
                    unseen[key] = ERROR if is_error else WARN
            lasting = {AlarmKey(a.code, a.about) for a in act}
            assert {alarm.key for alarm in alarms if alarm.is_active} == lasting
        waiting = {a.key: a.severity for a in alarms if not a.is_acked}
        assert waiting == unseen
        assert unacknowledged(alarms) == len(unseen)
        assert len({alarm.key for alarm in alarms}) == len(alarms)
        assert all(alarm.is_active for alarm in alarms if alarm.is_acked)


@given(_ACTS, _KEYS)
def test_acknowledging_twice_is_acknowledging_once(
    acts: Sequence[list[Anomaly] | AlarmKey], key: AlarmKey
) -> None:
    alarms = history(*(act for act in acts if not isinstance(act, AlarmKey)))
    once = acknowledged(alarms, key)
    assert acknowledged(once, key) == once
