"""`doctor` and `arm-check` as the operator runs them: exit codes, words, and nothing changed."""

import json
import os
import signal
import sqlite3
from hashlib import sha256
from pathlib import Path

import pytest

from tests.canaries import KEY, SECRET
from tests.cli.shell import Json, Shell, end, wait_until

LIVE = {
    "DRY_RUN": "false",
    "KILL_SWITCH": "false",
    "LIVE_TRADING": "true",
    "LIVE_TRADING_ACK": "I_UNDERSTAND",
    "BTCTURK_API_KEY": KEY,
    "BTCTURK_API_SECRET": SECRET,
}


def examined(shell: Shell, command: str, code: int, *flags: str) -> Json:
    """Run a check with --json; it must end so, print one object and no secret."""
    done = shell(command, "--db", str(shell.db), "--json", *flags)
    assert done.returncode == code, done.stdout + done.stderr
    assert KEY not in done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
    parsed: Json = json.loads(done.stdout)
    return parsed


def verdicts(report: Json) -> dict[str, str]:
    checks = report["checks"]
    assert isinstance(checks, list)
    return {f"{check['category']}.{check['name']}": check["verdict"] for check in checks}


@pytest.fixture
def bare(shell: Shell) -> Shell:
    """Nothing of the tests' own environment is to be warned of."""
    shell.environment |= {"PYTHONSAFEPATH": "1"}
    return shell


@pytest.fixture
def night(bare: Shell) -> Shell:
    """A shell whose database holds some cycles of the recorded night."""
    bare.json(*bare.night("--max-cycles", "120"))
    return bare


