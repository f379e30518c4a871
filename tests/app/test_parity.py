"""Two runs side by side: equal where they decided the same, and if not, where they part."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from btcbot_core import bootstrap
from btcbot_core.app.choosing import run_named
from btcbot_core.app.comparing import first_difference
from btcbot_core.app.parity import Parity, Window, compare
from btcbot_core.bootstrap.reporting import open_two
from btcbot_core.cycle.trace import decode, encode
from btcbot_core.domain.errors import ConfigError
from btcbot_core.ports import unheard
from tests.app.recorded import copy_of, run_night
from tests.build import at

CYCLES = 120


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_night(tmp_path_factory.mktemp("night"), CYCLES)


@pytest.fixture
def other(night: Path, tmp_path: Path) -> Iterator[Path]:
    yield copy_of(night, tmp_path)


def held_together(a: Path, b: Path, window: Window = Window()) -> Parity:  # noqa: B008 - frozen
    with open_two(a, b) as (one, two):
        runs = run_named(one), run_named(two)
        with one.read() as work_a, two.read() as work_b:
            return compare((work_a, runs[0]), (work_b, runs[1]), window, unheard)


def rewrite(database: Path, step: int, old: bytes, new: bytes) -> None:
    """Change a cycle's record as another program would have written it."""
    with sqlite3.connect(database) as store:
        query = "SELECT trace FROM cycles WHERE step = ?"
        trace = bytes(store.execute(query, (step,)).fetchone()[0])
        assert old in trace
        decode(trace.replace(old, new, 1))
        changed = (trace.replace(old, new, 1), step)
        store.execute("UPDATE cycles SET trace = ? WHERE step = ?", changed)


def test_two_runs_of_the_same_night_match(night: Path, tmp_path: Path) -> None:
    found = held_together(night, run_night(tmp_path, CYCLES))
    assert found.match
    assert found.fingerprint_a == found.fingerprint_b
    assert (found.a.cycles, found.field, found.warnings) == (CYCLES, "", ())


def test_a_run_that_was_cut_and_gone_on_with_matches_one_that_was_not(
    night: Path, tmp_path: Path
) -> None:
    for cycles in (7, 60, CYCLES - 67):
        database = run_night(tmp_path, cycles)
    assert held_together(night, database).match


def test_another_spelling_of_a_number_is_the_same_number(night: Path, other: Path) -> None:
    rewrite(other, 0, b'"cash":"100000"', b'"cash":"100000.00"')
    assert held_together(night, other).match


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (b'"cash":"100000"', b'"cash":"100000.01"', "cash"),
        (b'"mode":"NORMAL"', b'"mode":"OBSERVE_ONLY"', "mode"),
        (b'"qty":"16.5947"', b'"qty":"16.5948"', "intents[0].qty"),
        (b'"risk_block:notional_cap"', b'"risk_block:cooldown"', "decisions[2][2]"),
        (b'"kind":"accepted"', b'"kind":"rejected"', "events[2].kind"),
    ],
)
def test_the_first_difference_is_named(
    night: Path, other: Path, old: bytes, new: bytes, field: str
) -> None:
    rewrite(other, 0, old, new)
    found = held_together(night, other)
    assert (found.match, found.step, found.field) == (False, 0, field)
    assert found.in_a in old.decode()
    assert found.in_b in new.decode()


def test_the_order_of_the_universe_counts(night: Path, other: Path) -> None:
    rewrite(other, 5, b'"quotes":[["BTCTRY"', b'"quotes":[["ZZZTRY"')
    found = held_together(night, other)
    assert (found.match, found.step, found.field) == (False, 5, "universe[0]")


def test_a_run_that_is_longer_parts_where_the_other_ends(night: Path, tmp_path: Path) -> None:
    found = held_together(night, run_night(tmp_path, CYCLES - 20))
    assert (found.match, found.step, found.b.cycles) == (False, CYCLES - 20, CYCLES - 20)
    inside = Window(at(), at(60 * (CYCLES - 21)))
    assert held_together(night, tmp_path / "night.db", inside).match


def test_runs_that_were_set_up_differently_are_warned_of(night: Path, other: Path) -> None:
    with sqlite3.connect(other) as store:
        store.execute("UPDATE runs SET seed = 7, settings_digest = 'else'")
    found = held_together(night, other)
    assert found.match
    assert [warning.split(":")[0] for warning in found.warnings] == [
        "the runs differ in their settings_digest",
        "the runs differ in their seed",
    ]


def test_f04_f05_two_voids_are_no_match_and_nothing_is_created(night: Path, tmp_path: Path) -> None:
    absent, empty = tmp_path / "absent.db", tmp_path / "empty.db"
    empty.touch()
    for a, b in ((absent, absent), (empty, empty), (night, absent), (empty, night)):
        with pytest.raises(ConfigError, match="no run to compare"):
            held_together(a, b)
    assert [path.name for path in tmp_path.iterdir()] == ["empty.db"]
    with pytest.raises(ConfigError, match="no cycle to compare"):
        held_together(night, night, Window(start=at(999_999)))


def test_a_window_without_end_holds_all() -> None:
    assert Window().holds(at())
    assert not Window(start=at(1)).holds(at())
    assert not Window(end=at()).holds(at(1))


def test_f02_values_are_compared_and_not_how_they_are_written() -> None:
    assert first_difference({"a": "1.20"}, {"a": "1.2"}) is None
    assert first_difference((Decimal("1.20"),), (Decimal("1.2"),)) is None
    found = first_difference({"a": [1, {"b": "x"}]}, {"a": [1, {"b": "y"}]})
    assert found is not None
    assert (found.field, found.first, found.second) == ("a[1].b", "x", "y")


def test_a_record_read_and_written_again_is_the_same(night: Path) -> None:
    with closing(bootstrap.open_reader(night)) as store, store.read() as work:
        rows = work.cycles.after(work.runs.all()[-1].id, -1, 30)
    for row in rows:
        assert encode(decode(row.trace)) == row.trace
