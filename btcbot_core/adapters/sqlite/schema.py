"""The schema's version: refuse a newer one, back up and bring an older one forward."""

from collections.abc import Callable, Sequence
from pathlib import Path

from peewee import SchemaManager, SqliteDatabase
from playhouse.migrate import SqliteMigrator

from btcbot_core.adapters.sqlite.backup import copy_verified
from btcbot_core.adapters.sqlite.database import raw
from btcbot_core.adapters.sqlite.errors import store_errors
from btcbot_core.adapters.sqlite.tables import TABLES
from btcbot_core.adapters.sqlite.views import VIEWS
from btcbot_core.domain.errors import StoreError

APPLICATION_ID = 0x62746362
"""`btcb`, in the file's header: a database of another program is never written to."""

Migration = Callable[[SqliteMigrator], None]


def _keep_what_acts_set(migrator: SqliteMigrator) -> None:
    """To version 2: an act on a run at rest is kept so that it can be done again (ADR 0012)."""
    for column in ("run TEXT REFERENCES runs (id)", "deed TEXT"):
        migrator.database.execute_sql(f"ALTER TABLE audit ADD COLUMN {column}")


MIGRATIONS: tuple[Migration, ...] = (_keep_what_acts_set,)
"""From version n to n + 1, oldest first. Each names tables and columns itself, never a model:
models move on, a migration must not."""


def version_of(migrations: Sequence[Migration]) -> int:
    """The version that this program reads and writes."""
    return 1 + len(migrations)


def found_version(database: SqliteDatabase, path: Path, migrations: Sequence[Migration]) -> int:
    """The file's version; 0 for an empty file. Asked before anything else, and changes nothing.

    Raises StoreError when the file is newer than this program, or another program's.
    """
    with store_errors(path):
        found = int(database.pragma("user_version"))
        owner = int(database.pragma("application_id"))
        is_empty = not database.get_tables()
    if owner != APPLICATION_ID and not (is_empty and owner == 0 and found == 0):
        raise StoreError(f"database {path} belongs to another program: name another file")
    if found > version_of(migrations):
        raise StoreError(
            f"database {path} has schema {found}, this program knows only"
            f" {version_of(migrations)}: update the program, or name another file"
        )
    return found


def require_current(path: Path, found: int, migrations: Sequence[Migration]) -> None:
    """For readers, who change nothing. Raises StoreError when the file is older."""
    if found < version_of(migrations):
        raise StoreError(
            f"database {path} has schema {found}, this program reads {version_of(migrations)}:"
            " start a run on it once, which backs it up and brings it forward"
        )


def bring_forward(
    database: SqliteDatabase, path: Path, found: int, migrations: Sequence[Migration]
) -> None:
    """For the writer: create the schema in an empty file, migrate an older one."""
    if found == version_of(migrations):
        if not _has_views(database):
            with store_errors(path):
                _lay_views(database)
        return
    if found:
        copy_verified(database, path.with_name(f"{path.name}.schema-{found}.bak"))
    with store_errors(path):
        if not found:
            _create(database, migrations)
        for version in range(max(found, 1), version_of(migrations)):
            _migrate(database, version, migrations[version - 1])
        _lay_views(database)


def _create(database: SqliteDatabase, migrations: Sequence[Migration]) -> None:
    with database.atomic("IMMEDIATE"):
        if database.pragma("user_version"):
            return  # another process was faster
        for table in TABLES:
            SchemaManager(table, database=database).create_all(safe=False)
        database.pragma("application_id", APPLICATION_ID)
        database.pragma("user_version", version_of(migrations))


def _migrate(database: SqliteDatabase, version: int, migration: Migration) -> None:
    """One step in one transaction, version and all: killed half-way, it never happened."""
    # A table that is rebuilt is dropped for a moment; keys are checked before the commit instead.
    database.pragma("foreign_keys", 0)
    try:
        with database.atomic("IMMEDIATE"):
            if database.pragma("user_version") != version:
                return  # another process was faster
            for view in database.get_views():
                raw(database).execute(f'DROP VIEW "{view.name}"')
            migration(SqliteMigrator(database))
            if raw(database).execute("PRAGMA foreign_key_check").fetchone():
                raise StoreError(f"the step from schema {version} would break keys: not done")
            database.pragma("user_version", version + 1)
    finally:
        database.pragma("foreign_keys", 1)


def _has_views(database: SqliteDatabase) -> bool:
    """Whether the views are this program's: they hold nothing, so they have no version."""
    laid = {view.name: view.sql for view in database.get_views()}
    return laid == {name: _view_sql(name, select) for name, select in VIEWS.items()}


def _view_sql(name: str, select: str) -> str:
    return f'CREATE VIEW "{name}" AS {select}'


def _lay_views(database: SqliteDatabase) -> None:
    with database.atomic("IMMEDIATE"):
        for view in database.get_views():
            raw(database).execute(f'DROP VIEW "{view.name}"')
        for name, select in VIEWS.items():
            raw(database).execute(_view_sql(name, select))
