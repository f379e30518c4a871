"""How many rows stand under each name that the requirements give a table (C10)."""

import sqlite3
from pathlib import Path

from btcbot_core.adapters.sqlite.database import BUSY_TIMEOUT_MS, connector, raw
from btcbot_core.adapters.sqlite.errors import store_errors
from btcbot_core.adapters.sqlite.store import SqliteStore

NAMES = (
    "orders",
    "fills",
    "positions",
    "actions",
    "intents",
    "stage4_orders",
    "stage4_fills",
    "pnl_snapshots",
    "cycle_audit",
    "cursors",
    "stage7_cycle_trace",
    "stage7_ledger_metrics",
    "stage7_run_metrics",
    "stage7_order_intents",
    "stage7_orders",
    "stage7_order_events",
    "stage7_idempotency_keys",
    "stage7_risk_decisions",
    "stage7_param_changes",
    "stage7_params_checkpoints",
    "stage7_params_active",
    "ledger_events",
    "risk_decisions",
    "risk_state_current",
    "anomaly_events",
    "degrade_state_current",
)


def count_rows(path: Path) -> dict[str, int | None]:
    """Rows by name; None for a name that this database has not. Creates nothing.

    Raises StoreError when the file cannot be read.
    """
    SqliteStore(path, mode="ro").close()
    database = connector(path, mode="ro", synchronous="FULL", busy_timeout_ms=BUSY_TIMEOUT_MS)
    try:
        with store_errors(path):
            database.connect()
            connection = raw(database)
            query = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')"
            known = {str(row[0]) for row in connection.execute(query)}
            return {name: _count(connection, name) if name in known else None for name in NAMES}
    finally:
        database.close()


def _count(connection: sqlite3.Connection, name: str) -> int:
    # The name is one of ours, never a stranger's.
    found = connection.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()  # noqa: S608
    return int(found[0])
