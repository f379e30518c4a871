"""Recorded datasets: what is let in, what is refused and in which words, and what can be seen."""

import json
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import btcbot_core
from btcbot_core.adapters.replay.clock import ReplayTimeline, clock_of
from btcbot_core.adapters.replay.columns import last_row_by
from btcbot_core.adapters.replay.dataset import Dataset, load
from btcbot_core.adapters.replay.market import ReplayMarket
from btcbot_core.domain.errors import DatasetError
from btcbot_core.domain.market import BookSource, Candle, MarketSnapshot
from btcbot_core.domain.symbol import Symbol
from tests.adapters.recording import (
    MINUTE,
    START,
    bar,
    book_csv,
    candles_csv,
    manifest,
    minute,
    write_dataset,
)

DEMO = Path(btcbot_core.__file__).parent / "demo" / "ftx_night"
BTCTRY = Symbol("BTCTRY")
HEADER = "ts,open,high,low,close,volume\n"


def seen(dataset: Dataset, step: int) -> tuple[MarketSnapshot, Candle | None]:
    """What a run could see at a step."""
    clock = clock_of(dataset)
    assert ReplayTimeline(dataset, clock).advance(step - 1) == step
    market = ReplayMarket(dataset, clock)
    return market.snapshot((BTCTRY,)), market.candle(BTCTRY)


def refusal(folder: Path) -> str:
    with pytest.raises(DatasetError) as refused:
        load(folder)
    assert "\n" not in str(refused.value)
    assert str(refused.value).isprintable()
    return str(refused.value)


# The demo


def test_the_demo_is_complete_and_says_where_it_comes_from() -> None:
    demo = load(DEMO)
    assert set(demo.symbols) == {"BTCTRY", "ETHTRY", "XRPTRY", "USDTTRY", "SOLTRY", "AVAXTRY"}
    assert demo.steps == 996
    assert demo.warnings == ()
    assert demo.quote == "TRY"
    assert "no licence stated" in demo.licence
    assert all(pair.rules.is_modelled for pair in demo.pairs.values())
    assert demo.profile["DRY_RUN_TRY_BALANCE"] == "100000"


def test_every_pair_of_the_demo_has_a_quote_at_every_step() -> None:
    demo = load(DEMO)
    clock = clock_of(demo)
    timeline, market = ReplayTimeline(demo, clock), ReplayMarket(demo, clock)
    step = timeline.advance(-1)
    while step is not None:
        snapshot = market.snapshot(demo.symbols)
        assert not snapshot.problems
        assert all(quote.at == clock.now() for quote in snapshot.quotes.values())
        assert all(quote.bid < quote.ask for quote in snapshot.quotes.values())
        step = timeline.advance(step)
    assert clock.now() == demo.last_open + demo.interval


def test_loading_and_looking_are_fast() -> None:
    begun = time.perf_counter()
    demo = load(DEMO)
    assert time.perf_counter() - begun < 1.5  # 0.03 s when nobody else works here
    clock = clock_of(demo)
    timeline, market = ReplayTimeline(demo, clock), ReplayMarket(demo, clock)
    timeline.advance(500)
    begun = time.perf_counter()
    for _ in range(1000):
        market.snapshot(demo.symbols)
    assert (time.perf_counter() - begun) / 1000 < 0.0006  # 12 µs when nobody else works here


# What is seen, and when


def test_a_candle_is_seen_only_when_its_interval_is_over(tmp_path: Path) -> None:
    bars = [bar("100"), bar("200"), bar("300")]
    dataset = load(write_dataset(tmp_path / "d", {"BTCTRY": candles_csv(bars)}))
    clock = clock_of(dataset)
    market = ReplayMarket(dataset, clock)
    assert market.snapshot((BTCTRY,)).problems == {BTCTRY: "no data yet"}
    clock.move_to(START + MINUTE - timedelta(microseconds=1))
    assert market.candle(BTCTRY) is None
    clock.move_to(START + MINUTE)
    candle = market.candle(BTCTRY)
    assert candle is not None
    assert (candle.opened_at, candle.close) == (START, Decimal(100))


