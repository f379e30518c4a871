"""Profit-aware: enter where the spread is narrow, sell in slices where all costs are earned.

A position is sold when the bid pays its cost, the fee of both ways and the profit wanted:

    threshold = avg_cost · (1 + (min_profit_bps + 2 · taker_fee_bps) / 10,000)

It never sells at a loss unless a stop is set. (STAGE3_6 §4.3 with its BETTER.)
"""

from decimal import Decimal

from btcbot_core.domain.account import Position
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import Decision
from btcbot_core.domain.market import Quote
from btcbot_core.domain.money import ONE, ZERO, from_bps
from btcbot_core.domain.trading import Side, Signal
from btcbot_core.strategy.strategy import StrategyView, Wishes, ask_each, hold

NAME = "profit_aware_v1"
_EXIT_CONFIDENCE = Decimal("0.9")
_ENTRY_CONFIDENCE = Decimal("0.55")


def profit_aware(view: StrategyView) -> Wishes:
    """One wish or one reason for each pair, in the pairs' alphabetical order."""
    return ask_each(view, _answer)


def _answer(
    view: StrategyView, quote: Quote, position: Position | None, cash_try: Decimal
) -> Signal | Decision:
    if position is None:
        return _enter(view, quote, cash_try)
    return _exit(view, quote, position)


def _enter(view: StrategyView, quote: Quote, cash_try: Decimal) -> Signal | Decision:
    knobs = view.policy.strategy
    if (quote.symbol, Side.BUY) in view.working:
        return hold(quote.symbol, Reason.HOLD_OPEN_ORDER)
    spread_ratio = (quote.ask - quote.bid) / quote.bid
    if spread_ratio > knobs.entry_max_spread_ratio:
        return hold(
            quote.symbol,
            Reason.HOLD_SPREAD_TOO_WIDE,
            spread_ratio,
            knobs.entry_max_spread_ratio,
            "ratio",
        )
    budget = min(cash_try / view.cost_ratio, knobs.entry_budget_try)
    if budget <= ZERO:
        return hold(quote.symbol, Reason.HOLD_NO_CASH, cash_try, ZERO, "TRY")
    return Signal(
        symbol=quote.symbol,
        side=Side.BUY,
        qty=budget / quote.ask,
        price=quote.ask,
        reason=Reason.CONSERVATIVE_ENTRY,
        confidence_ratio=_ENTRY_CONFIDENCE,
        strategy=NAME,
    )


def _exit(view: StrategyView, quote: Quote, position: Position) -> Signal | Decision:
    knobs = view.policy.strategy
    if (quote.symbol, Side.SELL) in view.working:
        return hold(quote.symbol, Reason.HOLD_OPEN_ORDER)
    stop = knobs.stop_loss_bps
    if stop is not None and quote.bid <= position.avg_cost * (ONE - from_bps(stop)):
        return _sell(view, quote, position.qty, position, Reason.STOP_LOSS)
    wanted_bps = knobs.min_profit_bps + 2 * knobs.taker_fee_bps
    threshold = position.avg_cost * (ONE + from_bps(wanted_bps))
    if quote.bid < threshold:
        return hold(quote.symbol, Reason.HOLD_UNDER_THRESHOLD, quote.bid, threshold, "price")
    part = position.qty * knobs.take_profit_ratio
    smallest = view.min_notional_try(quote.symbol)
    if min(part, position.qty - part) * quote.bid < smallest:
        return _sell(view, quote, position.qty, position, Reason.TAKE_PROFIT_ALL)
    return _sell(view, quote, part, position, Reason.TAKE_PROFIT)


def _sell(
    view: StrategyView, quote: Quote, qty: Decimal, position: Position, reason: Reason
) -> Signal | Decision:
    smallest = view.min_notional_try(quote.symbol)
    if position.qty * quote.bid < smallest:
        worth = position.qty * quote.bid
        return hold(quote.symbol, Reason.HOLD_DUST, worth, smallest, "TRY")
    return Signal(
        symbol=quote.symbol,
        side=Side.SELL,
        qty=qty,
        price=quote.bid,
        reason=reason,
        confidence_ratio=_EXIT_CONFIDENCE,
        strategy=NAME,
    )
