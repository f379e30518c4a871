"""What an operator may look at and change in a run at rest."""

import sqlite3

import msgspec
import pytest

from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.domain.ids import ClientId
from btcbot_core.domain.trading import OrderEventKind, OrderStatus
from btcbot_core.oms.machine import Happening, apply
from tests.cli.shell import Shell


def with_unknown_order(shell: Shell) -> ClientId:
    """A run in which the outcome of an order is not known, as a lost answer leaves it."""
    shell.json(*shell.night("--max-cycles", "1"))
    store = SqliteStore(shell.db)
    with store.begin() as work:
        run = work.runs.latest()
        assert run is not None
        carried = work.checkpoints.load(run.id)
        last = work.cycles.last(run.id)
        assert carried is not None
        assert last is not None
        order = next(o for o in carried.orders.values() if o.status is OrderStatus.OPEN)
        absent = Happening(kind=OrderEventKind.ABSENT, at=last.at, cycle_id=last.id)
        missing, event = apply(order, absent)
        orders = {**carried.orders, order.client_id: missing}
        work.orders.apply([event], [missing])
        saved = msgspec.structs.replace(carried, orders=orders)
        work.checkpoints.save(run.id, last.id, saved)
        work.commit()
    store.close()
    return order.client_id


def test_an_unknown_order_is_listed_and_resolved_by_a_person(shell: Shell) -> None:
    name, db = with_unknown_order(shell), ("--db", str(shell.db))
    listed = shell("unknown", "list", *db)
    assert (listed.returncode, name in listed.stdout) == (1, True)
    resolve = ("unknown", "resolve", "--order", name, "--reason", "seen on the website", *db)
    assert shell(*resolve, "--as", "gone").returncode == 0
    assert shell("unknown", "list", *db).returncode == 0
    assert shell(*resolve, "--as", "gone").returncode == 2
    with sqlite3.connect(shell.db) as store:
        told = store.execute("SELECT act, why FROM audit ORDER BY id DESC").fetchone()
        status = store.execute("SELECT status FROM orders WHERE client_id = ?", (name,)).fetchone()
    assert told == ("resolve", "seen on the website")
    assert status == ("unknown_closed",)


def test_the_ladder_is_shown_held_and_cleared(shell: Shell) -> None:
    shell.json(*shell.night("--max-cycles", "1"))
    db = ("--db", str(shell.db))
    hold = ("degrade", "override", "--mode", "OBSERVE_ONLY", "--reason", "holiday", *db)
    assert shell(*hold).returncode == 0
    shown = shell.json("degrade", "status", *db)["degrade"]
    assert isinstance(shown, dict)
    assert shown["override"]["level"] == 3
    assert shell("degrade", "clear", "--reason", "back", *db).returncode == 2
    assert shell("degrade", "clear", "--yes", "--reason", "back", *db).returncode == 0
    cleared = shell.json("degrade", "status", *db)["degrade"]
    assert isinstance(cleared, dict)
    assert not cleared.get("override")
    checked = ("verify", "--run", "last", "--store", *db)
    assert shell(*checked).returncode == 0
    shell.json(*shell.night("--max-cycles", "2"))
    assert shell(*checked).returncode == 0


@pytest.mark.parametrize("verb", [("unknown", "list"), ("degrade", "status")])
def test_a_database_without_a_run_says_so(shell: Shell, verb: tuple[str, str]) -> None:
    SqliteStore(shell.db).close()
    done = shell(*verb, "--db", str(shell.db))
    assert (done.returncode, "no run" in done.stderr) == (2, True)
