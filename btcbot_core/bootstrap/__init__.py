"""The one place where adapters meet ports: it makes a session, or opens what a command needs.

Whether a run is live, a dry run or a replay is decided here, by which adapters are wired, and
nowhere below.
"""

from contextlib import ExitStack

from btcbot_core.app.frames import Role
from btcbot_core.app.session import Session
from btcbot_core.bootstrap.guards import (
    Guards,
    open_guards,
    open_reader,
    open_reader_anyhow,
    save_copy,
    show_settings,
)
from btcbot_core.bootstrap.options import SessionOptions, demo_folder, require_live_stage

__all__ = [
    "Guards",
    "SessionOptions",
    "demo_folder",
    "open_guards",
    "open_reader",
    "open_reader_anyhow",
    "open_session",
    "save_copy",
    "show_settings",
]


def open_session(options: SessionOptions) -> Session:
    """Wire a run and take its locks.

    Raises ConfigError or DatasetError for what was asked, AnotherInstanceError when the database
    is in use, StoreError when it cannot be used. Nothing is held when it raises.
    """
    folder = demo_folder() if options.role is Role.DEMO else options.dataset
    # Each world brings its own libraries; only the one that is asked for is loaded.
    with ExitStack() as undo:
        if folder is not None:
            from btcbot_core.bootstrap.recorded import open_recorded

            return _watched(open_recorded(options, folder, undo), options)
        from btcbot_core.bootstrap.runs import live_settings

        settings = live_settings(options)
        if settings.dry_run:
            from btcbot_core.bootstrap.market import open_dry_run

            return _watched(open_dry_run(options, settings, undo), options)
        require_live_stage(options)
        from btcbot_core.bootstrap.live import open_live

        return _watched(open_live(options, settings, undo), options)


def _watched(session: Session, options: SessionOptions) -> Session:
    """A service manager that asked for it is told of every turn."""
    from btcbot_core.adapters.systemd import notifier
    from btcbot_core.app.heartbeat import Heartbeat

    if options.is_unattended and (notify := notifier()) is not None:
        session.observe(Heartbeat(notify))
    return session
