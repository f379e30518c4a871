"""The schema's version: newer is refused, older is saved and brought forward."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from peewee import TextField
from playhouse.migrate import SqliteMigrator, migrate

from btcbot_core.adapters.sqlite.schema import APPLICATION_ID, MIGRATIONS, version_of
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.adapters.sqlite.views import VIEWS
from btcbot_core.domain.errors import ExitCode, StoreError
from tests.adapters.damage import damage_table
from tests.adapters.processes import another_process, mode_of
from tests.contract.store_makers import RUN, a_cycle, a_run, an_act

NOW = version_of(MIGRATIONS)


def add_operator(migrator: SqliteMigrator) -> None:
    migrate(migrator.add_column("audit", "host", TextField(default="")))


def rename_source(migrator: SqliteMigrator) -> None:
    migrate(migrator.rename_column("runs", "source", "world"))


def break_down(migrator: SqliteMigrator) -> None:
    add_operator(migrator)
    raise RuntimeError("half-way")


def orphan_cycles(migrator: SqliteMigrator) -> None:
    migrator.database.execute_sql("DELETE FROM runs")


DIE_HALF_WAY = """
import os, sys
from pathlib import Path
from peewee import TextField
from playhouse.migrate import migrate
from btcbot_core.adapters.sqlite.schema import MIGRATIONS
from btcbot_core.adapters.sqlite.store import SqliteStore

def die(migrator):
    migrate(migrator.add_column("audit", "host", TextField(default="")))
    os.kill(os.getpid(), 9)

SqliteStore(Path(sys.argv[1]), migrations=(*MIGRATIONS, die))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of today's version, with a run and a cycle in it."""
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    with store.begin() as work:
        work.runs.open(a_run())
        work.cycles.add(a_cycle(0))
        work.audit.add(a_run().started_at, "op", "start", "")
        work.commit()
    store.close()
    return path


