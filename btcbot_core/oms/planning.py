"""From a wish to an order: round by the exchange's rules, in our favour, and name it."""

from decimal import Decimal

import msgspec

from btcbot_core.domain.codes import Reason
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.rules import PairRules, round_price, round_qty
from btcbot_core.domain.trading import Side


class Sized(msgspec.Struct, frozen=True):
    """A price and a quantity that the exchange would take, or the reason why there are none."""

    price: Decimal
    qty: Decimal
    problem: Reason | None = None

    @property
    def notional_try(self) -> Decimal:
        return self.price * self.qty


def size(
    rules: PairRules, side: Side, price: Decimal, qty: Decimal, min_notional_try: Decimal
) -> Sized:
    """Round a wish. The minimum is the stricter of the exchange's and the operator's."""
    rounded = Sized(round_price(rules, side, price), round_qty(rules, qty))
    problem = _problem(rules, rounded, max(min_notional_try, rules.min_notional))
    return Sized(rounded.price, rounded.qty, problem)


def _problem(rules: PairRules, sized: Sized, min_notional_try: Decimal) -> Reason | None:
    if sized.price <= ZERO or sized.qty <= ZERO:
        return Reason.NON_POSITIVE_AFTER_QUANTIZE
    if sized.notional_try < min_notional_try:
        return Reason.MIN_NOTIONAL
    if not rules.takes_price(sized.price):
        return Reason.PRICE_OUT_OF_BOUNDS
    if not rules.takes_qty(sized.qty):
        return Reason.QTY_OUT_OF_BOUNDS
    return None
