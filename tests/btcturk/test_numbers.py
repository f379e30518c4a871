"""Numbers of the wire are exact or refused."""

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcbot_core.adapters.btcturk.wire.numbers import (
    Levels,
    Millis,
    Number,
    Series,
    decoder,
    instant,
    millis_of,
)
from btcbot_core.domain.money import canonical
from tests.btcturk.world import T0


class Row(msgspec.Struct, frozen=True):
    n: Number
    maybe: Number | None = None


class Time(msgspec.Struct, frozen=True):
    t: Millis


class Side(msgspec.Struct, frozen=True):
    levels: Levels


class Column(msgspec.Struct, frozen=True):
    values: Series


ROW, TIME, SIDE, COLUMN = decoder(Row), decoder(Time), decoder(Side), decoder(Column)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", "1.5"),
        ('"1.5"', "1.5"),
        ('"1.50"', "1.50"),
        ("3712281", "3712281"),
        ("-0.3384", "-0.3384"),
        ('"-0.33840811"', "-0.33840811"),
        ('"102135.3712490135968651"', "102135.3712490135968651"),
        ("549.1858885452384", "549.1858885452384"),
        ("5e-06", "0.000005"),
        ("1e3", "1000"),
        ('"1E-8"', "0.00000001"),
        ('" 7 "', "7"),
        ("0", "0"),
        ("123456789012345678", "123456789012345678"),
    ],
)
def test_a_number_is_read_exactly_from_either_spelling(text: str, value: str) -> None:
    assert str(canonical(ROW.decode(f'{{"n":{text}}}').n)) == canonical(Decimal(value))


@pytest.mark.parametrize(
    "text",
    [
        '"NaN"',
        '"sNaN"',
        '"Infinity"',
        '"-inf"',
        "1e400",
        '"1e400"',
        "1e99",
        '"1_0"',
        '"1,5"',
        '"1.234,5"',
        '"1,234.5"',
        '"27223,7283250757643288"',
        '""',
        '" "',
        '"."',
        '"+"',
        '"0x10"',
        '"١٢"',
        '"１２"',
        '"1 2"',
        '"1\\u0000"',
        '"\\t7"',
        "true",
        "null",
        "[1]",
        "{}",
        "NaN",
        "1" * 40,
        '"' + "1" * 10_000 + '"',
        "1" * 10_000,
        "0." + "1" * 10_000,
    ],
)
def test_what_is_no_plain_number_is_refused(text: str) -> None:
    """msgspec alone would take several of these."""
    with pytest.raises((msgspec.DecodeError, ValueError)):
        ROW.decode(f'{{"n":{text}}}')


def test_a_missing_number_is_missing_and_not_zero() -> None:
    assert ROW.decode(b'{"n":1,"maybe":null}').maybe is None
    assert ROW.decode(b'{"n":1}').maybe is None


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=8, min_value=-(10**12), max_value=10**12
    )
)
def test_any_amount_survives_the_wire_as_text_and_as_a_number(value: Decimal) -> None:
    text = canonical(value)
    assert ROW.decode(json.dumps({"n": text})).n == value
    assert ROW.decode(f'{{"n":{text}}}').n == value


@given(st.text(max_size=30))
def test_any_text_is_a_sane_number_or_refused(text: str) -> None:
    try:
        value = ROW.decode(json.dumps({"n": text})).n
    except (msgspec.DecodeError, ValueError):
        return
    assert type(value) is Decimal
    assert value.is_finite()
    assert abs(value.adjusted()) <= 30
    assert set(text.strip(" ")) <= set("0123456789.+-eE")


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("1787525059089", 1787525059089),
        ("1568899482709.0", 1568899482709),
        ('"1787525059089"', 1787525059089),
        ("0", 0),
    ],
)
def test_an_instant_is_in_milliseconds_or_absent(text: str, millis: int) -> None:
    assert TIME.decode(f'{{"t":{text}}}').t == millis


@pytest.mark.parametrize(
    "text", ["1787525059", "1787525059089000", "-1", "1787525059089.5", '"now"', "null", "1e13"]
)
def test_seconds_microseconds_and_nonsense_are_no_milliseconds(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        TIME.decode(f'{{"t":{text}}}')


def test_instants_and_milliseconds_turn_into_each_other() -> None:
    assert instant(millis_of(T0)) == T0
    assert instant(0) is None


@pytest.mark.parametrize(
    "text",
    ["null", "{}", '"x"', "[1]", "[[1]]", "[[1,2,3]]", '[["1","1_0"]]', "[[1,null]]", '[{"A":1}]'],
)
def test_levels_that_are_no_pairs_of_numbers_are_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        SIDE.decode(f'{{"levels":{text}}}')


def test_levels_and_columns_are_read_in_their_order() -> None:
    levels = SIDE.decode(b'{"levels":[["2","0.10"],[1,0.5]]}').levels
    assert levels == ((Decimal(2), Decimal("0.1")), (Decimal(1), Decimal("0.5")))
    assert COLUMN.decode(b'{"values":[1,2.5]}').values == (Decimal(1), Decimal("2.5"))
