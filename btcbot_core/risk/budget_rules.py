"""The risk budget of rebalancing: pure rules, each with what it saw and its limit.

Every rule speaks, the strictest mode wins, all reasons are kept. A breach starts a cooldown that
later ones only lengthen; while it runs the mode does not loosen, and the reasons of the breach
are carried along. (STAGE7 §8 with its BETTER: the documents' rules, fee burn and high volatility.)
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import msgspec

from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.errors import InvariantBrokenError
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.rebalancing import BudgetPolicy
from btcbot_core.domain.trading import Side
from btcbot_core.risk.verdict import strictness

TWO = Decimal(2)


class BudgetInputs(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the rules look at. None is unknown; an unknown age is an infinite one."""

    is_killed: bool = False
    is_degraded: bool = False
    has_accounts: bool = True
    data_age_s: Decimal | None = ZERO
    drawdown_ratio: Decimal = ZERO
    daily_pnl_try: Decimal = ZERO
    losses_in_a_row: int = 0
    spread_bps: Decimal | None = ZERO
    quote_volume_try: Decimal | None = None
    min_quote_volume_try: Decimal = ZERO
    fees_today_try: Decimal = ZERO
    concentration_ratio: Decimal | None = None
    pairs_without_rules: int = 0


class Finding(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One rule's breach: what it asks for, what it saw and what it allows."""

    mode: RiskMode
    reason: Reason
    observed: Decimal | None = None
    limit: Decimal | None = None
    halves_caps: bool = False


class BudgetCaps(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What single orders and pairs may come to."""

    order_notional_try: Decimal
    orders: int
    symbol_exposure_try: Decimal

    def halved(self) -> "BudgetCaps":
        """Half of everything; one order at least."""
        return BudgetCaps(
            order_notional_try=self.order_notional_try / 2,
            orders=max(1, self.orders // 2) if self.orders else 0,
            symbol_exposure_try=self.symbol_exposure_try / 2,
        )


class BudgetState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the next decision needs of this one."""

    mode: RiskMode = RiskMode.NORMAL
    cooldown_until: datetime | None = None
    reasons: tuple[Reason, ...] = ()
    """Why the cooldown runs; at most one of each rule."""


CALM = BudgetState()


class BudgetDecision(msgspec.Struct, frozen=True, kw_only=True):
    """The mode, what was found now, and what is carried from before."""

    mode: RiskMode
    findings: tuple[Finding, ...] = ()
    carried: tuple[Reason, ...] = ()
    """Reasons of an earlier breach that is still cooling down."""
    caps: BudgetCaps
    state: BudgetState

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """All reasons, what was found now first."""
        found = tuple(finding.reason for finding in self.findings)
        if self.carried:
            return (*found, Reason.COOLDOWN_ACTIVE, *(r for r in self.carried if r not in found))
        return found or (Reason.MODE_OK,)


Rule = Callable[[BudgetInputs, BudgetPolicy], Finding | None]


def kill_switch(seen: BudgetInputs, _: BudgetPolicy) -> Finding | None:
    return _observe(Reason.KILL_SWITCH_ACTIVE) if seen.is_killed else None


def exchange_degraded(seen: BudgetInputs, _: BudgetPolicy) -> Finding | None:
    return _observe(Reason.EXCHANGE_DEGRADED) if seen.is_degraded else None


def accounts_missing(seen: BudgetInputs, _: BudgetPolicy) -> Finding | None:
    return None if seen.has_accounts else _observe(Reason.ACCOUNTS_MISSING)


def stale_data(seen: BudgetInputs, policy: BudgetPolicy) -> Finding | None:
    age, limit = seen.data_age_s, policy.max_data_age_s
    return _observe(Reason.STALE_DATA, age, limit) if age is None or age > limit else None


def drawdown(seen: BudgetInputs, policy: BudgetPolicy) -> Finding | None:
    ratio, limit = seen.drawdown_ratio, policy.max_drawdown_ratio
    return _observe(Reason.DRAWDOWN_LIMIT, ratio, limit) if ratio >= limit > ZERO else None


def daily_loss(seen: BudgetInputs, policy: BudgetPolicy) -> Finding | None:
    limit = policy.max_daily_loss_try
    if limit is None or seen.daily_pnl_try > -limit or seen.daily_pnl_try == ZERO:
        return None
    return _observe(Reason.LOSS_LIMIT, seen.daily_pnl_try, -limit)


def consecutive_losses(seen: BudgetInputs, policy: BudgetPolicy) -> Finding | None:
    limit = policy.max_consecutive_losses
    if limit is None or seen.losses_in_a_row < limit:
        return None
    observed = Decimal(seen.losses_in_a_row)
    return Finding(policy.loss_mode, Reason.CONSECUTIVE_LOSSES, observed, Decimal(limit))


def spread_spike(seen: BudgetInputs, policy: BudgetPolicy) -> Finding | None:
    return _over(Reason.SPREAD_SPIKE, seen.spread_bps, policy.spread_spike_bps)


def liquidity_drop(seen: BudgetInputs, _: BudgetPolicy) -> Finding | None:
    volume, least = seen.quote_volume_try, seen.min_quote_volume_try
    if least == ZERO or (volume is not None and volume >= least):
        return None
    return _reduce(Reason.LIQUIDITY_DROP, volume, least)


def fee_burn(seen: BudgetInputs, policy: BudgetPolicy) -> Finding | None:
    return _over(Reason.FEE_BURN, seen.fees_today_try, policy.fee_burn_limit_try)


def concentration(seen: BudgetInputs, policy: BudgetPolicy) -> Finding | None:
    return _over(Reason.CONCENTRATION, seen.concentration_ratio, policy.max_concentration_ratio)


def high_volatility(seen: BudgetInputs, policy: BudgetPolicy) -> Finding | None:
    spread, limit = seen.spread_bps, policy.high_vol_bps
    if spread is None or limit is None or spread < limit:
        return None
    is_double = spread >= TWO * limit
    mode = RiskMode.REDUCE_RISK_ONLY if is_double else RiskMode.NORMAL
    return Finding(mode, Reason.HIGH_VOL, spread, limit, halves_caps=True)


def rules_metadata(seen: BudgetInputs, policy: BudgetPolicy) -> Finding | None:
    if not policy.is_observing_without_rules or not seen.pairs_without_rules:
        return None
    return _observe(Reason.RULES_METADATA, Decimal(seen.pairs_without_rules), ZERO)


RULES: tuple[Rule, ...] = (
    kill_switch,
    exchange_degraded,
    accounts_missing,
    stale_data,
    rules_metadata,
    drawdown,
    daily_loss,
    consecutive_losses,
    spread_spike,
    liquidity_drop,
    fee_burn,
    concentration,
    high_volatility,
)
"""In the order in which their reasons are named."""


def decide(
    seen: BudgetInputs,
    policy: BudgetPolicy,
    caps: BudgetCaps,
    before: BudgetState,
    at: datetime,
) -> BudgetDecision:
    """The mode of a cycle.

    Raises InvariantBrokenError should the mode loosen while a cooldown runs.
    """
    findings = tuple([f for rule in RULES if (f := rule(seen, policy)) is not None])
    if not findings and before is CALM:
        return BudgetDecision(mode=RiskMode.NORMAL, caps=caps, state=CALM)
    mode = max((f.mode for f in findings), key=strictness, default=RiskMode.NORMAL)
    is_breach = mode is not RiskMode.NORMAL
    until = before.cooldown_until
    is_cooling = until is not None and until > at
    if not is_breach and not is_cooling:
        state = CALM
        carried: tuple[Reason, ...] = ()
    else:
        carried = before.reasons if is_cooling else ()
        mode = max(mode, before.mode if is_cooling else mode, key=strictness)
        fresh = tuple(f.reason for f in findings if f.mode is not RiskMode.NORMAL)
        fresh_until = at + policy.cooldown if is_breach else at
        state = BudgetState(
            mode=mode,
            cooldown_until=max(until, fresh_until) if is_cooling and until else fresh_until,
            reasons=tuple(dict.fromkeys((*carried, *fresh))),
        )
    if is_cooling and strictness(mode) < strictness(before.mode):
        raise InvariantBrokenError(f"the mode loosened from {before.mode} during a cooldown")
    if any(f.halves_caps for f in findings):
        caps = caps.halved()
    return BudgetDecision(mode=mode, findings=findings, carried=carried, caps=caps, state=state)


def refuse_order(
    side: Side,
    notional_try: Decimal,
    exposure_try: Decimal,
    placed: int,
    decision: BudgetDecision,
) -> tuple[Reason, Decimal | None, Decimal | None] | None:
    """Why one order may not be placed, with what was seen and the limit; None when it may.

    A SELL makes exposure smaller, so it is never over the limit.
    """
    caps = decision.caps
    if decision.mode is RiskMode.OBSERVE_ONLY:
        return Reason.MODE_FORBIDS, None, None
    if decision.mode is RiskMode.REDUCE_RISK_ONLY and side is Side.BUY:
        return Reason.MODE_FORBIDS, None, None
    if notional_try > caps.order_notional_try:
        return Reason.MAX_ORDER_NOTIONAL, notional_try, caps.order_notional_try
    if placed >= caps.orders:
        return Reason.MAX_ORDERS_PER_CYCLE, Decimal(placed), Decimal(caps.orders)
    after = exposure_try + notional_try
    if side is Side.BUY and after > caps.symbol_exposure_try:
        return Reason.MAX_SYMBOL_EXPOSURE, after, caps.symbol_exposure_try
    return None


def _over(reason: Reason, observed: Decimal | None, limit: Decimal | None) -> Finding | None:
    """A rule that wants less risk at or over its limit; a limit of zero turns it off."""
    if observed is None or not limit or observed < limit:
        return None
    return _reduce(reason, observed, limit)


def _observe(
    reason: Reason, observed: Decimal | None = None, limit: Decimal | None = None
) -> Finding:
    return Finding(RiskMode.OBSERVE_ONLY, reason, observed, limit)


def _reduce(
    reason: Reason, observed: Decimal | None = None, limit: Decimal | None = None
) -> Finding:
    return Finding(RiskMode.REDUCE_RISK_ONLY, reason, observed, limit)
