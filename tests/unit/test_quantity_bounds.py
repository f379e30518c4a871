"""What the exchange takes at least and at most of a coin in one order."""

from decimal import Decimal

import msgspec
import pytest

from btcbot_core.domain.codes import Reason
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.rebalancing import SizingPolicy
from btcbot_core.domain.trading import Side
from btcbot_core.oms.building import Means, Step, build_order
from btcbot_core.oms.planning import size
from tests.build import d, rules

PAIR = msgspec.structs.replace(rules(), min_qty=d("0.5"), max_qty=d("2"))


@pytest.mark.parametrize(
    ("notional", "problem", "limit"),
    [
        ("40", Reason.SKIP_UNDER_MIN_QTY, "0.5"),
        ("60", None, None),
        ("300", Reason.SKIP_OVER_MAX_QTY, "2"),
    ],
)
def test_a_step_outside_the_pairs_bounds_is_told(
    notional: str, problem: Reason | None, limit: str | None
) -> None:
    built = build_order(
        Step(side=Side.BUY, notional_try=d(notional), qty=ZERO),
        d("100"),
        PAIR,
        Means(cash_try=Decimal(1000), turnover_try=Decimal(1000)),
        (ZERO, SizingPolicy()),
    )
    assert (built.problem, built.limit) == (problem, None if limit is None else d(limit))


def test_a_wish_outside_the_pairs_bounds_is_refused() -> None:
    assert size(PAIR, Side.BUY, d("100"), d("3"), ZERO).problem is Reason.QTY_OUT_OF_BOUNDS
    assert size(PAIR, Side.BUY, d("100"), d("1.5"), ZERO).problem is None


def test_a_large_sale_fits_under_the_largest_order_though_its_price_is_rounded_up() -> None:
    coarse = msgspec.structs.replace(rules(), tick_size=d("0.01"), lot_step=d("0.0001"))
    built = build_order(
        Step(side=Side.SELL, notional_try=d("2998.5"), qty=d("400.3337")),
        d("7.49"),
        coarse,
        Means(cash_try=ZERO, turnover_try=ZERO, free_qty=Decimal(500), most_try=Decimal(3000)),
        (d("5"), SizingPolicy()),
    )
    assert (built.price, built.qty) == (d("7.5"), d("400"))
    assert built.notional_try <= Decimal(3000)
