"""Numbers, times and words go through the file digit for digit, and nothing else gets in."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcbot_core.adapters.sqlite.fields import ExactDecimal, UtcTime, decimal_text, time_text
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.adapters.sqlite.tables import TABLES
from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.errors import InvariantBrokenError, StoreError
from btcbot_core.domain.ids import ClientId, CycleId
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import Order
from btcbot_core.ledger.book import Ledger
from btcbot_core.ledger.lots import Holding, Lot
from btcbot_core.oms.machine import planned
from tests.contract.store_makers import RUN, a_run, an_intent

DIGITS_38 = st.builds(
    lambda number, places, sign: (
        Decimal(number).scaleb(-places) * sign
        if len(str(number)) <= 28
        else Decimal(f"{'-' if sign < 0 else ''}{number}E-{places}")
    ),
    st.integers(0, 10**38 - 1),
    st.integers(0, 24),
    st.sampled_from([1, -1]),
).filter(lambda number: not number or abs(number.adjusted()) <= 32)
TIMES = st.datetimes(
    min_value=datetime(1971, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone itself
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=3)), timezone(timedelta(hours=-7))]),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path_factory.mktemp("fields") / "state.db", synchronous="NORMAL")
    with opened.begin() as work:
        work.runs.open(a_run())
        work.commit()
    yield opened
    opened.close()


@given(DIGITS_38)
def test_a_number_of_38_digits_is_stored_exactly(number: Decimal) -> None:
    assert ExactDecimal().python_value(decimal_text(number)) == number


@given(DIGITS_38, DIGITS_38)
def test_equal_numbers_have_one_spelling(one: Decimal, other: Decimal) -> None:
    assert (decimal_text(one) == decimal_text(other)) == (one == other)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("0E+5", "0"),
        ("0E-90", "0"),
        ("-0.00", "0"),
        ("1E+3", "1000"),
        ("1.50", "1.5"),
        ("-2.5E-7", "-0.00000025"),
        ("1E-31", "0." + "0" * 30 + "1"),
    ],
)
def test_the_spelling_has_no_exponent_and_no_idle_zeros(number: str, text: str) -> None:
    assert decimal_text(Decimal(number)) == text


@pytest.mark.parametrize(
    "number", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+400", "1E-400", "1E+33"]
)
def test_what_is_no_sane_number_is_refused(number: str) -> None:
    with pytest.raises(InvariantBrokenError):
        decimal_text(Decimal(number))


@pytest.mark.parametrize("number", [0.1, 1, "1", True, None])
def test_what_is_no_decimal_is_refused(number: object) -> None:
    with pytest.raises(InvariantBrokenError):
        decimal_text(number)  # type: ignore[arg-type]  # that is what is tested


@pytest.mark.parametrize(
    "text", ["", "abc", "1e5", "NaN", "1_0", "\u0661", "--1", "1.", "1.2.3", " 1", "1\n"]
)
def test_a_damaged_number_is_not_read(text: str) -> None:
    with pytest.raises(StoreError, match="damaged"):
        ExactDecimal().python_value(text)


@given(TIMES)
def test_a_time_is_stored_to_the_microsecond(at: datetime) -> None:
    found = UtcTime().python_value(time_text(at))
    assert found == at
    assert found is not None
    assert found.tzinfo is UTC


@given(TIMES, TIMES)
def test_times_sort_as_their_texts_do(one: datetime, other: datetime) -> None:
    assert (time_text(one) < time_text(other)) == (one < other)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(InvariantBrokenError, match="zone"):
        time_text(datetime(2022, 11, 8))  # noqa: DTZ001 - that is what is tested


def test_a_damaged_time_is_not_read() -> None:
    with pytest.raises(StoreError, match="damaged"):
        UtcTime().python_value("yesterday")


def test_no_column_can_hold_a_binary_fraction(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "state.db").close()
    connection = sqlite3.connect(tmp_path / "state.db")
    for table in TABLES:
        name = table._meta.table_name
        columns = connection.execute(f"PRAGMA table_info({name})").fetchall()
        assert columns
        assert {kind for _, _, kind, *_ in columns} <= {"TEXT", "INTEGER", "BLOB"}
        strict = connection.execute(
            "SELECT strict FROM pragma_table_list WHERE name = ?", (name,)
        ).fetchone()
        assert strict == (1,)
    connection.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE orders SET price = 'NaN'",
        "UPDATE orders SET price = ''",
        "UPDATE orders SET price = '1e5'",
        "UPDATE orders SET side = 'long'",
        "UPDATE orders SET status = 'done'",
        "UPDATE orders SET ttl_s = 'soon'",
        "UPDATE orders SET run = 'nowhere'",
        "UPDATE orders SET created_at = NULL",
        "UPDATE runs SET kind = 'real'",
    ],
)
def test_sqlite_itself_refuses_what_is_no_value_of_ours(tmp_path: Path, change: str) -> None:
    opened = SqliteStore(tmp_path / "state.db")
    with opened.begin() as work:
        work.runs.open(a_run())
        work.orders.add_intents(RUN, [an_intent()])
        work.commit()
    opened.close()
    by_hand = sqlite3.connect(tmp_path / "state.db")
    by_hand.execute("PRAGMA foreign_keys = 1")
    with pytest.raises(sqlite3.IntegrityError):
        by_hand.execute(change)
    by_hand.close()


def _orders() -> st.SearchStrategy[Order]:
    return st.builds(
        lambda price, qty: planned(an_intent(price=str(price), qty=str(qty)))[0],
        DIGITS_38,
        DIGITS_38,
    )


def _states() -> st.SearchStrategy[Carried]:
    symbols = st.sampled_from([Symbol("BTCTRY"), Symbol("ETHTRY"), Symbol("XRPUSDT")])
    lots = st.lists(st.builds(Lot, DIGITS_38, DIGITS_38), max_size=3).map(tuple)
    holdings = st.builds(
        Holding,
        symbol=symbols,
        qty=DIGITS_38,
        cost_try=DIGITS_38,
        realized_try=DIGITS_38,
        lots=lots,
    )
    ledgers = st.builds(
        Ledger,
        quote=st.just(Asset("TRY")),
        seq=st.integers(0, 2**53),
        cash_try=DIGITS_38,
        capital_try=DIGITS_38,
        realized_try=DIGITS_38,
        slippage_try=DIGITS_38,
        fees=st.dictionaries(st.sampled_from([Asset("TRY"), Asset("USDT")]), DIGITS_38),
        holdings=st.dictionaries(symbols, holdings),
    )
    return st.builds(
        Carried,
        ledger=ledgers,
        orders=st.dictionaries(st.sampled_from([ClientId("a"), ClientId("b")]), _orders()),
        last_sent=st.dictionaries(st.sampled_from(["BTCTRY:buy", "BTCTRY:sell"]), TIMES),
        marks=st.dictionaries(symbols, DIGITS_38),
        peak_try=DIGITS_38,
    )


@given(state=_states())
def test_the_carried_state_comes_back_exactly(store: SqliteStore, state: Carried) -> None:
    with store.begin() as work:
        work.checkpoints.save(RUN, CycleId("c"), state)
        assert work.checkpoints.load(RUN) == state


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_state_with_what_is_no_number_is_refused(store: SqliteStore, number: str) -> None:
    state = Carried(ledger=Ledger(quote=Asset("TRY"), cash_try=Decimal(number)))
    with store.begin() as work, pytest.raises(InvariantBrokenError, match="no number"):
        work.checkpoints.save(RUN, CycleId("c"), state)
