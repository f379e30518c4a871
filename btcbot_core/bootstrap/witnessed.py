"""A store that may have forgotten: held against its witness, and how to go on when it has.

On a live market alone: what a run on recorded data forgets, it does again to the same bytes.
"""

from pathlib import Path

from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.lock import InstanceLock, lock_path
from btcbot_core.adapters.sqlite.recall import Recall, recall
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.adapters.witness import FileWitness, witness_path
from btcbot_core.app.facts import WitnessFact
from btcbot_core.bootstrap.runs import LIVE_MARKET, new_run
from btcbot_core.domain.errors import StoreError
from btcbot_core.domain.ids import RunId
from btcbot_core.domain.witness import WAY_ON, Witness
from btcbot_core.settings import load as load_settings


def witnessed(database: Path) -> FileWitness:
    """The witness of a database that knows all that it must; call it with the lock in hand.

    Raises StoreError for a database that is damaged, or has forgotten what was sent.
    """
    file = FileWitness(witness_path(database))
    witness = file.read()
    found = recall(database, witness)
    if found.damage:
        raise StoreError(
            f"database {database} is damaged ({found.damage}): keep it and restore a backup"
        )
    if gap := _gap(database, witness, found):
        raise StoreError(f"database {database} {gap}; {WAY_ON}")
    if witness is None:
        file.write(Witness(at=SystemClock().now()))
    return file


def witness_fact(database: Path) -> WitnessFact:
    """What the witness says, and whether the database knows it: reads only, takes no lock.

    The witness first: a living runner stores an order before it names it there.
    """
    try:
        witness = FileWitness(witness_path(database)).read()
        found = recall(database, witness, is_checked=False)
    except StoreError as error:
        return WitnessFact(problem=str(error))
    says = "" if witness is None or witness.run is None else str(witness)
    return WitnessFact(says=says, problem=_gap(database, witness, found))


def _gap(database: Path, witness: Witness | None, found: Recall) -> str:
    """Why nobody can be sure that it knows all that was sent; empty when it does."""
    if witness is None:
        file = witness_path(database).name
        said = f"has sent orders, and {file} is not beside it, so nobody knows whether it is the"
        return f"{said} newest copy" if found.has_sent else ""
    if found.knows_witness:
        return ""
    return f"has forgotten {witness}: it is an older copy, another one, or its -wal file is lost"


def accept_restored(
    db: str | None, env_file: str | None, who: str, why: str
) -> tuple[Path, RunId | None]:
    """Begin a new run on a database that an older copy took the place of; journalled.

    The new run takes over what the exchange holds as its opening balances. Returns the database
    and the new run, None where the database has none to follow. Raises AnotherInstanceError while
    a runner lives, StoreError for a file that is damaged.
    """
    flags = {"STATE_DB_PATH": db} if db else {}
    settings = load_settings(flags, None, Path(env_file) if env_file else None).settings
    database, clock = settings.state_db_path, SystemClock()
    with InstanceLock(lock_path(database), clock, "restored"):
        store = SqliteStore(database, is_checked=True)
        try:
            with store.begin() as work:
                latest, run = work.runs.latest(), None
                if latest is not None and latest.kind in LIVE_MARKET:
                    run = new_run(settings, latest.kind, latest.stage, latest.source)
                    work.runs.open(run)
                work.audit.add(clock.now(), who, "restored", why)
                work.commit()
        finally:
            store.close()
        # Last: whoever dies before this does it again.
        witness = Witness(at=clock.now(), run=run.id if run else None)
        FileWitness(witness_path(database)).write(witness)
    return database, run.id if run else None
