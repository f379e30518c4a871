"""At which price an order meets the market, if it does, and what that costs (DEC-20)."""

from datetime import datetime
from decimal import Decimal

import msgspec

from btcbot_core.adapters.paper.model import FillModel, PaperOrder, SimPolicy
from btcbot_core.domain.market import BookSource, Candle, Quote
from btcbot_core.domain.money import ONE, ZERO, ceil_to, fee_up, floor_to
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.trading import Side

SWEEP_RATIO_MAX = Decimal("0.05")
"""How far from the best price a market order may sweep (API.md §5)."""


class Moment(msgspec.Struct):
    """A pair's market at one instant, and how much of it is left for our orders."""

    quote: Quote | None
    candle: Candle | None
    room: Decimal | None
    """Base currency that may still be taken; None is no cap."""


class Crossing(msgspec.Struct, frozen=True):
    """The price of a fill, and the quote that it is measured against."""

    price: Decimal
    touched: Decimal


def crossing(
    order: PaperOrder, moment: Moment, rules: PairRules, policy: SimPolicy
) -> Crossing | None:
    """Where an order meets the market, never worse than its bound; None where it does not."""
    quote = moment.quote
    if quote is None:
        return None
    if policy.fill_model is FillModel.MARK_SLIPPAGE:
        return _slipped(order, quote.mid, rules, policy)
    is_book = quote.source is not BookSource.MODELLED or policy.crosses_modelled
    if is_book or order.ticket.method.is_market:
        touched = quote.ask if order.side is Side.BUY else quote.bid
        return _slipped(order, touched, rules, policy) if _reaches(order, touched) else None
    candle = moment.candle
    if candle is None or not _traded_through(order.side, order.bound, order.sent_at, candle):
        return None
    return Crossing(order.bound, order.bound)


def sweep_bound(side: Side, quote: Quote, rules: PairRules) -> Decimal:
    """The worst price that a market order of this instant may pay or take."""
    if side is Side.BUY:
        return floor_to(quote.ask * (ONE + SWEEP_RATIO_MAX), rules.tick_size)
    return ceil_to(quote.bid * (ONE - SWEEP_RATIO_MAX), rules.tick_size)


def is_triggered(side: Side, stop_price: Decimal, quote: Quote) -> bool:
    """Whether a stop order's price was reached: a BUY's from below, a SELL's from above."""
    return quote.ask >= stop_price if side is Side.BUY else quote.bid <= stop_price


def limit_lock(price: Decimal, qty: Decimal, rate: Decimal) -> Decimal:
    """What a BUY of this size holds back: its notional and the taker's fee on it (API.md §6)."""
    notional = price * qty
    return notional + fee_up(notional * rate)


def affordable(budget: Decimal, price: Decimal, rate: Decimal, rules: PairRules) -> Decimal:
    """The largest quantity that a budget pays for, fee included."""
    qty = floor_to(budget / (price * (ONE + rate)), rules.lot_step)
    # The fee is rounded up, so the last lot may be just out of reach.
    return qty if limit_lock(price, qty, rate) <= budget else qty - rules.lot_step


def split_fee(cost: Decimal, vat_ratio: Decimal) -> tuple[Decimal, Decimal]:
    """A fee with VAT as fee and tax; both have eight decimals and their sum is exact."""
    fee = min(cost, fee_up(cost / (ONE + vat_ratio)))
    return fee, cost - fee


def _reaches(order: PaperOrder, touched: Decimal) -> bool:
    return touched <= order.bound if order.side is Side.BUY else touched >= order.bound


def _slipped(order: PaperOrder, touched: Decimal, rules: PairRules, policy: SimPolicy) -> Crossing:
    """The touched price made worse by the slippage, to the tick against us, within the bound."""
    if order.side is Side.BUY:
        worse = ceil_to(touched * (ONE + policy.slippage_ratio), rules.tick_size)
        return Crossing(min(order.bound, worse), touched)
    worse = floor_to(touched * (ONE - policy.slippage_ratio), rules.tick_size)
    return Crossing(max(order.bound, worse, ZERO), touched)


def _traded_through(side: Side, limit: Decimal, sent_at: datetime, candle: Candle) -> bool:
    """Whether a candle that began after the order was sent went strictly past its limit."""
    if candle.opened_at < sent_at:
        return False
    return candle.low < limit if side is Side.BUY else candle.high > limit
