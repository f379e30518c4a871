"""What a database knows, asked before a run may write to it: this changes neither file nor log."""

import sqlite3
from pathlib import Path

import msgspec

from btcbot_core.adapters.sqlite.backup import problem_of
from btcbot_core.adapters.sqlite.database import BUSY_TIMEOUT_MS, connector, prepare_file, raw
from btcbot_core.adapters.sqlite.errors import awaits_rollback, store_errors
from btcbot_core.domain.errors import StoreError
from btcbot_core.domain.witness import Witness

_KNOWS_ORDER = "SELECT 1 FROM orders WHERE client_id = ?"
_KNOWS_RUN = "SELECT 1 FROM runs WHERE id = ?"
_HAS_SENT = (
    "SELECT 1 FROM runs WHERE kind IN ('live', 'dry_run')"
    " AND EXISTS (SELECT 1 FROM orders WHERE run = runs.id)"
)


class Recall(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the file, whatever its schema's version."""

    damage: str = ""
    """What SQLite's own check finds wrong; empty when nothing."""
    knows_witness: bool
    has_sent: bool
    """Whether it holds an order of a live or a dry run."""


def recall(path: Path, witness: Witness | None, *, is_checked: bool = True) -> Recall:
    """Look for what the witness says must be in it, and the whole file over where `is_checked`.

    A database that was being made when its process died is taken back by the next who opens it:
    it knows nothing, and it needs not where the witness names nothing.
    Raises StoreError when it cannot be read at all.
    """
    if not path.exists() or not path.stat().st_size:
        return Recall(knows_witness=_says_nothing(witness), has_sent=False)
    try:
        return _read(path, witness, is_checked=is_checked)
    except StoreError as error:
        if awaits_rollback(error) and _says_nothing(witness):
            return Recall(knows_witness=True, has_sent=False)
        raise


def _read(path: Path, witness: Witness | None, *, is_checked: bool) -> Recall:
    prepare_file(path, "ro")
    database = connector(path, mode="ro", synchronous="FULL", busy_timeout_ms=BUSY_TIMEOUT_MS)
    try:
        with store_errors(path):
            database.connect()
            connection = raw(database)
            damage = problem_of(connection) if is_checked else ""
            if damage or not database.table_exists("orders"):
                knows = not damage and _says_nothing(witness)
                return Recall(damage=damage, knows_witness=knows, has_sent=False)
            return Recall(
                knows_witness=_knows(connection, witness),
                has_sent=connection.execute(_HAS_SENT).fetchone() is not None,
            )
    finally:
        database.close()


def _says_nothing(witness: Witness | None) -> bool:
    return witness is None or witness.run is None


def _knows(connection: sqlite3.Connection, witness: Witness | None) -> bool:
    if witness is None or witness.run is None:
        return True
    if witness.client_id is None:
        return connection.execute(_KNOWS_RUN, (witness.run,)).fetchone() is not None
    return connection.execute(_KNOWS_ORDER, (witness.client_id,)).fetchone() is not None
