"""The commands that read runs, as the operator would use them."""

import csv
import io
import json
import signal
import sqlite3
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from tests.cli.shell import Shell, end, wait_until

CYCLES = 120


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shell = Shell(tmp_path_factory.mktemp("night"))
    shell.json(*shell.night("--max-cycles", str(CYCLES)))
    return shell.db


@pytest.fixture
def stored(shell: Shell, night: Path) -> Shell:
    """A shell whose database holds two hours of the night."""
    with sqlite3.connect(night) as source, sqlite3.connect(shell.db) as copy:
        source.backup(copy)
    return shell


def test_a_run_verifies_and_a_flipped_digit_does_not(stored: Shell) -> None:
    place = ("--db", str(stored.db))
    good = stored.json("verify", *place)
    assert good["run"] == {**_of(good, "run"), "is_equal": True, "cycles": CYCLES}
    assert _of(good, "store")["is_sound"] is True
    with sqlite3.connect(stored.db) as store:
        store.execute("UPDATE cycles SET equity_try = equity_try || '1' WHERE step = 50")
    bad = stored("verify", "--run", "last", *place)
    assert bad.returncode == 1
    assert "-00000050" in bad.stdout
    assert "equity_try" in bad.stdout
    assert stored("verify", "--store", *place).returncode == 1
    assert stored("verify", "--run", "nobody", *place).returncode == 2


def test_a_run_that_was_killed_again_and_again_verifies_whole(shell: Shell) -> None:
    chance = Random(11)
    for _ in range(6):
        goal = shell.cycles() + chance.randint(1, 12)
        process = shell.start(*shell.night("--loop", "--cycle-seconds", "0.002"))
        wait_until(lambda goal=goal: shell.cycles() >= goal, process)  # type: ignore[misc]
        end(process, signal.SIGKILL)
    checks = shell.json("verify", "--db", str(shell.db))
    run, store = _of(checks, "run"), _of(checks, "store")
    assert (run["is_equal"], run["starts"], store["is_sound"]) == (True, 6, True)
    shell.json(*shell.night("--max-cycles", "5"))
    assert _of(shell.json("verify", "--db", str(shell.db)), "run")["starts"] == 7


def test_a_report_tells_what_the_run_came_to(stored: Shell) -> None:
    place = ("--db", str(stored.db))
    told = stored("stage7-report", *place)
    assert told.returncode == 0, told.stderr
    for word in ("equity", "drawdown", "fees", "modes", "NORMAL", "why it did not trade"):
        assert word in told.stdout
    report = stored.json("stage7-report", *place)
    keys = _of(report, "keys")
    assert (report["schema"], keys["cycles"]) == ("report/1", CYCLES)
    gross, net = Decimal(str(keys["gross_try"])), Decimal(str(keys["net_try"]))
    costs = Decimal(str(keys["fees_try"])) + Decimal(str(keys["slippage_try"]))
    assert abs(gross - costs - net) < Decimal("1e-8")
    days = report["days"]
    assert isinstance(days, list)
    assert sum(Decimal(day["net_try"]) for day in days) == net
    assert sum(day["cycles"] for day in days) == CYCLES


@pytest.mark.parametrize("command", ["stage7-export", "stage7-backtest-report"])
def test_an_export_is_a_table_or_json(stored: Shell, command: str) -> None:
    place = ("--db", str(stored.db))
    table = stored(command, "--last", "5", *place)
    rows = list(csv.DictReader(io.StringIO(table.stdout)))
    assert [row["step"] for row in rows] == [str(n) for n in range(CYCLES - 5, CYCLES)]
    out = stored.folder / "cycles.jsonl"
    flags = ("--format", "jsonl", "--last", "all", "--out", str(out))
    assert stored(command, *flags, *place).returncode == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) == CYCLES
    assert stored.json(command, *place)["count"] == 50
    since = stored.json(command, "--since", "2022-11-09T00:00", "--last", "all", *place)
    cycles = since["cycles"]
    assert isinstance(cycles, list)
    assert cycles[0]["ts"] == "2022-11-09T00:00:00Z"


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--last", "0"), "--last"),
        (("--last", "-3"), "--last"),
        (("--since", "yesterday"), "--since"),
        (("--out", "nowhere/x.csv"), "nowhere"),
        (("--out", "."), "cannot be written"),
        (("--run", "nobody"), "no run nobody"),
    ],
)
def test_a_wrong_flag_is_one_clear_line(stored: Shell, flags: tuple[str, ...], says: str) -> None:
    done = stored("stage7-export", *flags, "--db", str(stored.db))
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_alerts_name_cycles_and_say_why(stored: Shell) -> None:
    place = ("--db", str(stored.db), "--last", "all")
    assert stored.json("stage7-alerts", *place)["count"] == 0
    stored("kill", "--reason", "drill", "--db", str(stored.db))
    stored.json(*stored.night("--max-cycles", "2"))
    alerts = stored.json("stage7-alerts", *place)
    cycles = alerts["cycles"]
    assert isinstance(cycles, list)
    assert [cycle["alerts"] for cycle in cycles] == [["killed"], ["killed"]]
    assert "killed" in stored("stage7-alerts", *place).stdout


def test_two_equal_runs_match_and_other_ones_do_not(stored: Shell, night: Path) -> None:
    both = ("stage7-parity", "--db-a", str(stored.db), "--db-b", str(night))
    assert stored.json(*both)["match"] is True
    stored.json(*stored.night("--max-cycles", "3"))
    longer = stored(*both, "--json")
    found = json.loads(longer.stdout)
    assert (longer.returncode, found["match"], found["step"]) == (1, False, CYCLES)
    inside = stored(*both, "--end", found["at"].replace("00:37", "00:36"))
    assert inside.returncode == 0, inside.stdout


def test_voids_are_no_parity_and_stay_voids(shell: Shell) -> None:
    done = shell("stage7-parity", "--db-a", "a.db", "--db-b", "b.db")
    assert (done.returncode, "no run to compare" in done.stderr) == (2, True)
    assert list(shell.folder.iterdir()) == []


def test_rows_are_counted_by_the_names_of_the_requirements(stored: Shell) -> None:
    counts = stored.json("stage7-db-count", "--db", str(stored.db))
    assert counts["pnl_snapshots"] == CYCLES
    assert counts["stage7_cycle_trace"] == 0
    assert None not in counts.values()
    with sqlite3.connect(stored.db) as store:
        store.execute("DROP VIEW stage7_orders")
    assert stored.json("stage7-db-count", "--db", str(stored.db))["stage7_orders"] is None
    stored.json(*stored.night("--max-cycles", "1"))
    assert stored.json("stage7-db-count", "--db", str(stored.db))["stage7_orders"] == 0


def test_readers_write_nothing(stored: Shell) -> None:
    place = ("--db", str(stored.db))
    before = stored.db.read_bytes()
    for command in ("verify", "stage7-report", "stage7-export", "stage7-alerts", "stage7-db-count"):
        assert stored(command, *place).returncode == 0
    assert stored.db.read_bytes() == before
    missing = stored("stage7-report", "--db", str(stored.folder / "none.db"))
    assert missing.returncode == 5
    assert not (stored.folder / "none.db").exists()


def _of(told: dict[str, object], name: str) -> dict[str, object]:
    found = told[name]
    assert isinstance(found, dict)
    return found
