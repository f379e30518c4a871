"""Mean reversion: buy what has fallen far enough under its mean, sell what has risen over it.

    deviation = (mid − anchor) / anchor, in bps

The anchor is the mean of the last mids, or a price that the operator fixed. Who holds none of a
pair buys a small first entry, wherever the price is. (STAGE3_6 §6.2 with its BETTER.)
"""

from decimal import Decimal

from btcbot_core.domain.account import Position
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import Decision
from btcbot_core.domain.market import Quote
from btcbot_core.domain.money import BPS_PER_ONE, ZERO
from btcbot_core.domain.trading import Side, Signal
from btcbot_core.strategy.strategy import StrategyView, Wishes, ask_each, hold

NAME = "mean_reversion_v1"
_ENTRY_CONFIDENCE = Decimal("0.60")
_CONFIDENCE = Decimal("0.70")


def mean_reversion(view: StrategyView) -> Wishes:
    """One wish or one reason for each pair, in the pairs' alphabetical order."""
    return ask_each(view, _answer)


def _answer(
    view: StrategyView, quote: Quote, position: Position | None, cash_try: Decimal
) -> Signal | Decision:
    if position is None:
        return _enter(view, quote, cash_try)
    return _revert(view, quote, position, cash_try)


def _enter(view: StrategyView, quote: Quote, cash_try: Decimal) -> Signal | Decision:
    first = view.policy.mean_reversion.first_entry_try
    if not first:
        return hold(quote.symbol, Reason.HOLD_NO_FIRST_ENTRY)
    return _buy(view, quote, cash_try, first, Reason.FIRST_ENTRY)


def _revert(
    view: StrategyView, quote: Quote, position: Position, cash_try: Decimal
) -> Signal | Decision:
    knobs = view.policy.mean_reversion
    anchor = knobs.anchor or view.anchors.get(quote.symbol)
    if anchor is None:
        return hold(quote.symbol, Reason.HOLD_NO_ANCHOR)
    deviation_bps = (quote.mid - anchor) / anchor * BPS_PER_ONE
    if deviation_bps <= -knobs.band_bps:
        return _buy(view, quote, cash_try, None, Reason.MEAN_REVERSION_BUY)
    if deviation_bps >= knobs.band_bps:
        return _sell(view, quote, position)
    return hold(quote.symbol, Reason.HOLD_INSIDE_BAND, deviation_bps, knobs.band_bps, "bps")


def _buy(
    view: StrategyView, quote: Quote, cash_try: Decimal, most_try: Decimal | None, reason: Reason
) -> Signal | Decision:
    if (quote.symbol, Side.BUY) in view.working:
        return hold(quote.symbol, Reason.HOLD_OPEN_ORDER)
    bounds = (cash_try / view.cost_ratio, most_try, view.policy.mean_reversion.max_intent_try)
    budget = min(bound for bound in bounds if bound is not None)
    if budget <= ZERO:
        return hold(quote.symbol, Reason.HOLD_NO_CASH, cash_try, ZERO, "TRY")
    confidence = _ENTRY_CONFIDENCE if reason is Reason.FIRST_ENTRY else _CONFIDENCE
    return _wish(quote, Side.BUY, budget / quote.ask, reason, confidence)


def _sell(view: StrategyView, quote: Quote, position: Position) -> Signal | Decision:
    """At most what one order may be; all of it where the rest would be too small to sell."""
    if (quote.symbol, Side.SELL) in view.working:
        return hold(quote.symbol, Reason.HOLD_OPEN_ORDER)
    worth, smallest = position.qty * quote.bid, view.min_notional_try(quote.symbol)
    if worth < smallest:
        return hold(quote.symbol, Reason.HOLD_DUST, worth, smallest, "TRY")
    most = view.policy.mean_reversion.max_intent_try
    qty = position.qty
    if most is not None and worth - most >= smallest:
        qty = most / quote.bid
    return _wish(quote, Side.SELL, qty, Reason.MEAN_REVERSION_SELL, _CONFIDENCE)


def _wish(quote: Quote, side: Side, qty: Decimal, reason: Reason, confidence: Decimal) -> Signal:
    return Signal(
        symbol=quote.symbol,
        side=side,
        qty=qty,
        price=quote.ask if side is Side.BUY else quote.bid,
        reason=reason,
        confidence_ratio=confidence,
        strategy=NAME,
    )
