"""`stage7-params`, as the operator uses it: show what moved, take it back, go on."""

import sqlite3

import pytest

from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.lock import InstanceLock, lock_path
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.bootstrap import demo_folder
from tests.cli.shell import Json, Shell


@pytest.fixture
def adapting(shell: Shell) -> Shell:
    """A shell with a rebalancing run whose universe has grown by one."""
    shell.environment["STAGE7_ADAPT"] = "true"
    rebalance(shell, 4)
    return shell


def rebalance(shell: Shell, cycles: int) -> None:
    where = ("--dataset", str(demo_folder()), "--db", str(shell.db))
    shell.json("stage7-run", "--dry-run", *where, "--max-cycles", str(cycles))


def size(view: Json) -> Json:
    params = view["params"]
    assert isinstance(params, list)
    found: Json = next(param for param in params if param["name"] == "universe_size")
    return found


def test_parameters_are_shown_reset_by_the_word_and_gone_on_with(adapting: Shell) -> None:
    place = ("--db", str(adapting.db))
    shown = adapting("stage7-params", "show", *place)
    assert shown.returncode == 0
    for words in ("version 2; ", "universe_size         5 ", "4 to 50", "no end", "APPLIED  1 → 2"):
        assert words in shown.stdout
    back = ("stage7-params", "reset", "--reason", "too wide", *place)
    refused = adapting(*back)
    assert (refused.returncode, "terminal" in refused.stderr) == (2, True)
    assert adapting(*back, "--word", "reset").returncode == 2
    assert size(adapting.json("stage7-params", "show", *place))["value"] == "5"

    done = adapting(*back, "--word", "RESET")
    assert (done.returncode, "universe_size 5 → 4" in done.stdout) == (0, True)
    assert adapting.json(*back)["reset"] is False
    assert adapting("verify", *place).returncode == 0
    rebalance(adapting, 2)
    view = adapting.json("stage7-params", "show", *place)
    assert (view["version"], size(view)["value"], size(view)["version"]) == (3, "4", 3)
    assert adapting("verify", *place).returncode == 0
    with sqlite3.connect(adapting.db) as store:
        query = "SELECT from_version, to_version, outcome FROM stage7_param_changes ORDER BY ts"
        assert store.execute(query).fetchall() == [(1, 2, "APPLIED"), (2, 3, "RESET")]


def test_a_living_runner_keeps_its_parameters_and_a_reset_needs_a_reason(adapting: Shell) -> None:
    back = ("stage7-params", "reset", "--word", "RESET", "--db", str(adapting.db), "--reason")
    with InstanceLock(lock_path(adapting.db), SystemClock(), "run"):
        assert adapting(*back, "too wide").returncode == 3
        assert adapting("stage7-params", "show", "--db", str(adapting.db)).returncode == 0
    assert adapting(*back, " ").returncode == 2


@pytest.mark.parametrize("verb", [("show",), ("reset", "--reason", "x", "--word", "RESET")])
def test_without_a_database_or_a_run_nothing_comes_into_being(
    shell: Shell, verb: tuple[str, ...]
) -> None:
    line = ("stage7-params", *verb, "--db", str(shell.db))
    assert shell(*line).returncode == 5
    assert list(shell.folder.iterdir()) == []
    SqliteStore(shell.db).close()
    done = shell(*line)
    assert (done.returncode, "no run of stage7" in done.stderr) == (2, True)
