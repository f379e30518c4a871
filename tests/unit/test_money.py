"""Numbers at the border: what is no plain decimal never gets in."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcbot_core.domain.money import (
    NotANumberError,
    bounded,
    canonical,
    ceil_to,
    decimal_from,
    fee_up,
    floor_to,
)

AMOUNTS = st.decimals(min_value=Decimal("0.00000001"), max_value=Decimal("999999999999"), places=8)
STEPS = st.sampled_from([Decimal("1"), Decimal("0.1"), Decimal("0.00000001"), Decimal("10")])


@pytest.mark.parametrize(
    "text",
    ["NaN", "Infinity", "-inf", "1e400", "1_0", "1,5", "", " 1", "١٢", "0x1", "1e-400", "--1", "."],
)
def test_text_that_is_no_plain_number_is_refused(text: str) -> None:
    with pytest.raises(NotANumberError):
        decimal_from(text)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Decimal("1e400"), 0.1, 1])
def test_a_value_that_is_no_finite_decimal_is_refused(value: object) -> None:
    with pytest.raises(NotANumberError):
        bounded(value)  # type: ignore[arg-type]  # the point of the test


@given(AMOUNTS)
def test_the_canonical_spelling_reads_back_as_the_same_number(amount: Decimal) -> None:
    assert decimal_from(canonical(amount)) == amount


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("1.500", "1.5"),
        ("-0", "0"),
        ("0.00", "0"),
        ("1E+3", "1000"),
        ("10", "10"),
        ("1e-8", "0.00000001"),
    ],
)
def test_a_number_has_one_spelling(text: str, spelled: str) -> None:
    assert canonical(Decimal(text)) == spelled


@given(AMOUNTS, STEPS)
def test_rounding_to_a_step_brackets_the_amount(amount: Decimal, step: Decimal) -> None:
    low, high = floor_to(amount, step), ceil_to(amount, step)
    assert low <= amount <= high
    assert high - low in (0, step)
    assert low % step == 0


@given(AMOUNTS)
def test_a_fee_is_never_rounded_in_our_favour(amount: Decimal) -> None:
    assert fee_up(amount / 3) >= amount / 3
