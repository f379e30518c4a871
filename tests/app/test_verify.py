"""Stored cycles run again: equal ones come out equal, and one digit is enough to be found."""

import re
import sqlite3
from pathlib import Path
from random import Random

import msgspec
import pytest

from btcbot_core import bootstrap
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.app.choosing import run_named
from btcbot_core.app.frames import Note
from btcbot_core.app.verify import RunCheck, as_row, verify_run
from btcbot_core.app.verify_store import StoreCheck, verify_store
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.stages import STAGE3
from btcbot_core.cycle.steps import judge
from btcbot_core.cycle.trace import VERSION, decode, encode, sealed
from btcbot_core.domain.errors import ConfigError, ExchangeUnavailableError, StoreError
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import AnswerKind
from btcbot_core.ports import unheard
from tests.app.recorded import STEPS, copy_of, run_night
from tests.build import BTC, an_order, at, d
from tests.story.worlds import RUN, Rig


class CrashError(BaseException):
    """The process is gone: nothing catches it, nothing runs after it."""


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_night(tmp_path_factory.mktemp("night"))


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def of_rig(rig: Rig) -> RunCheck:
    return verify_run(rig.store, run_named(rig.store), unheard)


def of_file(database: Path) -> tuple[RunCheck, StoreCheck]:
    store = bootstrap.open_reader(database, is_checked=True)
    try:
        return verify_run(store, run_named(store), unheard), verify_store(store, unheard)
    finally:
        store.close()


def test_every_cycle_of_the_night_comes_out_as_it_is_stored(night: Path) -> None:
    run, store = of_file(night)
    assert (run.is_equal, run.cycles, run.starts, run.cuts) == (True, STEPS, 1, 0)
    assert (store.is_sound, store.runs, store.cycles) == (True, 1, STEPS)


@pytest.mark.parametrize("stage", [4, 7])
def test_other_stages_come_out_as_they_are_stored(tmp_path: Path, stage: int) -> None:
    run, store = of_file(run_night(tmp_path, 300, stage=stage))
    assert (run.is_equal, run.cycles, store.is_sound) == (True, 300, True)


