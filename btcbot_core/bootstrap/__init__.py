"""The one place where adapters meet ports: it makes a session, or opens what a command needs.

Whether a run is live, a dry run or a replay is decided here, by which adapters are wired, and
nowhere below.
"""

from contextlib import ExitStack

from btcbot_core.app.frames import Role
from btcbot_core.app.session import Session
from btcbot_core.bootstrap.guards import Guards, open_guards, open_reader, show_settings
from btcbot_core.bootstrap.options import SessionOptions, demo_folder

__all__ = [
    "Guards",
    "SessionOptions",
    "demo_folder",
    "open_guards",
    "open_reader",
    "open_session",
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

            return open_recorded(options, folder, undo)
        from btcbot_core.bootstrap.runs import live_settings

        settings = live_settings(options)
        if settings.dry_run:
            from btcbot_core.bootstrap.market import open_dry_run

            return open_dry_run(options, settings, undo)
        from btcbot_core.bootstrap.live import open_live

        return open_live(options, settings, undo)
