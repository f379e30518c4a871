"""From a step towards a target to an order: price with its offset, buffers, rounding, minima.

Prices are passive and rounded in our favour; quantities are rounded down. A BUY never spends more
than it was given, fee and rounding included. (STAGE7 §6 with its BETTER.)
"""

from decimal import Decimal

import msgspec

from btcbot_core.domain.codes import Reason
from btcbot_core.domain.money import ONE, ZERO, from_bps
from btcbot_core.domain.rebalancing import SizingPolicy
from btcbot_core.domain.rules import PairRules, round_price, round_qty
from btcbot_core.domain.trading import Side


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be bought or sold: money for a BUY, coins for a SELL."""

    side: Side
    notional_try: Decimal
    qty: Decimal


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What is left for this order: cash, the cycle's turnover, and coins that are free."""

    cash_try: Decimal
    turnover_try: Decimal
    free_qty: Decimal = ZERO
    most_try: Decimal | None = None
    """What one order may come to at its own price; None is no limit."""


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the exchange would take it, or why there is none."""

    price: Decimal = ZERO
    qty: Decimal = ZERO
    problem: Reason | None = None
    limit: Decimal | None = None

    @property
    def notional_try(self) -> Decimal:
        return self.price * self.qty


def build_order(
    step: Step,
    mark: Decimal | None,
    rules: PairRules | None,
    means: Means,
    knobs: tuple[Decimal, SizingPolicy],
) -> Built:
    """The order of a step. `knobs` are the offset from the mark in bps, and the sizing."""
    offset_bps, sizing = knobs
    if step.side is Side.SELL and sizing.sell_requires_inventory and step.qty <= ZERO:
        return Built(problem=Reason.SKIP_NO_SELL_QTY)
    if rules is None:
        return Built(problem=Reason.SKIP_RULES)
    if mark is None:
        return Built(problem=Reason.SKIP_MISSING_MARK)
    offset = from_bps(offset_bps)
    wanted = mark * (ONE - offset if step.side is Side.BUY else ONE + offset)
    price = round_price(rules, step.side, max(ZERO, wanted))
    if price <= ZERO:
        return Built(problem=Reason.SKIP_PRICE_ZERO)
    if step.side is Side.BUY:
        return _buy(step, price, rules, means, sizing)
    return _sell(step, price, rules, means, sizing)


def _buy(step: Step, price: Decimal, rules: PairRules, means: Means, sizing: SizingPolicy) -> Built:
    if means.turnover_try <= ZERO:
        return Built(problem=Reason.SKIP_TURNOVER_CAP, limit=ZERO)
    spend = min(step.notional_try, means.cash_try, means.turnover_try)
    if sizing.max_order_try is not None:
        spend = min(spend, sizing.max_order_try)
    rounding = sizing.rounding_buffer_try
    if rounding is None:
        rounding = max(price, rules.tick_size) * rules.lot_step
    spend = max(ZERO, spend * (ONE - from_bps(sizing.fee_buffer_bps)) - rounding)
    least = max(rules.min_notional, sizing.min_order_try)
    if spend < least:
        return Built(problem=Reason.SKIP_BUFFERS, limit=least)
    return _checked(price, round_qty(rules, spend / price), rules, sizing)


def _sell(
    step: Step, price: Decimal, rules: PairRules, means: Means, sizing: SizingPolicy
) -> Built:
    if means.free_qty <= ZERO:
        return Built(problem=Reason.SKIP_NO_INVENTORY, limit=ZERO)
    wanted = min(step.qty if step.qty > ZERO else step.notional_try / price, means.free_qty)
    if means.most_try is not None and wanted * price > means.most_try:
        # The price was rounded up to its tick: a step just under the limit came to over it.
        wanted = means.most_try / price
    return _checked(price, round_qty(rules, wanted), rules, sizing)


def _checked(price: Decimal, qty: Decimal, rules: PairRules, sizing: SizingPolicy) -> Built:
    notional = price * qty
    if qty <= ZERO:
        return Built(problem=Reason.SKIP_QTY_ZERO, limit=rules.lot_step)
    if not rules.takes_qty(qty):
        is_less = qty < rules.min_qty
        return Built(
            problem=Reason.SKIP_UNDER_MIN_QTY if is_less else Reason.SKIP_OVER_MAX_QTY,
            limit=rules.min_qty if is_less else rules.max_qty,
        )
    if notional < rules.min_notional:
        return Built(problem=Reason.SKIP_UNDER_MIN_TOTAL, limit=rules.min_notional)
    if notional < sizing.min_order_try:
        return Built(problem=Reason.SKIP_UNDER_OUR_MIN, limit=sizing.min_order_try)
    if not rules.takes_price(price):
        return Built(problem=Reason.PRICE_OUT_OF_BOUNDS, limit=rules.max_price)
    return Built(price=price, qty=qty)
