"""The limits of one cycle and of one order, each a function that answers with a reason or None."""

from datetime import datetime
from decimal import Decimal

import msgspec

from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import Action, Decision
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.policy import LimitPolicy
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Side
from btcbot_core.risk.verdict import RiskVerdict


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a pair stands before an order on it is weighed."""

    open_orders: int
    open_orders_all: int
    last_sent: datetime | None
    has_price: bool
    has_rules: bool
    is_trading: bool


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of this cycle's allowance; each order takes from it."""

    orders: int
    cash_try: Decimal
    notional_try: Decimal

    @classmethod
    def of(cls, verdict: RiskVerdict) -> "Room":
        """All that the verdict left."""
        return cls(
            orders=verdict.orders_left,
            cash_try=verdict.cash_left_try,
            notional_try=verdict.notional_left_try,
        )

    def after(self, side: Side, notional_try: Decimal, cost_try: Decimal) -> "Room":
        """What is left after an order; only a BUY takes cash and cycle notional."""
        spent, bought = (cost_try, notional_try) if side is Side.BUY else (ZERO, ZERO)
        return Room(
            orders=self.orders - 1,
            cash_try=self.cash_try - spent,
            notional_try=self.notional_try - bought,
        )


def refuse_before_sizing(
    symbol: Symbol,
    side: Side,
    verdict: RiskVerdict,
    standing: Standing,
    limits: LimitPolicy,
    at: datetime,
) -> Decision | None:
    """The first reason why no order on this side may be placed, whatever its size."""
    if not verdict.allows(side):
        return _block(symbol, side, Reason.MODE_FORBIDS)
    if (frozen := verdict.blocked.get(symbol)) is not None:
        return _block(symbol, side, frozen)
    if standing.open_orders >= limits.max_open_orders_per_symbol:
        return _block(
            symbol,
            side,
            Reason.MAX_OPEN_ORDERS_PER_SYMBOL,
            Decimal(standing.open_orders),
            Decimal(limits.max_open_orders_per_symbol),
            "orders",
        )
    if standing.open_orders_all >= limits.max_open_orders:
        return _block(
            symbol,
            side,
            Reason.MAX_OPEN_ORDERS,
            Decimal(standing.open_orders_all),
            Decimal(limits.max_open_orders),
            "orders",
        )
    if (cooling := _cooldown(symbol, side, standing.last_sent, limits, at)) is not None:
        return cooling
    if not standing.has_price:
        return _block(symbol, side, Reason.MISSING_LIMIT_PRICE)
    if not standing.has_rules:
        return _block(symbol, side, Reason.RULES_UNAVAILABLE)
    return None if standing.is_trading else _block(symbol, side, Reason.NOT_TRADING)


def refuse_sized(
    symbol: Symbol, side: Side, notional_try: Decimal, cost_try: Decimal, room: Room
) -> Decision | None:
    """The first reason why a sized order does not fit into what is left of the cycle."""
    if side is Side.BUY and cost_try > room.cash_try:
        return _block(symbol, side, Reason.CASH_RESERVE, cost_try, room.cash_try, "TRY")
    if side is Side.BUY and notional_try > room.notional_try:
        return _block(symbol, side, Reason.NOTIONAL_CAP, notional_try, room.notional_try, "TRY")
    if room.orders <= 0:
        return _block(symbol, side, Reason.MAX_ORDERS_PER_CYCLE)
    return None


def _cooldown(
    symbol: Symbol, side: Side, last_sent: datetime | None, limits: LimitPolicy, at: datetime
) -> Decision | None:
    if last_sent is None:
        return None
    age_s = Decimal(int((at - last_sent).total_seconds()))
    if age_s >= limits.cooldown_s:
        return None
    return _block(symbol, side, Reason.COOLDOWN, age_s, Decimal(limits.cooldown_s), "s")


def _block(
    symbol: Symbol,
    side: Side,
    reason: Reason,
    observed: Decimal | None = None,
    limit: Decimal | None = None,
    unit: str = "",
) -> Decision:
    return Decision(
        symbol=symbol,
        action=Action.BLOCK,
        side=side,
        reason=reason,
        observed=observed,
        limit=limit,
        unit=unit,
    )
