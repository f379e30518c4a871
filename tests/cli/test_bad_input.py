"""Wrong flags, settings, datasets and databases: one clear line each, the right code, no trace."""

import os
import sqlite3
from pathlib import Path

import pytest

from tests.cli.shell import Shell

HEADER = "ts,open,high,low,close,volume\n"
ROWS = (
    "2022-01-01T00:00:00+00:00,10,11,9,10,1\n",
    "2022-01-01T00:01:00+00:00,10,11,9,10,1\n",
    "2022-01-01T00:02:00+00:00,10,11,9,10,1\n",
)


def assert_one_clear_line(shell: Shell, code: int, *arguments: str, says: str = "") -> str:
    """The command ends so, with a line for the operator and nothing a terminal would obey."""
    done = shell(*arguments)
    assert done.returncode == code, (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr + done.stdout
    assert says in done.stderr
    assert not any(ord(c) < 32 and c != "\n" for c in done.stderr + done.stdout)
    return done.stderr


def dataset(folder: Path, rows: str, name: str = "BTCTRY") -> str:
    (folder / "set" / "candles").mkdir(parents=True, exist_ok=True)
    (folder / "set" / "candles" / f"{name}.csv").write_text(rows, encoding="utf-8")
    return str(folder / "set")


def test_without_a_line_to_the_exchange_one_cycle_says_so_and_names_the_demo(
    shell: Shell,
) -> None:
    shell.environment["BTCTURK_BASE_URL"] = "http://127.0.0.1:1"
    said = assert_one_clear_line(shell, 7, "run", "--dry-run", "--once", "--json", says="make demo")
    assert "Connection refused" in said


def test_plain_http_leaves_this_machine_for_nobody(shell: Shell) -> None:
    shell.environment["BTCTURK_BASE_URL"] = "http://api.btcturk.com"
    assert_one_clear_line(shell, 2, "run", "--dry-run", says="BTCTURK_BASE_URL: expected https")


@pytest.mark.parametrize(
    "flags",
    [
        ("--max-cycles", "0"),
        ("--max-cycles", "-2"),
        ("--max-cycles", "many"),
        ("--cycle-seconds", "-1"),
        ("--cycle-seconds", "NaN"),
        ("--speed", "0"),
        ("--speed", "fast"),
        ("--speed", "-3"),
        ("--env-file", "nowhere.env"),
        ("--no-such-flag",),
    ],
)
def test_a_wrong_flag_is_named(shell: Shell, flags: tuple[str, ...]) -> None:
    assert_one_clear_line(shell, 2, *shell.night(*flags), says=flags[0].lstrip("-").split("-")[0])
    assert not shell.db.exists()


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("when,open\n", "header"),
        (HEADER, ""),
        (HEADER + ROWS[1] + ROWS[0], "line 3"),
        (HEADER + ROWS[0] + ROWS[0], "line 3"),
        (HEADER + ROWS[0].replace("11", "NaN"), "NaN"),
        (HEADER + ROWS[0].replace("11", "1e400"), "line 2"),
        (HEADER + ROWS[0].replace(",9,", ",12,"), "line 2"),
        (HEADER + ROWS[0].replace("+00:00", ""), "line 2"),
        (HEADER + ROWS[0].replace("10", "-10"), "line 2"),
    ],
)
def test_a_broken_dataset_is_refused_by_file_and_line(shell: Shell, rows: str, says: str) -> None:
    where = dataset(shell.folder, rows)
    assert_one_clear_line(shell, 2, "run", "--dataset", where, "--db", str(shell.db), says=says)
    assert not shell.db.exists()


def test_no_dataset_folder_is_said(shell: Shell) -> None:
    assert_one_clear_line(shell, 2, "run", "--dataset", "nowhere", says="no such folder")


def test_a_crossed_book_is_refused(shell: Shell) -> None:
    where = dataset(shell.folder, HEADER + "".join(ROWS))
    (Path(where) / "orderbook").mkdir()
    crossed = "ts,best_bid,best_ask\n2022-01-01T00:00:30+00:00,11,10\n"
    (Path(where) / "orderbook" / "BTCTRY.csv").write_text(crossed, encoding="utf-8")
    assert_one_clear_line(shell, 2, "run", "--dataset", where, says="orderbook/BTCTRY.csv")


def test_a_dataset_that_leads_out_of_its_folder_is_refused(shell: Shell) -> None:
    secret = shell.folder / "secret.csv"
    secret.write_text(HEADER + "".join(ROWS), encoding="utf-8")
    where = dataset(shell.folder, HEADER + "".join(ROWS), "ETHTRY")
    (Path(where) / "candles" / "BTCTRY.csv").symlink_to(secret)
    assert_one_clear_line(shell, 2, "run", "--dataset", where, says="BTCTRY")


