"""The verdict under a risk budget: every rule speaks, the strictest mode wins, all reasons stay.

The rules' order is the order of the reasons: losses, exposure, fees and cash; then what closes the
way altogether (kill, balances, errors, marks); then what the world around the bot is like (the
degrade ladder, orders of unknown outcome). (STAGE3_6 §7.1 with its BETTER.)
"""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from btcbot_core.domain.account import Portfolio
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.money import MONEY_STEP, ZERO, canonical
from btcbot_core.domain.policy import Policy, RiskPolicy
from btcbot_core.domain.symbol import Symbol
from btcbot_core.risk.day import Today
from btcbot_core.risk.degrade import LEVEL_MAX, RUNGS
from btcbot_core.risk.judge import RiskFacts, judge_basic
from btcbot_core.risk.verdict import BuyStop, Caps, ModeReason, RiskVerdict, strictest

_PERCENT = Decimal(100)


class BudgetFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the budget's rules look at, beside the basic facts."""

    money: Portfolio
    today: Today
    open_buys_try: Decimal = ZERO
    """What BUYs that are not finished could still spend."""
    unmarked: tuple[Symbol, ...] = ()
    """Pairs to be traded for which no price was ever seen."""
    tradable: int = 0
    """How many pairs the exchange would trade."""
    never_valued: tuple[Symbol, ...] = ()
    """Pairs of which we hold or ordered something, and for which no price was ever seen."""
    ladder_level: int = 0
    floor_level: int = 0
    """What the operator set by hand."""
    unresolved: int = 0

    @property
    def exposure_try(self) -> Decimal:
        """What is held, by its size; a debt of coins would weigh as much as coins."""
        return sum((abs(p.value_try) for p in self.money.positions.values()), ZERO)


def judge_budget(basic: RiskFacts, facts: BudgetFacts, policy: Policy) -> RiskVerdict:
    """The basic verdict, made stricter by all rules of the budget."""
    verdict = judge_basic(basic, policy.limits)
    risk = policy.risk
    reasons = (
        *_losses(facts, risk),
        *_exposure(facts, risk),
        *_spending(basic, facts, risk),
        *(r for r in verdict.reasons if r.reason is not Reason.MODE_OK),
        *_marks(facts),
        *_world(facts),
    )
    held = facts.exposure_try + facts.open_buys_try
    # An error counts before the ladder has moved.
    level = LEVEL_MAX if basic.errors else max(facts.ladder_level, facts.floor_level)
    return msgspec.structs.replace(
        verdict,
        mode=strictest(reasons),
        reasons=reasons or (ModeReason(RiskMode.NORMAL, Reason.MODE_OK),),
        notional_left_try=verdict.notional_left_try * RUNGS[level].buy_ratio,
        caps=Caps(
            order_notional_try=risk.max_order_notional_try,
            positions_left_try=risk.max_positions_try - held,
            gross_left_try=risk.max_gross_exposure_try - held,
            min_profit_bps=policy.strategy.taker_fee_bps
            + risk.slippage_bps
            + policy.strategy.min_profit_bps,
            buy_stop=_buy_stop(facts, risk),
        ),
    )


def _losses(facts: BudgetFacts, risk: RiskPolicy) -> Iterator[ModeReason]:
    money = facts.money
    lost = money.peak_try - money.equity_try
    if lost >= risk.max_drawdown_try:
        yield _observe(Reason.DRAWDOWN_LIMIT, _amount(lost), _amount(risk.max_drawdown_try))
    if facts.today.pnl_try <= -risk.max_daily_drawdown_try:
        told = f"{_amount(facts.today.pnl_try)} today"
        yield _observe(Reason.DRAWDOWN_LIMIT, told, _amount(-risk.max_daily_drawdown_try))
    if money.equity_try <= ZERO and (money.positions or money.peak_try > ZERO):
        yield _observe(Reason.NO_EQUITY, _amount(money.equity_try), "0")


