"""A pair's rules on the exchange, and rounding by them: always in our favour, never worse.

BTCTurk quantises prices by `denominatorScale` (whole numbers where `hasFraction` is false) and
quantities by `numeratorScale`; its `tickSize` filter is not enforced (API.md §3).
"""

from decimal import Decimal

import msgspec

from btcbot_core.domain.money import ZERO, ceil_to, floor_to
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import Side


class PairRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the exchange accepts for one pair. Prices and totals are in the quote currency."""

    symbol: Symbol
    base: Asset
    quote: Asset
    tick_size: Decimal
    lot_step: Decimal
    min_notional: Decimal
    min_price: Decimal = ZERO
    max_price: Decimal | None = None
    min_qty: Decimal = ZERO
    max_qty: Decimal | None = None
    is_trading: bool = True
    is_modelled: bool = False
    """True where we made the rules up for recorded data; every trace says so."""

    def takes_price(self, price: Decimal) -> bool:
        """Whether a price is inside the exchange's own bounds."""
        return price >= self.min_price and (self.max_price is None or price <= self.max_price)

    def takes_qty(self, qty: Decimal) -> bool:
        """Whether a quantity is inside the exchange's own bounds."""
        return qty >= self.min_qty and (self.max_qty is None or qty <= self.max_qty)


def round_price(rules: PairRules, side: Side, price: Decimal) -> Decimal:
    """To the tick, never worse than intended: a BUY down, a SELL up."""
    return floor_to(price, rules.tick_size) if side is Side.BUY else ceil_to(price, rules.tick_size)


def round_qty(rules: PairRules, qty: Decimal) -> Decimal:
    """Down to the lot step."""
    return floor_to(qty, rules.lot_step)