def test_a_quiet_cycle_of_the_night_takes_less_than_1500_bytes(night: Path) -> None:
    with sqlite3.connect(night) as store:
        query = "SELECT length(trace) FROM cycles WHERE orders_open + intents + fills = 0"
        sizes = sorted(row[0] for row in store.execute(query))
    assert len(sizes) > STEPS / 2
    # Three such rows with their columns, or more, share a page of 4,096 bytes.
    assert sizes[len(sizes) // 2] < 1_100


@pytest.mark.parametrize("lives", [(STEPS,), (1, 40, 41, 90)])
def test_a_run_that_was_stopped_and_gone_on_with_verifies_whole(
    tmp_path: Path, lives: tuple[int, ...]
) -> None:
    for cycles in lives:
        database = run_night(tmp_path, cycles)
    run, store = of_file(database)
    assert (run.is_equal, run.starts, run.cuts) == (True, len(lives), 0)
    assert (store.is_sound, store.cycles) == (True, sum(lives))


@pytest.mark.parametrize("answer", [AnswerKind.REJECTED, AnswerKind.UNKNOWN, AnswerKind.NOT_SENT])
@pytest.mark.parametrize("places", [True, False])
def test_both_hearings_of_a_cycle_that_spoke_are_heard_again(
    rig: Rig, answer: AnswerKind, places: bool
) -> None:
    rig.exchange.answer, rig.exchange.places_anyway = answer, places
    rig.exchange.is_visible = places
    rig.run(6)
    assert of_rig(rig).is_equal
    assert len(rig.exchange.submits) >= 1


def test_fills_cancels_and_a_kill_are_heard_again(rig: Rig) -> None:
    rig.run(1)
    rig.exchange.fill("x1", rig.exchange.submits[0].qty / 2)
    rig.run(2)
    rig.latch.set("operator", "enough")
    rig.run(5)
    assert rig.exchange.cancels == ["x1"]
    run = of_rig(rig)
    assert (run.is_equal, run.cycles, run.starts, run.cuts) == (True, 5, 3, 0)


@pytest.mark.parametrize("submits", [1, 2, 3])
def test_a_turn_that_was_cut_after_it_spoke_is_bridged_by_the_journal(
    rig: Rig, submits: int
) -> None:
    rig.symbols = tuple(Symbol(f"{base}TRY") for base in ("BTC", "ETH", "SOL"))
    rig.market.prices = dict.fromkeys(rig.symbols, (d("100"), d("100.1")))
    left = iter(range(1, submits))

    def crash() -> None:
        if next(left, None) is None:
            raise CrashError

    rig.exchange.before = crash
    with pytest.raises(CrashError):
        rig.run(6)
    rig.exchange.before = lambda: None
    rig.run(9)
    run = of_rig(rig)
    assert (run.is_equal, run.cuts) == (True, 1)
    assert verify_store(rig.store, unheard).is_sound


def test_a_turn_that_failed_leaves_no_gap_unexplained(rig: Rig) -> None:
    rig.run(2)
    rig.exchange.failure = ExchangeUnavailableError("no route to the exchange")
    rig.run(4)
    rig.exchange.failure = None
    rig.run(7)
    run = of_rig(rig)
    assert (run.is_equal, run.starts, run.cuts) == (True, 2, 0)


def test_turns_that_came_to_nothing_between_two_cycles_are_no_missing_cycles(rig: Rig) -> None:
    session, failed = rig.session(7), list[Note]()

    def fail(cycle: Cycle) -> None:
        if cycle.step == 1:
            rig.exchange.failure = ExchangeUnavailableError("no route to the exchange")

    def hear(note: Note) -> None:
        failed.extend([note] if "no route" in note.text else [])
        if len(failed) == 2:
            rig.exchange.failure = None

    session.on_cycle, session.display.on_note = fail, hear
    session.run()
    with rig.store.read() as work:
        assert [row.step for row in work.cycles.recent(RUN, 9)] == [0, 1, 4, 5, 6]
    run = of_rig(rig)
    assert (run.field, run.cycles, run.starts, run.cuts) == ("", 5, 1, 0)


def test_what_a_start_does_not_see_is_not_there_when_it_is_run_again(rig: Rig) -> None:
    rig.symbols = (BTC, eth := Symbol("ETHTRY"))
    rig.run(2)
    rig.market.prices[eth], rig.market.without_rules = (d("50"), d("50.1")), frozenset({eth})
    rig.run(4)
    assert [intent.symbol for intent in rig.exchange.submits] == [BTC]
    assert of_rig(rig).field == ""


def test_a_fill_that_bears_the_exchanges_number_alone_counts_for_its_order(rig: Rig) -> None:
    rig.run(1)
    fill = rig.exchange.fill("x1")
    rig.exchange.trades[-1] = msgspec.structs.replace(fill, client_id=None)
    rig.run(3)
    assert of_rig(rig).is_equal
    assert verify_store(rig.store, unheard).is_sound


def test_an_order_that_begins_to_rest_anew_under_a_clock_set_back_agrees_with_its_row() -> None:
    row = an_order(rests_since_s=60)
    earlier, later = (msgspec.structs.replace(row, rests_since=at(s)) for s in (30, 90))
    assert as_row(earlier, row) == row
    assert as_row(later, row) == later
    unwritten = msgspec.structs.replace(row, rests_since=None)
    assert as_row(row, unwritten) == unwritten


def test_a_run_of_other_steps_is_told_by_its_first_cycle_and_field(rig: Rig) -> None:
    decide = tuple(step for step in STAGE3.decide if step is not judge)
    rig.stage = msgspec.structs.replace(STAGE3, decide=decide)
    rig.run(3)
    run = of_rig(rig)
    assert (run.is_equal, run.cycles, run.cycle) == (False, 0, "r0000000000000000-00000000")
    assert (run.field, run.stored, run.now) == ("mode", "OBSERVE_ONLY", "NORMAL")


CELLS = (
    ("cycles", "trace"),
    ("cycles", "equity_try"),
    ("cycles", "net_try"),
    ("cycles", "at"),
    ("orders", "price"),
    ("orders", "qty"),
    ("orders", "created_at"),
    ("order_events", "at"),
    ("order_events", "evidence"),
    ("ledger_events", "price"),
    ("ledger_events", "amount"),
    ("checkpoints", "carried"),
)


@pytest.mark.parametrize(("table", "column"), CELLS)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_flipped_digit_is_found(
    night: Path, tmp_path: Path, table: str, column: str, seed: int
) -> None:
    database = copy_of(night, tmp_path)
    where = flip(database, table, column, Random(f"{seed}{table}{column}"))
    try:
        run, store = of_file(database)
    except StoreError:
        return  # what it says now is no time or no number at all
    assert not (run.is_equal and store.is_sound), f"{where} was not found"
    assert run.field or store.where
    if not run.is_equal and table == "cycles":
        assert run.cycle == where
    if not store.is_sound and table == "cycles":
        assert where in store.where


@pytest.mark.parametrize("column", ["qty", "at", "evidence"])
def test_a_changed_event_of_an_order_is_found_without_running_again(
    night: Path, tmp_path: Path, column: str
) -> None:
    database = copy_of(night, tmp_path)
    name = flip(database, "order_events", column, Random(column))
    _, store = of_file(database)
    assert not store.is_sound
    assert name in store.where


def flip(database: Path, table: str, column: str, chance: Random) -> str:
    """Change one digit of a random cell; returns the row's first key."""
    with sqlite3.connect(database) as store:
        rows = store.execute(f"SELECT * FROM {table}").fetchall()
        names = [row[1] for row in store.execute(f"PRAGMA table_info({table})")]
        at = names.index(column)
        usable = [row for row in rows if re.search(rb"\d", as_bytes(row[at]))]
        row = chance.choice(usable)
        text = as_bytes(row[at])
        place = chance.choice([found.start() for found in re.finditer(rb"\d", text)])
        digit = str((int(text[place : place + 1]) + chance.randint(1, 9)) % 10).encode()
        changed = text[:place] + digit + text[place + 1 :]
        value = changed if isinstance(row[at], bytes) else changed.decode()
        same = " AND ".join(f"{name} IS ?" for name in names)
        store.execute(f"UPDATE {table} SET {column} = ? WHERE {same}", (value, *row))
    return str(row[0])


def as_bytes(cell: object) -> bytes:
    return cell if isinstance(cell, bytes) else str(cell).encode()


def test_a_cycle_that_is_missing_is_found(night: Path, tmp_path: Path) -> None:
    database = copy_of(night, tmp_path)
    with sqlite3.connect(database) as store:
        store.execute("DELETE FROM cycles WHERE step = 500")
    run, _ = of_file(database)
    assert (run.is_equal, run.field, run.stored, run.now) == (False, "step", "501", "500")


def test_a_run_that_kept_no_inputs_says_so(night: Path, tmp_path: Path) -> None:
    database = copy_of(night, tmp_path)
    with sqlite3.connect(database) as store:
        old = b'{"v":1,"book":"live","mode":"NORMAL"}'
        store.execute("UPDATE cycles SET trace = ?", (old,))
    with pytest.raises(ConfigError, match="before cycles kept what they saw"):
        of_file(database)


def test_a_run_of_an_older_program_is_not_called_damaged(night: Path, tmp_path: Path) -> None:
    database = copy_of(night, tmp_path)
    store = SqliteStore(database)
    with store.read() as work:
        run = work.runs.latest()
        assert run is not None
        row = work.cycles.after(run.id, -1, 1)[0]
    store.close()
    older = encode(msgspec.structs.replace(decode(row.trace), v=VERSION - 1, seal=""))
    with sqlite3.connect(database) as raw:
        trace = sealed(older, row.id, row.at)
        raw.execute("UPDATE cycles SET trace = ? WHERE id = ?", (trace, row.id))
    with pytest.raises(ConfigError, match=f"version {VERSION - 1}"):
        of_file(database)
