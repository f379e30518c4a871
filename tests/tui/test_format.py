"""One way to show each kind of number, and the one function that every foreign text passes."""

import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from btcbot_tui import format as fmt
from tests.tui.frames import HOSTILE

D = Decimal
FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("101204.11", "101,204.11"),
        ("0.005", "0.00"),
        ("0.015", "0.02"),
        ("-12.1", "-12.10"),
        ("-0.001", "0.00"),
    ],
)
def test_money_has_two_decimals_and_groups_of_three(value: str, shown: str) -> None:
    assert fmt.money(D(value), "TRY") == shown


def test_money_in_bitcoin_has_eight_decimals() -> None:
    assert fmt.money(D("0.5"), "BTC") == "0.50000000"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("312.4", "+312.40"), ("-12.1", "-12.10"), ("0", "0.00"), ("-0.001", "0.00")],
)
def test_a_gain_never_stands_without_its_sign(value: str, shown: str) -> None:
    assert fmt.signed_money(D(value), "TRY") == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("4012300", "4,012,300"),
        ("0.00241000", "0.00241"),
        ("1E+3", "1,000"),
        ("-0.5", "-0.5"),
        ("-1234.5", "-1,234.5"),
        ("0.123456789", "0.12345679"),
    ],
)
def test_a_price_is_shown_as_it_is(value: str, shown: str) -> None:
    assert fmt.number(D(value)) == shown


def test_a_mean_is_shown_with_seven_digits_and_all_its_whole_ones() -> None:
    assert fmt.rounded(D("371066.94214876")) == "371,066.9"
    assert fmt.rounded(D("1222.00000")) == "1,222"
    assert fmt.rounded(D("123456789.5")) == "123,456,790"
    assert fmt.rounded(D("0.000012345678")) == "0.00001235"


@pytest.mark.parametrize(
    "shown",
    [
        fmt.money(None, "TRY"),
        fmt.signed_money(None, "TRY"),
        fmt.number(None),
        fmt.rounded(None),
        fmt.percent(None),
        fmt.bps(None),
        fmt.age(None),
        fmt.minutes(None),
        fmt.clock(None, UTC),
        fmt.stamp(None, UTC),
        fmt.money(D("NaN"), "TRY"),
        fmt.number(D("Infinity")),
        fmt.percent(D("1e400")),
    ],
)
def test_what_is_not_known_is_a_dash_and_never_a_number(shown: str) -> None:
    assert shown == "—"


def test_a_percentage_that_is_not_known_is_a_dash() -> None:
    assert fmt.signed_percent(None) == "—"
    assert fmt.signed_percent(D("0.0031")) == "+0.31%"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        ("0.84", "0.8s"),
        ("41.9", "41s"),
        ("130", "02:10"),
        ("11100", "3h05m"),
        ("187200", "2d04h"),
        ("-3", "-3.0s"),
    ],
)
def test_an_age_is_as_fine_as_it_matters(seconds: str, shown: str) -> None:
    assert fmt.age(D(seconds)) == shown


def test_an_order_s_age_keeps_its_width_for_an_hour() -> None:
    assert [fmt.minutes(D(s)) for s in (2, 41, 3599, 3600)] == ["00:02", "00:41", "59:59", "1h00m"]


def test_a_stamp_names_its_zone() -> None:
    at = datetime(2022, 11, 8, 14, 2, 11, tzinfo=UTC)
    assert fmt.stamp(at, UTC) == "2022-11-08 14:02:11 UTC"
    assert fmt.stamp(at, timezone(timedelta(hours=3))) == "2022-11-08 17:02:11 +03"
    assert fmt.stamp(at, timezone(-timedelta(hours=3, minutes=30))).endswith("10:32:11 -03:30")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_control_character_survives_cleaning(text: str) -> None:
    cleaned = fmt.clean(text)
    assert not {unicodedata.category(char) for char in cleaned} & FORBIDDEN
    assert "\x1b" not in cleaned


def test_a_name_that_carried_hidden_characters_does_not_look_clean() -> None:
    assert fmt.clean("BTC\u202eTRY") == "BTC�TRY"
    assert fmt.clean("BTC\u200bTRY") != "BTCTRY"


def test_turkish_letters_and_plain_words_pass_unchanged() -> None:
    assert fmt.clean("İstanbul ğüşıöç — 12 % ▲") == "İstanbul ğüşıöç — 12 % ▲"


def test_an_over_long_text_is_cut_and_marked() -> None:
    assert fmt.clean("x" * 1_000, 10) == "x" * 9 + "…"


@given(st.text(max_size=600), st.integers(1, 500))
def test_cleaning_is_final_and_bounded(text: str, length: int) -> None:
    cleaned = fmt.clean(text, length)
    assert fmt.clean(cleaned, length) == cleaned
    assert len(cleaned) <= length
    assert not {unicodedata.category(char) for char in cleaned} & FORBIDDEN


@given(st.text(max_size=60), st.integers(0, 30))
def test_a_clipped_text_fits_its_cells(text: str, cells: int) -> None:
    assert cell_len(fmt.clip(fmt.clean(text), cells)) <= cells


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_no_number_makes_a_formatter_fail(value: Decimal) -> None:
    shown = (fmt.money(value, "TRY"), fmt.number(value), fmt.rounded(value), fmt.percent(value))
    assert all(shown)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("0", "0"),
        ("860.4", "860"),
        ("1250", "1.2k"),
        ("40123", "40k"),
        ("1250000", "1.2M"),
        ("-40123", "-40k"),
    ],
)
def test_a_rough_amount_is_read_at_a_glance(value: str, told: str) -> None:
    assert fmt.rough(Decimal(value)) == told
    assert fmt.rough(None) == fmt.UNKNOWN
