"""A rebalancing run under the names that the requirements give its tables."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from btcbot_core.adapters.replay.synthetic import Recipe
from btcbot_core.adapters.sqlite.views_stage7 import STAGE7_VIEWS
from tests.app.recorded import run_night
from tests.story.rebalancing import PAIRS, made_up, run

CYCLES = 150
UNIVERSE = 4
"""How many pairs the profile of the shipped night trades at a time."""
MAY_BE_EMPTY = {"stage7_param_changes", "stage7_params_checkpoints", "stage7_params_active"}
MAY_BE_EMPTY |= {"anomaly_events"}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    database = run_night(tmp_path_factory.mktemp("night"), CYCLES, stage=7)
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    yield connection
    connection.close()


def rows(asked: sqlite3.Connection, view: str) -> list[sqlite3.Row]:
    return asked.execute(f"SELECT * FROM {view}").fetchall()


@pytest.mark.parametrize("view", sorted(STAGE7_VIEWS))
def test_every_view_answers(asked: sqlite3.Connection, view: str) -> None:
    assert rows(asked, view) or view in MAY_BE_EMPTY


def test_a_cycle_stands_in_each_of_its_views(asked: sqlite3.Connection) -> None:
    names = ("stage7_cycle_trace", "stage7_ledger_metrics", "stage7_run_metrics")
    ids = [[row["cycle_id"] for row in rows(asked, name)] for name in names]
    assert ids[0] == ids[1] == ids[2]
    assert len(ids[0]) == len(set(ids[0])) == CYCLES


def test_money_is_exact_text(asked: sqlite3.Connection) -> None:
    stored = dict(asked.execute("SELECT id, equity_try FROM cycles").fetchall())
    for row in rows(asked, "stage7_ledger_metrics"):
        assert row["equity_try"] == stored[row["cycle_id"]]
        for name in ("realized_pnl_try", "fees_try", "turnover_try", "slippage_try"):
            assert isinstance(row[name], str), name
            Decimal(row[name])
    moved = [Decimal(row["turnover_try"]) for row in rows(asked, "stage7_ledger_metrics")]
    fills = rows(asked, "fills")
    assert sum(moved) == sum(Decimal(f["price"]) * Decimal(f["qty"]) for f in fills)


def test_what_is_json_reads_as_json(asked: sqlite3.Connection) -> None:
    for row in rows(asked, "stage7_cycle_trace"):
        assert json.loads(row["mode_json"])["final_mode"]
        assert len(json.loads(row["universe_scores_json"])) == 6
        assert json.loads(row["intents_summary_json"])["intents"] >= 0
    for row in rows(asked, "stage7_run_metrics"):
        assert isinstance(json.loads(row["quality_flags_json"]), list)
        assert (row["no_trades_reason"] is None) == (row["fills_written_count"] > 0)
        assert row["universe_size"] == UNIVERSE


def test_the_universe_is_what_was_chosen_and_not_all_that_was_weighed(tmp_path: Path) -> None:
    dataset = made_up(
        tmp_path / "d", Recipe(symbols=PAIRS, minutes=5), STAGE7_UNIVERSE_SIZE="2",
        STAGE7_UNIVERSE_BLACKLIST="BTCTRY",
    )  # fmt: skip
    told = run(dataset, tmp_path / "a.db")
    with closing(sqlite3.connect(tmp_path / "a.db")) as store:
        store.row_factory = sqlite3.Row
        for cycle, trace, metrics in zip(
            told.cycles,
            rows(store, "stage7_cycle_trace"),
            rows(store, "stage7_run_metrics"),
            strict=True,
        ):
            assert cycle.rebalance is not None
            chosen = set(cycle.rebalance.selection.symbols)
            assert chosen == {"ETHTRY", "SOLTRY"}
            assert set(json.loads(trace["selected_universe_json"])) == chosen
            assert metrics["universe_size"] == len(chosen)


def test_a_cycle_that_orders_tells_how_the_money_was_to_be_divided(
    asked: sqlite3.Connection,
) -> None:
    """Quiet cycles keep no plan: nothing was off its target, and their holds say by how little."""
    plans = {
        row["cycle_id"]: json.loads(row["portfolio_plan_json"])
        for row in rows(asked, "stage7_cycle_trace")
    }
    ordered = {row["cycle_id"] for row in rows(asked, "stage7_order_intents")}
    assert ordered
    for cycle in ordered:
        plan = plans[cycle]
        targets = {symbol: Decimal(target) for symbol, target, _ in plan["targets"]}
        assert len(targets) == UNIVERSE
        assert sum(targets.values()) <= Decimal(plan["investable_try"])
    assert {} in plans.values()


def test_orders_intents_and_events_belong_together(asked: sqlite3.Connection) -> None:
    orders = {row["client_order_id"]: row for row in rows(asked, "stage7_orders")}
    intents = {row["client_order_id"] for row in rows(asked, "stage7_order_intents")}
    events = rows(asked, "stage7_order_events")
    assert set(orders) == intents == {event["client_order_id"] for event in events}
    assert len({event["event_id"] for event in events}) == len(events)
    assert {row["key"] for row in rows(asked, "stage7_idempotency_keys")} == intents


def test_the_last_mode_is_the_current_one(asked: sqlite3.Connection) -> None:
    decisions = rows(asked, "stage7_risk_decisions")
    assert rows(asked, "risk_state_current")[0]["current_mode"] == decisions[-1]["mode"]
    assert len(decisions) == CYCLES