def test_step_k_is_the_instant_at_which_interval_k_is_over(tmp_path: Path) -> None:
    dataset = load(write_dataset(tmp_path / "d", {"BTCTRY": candles_csv([bar("1")] * 3)}))
    clock = clock_of(dataset)
    timeline = ReplayTimeline(dataset, clock)
    assert timeline.total() == 3
    assert timeline.advance(-1) == 0
    assert clock.now() == START + MINUTE
    assert timeline.advance(1) == 2
    assert clock.now() == START + 3 * MINUTE
    assert timeline.advance(2) is None
    assert clock.now() == START + 3 * MINUTE


def test_a_modelled_quote_stands_around_the_close_rounded_away_from_it(tmp_path: Path) -> None:
    files = {"BTCTRY": candles_csv([bar("350001")])}
    dataset = load(write_dataset(tmp_path / "d", files, described=manifest()))
    snapshot, _ = seen(dataset, 0)
    quote = snapshot.quotes[BTCTRY]
    assert (quote.bid, quote.ask) == (Decimal(349825), Decimal(350177))
    assert quote.source is BookSource.MODELLED
    assert quote.at == START + MINUTE


def test_a_recorded_quote_is_the_last_row_by_now_and_keeps_its_own_time(tmp_path: Path) -> None:
    rows = [(minute(0), "99", "101"), (minute(1), "98", "99"), (minute(1), "97", "98")]
    folder = write_dataset(
        tmp_path / "d",
        {"BTCTRY": candles_csv([bar("100")] * 3)},
        books={"BTCTRY": book_csv(rows)},
        described=manifest(book={"kind": "recorded"}),
    )
    dataset = load(folder)
    assert dataset.book_label == "recorded"
    quote = seen(dataset, 0)[0].quotes[BTCTRY]
    assert (quote.bid, quote.ask, quote.at) == (Decimal(97), Decimal(98), START + MINUTE)
    assert quote.source is BookSource.RECORDED
    quote = seen(dataset, 1)[0].quotes[BTCTRY]
    assert quote.at == START + MINUTE


def test_data_are_carried_one_interval_and_then_missing(tmp_path: Path) -> None:
    text = HEADER + f"{minute(0)},5,5,5,5,1\n{minute(4)},6,6,6,6,1\n"
    folder = write_dataset(tmp_path / "d", {"BTCTRY": text}, described=manifest())
    dataset = load(folder)
    assert dataset.warnings == ("BTCTRY: candles are missing in 1 places",)
    assert seen(dataset, 1)[0].quotes[BTCTRY].at == START + MINUTE
    snapshot, candle = seen(dataset, 2)
    assert snapshot.problems == {BTCTRY: "no data since 2026-01-01 00:01:00 UTC"}
    assert candle is None
    assert seen(dataset, 4)[0].quotes[BTCTRY].at == START + 5 * MINUTE


@given(
    at_us=st.integers(-100, 2_000),
    first=st.integers(0, 500),
    step=st.integers(1, 90),
    count=st.integers(1, 20),
)
def test_a_row_counted_off_is_the_row_that_a_search_finds(
    at_us: int, first: int, step: int, count: int
) -> None:
    even = range(first, first + step * count, step)
    assert last_row_by(even, at_us) == last_row_by(list(even), at_us)


def test_a_pair_that_was_not_recorded_is_a_problem_and_has_no_rules(tmp_path: Path) -> None:
    dataset = load(write_dataset(tmp_path / "d", {"BTCTRY": candles_csv([bar("1")] * 2)}))
    clock = clock_of(dataset)
    market = ReplayMarket(dataset, clock)
    assert market.snapshot((Symbol("ETHTRY"),)).problems == {"ETHTRY": "not in the dataset"}
    assert list(market.rules((Symbol("ETHTRY"), BTCTRY))) == [BTCTRY]


PRICES = st.integers(min_value=1, max_value=10_000).map(str)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    closes=st.lists(PRICES, min_size=3, max_size=12),
    garbage=st.lists(PRICES, min_size=12, max_size=12),
    data=st.data(),
)
def test_what_comes_later_changes_nothing_that_is_seen_now(
    tmp_path_factory: pytest.TempPathFactory,
    closes: list[str],
    garbage: list[str],
    data: st.DataObject,
) -> None:
    step = data.draw(st.integers(min_value=0, max_value=len(closes) - 2))
    forged = closes[: step + 1] + garbage[step + 1 : len(closes)]
    views = []
    for prices in (closes, forged):
        books = [(minute(i), price, price) for i, price in enumerate(prices)]
        # A row that falls on the step's own instant is seen, so garbage starts right after it.
        books[step + 1] = (minute(step + 1), closes[step + 1], closes[step + 1])
        for name, recorded in (("modelled", None), ("recorded", {"BTCTRY": book_csv(books)})):
            folder = tmp_path_factory.mktemp(name)
            candles = {"BTCTRY": candles_csv([bar(price) for price in prices])}
            views.append(seen(load(write_dataset(folder / "d", candles, books=recorded)), step))
    assert views[:2] == views[2:]


