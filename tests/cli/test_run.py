"""`run` on the recorded night: to its end, twice the same, through kills and restarts."""

import json
import signal
import sqlite3
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from tests.cli.shell import Shell, end, wait_until

ZERO = Decimal(0)


def books(database: Path) -> tuple[Decimal, Decimal, dict[str, Decimal]]:
    """Cash, capital and holdings, from the journal alone and by arithmetic of our own here."""
    cash, capital, held = ZERO, ZERO, dict[str, Decimal]()
    with sqlite3.connect(database) as store:
        rows = store.execute(
            "SELECT kind, symbol, side, price, qty, amount FROM ledger_events ORDER BY seq"
        ).fetchall()
    for kind, symbol, side, price, qty, amount in rows:
        if kind == "capital":
            cash, capital = cash + Decimal(amount), capital + Decimal(amount)
        elif kind == "fee":
            cash -= Decimal(amount)
        elif kind == "fill":
            sign = 1 if side == "buy" else -1
            cash -= sign * Decimal(price) * Decimal(qty)
            held[symbol] = held.get(symbol, ZERO) + sign * Decimal(qty)
    return cash, capital, held


def equity(database: Path) -> Decimal:
    """Cash and holdings at the last cycle's mid prices."""
    cash, _, held = books(database)
    with sqlite3.connect(database) as store:
        query = "SELECT trace FROM cycles ORDER BY step DESC LIMIT 1"
        quotes = json.loads(store.execute(query).fetchone()[0])["quotes"]
    mids = {symbol: (Decimal(bid) + Decimal(ask)) / 2 for symbol, bid, ask, *_ in quotes}
    return cash + sum((qty * mids[symbol] for symbol, qty in held.items()), ZERO)


def traces(database: Path) -> list[bytes]:
    with sqlite3.connect(database) as store:
        return [row[0] for row in store.execute("SELECT trace FROM cycles ORDER BY step")]


def assert_nothing_twice(database: Path) -> None:
    """No step, order, trade or ledger number twice; no order filled beyond its size."""
    with sqlite3.connect(database) as store:
        steps = [row[0] for row in store.execute("SELECT step FROM cycles ORDER BY step")]
        seqs = [row[0] for row in store.execute("SELECT seq FROM ledger_events ORDER BY seq")]
        sizes = dict(store.execute("SELECT client_id, qty FROM orders"))
        fills = store.execute("SELECT client_id, qty FROM ledger_events WHERE kind = 'fill'")
        filled: dict[str, Decimal] = {}
        for client, qty in fills:
            filled[client] = filled.get(client, ZERO) + Decimal(qty)
    assert steps == list(range(len(steps)))
    assert seqs == list(range(1, len(seqs) + 1))
    assert all(qty <= Decimal(sizes[client]) for client, qty in filled.items())


def test_the_night_runs_to_its_end_and_its_equity_is_capital_plus_net(shell: Shell) -> None:
    summary = shell.json(*shell.night("--max-cycles", "2000", "--speed", "max"))
    assert (summary["outcome"], summary["cycles"], summary["step"]) == ("data_end", 996, 995)
    orders = summary["orders"]
    assert isinstance(orders, dict)
    assert orders["filled"] >= 20
    net = Decimal(str(summary["net_try"]))
    _, capital, _ = books(shell.db)
    assert abs(equity(shell.db) - (capital + net)) < Decimal("1e-8")
    assert equity(shell.db) == Decimal(str(summary["equity_try"]))


