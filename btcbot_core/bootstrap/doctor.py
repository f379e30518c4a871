"""Gathers the facts of a readiness check: reads only, takes no lock, asks nobody uninvited."""

import os
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.files import real_path
from btcbot_core.adapters.latch import FileLatch, kill_path
from btcbot_core.adapters.lock import lock_path, read_holder
from btcbot_core.adapters.sqlite.inspect import inspect
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.adapters.witness import witness_path
from btcbot_core.app.doctor import run_fact
from btcbot_core.app.facts import (
    Facts,
    FileFact,
    HolderFact,
    MachineFact,
    RunFact,
    SettingsFact,
    StoreFact,
)
from btcbot_core.bootstrap.health import online_fact
from btcbot_core.bootstrap.log import log_path
from btcbot_core.bootstrap.witnessed import witness_fact
from btcbot_core.domain.arm import is_loopback
from btcbot_core.domain.errors import StoreError
from btcbot_core.domain.symbol import base_and_quote
from btcbot_core.settings import SECRETS, Loaded, Settings, known_names
from btcbot_core.settings import load as load_settings

RISKY_NAMES = (
    "LD_AUDIT",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "OPENSSL_CONF",
    "PYTHONBREAKPOINT",
    "PYTHONHOME",
    "PYTHONINSPECT",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "SSLKEYLOGFILE",
)
_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorOptions:
    """What is to be examined, and whether the exchange may be asked."""

    db: str | None = None
    env_file: str | None = None
    is_online: bool = False
    is_for_live: bool = False


def gather_facts(options: DoctorOptions) -> Facts:
    """Everything that the checks read. Raises ConfigError when the settings do not load."""
    flags = {"STATE_DB_PATH": options.db} if options.db else {}
    env_file = Path(options.env_file) if options.env_file else None
    loaded = load_settings(flags, None, env_file)
    settings, clock = loaded.settings, SystemClock()
    database = real_path(settings.state_db_path)
    return Facts(
        now=clock.now(),
        is_for_live=options.is_for_live,
        database=str(settings.state_db_path),
        settings=_settings_fact(loaded),
        files=tuple(_file_facts(database, _env_file_with_secrets(loaded, env_file))),
        store=_store_fact(database, clock) if database.exists() else None,
        witness=witness_fact(database),
        kill=FileLatch(kill_path(database), clock).state(),
        holder=_holder_fact(database),
        machine=_machine_fact(database),
        online=online_fact(settings, with_account=True) if options.is_online else None,
    )


def _settings_fact(loaded: Loaded) -> SettingsFact:
    settings = loaded.settings
    return SettingsFact(
        gates=settings.gates(),
        is_ack_given=bool(settings.live_trading_ack),
        sources=loaded.sources,
        known_names=known_names(),
        environment_names=frozenset(os.environ),
        odd_names=loaded.odd_names,
        symbols=settings.symbols,
        quotes=tuple(dict.fromkeys(base_and_quote(symbol)[1] for symbol in settings.symbols)),
        caps=_caps(settings),
        has_key=bool(settings.btcturk_api_key.get_secret_value()),
        has_secret=bool(settings.btcturk_api_secret.get_secret_value()),
        address=settings.btcturk_base_url,
        is_rehearsal=is_loopback(settings.btcturk_base_url),
        is_usual_address=settings.btcturk_base_url
        == Settings.model_fields["btcturk_base_url"].default,
        data_age_max_s=Decimal(settings.max_market_data_age_ms) / 1000,
    )


def _caps(settings: Settings) -> dict[str, Decimal]:
    caps: dict[str, Decimal | int | None] = {
        "MAX_ORDERS_PER_CYCLE": settings.max_orders_per_cycle,
        "NOTIONAL_CAP_TRY_PER_CYCLE": settings.notional_cap_try_per_cycle,
        "MAX_NOTIONAL_PER_ORDER_TRY": settings.max_notional_per_order_try,
        "RISK_MAX_ORDER_NOTIONAL_TRY": settings.risk_max_order_notional_try,
        "RISK_MAX_GROSS_EXPOSURE_TRY": settings.risk_max_gross_exposure_try,
    }
    return {name: Decimal(value) for name, value in caps.items() if value is not None}


