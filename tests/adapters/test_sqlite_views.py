"""The views answer under the names of the requirements, exactly, from what was stored."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.adapters.sqlite.tables import TABLES
from btcbot_core.adapters.sqlite.views import VIEWS
from btcbot_core.adapters.sqlite.views_stage7 import STAGE7_VIEWS
from btcbot_core.domain.ids import CycleId, RunId
from btcbot_core.domain.trading import OrderEventKind
from btcbot_core.ledger.book import fold
from btcbot_core.oms.machine import Happening, apply, planned
from tests.contract.store_makers import (
    AT,
    RUN,
    a_cycle,
    a_fee_event,
    a_fill_event,
    a_run,
    a_state,
    an_intent,
)

STAGE4 = RunId("r4")
TS = "2022-11-08T12:00:00.123456Z"


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A stage 3 and a stage 4 run: one order each, filled, its cancel asked for too late."""
    store = SqliteStore(tmp_path / "state.db")
    for run, stage in ((RUN, "stage3"), (STAGE4, "stage4")):
        intent = an_intent(f"btcb-{stage}", price="350000.10")
        order, first = planned(intent)
        opened, second = apply(order, _happening(OrderEventKind.ACCEPTED, exchange_id="x1"))
        asked_for, third = apply(opened, _happening(OrderEventKind.CANCEL_SENT))
        events = [a_fill_event(1, price="350000.10"), a_fee_event(2)]
        carried = msgspec.structs.replace(a_state(), ledger=fold(a_state().ledger, events))
        with store.begin() as work:
            work.runs.open(a_run(run, stage=stage))
            work.orders.add_intents(run, [intent])
            work.orders.apply([first, second, third], [asked_for])
            work.ledger.append(run, events)
            work.cycles.add(a_cycle(0, run, trace=b'{"v":1}'))
            work.cycles.add(msgspec.structs.replace(a_cycle(1, run), mode="OBSERVE_ONLY"))
            work.checkpoints.save(run, a_cycle(1, run).id, carried)
            work.commit()
    store.close()
    connection = sqlite3.connect(tmp_path / "state.db")
    connection.row_factory = sqlite3.Row
    yield connection
    connection.close()


def _happening(kind: OrderEventKind, exchange_id: str | None = None) -> Happening:
    return Happening(kind=kind, at=AT, cycle_id=CycleId("r0-00000000"), exchange_id=exchange_id)


def _rows(asked: sqlite3.Connection, view: str, columns: str) -> list[tuple[object, ...]]:
    found = asked.execute(f"SELECT {columns} FROM {view}").fetchall()
    return [tuple(row) for row in found]


def test_every_view_answers_and_is_no_table(asked: sqlite3.Connection) -> None:
    assert not set(VIEWS) & {table._meta.table_name for table in TABLES}
    for view in VIEWS:
        found = asked.execute(f"SELECT * FROM {view}").fetchall()
        assert found or view in STAGE7_VIEWS, view


def test_no_view_can_be_written_to(asked: sqlite3.Connection) -> None:
    for view in VIEWS:
        with pytest.raises(sqlite3.OperationalError):
            asked.execute(f"DELETE FROM {view}")


def test_fills_carry_their_fees(asked: sqlite3.Connection) -> None:
    columns = "fill_id, order_id, symbol, side, price, qty, fee, fee_currency, ts"
    row = ("f1", "x1", "BTCTRY", "buy", "350000.1", "0.01", "6.3", "TRY", TS)
    assert _rows(asked, "fills", columns) == [row, row]
    assert _rows(asked, "stage4_fills", f"run, {columns}") == [(STAGE4, *row)]


def test_a_fill_is_applied_with_its_cycle(asked: sqlite3.Connection) -> None:
    assert ("f1", TS) in _rows(asked, "applied_fills", "fill_id, applied_at")


def test_positions_are_those_of_the_last_checkpoint(asked: sqlite3.Connection) -> None:
    row = ("BTCTRY", "0.01", "3500.0010", "0", TS)
    found = _rows(asked, "positions", "symbol, qty, cost_try, realized_pnl, updated_at")
    assert found == [row, row]
    assert _rows(asked, "stage4_positions", "run, symbol, qty") == [(STAGE4, "BTCTRY", "0.01")]


def test_stage4_orders_are_those_of_stage_4(asked: sqlite3.Connection) -> None:
    columns = "client_order_id, exchange_order_id, side, price, qty, status, mode, created_at"
    assert _rows(asked, "stage4_orders", columns) == [
        ("btcb-stage4", "x1", "buy", "350000.1", "0.01", "cancel_requested", "replay", TS)
    ]


def test_intents_and_actions_tell_what_was_decided(asked: sqlite3.Connection) -> None:
    assert _rows(asked, "intents", "intent_id, idempotency_key, symbol, side") == [
        ("btcb-stage3", "btcb-stage3", "BTCTRY", "buy"),
        ("btcb-stage4", "btcb-stage4", "BTCTRY", "buy"),
    ]
    found = _rows(asked, "actions WHERE stage = 'stage4'", "action_type, client_order_id, order_id")
    assert found == [
        ("place_order", "btcb-stage4", None),
        ("cancel_order", "btcb-stage4", "x1"),
    ]
    assert len(set(_rows(asked, "actions", "dedupe_key"))) == 4
    assert _rows(asked, "actions", "created_at_epoch")[0] == (int(AT.timestamp()),)


def test_profit_snapshots_are_one_a_cycle(asked: sqlite3.Connection) -> None:
    columns = "cycle_id, total_equity_try, net_pnl_try, drawdown_ratio, ts"
    found = _rows(asked, f"pnl_snapshots WHERE run = '{RUN}'", columns)
    assert found[0] == ("r0-00000000", "100000", "-1.25", "0.0000125", TS)
    assert len(found) == 2


def test_the_cycle_audit_shows_counts_and_the_trace(asked: sqlite3.Connection) -> None:
    found = _rows(asked, "cycle_audit", "cycle_id, counts_json, envelope_json")
    assert found[0] == ("r0-00000000", '{"orders_open":1,"intents":2,"fills":3}', '{"v":1}')


def test_risk_decisions_know_the_mode_before(asked: sqlite3.Connection) -> None:
    found = _rows(asked, f"risk_decisions WHERE run = '{RUN}'", "mode, prev_mode")
    assert found == [("NORMAL", None), ("OBSERVE_ONLY", "NORMAL")]


def test_a_cursor_is_the_last_fill_of_a_pair(asked: sqlite3.Connection) -> None:
    assert _rows(asked, f"cursors WHERE run = '{RUN}'", "key, value") == [("fills:BTCTRY", TS)]
