"""The steps that watch the world: what is odd, how strict that makes us, what is remembered."""

from datetime import datetime

import msgspec

from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.facts import has_open_question
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.policy import StrategyName
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import UNRESOLVED, OrderEventKind
from btcbot_core.ledger.compare import Gap, divergence_try, gaps, mismatches
from btcbot_core.risk.anomalies import AnomalyFacts, Unresolved, anomalies, reject_spike
from btcbot_core.risk.day import snapshot
from btcbot_core.risk.degrade import advance
from btcbot_core.strategy.anchors import remembered

replace = msgspec.structs.replace


def detect(cycle: Cycle) -> Cycle:
    """Find what is odd before anything is decided; an error among it counts in this cycle."""
    apart = gaps(cycle.carried.ledger, cycle.accounts, cycle.rules, cycle.carried.marks)
    odd = mismatches(apart or (), cycle.policy.anomalies.balance_tolerance_try)
    in_a_row, since = _mismatch(cycle, bool(odd))
    facts = AnomalyFacts(
        data_age_s={s: q.age_s(cycle.at) for s, q in cycle.market.quotes.items()},
        lost=_lost(cycle),
        unresolved=_unresolved(cycle),
        forgotten=tuple(sorted({one.symbol for one in cycle.carried.forgotten})),
        divergence_try=divergence_try(apart) if apart is not None and _is_quiet(cycle) else None,
        mismatches=odd if in_a_row else {},
        mismatch_cycles=in_a_row,
        mismatch_s=0 if since is None else int((cycle.at - since).total_seconds()),
        latency_ms=cycle.vitals.exchange_latency_ms,
        clock_skew_s=cycle.vitals.clock_skew_s,
        is_rate_limited=cycle.vitals.rate_limited,
        is_breaker_open=cycle.vitals.breaker_open,
        cursor_stalls=cycle.vitals.cursor_stalls,
        is_overridden=cycle.carried.degrade.floor(cycle.at) > 0,
    )
    return replace(
        cycle,
        carried=replace(cycle.carried, mismatch_cycles=in_a_row, mismatch_since=since),
        anomalies=anomalies(facts, cycle.policy.anomalies),
    )


def differences(cycle: Cycle) -> tuple[Gap, ...]:
    """What the exchange holds more or less of than our books, beyond what rounding explains."""
    apart = gaps(cycle.carried.ledger, cycle.accounts, cycle.rules, cycle.carried.marks) or ()
    odd = mismatches(apart, cycle.policy.anomalies.balance_tolerance_try)
    return tuple(gap for gap in apart if gap.asset in odd)


def degrade(cycle: Cycle) -> Cycle:
    """Move the ladder by all that this cycle found; it counts from the next cycle on."""
    rejects = sum(1 for e in cycle.order_events if e.kind is OrderEventKind.REJECTED)
    found = (*cycle.anomalies, *reject_spike(rejects, cycle.policy.anomalies))
    ladder = advance(cycle.carried.degrade, found, cycle.at, cycle.policy.degrade)
    carried = replace(cycle.carried, degrade=ladder, anomalies=found)
    return replace(cycle, anomalies=found, carried=carried)


def remember(cycle: Cycle) -> Cycle:
    """Keep what later cycles compare with: the money, the mids, and that BUYs were pulled.

    That they were is kept only now, after the cancels were sent: who died in between asks again.
    """
    carried = replace(
        cycle.carried,
        last=snapshot(cycle.portfolio, cycle.at),
        are_buys_pulled=any(r.reason is Reason.DRAWDOWN_LIMIT for r in cycle.verdict.reasons),
    )
    if StrategyName.MEAN_REVERSION in cycle.policy.strategies:
        mids = {s: q.mid for s, q in cycle.market.quotes.items()}
        lookback = cycle.policy.mean_reversion.lookback
        carried = replace(carried, mids=remembered(carried.mids, mids, lookback))
    return replace(cycle, carried=carried)


def _is_quiet(cycle: Cycle) -> bool:
    """Whether nothing moved, and nothing may have. While orders do, balances and trades are not
    of one instant, so such a cycle tells nothing of whether our books are right.
    """
    return not (cycle.order_events or cycle.ledger_events or has_open_question(cycle))


def _mismatch(cycle: Cycle, is_odd: bool) -> tuple[int, datetime | None]:
    """Quiet cycles in a row with a mismatch, and the time of the first."""
    before, since = cycle.carried.mismatch_cycles, cycle.carried.mismatch_since
    if not _is_quiet(cycle):
        return before, since
    return (before + 1, since or cycle.at) if is_odd else (0, None)


def _lost(cycle: Cycle) -> tuple[Symbol, ...]:
    """Pairs that once had a price. One that never had any has not begun; it waits by itself."""
    quotes, marks = cycle.market.quotes, cycle.carried.marks
    return tuple(s for s in cycle.symbols if s not in quotes and s in marks)


def _unresolved(cycle: Cycle) -> tuple[Unresolved, ...]:
    return tuple(
        Unresolved(order.symbol, order.absent_probes)
        for order in cycle.carried.orders.values()
        if order.status in UNRESOLVED
    )