def _ask(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def _change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def _version(path: Path) -> object:
    return _ask(path, "PRAGMA user_version")[0][0]


def _backups(path: Path) -> Sequence[Path]:
    return sorted(path.parent.glob("*.bak*"))


def test_a_new_database_is_of_this_version_and_names_its_owner(path: Path) -> None:
    assert _version(path) == NOW
    assert _ask(path, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert _backups(path) == []


@pytest.mark.parametrize("mode", ["rw", "ro"])
def test_a_newer_database_is_refused_and_left_alone(path: Path, mode: str) -> None:
    _change(path, f"PRAGMA user_version = {NOW + 1}", "ALTER TABLE audit ADD COLUMN x TEXT")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=f"schema {NOW + 1}.*update the program") as caught:
        SqliteStore(path, mode=mode)  # type: ignore[arg-type]  # a plain word here
    assert caught.value.exit_code is ExitCode.STORE_UNUSABLE
    assert path.read_bytes() == before
    assert _backups(path) == []


def test_an_older_database_is_backed_up_and_brought_forward(path: Path) -> None:
    store = SqliteStore(path, migrations=(*MIGRATIONS, add_operator))
    with store.read() as look:
        assert look.cycles.last(RUN) == a_cycle(0)
    store.close()
    assert _version(path) == NOW + 1
    assert _ask(path, "SELECT who, host FROM audit") == [("op", "")]
    (backup,) = _backups(path)
    assert mode_of(backup) == 0o600
    assert _version(backup) == NOW
    assert _ask(backup, "SELECT count(*) FROM cycles") == [(1,)]
    assert _ask(backup, "PRAGMA integrity_check") == [("ok",)]


def test_acts_of_schema_1_stay_and_those_after_it_are_kept_whole(path: Path) -> None:
    _change(
        path,
        "CREATE TABLE old (id INTEGER NOT NULL PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL,"
        " act TEXT NOT NULL, why TEXT NOT NULL) STRICT",
        "INSERT INTO old SELECT id, at, who, act, why FROM audit",
        "DROP TABLE audit",
        "ALTER TABLE old RENAME TO audit",
        "PRAGMA user_version = 1",
    )
    store = SqliteStore(path)
    with store.begin() as work:
        work.audit.add_act(an_act())
        work.commit()
    with store.read() as look:
        assert look.audit.acts(RUN) == (an_act(),)
        assert [row[2] for row in look.audit.recent(9)] == ["start", "capital"]
    store.close()
    assert _version(_backups(path)[0]) == 1


def test_opening_it_again_migrates_nothing_and_makes_no_backup(path: Path) -> None:
    for _ in range(2):
        SqliteStore(path, migrations=(*MIGRATIONS, add_operator)).close()
    assert len(_backups(path)) == 1


def test_several_steps_are_taken_one_by_one(path: Path) -> None:
    with pytest.raises(StoreError):  # the views still speak of the old column
        SqliteStore(path, migrations=(*MIGRATIONS, add_operator, rename_source, break_views))
    assert _version(path) == NOW + 2
    assert _ask(path, "SELECT world FROM runs") == [("ftx_night",)]


def break_views(migrator: SqliteMigrator) -> None:
    migrator.database.execute_sql("SELECT source FROM runs")


def test_the_views_are_laid_anew(path: Path) -> None:
    _change(path, "DROP VIEW fills", "CREATE VIEW old AS SELECT 1")
    SqliteStore(path, migrations=(*MIGRATIONS, add_operator)).close()
    found = _ask(path, "SELECT name FROM sqlite_master WHERE type = 'view'")
    assert {name for (name,) in found} == set(VIEWS)


def test_a_step_that_fails_changes_nothing(path: Path) -> None:
    with pytest.raises(RuntimeError, match="half-way"):
        SqliteStore(path, migrations=(*MIGRATIONS, break_down))
    assert _version(path) == NOW
    assert "host" not in {row[1] for row in _ask(path, "PRAGMA table_info(audit)")}
    SqliteStore(path, migrations=(*MIGRATIONS, add_operator)).close()
    assert _version(path) == NOW + 1


def test_a_step_that_would_break_keys_changes_nothing(path: Path) -> None:
    with pytest.raises(StoreError, match="break keys"):
        SqliteStore(path, migrations=(*MIGRATIONS, orphan_cycles))
    assert _version(path) == NOW
    assert _ask(path, "SELECT count(*) FROM runs") == [(1,)]


def test_a_step_killed_half_way_is_taken_again(path: Path) -> None:
    with another_process(DIE_HALF_WAY, path) as other:
        assert other.finish() == -9
    assert _version(path) == NOW
    SqliteStore(path, migrations=(*MIGRATIONS, add_operator)).close()
    assert _ask(path, "SELECT who, host FROM audit") == [("op", "")]


def test_a_backup_overwrites_no_other(path: Path) -> None:
    taken = path.with_name(f"state.db.schema-{NOW}.bak")
    taken.write_text("precious")
    SqliteStore(path, migrations=(*MIGRATIONS, add_operator)).close()
    assert taken.read_text() == "precious"
    assert [place.name for place in _backups(path)] == [taken.name, f"{taken.name}.1"]


def test_a_database_that_cannot_be_backed_up_is_not_migrated(path: Path) -> None:
    damage_table(path, "cycles")
    with pytest.raises(StoreError, match="check out"):
        SqliteStore(path, migrations=(*MIGRATIONS, add_operator))
    assert _backups(path) == []
    assert _version(path) == NOW


def test_a_reader_refuses_an_older_database(path: Path) -> None:
    with pytest.raises(StoreError, match="start a run"):
        SqliteStore(path, mode="ro", migrations=(*MIGRATIONS, add_operator))
    assert _version(path) == NOW


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        ("SELECT id FROM ledger_events WHERE run = 'r' AND id IN ('a', 'b')", "run=? AND id=?"),
        ("SELECT max(seq) FROM ledger_events WHERE run = 'r'", "run=?"),
        ("SELECT * FROM orders WHERE run = 'r' AND status IN ('open')", "run=? AND status=?"),
        ("SELECT * FROM orders WHERE run = 'r' AND exchange_id = 'x'", "run=? AND exchange_id=?"),
        ("SELECT * FROM cycles WHERE run = 'r' ORDER BY step DESC LIMIT 1", "run=?"),
        ("SELECT * FROM cycles WHERE id = 'c'", "id=?"),
        ("SELECT * FROM order_events WHERE client_id = 'c'", "client_id=?"),
    ],
)
def test_what_is_asked_every_cycle_is_looked_up_not_searched(
    path: Path, sql: str, index: str
) -> None:
    (plan,) = {str(row[3]) for row in _ask(path, f"EXPLAIN QUERY PLAN {sql}")}
    assert plan.startswith("SEARCH")
    assert f"({index})" in plan
