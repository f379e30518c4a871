"""`backup`: a checked copy of the database, whether or not a runner lives."""

import argparse
from pathlib import Path

from btcbot_core import bootstrap
from btcbot_core.app.reports import standing
from btcbot_core.cli.output import plain, print_json
from btcbot_core.cli.progress import Progress
from btcbot_core.domain.errors import ConfigError, ExitCode


def backup(arguments: argparse.Namespace) -> int:
    """Make the copy, and say what it holds."""
    guards, copy = bootstrap.open_guards(arguments.db, arguments.env_file), Path(arguments.file)
    with Progress("pages copied") as progress:
        try:
            size_bytes = bootstrap.save_copy(guards.database, copy, progress)
        except FileExistsError:
            raise ConfigError(f"{copy} is there already: name another file") from None
    store = bootstrap.open_reader(copy)
    try:
        held = standing(store)
    finally:
        store.close()
    run, cycle = held.run.id if held.run else None, held.cycle.id if held.cycle else None
    if arguments.json:
        told = {"size_bytes": size_bytes, "run": run, "cycle": cycle}
        print_json({"backup": str(copy), "database": str(guards.database), **told})
    else:
        held_words = f"up to cycle {plain(cycle)}" if cycle else "no cycle yet"
        print(f"{copy}: {size_bytes:,} bytes, checked, {held_words}")
        print("`btcbot-core verify --db FILE` holds it against itself; keep it on another disk")
    return int(ExitCode.OK)
