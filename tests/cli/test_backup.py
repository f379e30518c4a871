"""A backup while a run goes on, and what becomes of it when it is put back (FAULTS D12)."""

from pathlib import Path

import pytest

from btcbot_core import bootstrap
from btcbot_core.app.choosing import run_named
from btcbot_core.app.verify import verify_run
from btcbot_core.app.verify_store import verify_store
from btcbot_core.bootstrap.witnessed import accept_restored, witnessed
from btcbot_core.domain.errors import StoreError
from btcbot_core.domain.records import RunKind
from btcbot_core.ports import unheard
from tests.cli.shell import Shell, end, wait_until
from tests.killpoints.life import SCENARIOS, live

COPIES = 4


def cycles_that_verify(database: Path) -> int:
    """How many cycles a database holds, every one of which comes out as it is stored."""
    store = bootstrap.open_reader(database, is_checked=True)
    try:
        run, sums = verify_run(store, run_named(store), unheard), verify_store(store, unheard)
    finally:
        store.close()
    assert (run.is_equal, sums.is_sound) == (True, True)
    return run.cycles


def test_copies_made_while_a_run_goes_on_verify_and_each_holds_more(shell: Shell) -> None:
    process = shell.start(*shell.night("--loop", "--cycle-seconds", "0.01"))
    copies = [shell.folder / f"copy-{n}.bak" for n in range(COPIES)]
    for copy in copies:
        seen = shell.cycles()
        wait_until(lambda seen=seen: shell.cycles() >= seen + 5, process)  # type: ignore[misc]
        bootstrap.save_copy(shell.db, copy, unheard)
    assert process.poll() is None
    end(process)
    held = [cycles_that_verify(copy) for copy in copies]
    assert held == sorted(set(held))
    assert held[-1] <= shell.cycles()


def test_the_command_makes_one_private_file_says_what_it_holds_and_overwrites_nothing(
    shell: Shell,
) -> None:
    shell.json(*shell.night("--max-cycles", "3"))
    copy, db = shell.folder / "copy.bak", ("--db", str(shell.db))
    told = shell.json("backup", str(copy), *db)
    assert (told["cycle"], told["size_bytes"]) == (f"{told['run']}-00000002", copy.stat().st_size)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert not list(shell.folder.glob("copy.bak?*"))
    before = copy.read_bytes()
    again = shell("backup", str(copy), *db)
    assert (again.returncode, "is there already" in again.stderr) == (2, True)
    assert copy.read_bytes() == before
    assert shell("backup", "other.bak", "--db", "nowhere.db").returncode == 5
    assert shell("backup", "no/folder/copy.bak", *db).returncode == 5


def test_the_restore_drill_of_the_runbook(shell: Shell) -> None:
    """Orders, a backup, more orders, the disk dies; elsewhere the backup is put back."""
    folder, elsewhere = shell.folder / "here", shell.folder / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    live(SCENARIOS["submit"], folder, steps=3)
    copy = elsewhere / "state.db"
    bootstrap.save_copy(folder / "state.db", copy, unheard)
    assert cycles_that_verify(copy) == 3
    with pytest.raises(StoreError, match="btcbot-core restored"):
        witnessed(copy)
    _, run = accept_restored(str(copy), None, "operator", "the disk died")
    witnessed(copy)
    store = bootstrap.open_reader(copy)
    try:
        with store.read() as work:
            latest = work.runs.latest()
    finally:
        store.close()
    assert latest is not None
    assert (latest.id, latest.kind) == (run, RunKind.LIVE)


def test_a_copy_that_is_cut_short_is_found(shell: Shell) -> None:
    shell.json(*shell.night("--max-cycles", "30"))
    copy = shell.folder / "copy.bak"
    bootstrap.save_copy(shell.db, copy, unheard)
    with copy.open("r+b") as file:
        file.truncate(copy.stat().st_size // 2)
    assert shell("verify", "--store", "--db", str(copy)).returncode == 5
