"""The degrade ladder: anomalies take the mode up step by step, clean cycles take it down again.

It is moved once a cycle, after the orders were sent, by all that the cycle found. Up at once, and
the worse it is the longer nothing loosens; down by one step after so many clean cycles in a row.
What the operator sets by hand is a floor beside it: it ends at its time and nothing wears it down.
(STAGE3_6 §7.5 with its BETTER.)
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from btcbot_core.domain.codes import AnomalyCode, Severity
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.money import ONE, ZERO
from btcbot_core.domain.policy import DegradePolicy
from btcbot_core.risk.anomalies import Anomaly

LEVEL_MAX = 3


class Rung(msgspec.Struct, frozen=True):
    """What a level means: the mode, the part of the cycle's BUY allowance, how many pairs."""

    mode: RiskMode
    buy_ratio: Decimal
    pairs_max: int | None


RUNGS = (
    Rung(RiskMode.NORMAL, ONE, None),
    Rung(RiskMode.REDUCE_RISK_ONLY, Decimal("0.50"), 8),
    Rung(RiskMode.REDUCE_RISK_ONLY, Decimal("0.25"), 4),
    Rung(RiskMode.OBSERVE_ONLY, ZERO, 2),
)

LEVEL_OF = {RiskMode.NORMAL: 0, RiskMode.REDUCE_RISK_ONLY: 2, RiskMode.OBSERVE_ONLY: LEVEL_MAX}
"""The level that an operator means who names a mode."""


class Override(msgspec.Struct, frozen=True):
    """A level set by hand, and until when."""

    level: int
    until: datetime
    who: str
    why: str


class Degrade(msgspec.Struct, frozen=True, kw_only=True):
    """Where the ladder stands."""

    level: int = 0
    cooldown_until: datetime | None = None
    streak: int = 0
    """Cycles in a row with something that counts."""
    clean: int = 0
    """Cycles in a row without, since the cooldown ended or the level changed."""
    override: Override | None = None

    def floor(self, at: datetime) -> int:
        """The level that the operator asked for, while it is in force."""
        return self.override.level if self.override and at < self.override.until else 0

    def effective(self, at: datetime) -> int:
        """The level that counts: the ladder's or the operator's, whichever is stricter."""
        return max(self.level, self.floor(at))


NOT_DEGRADED = Degrade()


def advance(
    state: Degrade, found: Iterable[Anomaly], at: datetime, policy: DegradePolicy
) -> Degrade:
    """The ladder after a cycle that found these anomalies."""
    counted = [anomaly for anomaly in found if _counts(anomaly, policy)]
    streak = state.streak + 1 if counted else 0
    target = _target(counted, streak, policy)
    level, until, clean = state.level, state.cooldown_until, 0
    if target >= level and target > 0:
        cooled = at + timedelta(seconds=_cooldown_s(target, policy))
        level, until = target, cooled if until is None else max(until, cooled)
    elif until is not None and at < until:
        clean = 0
    elif level > 0:
        clean = 0 if counted else state.clean + 1
        if clean >= policy.clean_cycles[LEVEL_MAX - level]:
            level, clean = level - 1, 0
    over = state.override
    moved = Degrade(
        level=level,
        cooldown_until=until if level else None,
        streak=streak,
        clean=clean,
        override=over if over is not None and at < over.until else None,
    )
    return state if moved == state else moved


def overridden(state: Degrade, mode: RiskMode, until: datetime, who: str, why: str) -> Degrade:
    """The ladder with a floor set by hand. NORMAL is no floor: it takes the last one away."""
    level = LEVEL_OF[mode]
    over = Override(level, until, who, why) if level else None
    return msgspec.structs.replace(state, override=over)


def cleared() -> Degrade:
    """The ladder after an operator took it down: he alone may loosen before its time."""
    return NOT_DEGRADED


def _counts(anomaly: Anomaly, policy: DegradePolicy) -> bool:
    """An error always; a warning where it is listed. A hand on the ladder is no reason to climb."""
    if anomaly.code is AnomalyCode.MANUAL_OVERRIDE:
        return False
    return anomaly.severity is Severity.ERROR or anomaly.code in policy.warn_codes


def _target(counted: list[Anomaly], streak: int, policy: DegradePolicy) -> int:
    if any(anomaly.severity is Severity.ERROR for anomaly in counted):
        return LEVEL_MAX
    return min(2, streak // policy.warn_threshold)


def _cooldown_s(level: int, policy: DegradePolicy) -> int:
    return policy.observe_cooldown_s if level == LEVEL_MAX else policy.reduce_cooldown_s