# Descriptions


def test_without_a_description_everything_that_is_guessed_is_warned_of(tmp_path: Path) -> None:
    bars = [bar("100.50", volume="1.25"), bar("101.25")]
    dataset = load(write_dataset(tmp_path / "d", {"btc_try": candles_csv(bars)}))
    assert dataset.interval == MINUTE
    assert dataset.quote == "TRY"
    assert "inferred" in dataset.warnings[0]
    assert "modelled" in dataset.warnings[0]
    rules = dataset.pairs[BTCTRY].rules
    assert (rules.tick_size, rules.lot_step) == (Decimal("0.01"), Decimal("0.01"))
    assert rules.min_notional == Decimal("99.91")
    assert rules.is_modelled


def test_a_dataset_quoted_in_dollars_is_one_like_any_other(tmp_path: Path) -> None:
    dataset = load(write_dataset(tmp_path / "d", {"BTCUSDT": candles_csv([bar("61000")] * 2)}))
    assert dataset.quote == "USDT"
    assert dataset.pairs[Symbol("BTCUSDT")].rules.min_notional == Decimal("9.91")


def test_the_same_figures_in_another_spelling_have_the_same_digest(tmp_path: Path) -> None:
    plain = {"BTCTRY": candles_csv([bar("100"), bar("101.5")])}
    padded = {"BTCTRY": candles_csv([bar("100.0000"), bar("101.50")])}
    other = {"BTCTRY": candles_csv([bar("100"), bar("101.6")])}
    digests = [
        load(write_dataset(tmp_path / str(i), files, described=manifest())).digest
        for i, files in enumerate((plain, padded, other))
    ]
    assert digests[0] == digests[1] != digests[2]


def test_times_may_be_epoch_seconds_or_milliseconds_or_end_with_z(tmp_path: Path) -> None:
    rows = ["1767225600,1,1,1,1,0", "1767225660000,1,1,1,1,0", "2026-01-01T00:02:00Z,1,1,1,1,0"]
    dataset = load(write_dataset(tmp_path / "d", {"BTCTRY": HEADER + "\n".join(rows) + "\n"}))
    assert dataset.first_open == START
    assert dataset.last_open == START + 2 * MINUTE


def test_further_columns_and_another_order_are_fine(tmp_path: Path) -> None:
    text = "volume, close,low,high,open,ts,note\n" + f"7,2,1,3,2,{minute(0)},x\n"
    dataset = load(write_dataset(tmp_path / "d", {"BTCTRY": text}, described=manifest()))
    candle = dataset.pairs[BTCTRY].candles.candle(0)
    assert (candle.low, candle.high, candle.volume) == (Decimal(1), Decimal(3), Decimal(7))


def test_a_number_with_an_exponent_is_read_exactly(tmp_path: Path) -> None:
    text = HEADER + f"{minute(0)},1,1,1,1,1e-05\n"
    dataset = load(write_dataset(tmp_path / "d", {"BTCTRY": text}, described=manifest()))
    assert dataset.pairs[BTCTRY].candles.volume[0] == Decimal("0.00001")


# What is refused

