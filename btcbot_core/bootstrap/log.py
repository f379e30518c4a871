"""Opens the log of a run: beside its database, at the level asked for, with its secrets known."""

import logging
from contextlib import ExitStack
from pathlib import Path

from btcbot_core.adapters.files import real_path
from btcbot_core.app.cycle_log import CycleLog
from btcbot_core.app.logs import LogOptions, configure
from btcbot_core.settings import SECRETS, Settings


def log_path(database: Path) -> Path:
    """The log of a database stands beside it, wherever a link to the database points."""
    real = real_path(database)
    return real.with_name(real.name + ".log")


def open_log(settings: Settings, database: Path, undo: ExitStack) -> CycleLog:
    """The log of a run, as what a session tells of itself to; closed by `undo`.

    To be opened under the instance lock and before all else, so that it is closed last. Raises
    StoreError when it cannot be written.
    """
    logs = configure(
        LogOptions(
            path=log_path(database),
            level=logging.getLevelNamesMapping()[settings.log_level],
            secrets=secrets_of(settings),
        )
    )
    undo.callback(logs.close)
    return CycleLog(logs)


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """The values that no log may ever hold."""
    held = (getattr(settings, name.lower()) for name in sorted(SECRETS))
    return tuple(value for each in held if (value := each.get_secret_value()))
