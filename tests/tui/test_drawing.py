"""What is laid out without a screen: lines, tables, sparklines, pipelines."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcbot_tui.ink import (
    Ink,
    Span,
    changed,
    clipped,
    filled,
    flowed,
    justified,
    line,
    whole,
    width,
)
from btcbot_tui.table import GAP, Column, Table, body, heading, lay_out
from btcbot_tui.widgets.pipeline import pipeline
from btcbot_tui.widgets.spark import bar, spark, thinned

D = Decimal


def text_of(pieces: tuple[Span, ...]) -> str:
    return "".join(piece.text for piece in pieces)


def a_table(*rows: tuple[str, str, str, str]) -> Table:
    return Table(
        title=line(Span(f" ORDERS {len(rows)}", Ink.TITLE)),
        columns=(
            Column(head="   pair", cells_min=10),
            Column(head="price", is_right=True),
            Column(head="qty", is_right=True, rank=1),
            Column(head="why", is_text=True, rank=2),
        ),
        rows=tuple(tuple(Span(cell) for cell in row) for row in rows),
        empty="none open",
    )


ROW = ("   BTCTRY", "4,012,300", "0.00241", "conservative_entry")


def test_columns_stand_under_their_heads() -> None:
    table = a_table(ROW, ("   ETHTRY", "142,880", "12.5", "take_profit"))
    layout = lay_out(table, 60)
    head = text_of(heading(table, layout, 60))
    first, second = (text_of(row) for row in body(table, layout, 60))
    assert head.index("price") + 5 == first.index("4,012,300") + 9 == second.index("142,880") + 7
    assert head.index("why") == first.index("conservative_entry")
    assert len(head) == 60


def test_a_number_is_never_cut_its_column_goes() -> None:
    table = a_table(ROW)
    told = text_of(body(table, lay_out(table, 24), 24)[0])
    assert "4,012,300" in told
    assert "0.0" not in told


def test_a_text_is_shortened_before_its_column_goes() -> None:
    table = a_table(ROW)
    told = text_of(body(table, lay_out(table, 44), 44)[0])
    assert "conservativ…" in told


def test_columns_of_one_rank_go_together() -> None:
    columns = (Column(head="a"), Column(head="bbbb", rank=1), Column(head="cccc", rank=1))
    table = Table(title=(), columns=columns, rows=(), empty="")
    assert lay_out(table, 8).shown == (0,)
    assert lay_out(table, 13).shown == (0, 1, 2)


def test_a_column_that_was_wide_stays_wide() -> None:
    table = a_table(ROW)
    assert lay_out(table, 80, (10, 14, 7, 18)).cells[1] == 14


def test_an_empty_table_says_why() -> None:
    table = a_table()
    assert "none open" in text_of(body(table, lay_out(table, 40), 40)[0])


@given(
    st.lists(st.tuples(*[st.text("0123456789,.", max_size=14)] * 3, st.text("abc", max_size=30))),
    st.integers(12, 120),
)
def test_a_row_fits_and_shows_its_numbers_whole(
    rows: list[tuple[str, str, str, str]], room: int
) -> None:
    table = a_table(*rows)
    layout = lay_out(table, room)
    assert sum(layout.cells) + GAP * (len(layout.cells) - 1) <= max(room, 30)
    for cells, drawn in zip(rows, body(table, layout, 200), strict=False):
        for index in layout.shown:
            assert table.columns[index].is_text or cells[index] in text_of(drawn)


def test_clipping_marks_the_cut() -> None:
    assert text_of(clipped(line("abc", "defgh"), 5)) == "abcd…"
    assert text_of(clipped(line("abc", "defgh"), 3)) in ("abc", "ab…")
    assert text_of(clipped(line("abc"), 3)) == "abc"


@given(st.lists(st.text("abcdef 漢", max_size=9), max_size=6), st.integers(1, 40))
def test_a_filled_line_is_exactly_as_wide_as_asked(texts: list[str], cells: int) -> None:
    assert width(filled(line(*texts), cells)) == cells


def test_only_the_cells_that_differ_are_told() -> None:
    old = line("age ", Span("00:41", Ink.DIM), " open")
    assert changed(old, line("age ", Span("00:42", Ink.DIM), " open")) == (8, 9)
    assert changed(old, old) == (0, 0)
    assert changed(old, line("age ", Span("00:41", Ink.WARN), " open")) == (4, 9)
    assert changed(old, line("age ", Span("00:41", Ink.DIM))) == (9, 14)
    assert changed(line("漢x"), line("漢y")) == (2, 3)


@given(st.lists(st.text("ab漢 ", max_size=5), max_size=4), st.lists(st.text("ab漢 ", max_size=5)))
def test_outside_the_told_cells_two_lines_are_equal(old: list[str], new: list[str]) -> None:
    one, two = line(*old), line(*new)
    start, end = changed(one, two)
    assert (end == 0) == (text_of(one) == text_of(two))
    assert 0 <= start <= end <= max(width(one), width(two))


def test_the_right_end_gives_way_whole() -> None:
    left, right = line("left side"), line("right")
    assert text_of(justified(left, right, 20)) == "left side      right"
    assert text_of(justified(left, right, 12)) == "left side   "


def test_pieces_flow_over_lines_between_them() -> None:
    lines = flowed((line("one"), line("two"), line("three")), 9, Span(" | "))
    assert [text_of(pieces) for pieces in lines] == ["one | two", "three"]


def test_whole_pieces_are_shown_or_not_at_all() -> None:
    pieces = (line("fees 41.20"), line("slippage 13.11"))
    assert text_of(whole(pieces, 30, Span("   "))) == "fees 41.20   slippage 13.11"
    assert text_of(whole(pieces, 20, Span("   "))) == "fees 41.20 …"


def test_a_sparkline_rises_from_its_lowest_to_its_highest_value() -> None:
    assert spark([D(1), D(2), D(3), D(8)], 10) == ("▁▂▃█",)
    assert spark([D(5), D(5)], 10) == ("▄▄",)
    assert spark([], 10) == ()


def test_a_tall_sparkline_fills_from_the_bottom() -> None:
    top, bottom = spark([D(0), D(15)], 10, rows=2)
    assert (top, bottom) == (" █", "▁█")


@given(st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1), st.integers(1, 80))
def test_thinning_keeps_the_newest_value_and_the_bound(values: list[Decimal], count: int) -> None:
    kept = thinned(values, count)
    assert len(kept) == min(len(values), count)
    assert kept[-1] == values[-1]


@pytest.mark.parametrize(("done", "drawn"), [("0", "░░░░"), ("0.5", "██░░"), ("7", "████")])
def test_a_bar_never_leaves_its_cells(done: str, drawn: str) -> None:
    assert bar(D(done), 4) == drawn


def test_the_running_phase_stands_in_brackets() -> None:
    assert text_of(pipeline(("gather", "plan"), "plan", 40)) == "gather ▸ [plan]"
    assert text_of(pipeline(("gather", "plan"), "", 40)) == "gather ▸ plan"


def test_a_phase_that_a_turn_passes_twice_is_marked_once() -> None:
    assert text_of(pipeline(("settle", "plan", "settle"), "settle", 60)).count("[") == 1


def test_a_pipeline_without_room_starts_before_the_running_phase() -> None:
    phases = tuple(f"phase{i}" for i in range(12))
    drawn = text_of(pipeline(phases, "phase9", 36))
    assert drawn.startswith("… phase8▸[phase9]▸phase10")
    assert len(drawn) <= 36