def _exposure(facts: BudgetFacts, risk: RiskPolicy) -> Iterator[ModeReason]:
    gross = facts.exposure_try
    if gross > risk.max_gross_exposure_try:
        observed = f"{_amount(gross)} gross"
        yield _reduce(Reason.EXPOSURE_LIMIT, observed, _amount(risk.max_gross_exposure_try))
    equity = facts.money.equity_try
    if equity <= ZERO:
        return
    largest = max(
        facts.money.positions.values(), key=lambda p: (p.value_try, p.symbol), default=None
    )
    if largest is not None and largest.value_try / equity > risk.max_position_ratio:
        share = largest.value_try / equity
        limit = canonical(risk.max_position_ratio)
        yield _reduce(Reason.EXPOSURE_LIMIT, f"{_ratio(share)} {largest.symbol}", limit)


def _spending(basic: RiskFacts, facts: BudgetFacts, risk: RiskPolicy) -> Iterator[ModeReason]:
    fees, budget = facts.today.fees_try, risk.max_fees_per_day_try
    if budget is not None and fees > budget:
        yield _reduce(Reason.FEE_BUDGET, _amount(fees), _amount(budget))
    cash, least = basic.cash_free_try, risk.min_cash_try
    if least is not None and cash is not None and cash < least:
        yield _reduce(Reason.MIN_CASH, _amount(cash), _amount(least))


def _marks(facts: BudgetFacts) -> Iterator[ModeReason]:
    """What cannot be valued cannot be limited. One pair without a price waits by itself."""
    is_blind = 0 < facts.tradable == len(facts.unmarked)
    if facts.never_valued or is_blind:
        missing = dict.fromkeys((*facts.never_valued, *facts.unmarked))
        yield _observe(Reason.NO_MARKS, f"missing_symbols_count={len(missing)}")
    old = [p.symbol for p in facts.money.positions.values() if p.is_mark_missing]
    if old:
        more = f" +{len(old) - 1}" if len(old) > 1 else ""
        yield _reduce(Reason.MARK_MISSING, f"{min(old)}{more}")


def _world(facts: BudgetFacts) -> Iterator[ModeReason]:
    if facts.ladder_level:
        rung = RUNGS[facts.ladder_level]
        yield ModeReason(rung.mode, Reason.DEGRADED, f"level {facts.ladder_level}")
    if facts.floor_level:
        rung = RUNGS[facts.floor_level]
        yield ModeReason(rung.mode, Reason.DEGRADE_OVERRIDE, f"level {facts.floor_level}")
    if facts.unresolved:
        yield _reduce(Reason.UNKNOWN_ORDERS, str(facts.unresolved), "0")


def _buy_stop(facts: BudgetFacts, risk: RiskPolicy) -> BuyStop | None:
    """Realised losses of the day and the drawdown in parts of the peak stop BUYs, and only BUYs."""
    lost, limit = facts.today.realized_try, -risk.max_daily_loss_try
    if lost <= limit:
        return BuyStop(Reason.MAX_DAILY_LOSS, lost, limit, "TRY")
    drawdown = facts.money.drawdown_ratio
    if facts.money.peak_try > ZERO and drawdown >= risk.max_drawdown_ratio:
        shown = (drawdown * _PERCENT).quantize(MONEY_STEP)
        return BuyStop(Reason.MAX_DRAWDOWN, shown, risk.max_drawdown_ratio * _PERCENT, "%")
    return None


def _observe(reason: Reason, observed: str = "", limit: str = "") -> ModeReason:
    return ModeReason(RiskMode.OBSERVE_ONLY, reason, observed, limit)


def _reduce(reason: Reason, observed: str = "", limit: str = "") -> ModeReason:
    return ModeReason(RiskMode.REDUCE_RISK_ONLY, reason, observed, limit)


def _amount(value: Decimal) -> str:
    return canonical(value.quantize(MONEY_STEP) if int(value.as_tuple().exponent) < -8 else value)


def _ratio(value: Decimal) -> str:
    return canonical(value.quantize(MONEY_STEP))
