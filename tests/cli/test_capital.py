"""Booking a deposit or a withdrawal from a shell."""

import sqlite3

from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.lock import InstanceLock, lock_path
from tests.cli.shell import Shell


def entries(shell: Shell) -> list[tuple[str, str]]:
    with sqlite3.connect(shell.db) as store:
        query = "SELECT amount, note FROM ledger_events WHERE kind = 'capital' ORDER BY seq"
        return store.execute(query).fetchall()


def test_a_deposit_is_booked_once_the_word_is_given_and_the_run_goes_on(shell: Shell) -> None:
    shell.json(*shell.night("--max-cycles", "2"))
    deposit = (
        *("capital", "--asset", "try", "--amount", "5000", "--reason", "bank transfer"),
        *("--db", str(shell.db)),
    )
    refused = shell(*deposit)
    assert (refused.returncode, "terminal" in refused.stderr) == (2, True)
    assert shell(*deposit, "--word", "yes").returncode == 2
    told = shell.json(*deposit, "--word", "BOOK")
    before, after = told["before"], told["after"]
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert float(after["capital_try"]) - float(before["capital_try"]) == 5000
    assert after["net_try"] == before["net_try"]
    assert entries(shell)[-1] == ("5000", "bank transfer")

    checked = ("verify", "--run", "last", "--store", "--db", str(shell.db))
    assert shell(*checked).returncode == 0
    shell.json(*shell.night("--max-cycles", "2"))
    assert shell(*checked).returncode == 0


def test_a_withdrawal_of_more_than_there_is_and_a_living_runner_are_refused(shell: Shell) -> None:
    shell.json(*shell.night("--max-cycles", "1"))
    flow = ("capital", "--asset", "TRY", "--reason", "rent", "--word", "BOOK", "--db")
    more = shell(*flow, str(shell.db), "--amount=-200000")
    assert (more.returncode, "the books hold" in more.stderr) == (2, True)
    with InstanceLock(lock_path(shell.db), SystemClock(), "run"):
        assert shell(*flow, str(shell.db), "--amount", "1").returncode == 3
    assert len(entries(shell)) == 1
