"""Alarms: anomalies as an operator works through them, each shown until somebody has seen it.

A pure state machine in the manner of ISA-18.2. Acknowledging never clears an alarm, and clearing
never acknowledges it: what came and went while nobody looked stays until it is acknowledged.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from btcbot_core.domain.codes import AnomalyCode, Severity
from btcbot_core.risk.anomalies import Anomaly

RETURNED_MAX = 50
"""How many warnings that nobody acknowledged are kept after they are gone; errors all stay."""
READ_S = 1.0
"""How long an alarm must have stood in its place before a key can acknowledge it."""


class AlarmState(StrEnum):
    UNACKED = "unacked"
    ACKED = "acked"
    RETURNED = "returned, unacked"


class AlarmKey(msgspec.Struct, frozen=True, order=True):
    """What makes two anomalies the same alarm: another pair is another alarm."""

    code: AnomalyCode
    about: str


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the operator has to look at. Numbers are those of its last appearance."""

    key: AlarmKey
    severity: Severity
    observed: str = ""
    limit: str = ""
    since: datetime
    """When it first appeared; a return does not change that."""
    times: int = 1
    """How often it appeared: one that comes and goes stays one alarm."""
    is_active: bool = True
    is_acked: bool = False

    @property
    def state(self) -> AlarmState:
        if not self.is_active:
            return AlarmState.RETURNED
        return AlarmState.ACKED if self.is_acked else AlarmState.UNACKED


Alarms = tuple[Alarm, ...]
"""In the order in which they want looking at: the first is the one to acknowledge next."""


def after(alarms: Alarms, found: Iterable[Anomaly], at: datetime) -> Alarms:
    """The alarms after a cycle that found these anomalies."""
    worst: dict[AlarmKey, Anomaly] = {}
    for anomaly in found:
        key = AlarmKey(anomaly.code, anomaly.about)
        if key not in worst or anomaly.severity is Severity.ERROR:
            worst[key] = anomaly
    known = {alarm.key: alarm for alarm in alarms}
    came = (_met(known.get(key), key, anomaly, at) for key, anomaly in worst.items())
    went = (_left(alarm) for alarm in alarms if alarm.key not in worst)
    return _ranked((*came, *(alarm for alarm in went if alarm is not None)))


def acknowledged(alarms: Alarms, key: AlarmKey) -> Alarms:
    """The alarms after the operator has acknowledged one: one that is gone already is forgotten."""
    return _ranked(
        msgspec.structs.replace(alarm, is_acked=True) if alarm.key == key else alarm
        for alarm in alarms
        if alarm.key != key or alarm.is_active
    )


def unacknowledged(alarms: Alarms) -> int:
    """How many want looking at."""
    return sum(not alarm.is_acked for alarm in alarms)


def _met(known: Alarm | None, key: AlarmKey, anomaly: Anomaly, at: datetime) -> Alarm:
    """An anomaly that is there now. What got worse since it was acknowledged asks again."""
    if known is None:
        return Alarm(
            key=key,
            severity=anomaly.severity,
            observed=anomaly.observed,
            limit=anomaly.limit,
            since=at,
        )
    is_worse = known.severity is Severity.WARN and anomaly.severity is Severity.ERROR
    is_acked = known.is_acked and not is_worse
    return msgspec.structs.replace(
        known,
        # An error that became a warning before anybody looked is still shown as the error.
        severity=anomaly.severity if is_acked else _worse(known.severity, anomaly.severity),
        observed=anomaly.observed,
        limit=anomaly.limit,
        times=known.times + (not known.is_active),
        is_active=True,
        is_acked=is_acked,
    )


def _left(alarm: Alarm) -> Alarm | None:
    """An alarm whose cause is gone: forgotten once it was acknowledged, else it waits for that."""
    return None if alarm.is_acked else msgspec.structs.replace(alarm, is_active=False)


def _worse(one: Severity, other: Severity) -> Severity:
    return Severity.ERROR if Severity.ERROR in (one, other) else one


def _ranked(alarms: Iterable[Alarm]) -> Alarms:
    ranked = sorted(alarms, key=_rank)
    fading = [a for a in ranked if not a.is_active and a.severity is Severity.WARN]
    forgotten = {alarm.key for alarm in fading[RETURNED_MAX:]}
    return tuple(alarm for alarm in ranked if alarm.key not in forgotten)


def _rank(alarm: Alarm) -> tuple[bool, bool, bool, datetime, AlarmKey]:
    """Unacknowledged ones first, errors first among them, then what still lasts, then by age."""
    is_error = alarm.severity is Severity.ERROR
    return alarm.is_acked, not is_error, not alarm.is_active, alarm.since, alarm.key
