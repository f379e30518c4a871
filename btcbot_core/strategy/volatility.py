"""Rolling volatility: the spread of the last simple returns, kept up to date return by return.

Returns are whole parts of a hundred millionth, so that sums are exact, nothing drifts however
long a run is, and every machine agrees. They are ratios, not money.
"""

from math import isqrt

import msgspec

ONE_RETURN = 100_000_000
"""A return of one, that is of 100 %; a larger move counts as this."""


class Rolling(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The last returns of a pair, their sum and the sum of their squares."""

    price: int
    """The last price, in any fixed unit."""
    returns: tuple[int, ...] = ()
    total: int = 0
    squares: int = 0

    @property
    def volatility(self) -> int | None:
        """The population's standard deviation in parts of ONE_RETURN; None before two returns."""
        count = len(self.returns)
        if count < 2:
            return None
        return isqrt(count * self.squares - self.total * self.total) // count


def roll(known: Rolling | None, price: int, lookback: int) -> Rolling:
    """The window with one more price; its cost does not depend on what it has seen."""
    if known is None:
        return Rolling(price)
    before, returns = known.price, known.returns
    change = (price - before) * ONE_RETURN // before
    if change > ONE_RETURN:
        change = ONE_RETURN
    total, squares = known.total + change, known.squares + change * change
    if len(returns) < lookback:
        return Rolling(price, (*returns, change), total, squares)
    gone = returns[0]
    return Rolling(price, (*returns[1:], change), total - gone, squares - gone * gone)