def test_the_same_run_in_another_place_and_language_writes_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for number, place in enumerate(
        (
            {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LANG": "C"},
            {"PYTHONHASHSEED": "77", "TZ": "America/New_York", "LANG": "tr_TR.UTF-8"},
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        shell = Shell(folder, place)
        shell.json(*shell.night("--max-cycles", "2000"))
        written.append(traces(shell.db))
    assert len(written[0]) == 996
    assert written[0] == written[1]


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_moments_it_goes_on_and_does_nothing_twice(
    shell: Shell, seed: int
) -> None:
    chance = Random(seed)
    seen = 0
    for _ in range(6):
        process = shell.start(*shell.night("--loop", "--cycle-seconds", "0.002"))
        goal = seen + chance.randint(1, 120)
        wait_until(lambda goal=goal: shell.cycles() >= min(goal, 990), process)  # type: ignore[misc]
        end(process, signal.SIGKILL)
        assert_nothing_twice(shell.db)
        seen = shell.cycles()
    summary = shell.json(*shell.night("--loop"))
    assert_nothing_twice(shell.db)
    assert (summary["step"], summary["outcome"]) == (995, "data_end")
    assert equity(shell.db) == Decimal(str(summary["equity_try"]))


def test_a_kill_from_a_second_terminal_stops_the_loop_and_stays(shell: Shell) -> None:
    process = shell.start(*shell.night("--loop", "--cycle-seconds", "0.05"))
    wait_until(lambda: shell.cycles() >= 5, process)
    assert shell("kill", "--reason", "bad fills", "--db", str(shell.db)).returncode == 0
    at_kill = shell.cycles()
    wait_until(lambda: shell.cycles() >= at_kill + 5, process)
    refused = shell("reset", "--reason", "x", "--word", "RESET", "--db", str(shell.db))
    assert (refused.returncode, "another btcbot holds" in refused.stderr) == (3, True)
    second = shell(*shell.night("--once"))
    assert second.returncode == 3
    assert f"pid {process.pid}" in second.stderr
    code, _, told = end(process)
    assert code == 0
    assert "KILLED by" in told
    sent_after = _intents_after(shell.db, at_kill + 1)
    assert sent_after == 0
    again = shell(*shell.night("--max-cycles", "2"))
    assert "KILLED by" in again.stderr
    assert _intents_after(shell.db, at_kill + 1) == 0


def _intents_after(database: Path, step: int) -> int:
    with sqlite3.connect(database) as store:
        query = "SELECT COALESCE(SUM(intents), 0) FROM cycles WHERE step > ?"
        return int(store.execute(query, (step,)).fetchone()[0])


def test_a_reset_asks_for_the_word_and_then_orders_go_again(shell: Shell) -> None:
    shell("kill", "--reason", "drill", "--db", str(shell.db))
    shell.json(*shell.night("--max-cycles", "3"))
    reset = ("reset", "--reason", "drill is over", "--db", str(shell.db))
    assert shell(*reset).returncode == 2
    assert shell(*reset, "--word", "reset").returncode == 2
    assert shell(*reset, "--word", "RESET").returncode == 0
    shell.json(*shell.night("--max-cycles", "3"))
    assert _intents_after(shell.db, 2) > 0


def test_exit_on_kill_ends_with_its_own_code(shell: Shell) -> None:
    shell("kill", "--reason", "drill", "--db", str(shell.db))
    assert shell(*shell.night("--loop", "--exit-on-kill")).returncode == 8


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_finishes_its_cycle_and_says_so(shell: Shell, number: int) -> None:
    process = shell.start(*shell.night("--loop", "--cycle-seconds", "0.02", "--json"))
    wait_until(lambda: shell.cycles() >= 3, process)
    code, out, _ = end(process, number)
    assert code == 0
    assert json.loads(out)["outcome"] == "stopped"
    assert_nothing_twice(shell.db)


def test_a_hangup_does_not_stop_the_unattended_runner(shell: Shell) -> None:
    process = shell.start(*shell.night("--loop", "--cycle-seconds", "0.02", "--json"))
    wait_until(lambda: shell.cycles() >= 3, process)
    process.send_signal(signal.SIGHUP)
    seen = shell.cycles()
    wait_until(lambda: shell.cycles() >= seen + 3, process)
    assert end(process)[0] == 0


def test_a_signal_kills_like_the_command(shell: Shell) -> None:
    process = shell.start(*shell.night("--loop", "--cycle-seconds", "0.02"))
    wait_until(lambda: shell.cycles() >= 3, process)
    process.send_signal(signal.SIGUSR1)
    wait_until((shell.folder / "state.db.kill").exists, process)
    end(process)
    status = shell.json("status", "--db", str(shell.db))
    killed = status["killed"]
    assert isinstance(killed, dict)
    assert (killed["is_set"], killed["who"]) == (True, "SIGUSR1")


def test_other_settings_on_a_used_database_need_a_new_run(shell: Shell) -> None:
    shell.json(*shell.night("--max-cycles", "2"))
    shell.environment["TTL_SECONDS"] = "61"
    refused = shell(*shell.night("--max-cycles", "2"))
    assert (refused.returncode, "--new-run" in refused.stderr) == (2, True)
    fresh = shell.json(*shell.night("--max-cycles", "2", "--new-run"))
    assert fresh["step"] == 1
