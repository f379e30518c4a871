"""A database that was put back: refused by every start, until the operator says how to go on."""

import json
import sqlite3

import pytest

from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.lock import InstanceLock, lock_path
from btcbot_core.adapters.witness import FileWitness, witness_path
from btcbot_core.bootstrap.witnessed import witnessed
from tests.cli.shell import Shell
from tests.killpoints.life import RUN, SCENARIOS, live

SAID = ("--reason", "the disk died")


@pytest.fixture
def put_back(shell: Shell) -> Shell:
    """An older copy stands where orders were sent from."""
    live(SCENARIOS["submit"], shell.folder, steps=1)
    older = shell.db.read_bytes()
    live(SCENARIOS["submit"], shell.folder, steps=3)
    shell.db.write_bytes(older)
    return shell


def test_no_start_goes_on_with_it_and_the_line_and_the_doctor_say_what_to_do(
    put_back: Shell,
) -> None:
    done = put_back("run", "--dry-run", "--once", "--db", str(put_back.db))
    assert done.returncode == 5
    assert "has forgotten order btcb-" in done.stderr
    assert "`btcbot-core restored`" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "FAIL  store.witness" in asked(put_back, 1)
    again = put_back("run", "--dry-run", "--once", "--new-run", "--db", str(put_back.db))
    assert again.returncode == 5


@pytest.mark.parametrize("word", [(), ("--word", "RESET")])
def test_without_the_word_nothing_is_done(put_back: Shell, word: tuple[str, ...]) -> None:
    before = witness_path(put_back.db).read_bytes()
    done = put_back("restored", *SAID, *word, "--db", str(put_back.db))
    assert (done.returncode, "RESTORED" in done.stderr) == (2, True)
    assert witness_path(put_back.db).read_bytes() == before


def test_with_the_word_a_new_run_begins_and_the_copy_is_taken(put_back: Shell) -> None:
    db = str(put_back.db)
    with InstanceLock(lock_path(put_back.db), SystemClock(), "a runner"):
        assert put_back("restored", *SAID, "--word", "RESTORED", "--db", db).returncode == 3
    told = put_back.json("restored", *SAID, "--word", "RESTORED", "--db", db)
    with sqlite3.connect(put_back.db) as store:
        runs = store.execute("SELECT id, kind, stage FROM runs ORDER BY opened").fetchall()
        act = store.execute("SELECT act, why FROM audit ORDER BY id DESC").fetchone()
    assert [row[0] for row in runs] == [RUN, told["run"]]
    assert runs[1][1:] == runs[0][1:]
    assert act == ("restored", "the disk died")
    witness = witnessed(put_back.db).read()
    assert witness is not None
    assert (witness.run, witness.client_id) == (told["run"], None)
    reset = put_back("reset", "--reason", "checked", "--word", "RESET", "--db", db)
    assert reset.returncode == 0
    assert put_back("verify", "--run", RUN, "--db", db).returncode == 0
    assert f"knows run {told['run']} of " in asked(put_back, 0)


def test_where_the_database_is_lost_altogether_the_word_lets_a_new_one_begin(
    put_back: Shell,
) -> None:
    put_back.db.unlink()
    db = str(put_back.db)
    assert "has forgotten order btcb-" in asked(put_back, 1)
    assert put_back("run", "--dry-run", "--once", "--db", db).returncode == 5
    assert put_back.json("restored", *SAID, "--word", "RESTORED", "--db", db)["run"] is None
    witnessed(put_back.db)


def test_a_run_on_recorded_data_has_no_witness(shell: Shell) -> None:
    shell.json(*shell.night("--max-cycles", "2"))
    assert not witness_path(shell.db).exists()


def test_a_recorded_order_needs_no_witness(shell: Shell) -> None:
    """What a recorded run ordered was sent nowhere: a live run may begin in the same file."""
    shell.json(*shell.night("--max-cycles", "2"))
    assert witnessed(shell.db).read() == FileWitness(witness_path(shell.db)).read()
    said = json.loads(witness_path(shell.db).read_bytes())
    assert set(said) == {"at"}


def asked(shell: Shell, code: int) -> str:
    """What the doctor says; it leaves database and witness as they are."""
    places = [place for place in (shell.db, witness_path(shell.db)) if place.exists()]
    before = [place.read_bytes() for place in places]
    done = shell("doctor", "--db", str(shell.db))
    assert done.returncode == code, done.stdout
    assert [place.read_bytes() for place in places] == before
    return done.stdout