def fingerprint(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def test_a_fresh_folder_is_well_and_stays_empty(bare: Shell) -> None:
    report = examined(bare, "doctor", 0)
    assert report["failed"] == []
    assert verdicts(report)["store.readable"] == "skip"
    assert list(bare.folder.iterdir()) == []


def test_a_run_that_went_well_is_found_well_and_nothing_of_it_changes(night: Shell) -> None:
    before = fingerprint(night.db)
    report = examined(night, "doctor", 0)
    found = verdicts(report)
    for name in ("store.readable", "store.schema", "store.durable", "store.ledger"):
        assert found[name] == "pass"
    assert (found["orders.settled"], found["files.private"]) == ("pass", "pass")
    assert fingerprint(night.db) == before


def test_the_doctor_speaks_in_lines_and_sums_up_in_the_last(night: Shell) -> None:
    night("kill", "--reason", "look", "--db", str(night.db))
    done = night("doctor", "--db", str(night.db))
    *lines, last = done.stdout.splitlines()
    (kill,) = [line for line in lines if "kill.latch" in line]
    assert kill.startswith("WARN  kill.latch")
    assert "look" in kill
    assert "to do: find out why" in lines[lines.index(kill) + 1]
    assert last == "doctor: nothing failed, 1 to look at (kill.latch)"
    assert (done.returncode, done.stderr) == (0, "")


def test_with_strict_a_warning_is_a_failure(night: Shell) -> None:
    night("kill", "--reason", "look", "--db", str(night.db))
    assert examined(night, "doctor", 1, "--strict")["warned"] == ["kill.latch"]


def test_a_ledger_that_does_not_add_up_fails(night: Shell) -> None:
    with sqlite3.connect(night.db) as store:
        changed = store.execute(
            "UPDATE ledger_events SET qty = '9' WHERE seq ="
            " (SELECT MIN(seq) FROM ledger_events WHERE kind = 'fill')"
        ).rowcount
    assert changed == 1
    report = examined(night, "doctor", 1)
    assert report["failed"] == ["store.ledger"]


def test_a_damaged_file_fails_and_is_left_as_it_is(night: Shell) -> None:
    damaged = bytearray(night.db.read_bytes())
    for at in range(8_192, len(damaged), 4_096):
        damaged[at : at + 64] = b"\xff" * 64
    night.db.write_bytes(damaged)
    before = fingerprint(night.db)
    report = examined(night, "doctor", 1)
    assert "store.readable" in str(report["failed"])
    assert fingerprint(night.db) == before


def test_another_programs_file_fails(bare: Shell) -> None:
    bare.db.write_text("my shopping list", encoding="utf-8")
    assert examined(bare, "doctor", 1)["failed"] == ["store.readable"]


def test_a_newer_database_fails_by_its_schema(night: Shell) -> None:
    with sqlite3.connect(night.db) as store:
        store.execute("PRAGMA user_version = 9999")
    report = examined(night, "doctor", 1)
    assert report["failed"] == ["store.schema"]


def test_files_that_others_can_read_are_named_by_mode(night: Shell) -> None:
    night.db.chmod(0o644)
    done = night("doctor", "--db", str(night.db))
    assert "state.db 644" in done.stdout


def test_names_that_nothing_reads_are_told(bare: Shell) -> None:
    (bare.folder / ".env").write_text("MAX_ORDERS_PER_CYCLES=1\n", encoding="utf-8")
    bare.environment["TTL_SECOND"] = "5"
    done = bare("doctor")
    assert "MAX_ORDERS_PER_CYCLES" in done.stdout
    assert "TTL_SECOND (for TTL_SECONDS?)" in done.stdout


def test_settings_that_do_not_load_are_told_all_at_once(bare: Shell) -> None:
    bare.environment |= {"TTL_SECONDS": "soon", "BTCTURK_API_SECRET": "no base64"}
    done = bare("doctor", "--json")
    assert done.returncode == 2
    assert "TTL_SECONDS" in done.stderr
    assert "BTCTURK_API_SECRET" in done.stderr
    assert "no base64" not in done.stderr


def test_a_living_runner_is_named_and_not_disturbed(bare: Shell) -> None:
    runner = bare.start(*bare.night("--loop", "--cycle-seconds", "0.05"))
    try:
        wait_until(lambda: bare.cycles() >= 2, runner)
        report = examined(bare, "doctor", 0)
        assert f"pid {runner.pid}" in json.dumps(report)
        assert verdicts(examined(bare, "arm-check", 4))["lock.holder"] == "fail"
        seen = bare.cycles()
        wait_until(lambda: bare.cycles() > seen, runner)
    finally:
        code, _, _ = end(runner, signal.SIGTERM)
    assert code == 0


def test_the_arm_check_of_a_fresh_machine_names_every_gate_and_the_key(bare: Shell) -> None:
    report = examined(bare, "arm-check", 4)
    assert report["failed"] == ["gates.open", "credentials.present"]
    done = bare("arm-check")
    assert done.returncode == 4
    for name in ("KILL_SWITCH", "DRY_RUN", "LIVE_TRADING", "LIVE_TRADING_ACK", "BTCTURK_API_KEY"):
        assert name in done.stdout
    assert done.stdout.splitlines()[-1].endswith("2 failed (gates.open, credentials.present)")


def test_with_open_gates_a_key_and_private_files_the_arm_check_passes(bare: Shell) -> None:
    lines = "".join(f"{name}={value}\n" for name, value in LIVE.items())
    env_file = bare.folder / ".env"
    env_file.write_text(lines, encoding="utf-8")
    env_file.chmod(0o600)
    bare.folder.chmod(0o700)
    report = examined(bare, "arm-check", 0)
    assert verdicts(report)["credentials.present"] == "pass"
    assert report["warned"] == ["settings.decided"]


def test_each_closed_gate_alone_stops_it(bare: Shell) -> None:
    closed = {
        "DRY_RUN": "true",
        "KILL_SWITCH": "true",
        "LIVE_TRADING": "false",
        "LIVE_TRADING_ACK": "i_understand",
    }
    for name, value in closed.items():
        bare.environment = {**bare.environment, **LIVE, name: value}
        report = examined(bare, "arm-check", 4)
        assert report["failed"] == ["gates.open"]
        assert f"closed: {name}" in json.dumps(report["checks"])


def test_a_kill_stops_it_however_it_was_set(bare: Shell) -> None:
    bare.environment |= LIVE
    bare.db.with_name("state.db.kill").touch(0o600)
    assert examined(bare, "arm-check", 4)["failed"] == ["kill.latch"]


def test_what_changes_the_code_that_runs_stops_it(bare: Shell) -> None:
    bare.environment |= {**LIVE, "SSLKEYLOGFILE": os.devnull}
    report = examined(bare, "arm-check", 4)
    assert report["failed"] == ["machine.environment"]
