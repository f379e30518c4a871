"""Whatever a request holds is understood or refused; nothing makes the reader fall over."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcbot_core.adapters.paper.server.answers import RefusedError
from btcbot_core.adapters.paper.server.fields import Fields, of_body, of_query

NAMES = ("quantity", "price", "pairSymbol", "id", "limit")
junk = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


def read_everything(fields: Fields) -> None:
    for name in NAMES:
        fields.text(name)
        fields.texts(name)
        for read in (fields.amount, fields.symbol, lambda n: fields.integer(n, 0)):
            try:
                read(name)
            except RefusedError as refused:
                assert refused.answer.status == 400


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fall_over(body: bytes) -> None:
    for kind in ("application/json", "application/x-www-form-urlencoded", ""):
        try:
            read_everything(of_body(body, kind))
        except RefusedError as refused:
            assert refused.answer.status == 400


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), junk))
def test_no_json_makes_the_reader_fall_over(whole: dict[str, object]) -> None:
    try:
        read_everything(of_body(json.dumps(whole).encode(), "application/json"))
    except RefusedError as refused:
        assert refused.answer.status == 400


@given(st.text(max_size=200))
def test_no_query_makes_the_reader_fall_over(query: str) -> None:
    try:
        read_everything(of_query(query))
    except RefusedError as refused:
        assert refused.answer.status == 400


@pytest.mark.parametrize(
    ("spelled", "value"),
    [("0.1", "0.1"), (".5", "0.5"), ("12", "12"), ("0.0000000000000001", "1e-16"), ("", "0")],
)
def test_plain_numbers_are_read_exactly(spelled: str, value: str) -> None:
    assert Fields([("quantity", spelled)]).amount("quantity") == Decimal(value)


@pytest.mark.parametrize("spelled", ["1e5", "+1", "-1", "1,5", "NaN", "٣", "1_0", "1.", "9" * 13])
def test_other_spellings_are_refused(spelled: str) -> None:
    with pytest.raises(RefusedError):
        Fields([("quantity", spelled)]).amount("quantity")


def test_a_json_number_stays_the_text_it_was() -> None:
    body = b'{"quantity":0.10000000000000000001,"price":123456789012345678}'
    fields = of_body(body, "application/json")
    assert fields.text("quantity") == "0.10000000000000000001"
    assert fields.text("PRICE") == "123456789012345678"