ROW = "{ts},100,101,99,100,1"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (f"{minute(1)},NaN,101,99,100,1", "'NaN'"),
        (f"{minute(1)},100,inf,99,100,1", "'inf'"),
        (f"{minute(1)},100,1e400,99,100,1", "'1e400'"),
        (f"{minute(1)},100,1_0,99,100,1", "'1_0'"),
        (f"{minute(1)},١٠٠,101,99,100,1", "a number"),
        (f"{minute(1)},-100,101,99,100,1", "not negative"),
        (f"{minute(1)},0,101,99,100,1", "above zero"),
        (f"{minute(1)},100,101,99,100,-1", "not negative"),
        (f"{minute(1)},100,101,99,100,", "a number"),
        (f"{minute(1)},100,98,99,100,1", "low ≤ open, close ≤ high"),
        (f"{minute(1)},100,101,99,102,1", "low ≤ open, close ≤ high"),
        (f"{minute(1)},{'9' * 20},101,99,100,1", "at most"),
        (f"{minute(1)},100,101,99,100", "5 cells"),
        (f"{minute(1)},100,101,99,100,1,2", "7 cells"),
        ("", "1 cells"),
        (f"{minute(0)},100,101,99,100,1", "rising times"),
        ("2025-12-31T23:59:00+00:00,100,101,99,100,1", "rising times"),
        ("2026-01-01T00:01:00,100,101,99,100,1", "UTC such as"),
        ("2026-01-01T00:01:00+03:00,100,101,99,100,1", "UTC such as"),
        ("2026-02-30T00:01:00+00:00,100,101,99,100,1", "a date of the calendar"),
        ("01.01.2026 00:01,100,101,99,100,1", "UTC such as"),
        ("2026-01-01T00:00:30+00:00,100,101,99,100,1", "every 60 s"),
        ("\x1b]52;c;aGk=\x07,100,101,99,100,1", "\\x1b"),
        ("x" * 5000, "cells"),
    ],
)
def test_a_bad_candle_is_refused_with_file_and_line(tmp_path: Path, row: str, words: str) -> None:
    text = HEADER + ROW.format(ts=minute(0)) + "\n" + row + "\n"
    said = refusal(write_dataset(tmp_path / "d", {"BTCTRY": text}, described=manifest()))
    assert said.startswith("candles/BTCTRY.csv line 3: ")
    assert words in said


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([(minute(0), "101", "100")], "a bid at or under the ask"),
        ([(minute(0), "0", "100")], "above zero"),
        ([(minute(1), "99", "100"), (minute(0), "99", "100")], "do not go back"),
    ],
)
def test_a_bad_book_is_refused(
    tmp_path: Path, rows: list[tuple[str, str, str]], words: str
) -> None:
    candles = {"BTCTRY": candles_csv([bar("100")] * 2)}
    said = refusal(write_dataset(tmp_path / "d", candles, books={"BTCTRY": book_csv(rows)}))
    assert said.startswith("orderbook/BTCTRY.csv line ")
    assert words in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ts,open,high,low,close\n", "the columns ts,open,high,low,close,volume"),
        ("a,b\n", "the columns"),
        ("ts,ts,open,high,low,close,volume\n", "the columns"),
        (HEADER, "at least one row"),
        ("", "the columns"),
        ("\x00\xff\x00", "the columns"),
    ],
)
def test_a_bad_header_or_an_empty_file_is_refused(tmp_path: Path, text: str, words: str) -> None:
    assert words in refusal(write_dataset(tmp_path / "d", {"BTCTRY": text}))


def test_no_folder_no_candles_and_a_file_for_a_folder_are_refused(tmp_path: Path) -> None:
    assert "no such folder" in refusal(tmp_path / "nowhere")
    assert "no such folder" in refusal(tmp_path / "nul\0nul")
    (tmp_path / "file").write_text("")
    assert "expected a folder" in refusal(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    assert "found no candles" in refusal(tmp_path / "empty")


def test_files_that_lead_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    outside = tmp_path / "secret.csv"
    outside.write_text(candles_csv([bar("1")] * 2))
    folder = write_dataset(tmp_path / "d", {})
    (folder / "candles" / "BTCTRY.csv").symlink_to(outside)
    assert "plain file" in refusal(folder)
    (folder / "candles" / "BTCTRY.csv").unlink()
    (folder / "candles").rmdir()
    (folder / "candles").symlink_to(tmp_path)
    assert "link out of the dataset" in refusal(folder)


def test_a_device_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "d", {})
    (folder / "candles" / "BTCTRY.csv").symlink_to("/dev/zero")
    assert "plain file" in refusal(folder)


def test_a_hostile_file_name_is_shown_as_escapes(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "d", {})
    (folder / "candles" / "\x1b[2JBTC\u202eTRY.csv").write_text("")
    assert "\\x1b[2JBTC\\u202eTRY.csv" in refusal(folder)


def test_one_pair_in_two_files_is_refused(tmp_path: Path) -> None:
    text = candles_csv([bar("1")] * 2)
    assert "each pair once" in refusal(
        write_dataset(tmp_path / "d", {"BTCTRY": text, "BTC_TRY": text})
    )


