"""Anomalies: what may be wrong with the world around the bot, told from one cycle's facts.

A rule that cannot tell says nothing: no balances, no comparison. Each code comes at most once a
cycle for each severity, with the worst that was observed.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from btcbot_core.domain.codes import AnomalyCode, Severity
from btcbot_core.domain.money import ZERO, canonical
from btcbot_core.domain.policy import AnomalyPolicy
from btcbot_core.domain.symbol import Asset, Symbol


class Anomaly(msgspec.Struct, frozen=True):
    """One thing that is odd. `observed` and `limit` share a unit; `about` names pair or asset."""

    code: AnomalyCode
    severity: Severity
    observed: str = ""
    limit: str = ""
    about: str = ""


class Unresolved(msgspec.Struct, frozen=True):
    """An order of unknown outcome, and how often a look-up did not show it."""

    symbol: Symbol
    probes: int


class AnomalyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules look at. Ages in seconds, money in quote currency."""

    data_age_s: Mapping[Symbol, Decimal] = {}
    lost: tuple[Symbol, ...] = ()
    """Pairs that had a price before and have none now."""
    unresolved: tuple[Unresolved, ...] = ()
    forgotten: tuple[Symbol, ...] = ()
    """Pairs with an order at the exchange that carries our prefix and is not in our books."""
    divergence_try: Decimal | None = None
    """How far the ledger's worth is from that of the exchange's balances; None if not known."""
    mismatches: Mapping[Asset, Decimal] = {}
    """What the exchange holds more or less of an asset than the ledger, in quote currency."""
    mismatch_cycles: int = 0
    """For how many quiet cycles in a row there have been mismatches, this one included."""
    mismatch_s: int = 0
    """For how long."""
    latency_ms: int = 0
    clock_skew_s: Decimal = ZERO
    is_rate_limited: bool = False
    is_breaker_open: bool = False
    cursor_stalls: int = 0
    is_overridden: bool = False


def anomalies(facts: AnomalyFacts, policy: AnomalyPolicy) -> tuple[Anomaly, ...]:
    """Everything that is odd, in a fixed order."""
    return (
        *_market(facts, policy),
        *_orders(facts, policy),
        *_money(facts, policy),
        *_exchange(facts, policy),
        *((_warn(AnomalyCode.MANUAL_OVERRIDE),) if facts.is_overridden else ()),
    )


def reject_spike(rejects: int, policy: AnomalyPolicy) -> tuple[Anomaly, ...]:
    """Whether one cycle met too many refusals; known only after the orders were sent."""
    if rejects < policy.rejects:
        return ()
    return (_warn(AnomalyCode.ORDER_REJECT_SPIKE, str(rejects), str(policy.rejects)),)


def _market(facts: AnomalyFacts, policy: AnomalyPolicy) -> Iterator[Anomaly]:
    limit = canonical(policy.data_age_s)
    stale = {s: age for s, age in facts.data_age_s.items() if age > policy.data_age_s}
    if facts.lost:
        yield _warn(AnomalyCode.STALE_MARKET_DATA, "none", limit, _named(facts.lost))
    elif stale:
        worst = max(stale, key=stale.__getitem__)
        yield _warn(AnomalyCode.STALE_MARKET_DATA, canonical(stale[worst]), limit, worst)


def _orders(facts: AnomalyFacts, policy: AnomalyPolicy) -> Iterator[Anomaly]:
    if facts.unresolved:
        worst = max(facts.unresolved, key=lambda u: u.probes)
        is_bad = worst.probes >= policy.unknown_probes
        yield Anomaly(
            AnomalyCode.UNKNOWN_ORDER,
            Severity.ERROR if is_bad else Severity.WARN,
            str(worst.probes),
            str(policy.unknown_probes),
            worst.symbol,
        )
    elif facts.forgotten:
        yield _warn(AnomalyCode.UNKNOWN_ORDER, "not in our books", "", _named(facts.forgotten))


def _money(facts: AnomalyFacts, policy: AnomalyPolicy) -> Iterator[Anomaly]:
    is_lasting = (
        facts.mismatch_cycles >= policy.mismatch_cycles and facts.mismatch_s >= policy.mismatch_s
    )
    apart = facts.divergence_try
    # What differs only now may be a trade by hand that is listed soon: it freezes nothing.
    is_telling = is_lasting or not facts.mismatches
    if apart is not None and apart >= policy.divergence_warn_try and is_telling:
        is_bad = apart >= policy.divergence_error_try
        limit = policy.divergence_error_try if is_bad else policy.divergence_warn_try
        severity = Severity.ERROR if is_bad else Severity.WARN
        yield Anomaly(AnomalyCode.PNL_DIVERGENCE, severity, canonical(apart), canonical(limit))
    if facts.mismatches:
        worst = max(facts.mismatches, key=lambda asset: abs(facts.mismatches[asset]))
        yield Anomaly(
            AnomalyCode.BALANCE_MISMATCH,
            Severity.ERROR if is_lasting else Severity.WARN,
            canonical(facts.mismatches[worst]),
            canonical(policy.balance_tolerance_try),
            worst,
        )


def _exchange(facts: AnomalyFacts, policy: AnomalyPolicy) -> Iterator[Anomaly]:
    if policy.latency_ms is not None and facts.latency_ms >= policy.latency_ms:
        observed, limit = str(facts.latency_ms), str(policy.latency_ms)
        yield _warn(AnomalyCode.EXCHANGE_LATENCY_SPIKE, observed, limit)
    if facts.cursor_stalls >= policy.cursor_stalls:
        observed, limit = str(facts.cursor_stalls), str(policy.cursor_stalls)
        yield _warn(AnomalyCode.CURSOR_STALL, observed, limit)
    if abs(facts.clock_skew_s) > policy.clock_skew_s:
        observed, limit = canonical(facts.clock_skew_s), canonical(policy.clock_skew_s)
        yield _warn(AnomalyCode.CLOCK_SKEW, observed, limit)
    if facts.is_breaker_open:
        yield Anomaly(AnomalyCode.RATE_LIMITED, Severity.ERROR, "breaker open")
    elif facts.is_rate_limited:
        yield _warn(AnomalyCode.RATE_LIMITED)


def _named(pairs: tuple[Symbol, ...]) -> str:
    """The first pair, and how many more."""
    return pairs[0] if len(pairs) == 1 else f"{pairs[0]} +{len(pairs) - 1}"


def _warn(code: AnomalyCode, observed: str = "", limit: str = "", about: str = "") -> Anomaly:
    return Anomaly(code, Severity.WARN, observed, limit, about)
