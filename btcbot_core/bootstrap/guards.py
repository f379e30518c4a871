"""What commands need beside a session: a database's latch and lock, a reader, the settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.files import real_path
from btcbot_core.adapters.latch import FileLatch, kill_path
from btcbot_core.adapters.lock import Holder, InstanceLock, lock_path, read_holder
from btcbot_core.adapters.replay.dataset import load
from btcbot_core.adapters.sqlite import inspect
from btcbot_core.adapters.sqlite.database import has_log
from btcbot_core.adapters.sqlite.errors import lacks_room
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.domain.errors import StoreError
from btcbot_core.domain.gates import Gates
from btcbot_core.domain.kill import KillState
from btcbot_core.ports import Store
from btcbot_core.settings import load as load_settings


@dataclass(frozen=True, slots=True)
class Guards:
    """A database's latch and lock, for commands that stop, reset or look."""

    database: Path
    latch: FileLatch
    gates: Gates
    clock: SystemClock

    def holder(self) -> Holder | None:
        """The runner that holds the database, if one lives."""
        return read_holder(lock_path(self.database))

    def reset(self, who: str, why: str) -> KillState:
        """Clear the latch under the instance lock, journal it, and say what it was.

        Raises AnotherInstanceError while a runner lives: its own console resets it.
        """
        with InstanceLock(lock_path(self.database), self.clock, "reset"):
            was = self.latch.state()
            if was.is_set and self.database.exists():
                store = SqliteStore(self.database)
                try:
                    with store.begin() as work:
                        work.audit.add(self.clock.now(), who, "reset", why)
                        work.commit()
                finally:
                    store.close()
            self.latch.clear()
        return was


def open_guards(db: str | None, env_file: str | None) -> Guards:
    """The guards of the database that flags and settings name; creates nothing."""
    flags = {"STATE_DB_PATH": db} if db else {}
    settings = load_settings(flags, None, Path(env_file) if env_file else None).settings
    database, clock = settings.state_db_path, SystemClock()
    latch = FileLatch(kill_path(database), clock)
    return Guards(database=database, latch=latch, gates=settings.gates(), clock=clock)


def open_reader(database: Path, *, is_checked: bool = False) -> Store:
    """The store for reading only; takes no lock and disturbs nobody.

    `is_checked` looks the whole file over first. Raises StoreError for one that is damaged.
    """
    return SqliteStore(database, mode="ro", is_checked=is_checked)


def save_copy(database: Path, copy: Path, progress: Callable[[int, int], None]) -> int:
    """Copy a database that may be in use; tells of pages copied, returns the copy's bytes.

    Raises FileExistsError where anything stands already, StoreError when there can be no copy.
    """
    return inspect.save_copy(real_path(database), copy, progress)


def open_reader_anyhow(database: Path) -> tuple[Store, str]:
    """As `open_reader`, and on a full disk too, where SQLite cannot make the index of the log.

    Returns the store and, in words, what it may not know; empty when it knows everything.
    """
    try:
        return open_reader(database), ""
    except StoreError as error:
        if not lacks_room(error) or read_holder(lock_path(database)) is not None:
            raise
        store = SqliteStore(database, mode="ro", is_frozen=True)
        if not has_log(database):
            return store, ""
        return store, f"what happened last may be missing, the log cannot be read: {error}"


@dataclass(frozen=True, slots=True)
class ShownSettings:
    """Settings as they may be shown: text and source by name."""

    values: Mapping[str, tuple[str, str]]
    warnings: tuple[str, ...]


def show_settings(dataset: Path | None, env_file: Path | None, db: str | None) -> ShownSettings:
    """Every setting in force and where it comes from; values of secrets are masked."""
    profile: Mapping[str, str] = {}
    if dataset is not None:
        found = load(dataset)
        profile = {"SYMBOLS": ",".join(found.symbols), **found.profile}
    loaded = load_settings({"STATE_DB_PATH": db} if db else {}, profile, env_file)
    return ShownSettings(values=loaded.shown(), warnings=loaded.warnings)
