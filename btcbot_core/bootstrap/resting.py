"""A run at rest: under the instance lock, so that no runner changes what an operator changes."""

from collections.abc import Iterator
from contextlib import contextmanager

from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.lock import InstanceLock, lock_path
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.bootstrap.guards import open_guards
from btcbot_core.ports import Clock, Store


@contextmanager
def store_at_rest(db: str | None, env_file: str | None, why: str) -> Iterator[tuple[Store, Clock]]:
    """The store for writing. Raises AnotherInstanceError while a runner lives."""
    database, clock = open_guards(db, env_file).database, SystemClock()
    with InstanceLock(lock_path(database), clock, why):
        store = SqliteStore(database)
        try:
            yield store, clock
        finally:
            store.close()
