"""The shape of a strategy: what it sees, and what it answers."""

from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from btcbot_core.domain.account import Position
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import Action, Decision
from btcbot_core.domain.market import Quote
from btcbot_core.domain.money import ONE, from_bps
from btcbot_core.domain.policy import Policy
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Side, Signal


class StrategyView(msgspec.Struct, frozen=True, kw_only=True):
    """All that a strategy may know. No settings, no client, no clock."""

    symbols: tuple[Symbol, ...]
    quotes: Mapping[Symbol, Quote]
    rules: Mapping[Symbol, PairRules]
    positions: Mapping[Symbol, Position]
    cash_free_try: Decimal
    working: frozenset[tuple[Symbol, Side]]
    """Sides of pairs on which an order of ours is not finished."""
    policy: Policy
    anchors: Mapping[Symbol, Decimal] = {}
    """The mean of each pair's last mids, once there are enough of them."""

    @property
    def cost_ratio(self) -> Decimal:
        """What a unit of notional costs with its fee."""
        return ONE + from_bps(self.policy.strategy.taker_fee_bps)

    def min_notional_try(self, symbol: Symbol) -> Decimal:
        """The smallest total that can be traded: the exchange's minimum or ours."""
        rules = self.rules.get(symbol)
        ours = self.policy.limits.min_order_notional_try
        return max(ours, rules.min_notional) if rules else ours


class Wishes(msgspec.Struct, frozen=True):
    """What a strategy wants, and why it wants nothing of the rest."""

    signals: tuple[Signal, ...]
    holds: tuple[Decision, ...]


Answer = Callable[[StrategyView, Quote, Position | None, Decimal], Signal | Decision]
"""What to do with one pair: its quote, what is held of it, and the cash that is left, in TRY."""


def ask_each(view: StrategyView, answer: Answer) -> Wishes:
    """One wish or one reason for each pair, in the pairs' alphabetical order.

    A BUY leaves less cash, fee included, to the pairs after it.
    """
    signals: list[Signal] = []
    holds: list[Decision] = []
    cash = view.cash_free_try
    for symbol in sorted(view.symbols):
        quote = view.quotes.get(symbol)
        if quote is None:
            continue  # the judge says why the pair waits
        wish = answer(view, quote, view.positions.get(symbol), cash)
        if isinstance(wish, Decision):
            holds.append(wish)
            continue
        signals.append(wish)
        if wish.side is Side.BUY:
            cash -= wish.qty * quote.ask * view.cost_ratio
    return Wishes(tuple(signals), tuple(holds))


def hold(
    symbol: Symbol,
    reason: Reason,
    observed: Decimal | None = None,
    limit: Decimal | None = None,
    unit: str = "",
) -> Decision:
    """The decision to wish for nothing."""
    return Decision(
        symbol=symbol, action=Action.HOLD, reason=reason, observed=observed, limit=limit, unit=unit
    )


Strategy = Callable[[StrategyView], Wishes]