def test_two_quote_currencies_without_a_description_are_refused(tmp_path: Path) -> None:
    text = candles_csv([bar("1")] * 2)
    assert "one currency" in refusal(
        write_dataset(tmp_path / "d", {"BTCTRY": text, "BTCUSDT": text})
    )


ENTRY = {"tick_size": "1", "lot_step": "1", "min_notional": "1", "modelled": True}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"interval_s": 0}, "interval_s"),
        ({"interval_s": "60"}, "interval_s"),
        ({"ts": "close"}, "ts"),
        ({"quote": "try"}, "quote"),
        ({"unheard": 1}, "unheard"),
        ({"pairs": {"BTCTRY": {**ENTRY, "tick_size": 1}}}, "tick_size"),
        ({"pairs": {"BTCTRY": {**ENTRY, "tick_size": "NaN"}}}, "tick_size"),
        ({"pairs": {"BTCTRY": {**ENTRY, "lot_step": "0"}}}, "lot_step"),
        ({"pairs": {"BTCTRY": {**ENTRY, "min_notional": "-1"}}}, "min_notional"),
        ({"pairs": {"BTCTRY": ENTRY, "ETHTRY": ENTRY}}, "ETHTRY"),
        ({"pairs": {"BTCUSDT": ENTRY}}, "quoted in TRY"),
        ({"pairs": {"../x": ENTRY}}, "../x"),
        ({"pairs": {}}, "BTCTRY"),
        ({"book": {"kind": "recorded"}}, "orderbook/BTCTRY.csv"),
        ({"book": {"kind": "guessed"}}, "guessed"),
        ({"book": {"kind": "modelled", "half_spread_bps": "-1"}}, "half_spread_bps"),
        ({"profile": {"STATE_DB_PATH": "/etc/passwd"}}, "STATE_DB_PATH"),
        ({"profile": {"LIVE_TRADING": "true"}}, "LIVE_TRADING"),
        ({"profile": {"BTCTURK_BASE_URL": "https://evil.example"}}, "BTCTURK_BASE_URL"),
        ({"profile": {"SYMBOLS": "A\nB"}}, "profile.SYMBOLS"),
    ],
)
def test_a_bad_description_is_refused(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    candles = {"BTCTRY": candles_csv([bar("100")] * 2)}
    said = refusal(write_dataset(tmp_path / "d", candles, described=manifest(**changes)))
    assert said.startswith("dataset.json")
    assert words in said


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, json.dumps([1]).encode()]
)
def test_a_description_that_is_no_json_of_ours_is_refused(tmp_path: Path, raw: bytes) -> None:
    folder = write_dataset(tmp_path / "d", {"BTCTRY": candles_csv([bar("1")])})
    (folder / "dataset.json").write_bytes(raw)
    assert refusal(folder).startswith("dataset.json")


def test_a_book_beside_a_dataset_that_calls_it_modelled_is_refused(tmp_path: Path) -> None:
    candles = {"BTCTRY": candles_csv([bar("100")] * 2)}
    books = {"BTCTRY": book_csv([(minute(0), "1", "2")])}
    folder = write_dataset(tmp_path / "d", candles, books=books, described=manifest())
    assert "expected one" in refusal(folder)


def test_a_stray_file_is_left_alone_and_warned_of(tmp_path: Path) -> None:
    candles = {"BTCTRY": candles_csv([bar("100")] * 2)}
    folder = write_dataset(tmp_path / "d", candles, described=manifest())
    (folder / "virus.exe").write_text("")
    assert load(folder).warnings == ("'virus.exe' is no part of a dataset: left alone",)


def test_ticker_rows_are_checked_like_all_others(tmp_path: Path) -> None:
    candles = {"BTCTRY": candles_csv([bar("100")] * 2)}
    folder = write_dataset(tmp_path / "d", candles, described=manifest())
    (folder / "ticker").mkdir()
    ticker = folder / "ticker" / "BTCTRY.csv"
    ticker.write_text(f"ts,last,high,low,volume\n{minute(0)},5,6,4,0\n")
    assert load(folder).symbols == (BTCTRY,)
    ticker.write_text(f"ts,last,high,low,volume\n{minute(0)},nan,6,4,0\n")
    assert refusal(folder).startswith("ticker/BTCTRY.csv line 2: ")