def _env_file_with_secrets(loaded: Loaded, env_file: Path | None) -> Path | None:
    """Only a file that holds a key must be private."""
    is_held = any(loaded.sources[name] == "file" for name in SECRETS)
    return (env_file or Path(".env")) if is_held else None


def _file_facts(database: Path, env_file: Path | None) -> Iterator[FileFact]:
    beside = [database.with_name(database.name + end) for end in ("-wal", "-shm")]
    guards = [each(database) for each in (kill_path, lock_path, log_path, witness_path)]
    every = [database, *beside, *guards, *_backups(database), *([env_file] if env_file else [])]
    for path in (*every, database.parent):
        try:
            found = path.lstat()
        except OSError:
            continue  # what is not there is nobody's to read
        yield FileFact(
            path=path.name if path != database.parent else str(path),
            mode=stat.S_IMODE(found.st_mode),
            is_folder=stat.S_ISDIR(found.st_mode),
            is_ours=found.st_uid == os.geteuid(),
        )


def _backups(database: Path) -> list[Path]:
    """Copies that btcbot makes stand beside the database and are named after it."""
    if not database.parent.is_dir():
        return []
    names = (path for path in database.parent.iterdir() if path.name.startswith(database.name))
    return [path for path in names if ".bak" in path.name.removeprefix(database.name)]


def _store_fact(database: Path, clock: SystemClock) -> StoreFact:
    try:
        found = inspect(database)
    except StoreError as error:
        return StoreFact(problem=str(error))
    run, problem = _run_fact(database, clock)
    backups = [path.stat().st_mtime for path in _backups(database)]
    return StoreFact(
        damage=found.damage,
        schema=found.schema,
        schema_known=found.schema_known,
        journal=found.journal,
        size_bytes=found.size_bytes,
        wal_bytes=found.wal_bytes,
        newest_backup_at=datetime.fromtimestamp(max(backups), UTC) if backups else None,
        run=run,
        run_problem=problem,
    )


def _run_fact(database: Path, clock: SystemClock) -> tuple[RunFact | None, str]:
    try:
        store = SqliteStore(database, mode="ro")
    except StoreError as error:
        return None, str(error)
    try:
        return run_fact(store, clock.now()), ""
    except StoreError as error:
        return None, str(error)
    finally:
        store.close()


def _holder_fact(database: Path) -> HolderFact | None:
    try:
        holder = read_holder(lock_path(database))
    except StoreError as error:
        return HolderFact(pid=0, since=_EPOCH, command=str(error))
    if holder is None:
        return None
    return HolderFact(
        pid=holder.pid,
        since=holder.since,
        command=holder.command,
        is_this_process=holder.pid == os.getpid(),
    )


def _machine_fact(database: Path) -> MachineFact:
    return MachineFact(
        zone=datetime.now(UTC).astimezone().tzname() or "",
        disk_free_bytes=_disk_free(database.parent),
        log_problem=_log_problem(log_path(database)),
        risky_names=tuple(name for name in RISKY_NAMES if name in os.environ),
        shadowing=tuple(sorted(_shadowing(sys.path))),
    )


def _disk_free(folder: Path) -> int | None:
    standing = next((each for each in (folder, *folder.parents) if each.is_dir()), None)
    try:
        return shutil.disk_usage(standing).free if standing else None
    except OSError:
        return None


def _log_problem(path: Path) -> str:
    """Why it could not be written; found out without writing."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        folder = path.parent if path.parent.is_dir() else path.parent.parent
        return "" if os.access(folder, os.W_OK) else f"{folder} cannot be written"
    except OSError as error:
        return f"{path} cannot be looked at: {error.strerror}"
    if not stat.S_ISREG(found.st_mode):
        return f"{path} is no plain file"
    return "" if os.access(path, os.W_OK) else f"{path} cannot be written"


def _shadowing(search: Iterable[str]) -> Iterator[str]:
    """Files where we were started that Python would load in place of its own library."""
    here = Path.cwd()
    if not any(Path(entry or ".").resolve() == here for entry in search):
        return
    for path in here.iterdir():
        stem = path.stem if path.suffix == ".py" else path.name
        is_module = path.suffix == ".py" or (path / "__init__.py").is_file()
        if is_module and stem in sys.stdlib_module_names:
            yield path.name
