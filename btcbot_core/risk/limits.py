"""The limits of one cycle and of one order, each a function that answers with a reason or None."""

from datetime import datetime
from decimal import Decimal

import msgspec

from btcbot_core.domain.account import Position
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import Action, Decision
from btcbot_core.domain.money import ONE, ZERO, from_bps
from btcbot_core.domain.policy import LimitPolicy
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Side
from btcbot_core.risk.verdict import Caps, RiskVerdict


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
    positions_try: Decimal | None = None
    """What positions and BUYs may still grow by; None without a risk budget."""
    gross_try: Decimal | None = None

    @classmethod
    def of(cls, verdict: RiskVerdict) -> "Room":
        """All that the verdict left."""
        return cls(
            orders=verdict.orders_left,
            cash_try=verdict.cash_left_try,
            notional_try=verdict.notional_left_try,
            positions_try=verdict.caps.positions_left_try if verdict.caps else None,
            gross_try=verdict.caps.gross_left_try if verdict.caps else None,
        )

    def after(self, side: Side, notional_try: Decimal, cost_try: Decimal) -> "Room":
        """What is left after an order; only a BUY takes cash and cycle notional."""
        spent, bought = (cost_try, notional_try) if side is Side.BUY else (ZERO, ZERO)
        return Room(
            orders=self.orders - 1,
            cash_try=self.cash_try - spent,
            notional_try=self.notional_try - bought,
            positions_try=None if self.positions_try is None else self.positions_try - bought,
            gross_try=None if self.gross_try is None else self.gross_try - bought,
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
    stop = verdict.caps.buy_stop if verdict.caps and side is Side.BUY else None
    if stop is not None:
        return _block(symbol, side, stop.reason, stop.observed, stop.limit, stop.unit)
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


def refuse_exposure(symbol: Symbol, notional_try: Decimal, room: Room) -> Decision | None:
    """The first limit on all holdings that a BUY would break. A SELL of the same cycle frees
    nothing: it may not fill."""
    if room.positions_try is not None and notional_try > room.positions_try:
        return _block(
            symbol,
            Side.BUY,
            Reason.MAX_POSITION_NOTIONAL,
            notional_try,
            max(ZERO, room.positions_try),
            "TRY",
        )
    if room.gross_try is not None and notional_try > room.gross_try:
        return _block(
            symbol,
            Side.BUY,
            Reason.MAX_GROSS_EXPOSURE,
            notional_try,
            max(ZERO, room.gross_try),
            "TRY",
        )
    return None


def refuse_by_caps(
    symbol: Symbol,
    side: Side,
    wish: tuple[Reason, Decimal, Decimal],
    position: Position | None,
    caps: Caps,
) -> Decision | None:
    """The first reason why the risk budget refuses one order. `wish` is reason, price, quantity.

    A larger SELL than one order may be is made smaller before, so that an exit always has a way;
    the least profit is asked of take-profits alone, so that no loss is for ever.
    """
    reason, price, qty = wish
    if side is Side.BUY and price * qty > caps.order_notional_try:
        return _block(
            symbol, side, Reason.MAX_ORDER_NOTIONAL, price * qty, caps.order_notional_try, "TRY"
        )
    if side is Side.SELL and reason in _TAKE_PROFITS and position is not None:
        least = position.avg_cost * (ONE + from_bps(caps.min_profit_bps))
        if price < least:
            return _block(symbol, side, Reason.MIN_PROFIT, price, least, "price")
    return None


_TAKE_PROFITS = frozenset({Reason.TAKE_PROFIT, Reason.TAKE_PROFIT_ALL})


def refuse_replacement(
    symbol: Symbol,
    old_try: Decimal,
    new_try: Decimal,
    budget_try: Decimal,
    gross_left_try: Decimal,
) -> Decision | None:
    """Whether a BUY may be replaced: at worst, old and new both fill."""
    if old_try + new_try > budget_try:
        return _block(
            symbol, Side.BUY, Reason.REPLACE_EXPOSURE, old_try + new_try, budget_try, "TRY"
        )
    if new_try > gross_left_try:
        return _block(
            symbol, Side.BUY, Reason.REPLACE_EXPOSURE, new_try, max(ZERO, gross_left_try), "TRY"
        )
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
