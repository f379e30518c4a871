"""`stage7-backtest`, `replay-init` and `replay-validate` as the operator runs them."""

import sqlite3
from pathlib import Path

import pytest

from btcbot_core.app.frames import Role
from btcbot_core.bootstrap import SessionOptions
from btcbot_core.bootstrap.options import require_live_stage
from btcbot_core.domain.errors import ConfigError
from tests.cli.shell import Shell


def made(shell: Shell, minutes: int = 30) -> Path:
    done = shell("replay-init", "--dataset", "d", "--minutes", str(minutes), "--symbols", "BTC_TRY")
    assert done.returncode == 0, done.stderr
    return shell.folder / "d"


def test_a_made_up_dataset_is_run_and_the_summary_says_what_came_of_it(shell: Shell) -> None:
    made(shell)
    told = shell.json("stage7-backtest", "--dataset", "d", "--out-db", "out.db")
    assert (told["outcome"], told["cycles"], told["is_complete"]) == ("data_end", 30, True)
    again = shell.json("stage7-backtest", "--dataset", "d", "--out-db", "out.db")
    assert (again["fingerprint"], again["cycles_now"]) == (told["fingerprint"], 0)
    stored = sqlite3.connect(shell.folder / "out.db")
    assert stored.execute("SELECT COUNT(*) FROM cycles").fetchone() == (30,)
    stored.close()


def test_one_command_goes_from_the_data_to_the_page(shell: Shell) -> None:
    made(shell)
    told = shell.json("stage7-backtest", "--dataset", "d", "--out-db", "out.db", "--html", "r.html")
    page = (shell.folder / "r.html").read_text(encoding="utf-8")
    assert str(told["run"]) in page
    assert page.count('<img src="data:image/svg+xml;') > 3


def test_a_window_has_both_its_ends(shell: Shell) -> None:
    made(shell)
    told = shell.json(
        "stage7-backtest", "--dataset", "d", "--out-db", "out.db",
        "--start", "2026-01-01T00:05:00Z", "--end", "2026-01-01T00:09:00",
    )  # fmt: skip
    assert (told["cycles"], told["first_step"], told["last_step"]) == (5, 4, 8)


def test_words_are_for_people_where_no_json_is_asked_for(shell: Shell) -> None:
    made(shell)
    done = shell("stage7-backtest", "--dataset", "d", "--out-db", "out.db", "--cycles", "7")
    assert done.returncode == 0
    assert "not the whole window" in done.stdout
    assert "fingerprint" in done.stdout


@pytest.mark.parametrize(
    "flags",
    [
        ("--start", "yesterday"),
        ("--start", "2027-01-01T00:00:00Z"),
        ("--start", "2026-01-01T00:09:00Z", "--end", "2026-01-01T00:05:00Z"),
        ("--cycles", "0"),
        ("--seed", "x"),
        ("--dataset", "nowhere"),
    ],
)
def test_what_was_asked_wrongly_is_told_in_one_line(shell: Shell, flags: tuple[str, ...]) -> None:
    made(shell)
    done = shell("stage7-backtest", "--dataset", "d", "--out-db", "out.db", *flags)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_that_holds_something_is_not_written_over(shell: Shell) -> None:
    made(shell)
    again = shell("replay-init", "--dataset", "d")
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert shell("replay-init", "--dataset", "d", "--force", "--scenario", "gap").returncode == 0


def test_a_bad_dataset_is_told_with_file_and_row(shell: Shell) -> None:
    path = made(shell) / "candles" / "BTCTRY.csv"
    path.write_text(path.read_text().replace("00:04:00+00:00,", "00:04:00+00:00,NaN", 1))
    done = shell("replay-validate", "--dataset", "d")
    assert done.returncode == 1
    assert "invalid_number candles/BTCTRY.csv:6" in done.stderr
    assert shell("replay-validate", "--dataset", "nowhere").returncode == 2


def test_stage_7_runs_on_paper_and_only_there(shell: Shell) -> None:
    made(shell)
    told = shell.json("stage7-run", "--dataset", "d", "--dry-run", "--max-cycles", "5")
    assert told["cycles"] == 5
    with pytest.raises(ConfigError):
        require_live_stage(SessionOptions(role=Role.HOST, stage=7))
