"""The verdict of a cycle: which mode, which pairs must wait, and how much room there is."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.ids import ClientId
from btcbot_core.domain.money import ZERO, canonical
from btcbot_core.domain.policy import LimitPolicy
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.risk.anomalies import Anomaly
from btcbot_core.risk.verdict import ModeReason, RiskVerdict, strictest


class RiskFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules look at. Ages in seconds, amounts in quote currency."""

    symbols: tuple[Symbol, ...]
    data_age_s: Mapping[Symbol, Decimal]
    """A pair without usable data is not in it."""
    unresolved: frozenset[Symbol]
    unheard: frozenset[Symbol] = frozenset()
    """Pairs of whose orders or trades the exchange's limits let us hear nothing now."""
    cash_free_try: Decimal | None
    """None when balances are not known."""
    unconverted_fees: Mapping[Asset, Decimal]
    is_killed: bool
    is_disarmed: bool = False
    forgotten: tuple[ClientId, ...] = ()
    """Orders of ours that the exchange shows and our books do not know."""
    errors: tuple[Anomaly, ...] = ()
    """Errors that this cycle found: they stop new orders at once."""


def judge_basic(facts: RiskFacts, limits: LimitPolicy) -> RiskVerdict:
    """The rules of stage 3. Every rule speaks, the strictest mode wins, all reasons are kept."""
    reasons = tuple(_mode_reasons(facts))
    cash = facts.cash_free_try or ZERO
    return RiskVerdict(
        mode=strictest(reasons),
        reasons=reasons or (ModeReason(RiskMode.NORMAL, Reason.MODE_OK),),
        orders_left=limits.max_orders_per_cycle,
        cash_left_try=max(ZERO, cash - limits.cash_target_try),
        notional_left_try=limits.max_notional_per_cycle_try,
        blocked=_blocked(facts, limits),
    )


def _mode_reasons(facts: RiskFacts) -> list[ModeReason]:
    found = []
    if facts.is_killed:
        found.append(ModeReason(RiskMode.OBSERVE_ONLY, Reason.KILL_SWITCH_ACTIVE))
    if facts.is_disarmed:
        found.append(ModeReason(RiskMode.OBSERVE_ONLY, Reason.NOT_ARMED))
    if facts.forgotten:
        more = f" +{len(facts.forgotten) - 1}" if len(facts.forgotten) > 1 else ""
        words = f"{facts.forgotten[0]}{more}"
        found.append(ModeReason(RiskMode.OBSERVE_ONLY, Reason.BOOKS_BEHIND, words))
    if facts.cash_free_try is None:
        found.append(ModeReason(RiskMode.OBSERVE_ONLY, Reason.ACCOUNTS_MISSING))
    for asset, amount in facts.unconverted_fees.items():
        words = f"{canonical(amount)} {asset}"
        found.append(ModeReason(RiskMode.REDUCE_RISK_ONLY, Reason.FEE_RATE_MISSING, words))
    for error in facts.errors:
        told = (Reason.ANOMALY, error.code, error.about)
        found.append(ModeReason(RiskMode.OBSERVE_ONLY, *told))
    return found


def _blocked(facts: RiskFacts, limits: LimitPolicy) -> dict[Symbol, Reason]:
    """Pairs that wait. An unknown order weighs more than old data, so it is named first."""
    blocked = {}
    for symbol in facts.symbols:
        age_s = facts.data_age_s.get(symbol)
        if symbol in facts.unresolved:
            blocked[symbol] = Reason.UNKNOWN_ORDER
        elif symbol in facts.unheard:
            blocked[symbol] = Reason.TRADES_NOT_HEARD
        elif age_s is None:
            blocked[symbol] = Reason.DATA_MISSING
        elif age_s > limits.max_data_age_s:
            blocked[symbol] = Reason.DATA_STALE
    return blocked
