"""Exports: what a spreadsheet may open, numbers that stay numbers, files that are whole."""

import csv
import io
import json
import os
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcbot_core import bootstrap
from btcbot_core.adapters.files import write_whole
from btcbot_core.app.choosing import run_named
from btcbot_core.app.exports import Format, cell, lines
from btcbot_core.app.figures import CycleFigures, newest
from btcbot_core.domain.money import canonical
from btcbot_core.ports import unheard
from tests.app.recorded import run_night

TIGHT = Decimal("1e-8")
FORMULAS = ("=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=HYPERLINK(0)")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[CycleFigures, ...]:
    database = run_night(tmp_path_factory.mktemp("night"), 90)
    with closing(bootstrap.open_reader(database)) as store:
        run = run_named(store)
        with store.read() as work:
            return tuple(newest(work, run.id, None, unheard))


def test_the_figures_of_every_cycle_add_up(rows: tuple[CycleFigures, ...]) -> None:
    for row in rows:
        assert abs(row.gross_try - row.fees_try - row.slippage_try - row.net_try) < TIGHT
        assert row.max_drawdown_ratio >= row.drawdown_ratio >= 0
    assert [row.step for row in rows] == list(range(90))
    assert sum(row.filled for row in rows) > 20
    assert sum((row.turnover_try for row in rows), Decimal(0)) > 10_000


def test_numbers_stay_numbers_in_a_table(rows: tuple[CycleFigures, ...]) -> None:
    text = "".join(lines(rows, Format.CSV))
    table = list(csv.DictReader(io.StringIO(text)))
    assert len(table) == len(rows)
    assert [Decimal(row["net_try"]) for row in table] == [row.net_try for row in rows]
    assert any(row["net_try"].startswith("-") for row in table)
    assert list(table[0]) == list(CycleFigures.__struct_fields__)


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_looks_like_a_formula_is_defused(
    rows: tuple[CycleFigures, ...], text: str
) -> None:
    hostile = msgspec.structs.replace(rows[0], run_id=text, mode=f'{text},"x"\n;')
    written = "".join(lines([hostile], Format.CSV))
    read = next(csv.DictReader(io.StringIO(written, newline="")))
    assert (read["run_id"], read["mode"]) == (f"'{text}", f'\'{text},"x"\n;')
    raw = "".join(lines([hostile], Format.CSV, is_defused=False))
    assert next(csv.DictReader(io.StringIO(raw, newline="")))["run_id"] == text


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=8, min_value=-(10**9), max_value=10**9
    )
)
def test_every_number_is_written_as_itself(number: Decimal) -> None:
    assert Decimal(cell(number, is_defused=True)) == number
    assert cell(number, is_defused=True) == canonical(number)


@given(st.text())
def test_no_text_leaves_as_a_formula(text: str) -> None:
    assert not cell(text, is_defused=True).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_json_lines_hold_one_cycle_each(rows: tuple[CycleFigures, ...]) -> None:
    found = [json.loads(line) for line in lines(rows, Format.JSONL)]
    assert [row["step"] for row in found] == list(range(90))
    document = json.loads("".join(lines(rows, Format.JSON)))
    assert (document["schema"], document["count"]) == ("cycles/1", 90)
    assert document["cycles"] == found
    assert Decimal(found[-1]["equity_try"]) == rows[-1].equity_try


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("what stood here before")

    def half() -> list[str]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, (line for line in [half()]))  # type: ignore[misc]
    assert path.read_text() == "what stood here before"
    assert [found.name for found in tmp_path.iterdir()] == ["out.csv"]
    write_whole(path, ["a\n", "b\n"])
    assert path.read_text() == "a\nb\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_at_the_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "theirs.txt", tmp_path / "out.csv"
    target.write_text("theirs")
    link.symlink_to(target)
    write_whole(link, ["ours\n"])
    assert (target.read_text(), link.read_text(), link.is_symlink()) == ("theirs", "ours\n", False)


def test_what_is_no_plain_file_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(OSError, match="not a plain file"):
            write_whole(place, ["x"])
    with pytest.raises(OSError, match="No such file"):
        write_whole(tmp_path / "nowhere" / "out.csv", ["x"])