def test_all_wrong_settings_are_told_at_once(shell: Shell) -> None:
    shell.environment |= {"MAX_OPEN_ORDERS": "-1", "TTL_SECONDS": "soon", "SYMBOLS": "??"}
    said = assert_one_clear_line(shell, 2, "config", "show")
    assert [name for name in ("MAX_OPEN_ORDERS", "TTL_SECONDS", "SYMBOLS") if name in said] == [
        "MAX_OPEN_ORDERS",
        "TTL_SECONDS",
        "SYMBOLS",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("TTL_SECONDS=1\nTTL_SECONDS=2\n", "line 1"),
        ("just words\n", ":1: expected NAME=value"),
        ("\ufeffTTL_SECONDS=abc\r\n", "TTL_SECONDS"),
    ],
)
def test_a_wrong_env_file_is_told_by_line(shell: Shell, text: str, says: str) -> None:
    (shell.folder / ".env").write_text(text, encoding="utf-8")
    assert_one_clear_line(shell, 2, "config", "show", says=says)


def test_a_name_that_is_no_setting_is_warned_of(shell: Shell) -> None:
    (shell.folder / ".env").write_text("MAX_OPEN_ORDER=1\n", encoding="utf-8")
    done = shell("config", "show")
    assert (done.returncode, "MAX_OPEN_ORDER is no setting" in done.stderr) == (0, True)


def test_config_show_says_where_each_value_comes_from(shell: Shell) -> None:
    (shell.folder / ".env").write_text("TTL_SECONDS=50\nCOOLDOWN_SECONDS=5\n", encoding="utf-8")
    shell.environment["TTL_SECONDS"] = "40"
    shown = shell.json("config", "show", "--dataset", shell.night()[3])
    assert shown["TTL_SECONDS"] == {"value": "40", "source": "environment"}
    assert shown["COOLDOWN_SECONDS"] == {"value": "5", "source": "file"}
    assert shown["DRY_RUN_TRY_BALANCE"] == {"value": "100000", "source": "dataset"}
    assert shown["MIN_PROFIT_BPS"] == {"value": "30", "source": "default"}


def test_a_newer_database_is_refused(shell: Shell) -> None:
    shell.json(*shell.night("--once"))
    with sqlite3.connect(shell.db) as store:
        store.execute("PRAGMA user_version = 9999")
    assert_one_clear_line(shell, 5, *shell.night("--once"), says="newer")
    assert_one_clear_line(shell, 5, "status", "--db", str(shell.db), says="newer")
    assert shell.cycles() == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_said(shell: Shell) -> None:
    (shell.folder / "ro").mkdir(mode=0o500)
    where = shell.night("--once")[:-2]
    assert_one_clear_line(shell, 5, *where, "--db", str(shell.folder / "ro" / "x.db"))


def test_what_is_no_database_is_refused_and_kept(shell: Shell) -> None:
    shell.db.write_text("my shopping list", encoding="utf-8")
    assert_one_clear_line(shell, 5, *shell.night("--once"))
    assert shell.db.read_text(encoding="utf-8") == "my shopping list"


def test_status_without_a_database_says_so(shell: Shell) -> None:
    assert_one_clear_line(shell, 5, "status", "--db", str(shell.db), says="no database")
    assert not shell.db.exists()


HOSTILE = "\x1b]52;c;ZXZpbA==\x07[@click=app.quit]x[/][/foo]\u202e"


def test_hostile_names_and_messages_reach_no_terminal(shell: Shell) -> None:
    where = dataset(shell.folder, HEADER + "".join(ROWS))
    (Path(where) / "candles" / f"{HOSTILE.replace('/', '')}.csv").write_text("x", encoding="utf-8")
    assert_one_clear_line(shell, 2, "run", "--dataset", where)
    assert_one_clear_line(shell, 0, "kill", "--reason", HOSTILE, "--db", str(shell.db))
    done = shell(*shell.night("--max-cycles", "2"))
    status = shell("status", "--db", str(shell.db))
    for text in (done.stdout, done.stderr, status.stdout):
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_a_kill_that_cannot_be_written_does_not_say_killed(shell: Shell) -> None:
    """There is no such folder, so no file could tell the runner."""
    said = assert_one_clear_line(
        shell, 5, "kill", "--reason", "x", "--db", str(shell.folder / "nowhere" / "x.db")
    )
    assert "NOT killed" in said
