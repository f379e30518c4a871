"""`stage7-params`: the parameters that move by themselves, and the way back to the configured."""

import argparse
from contextlib import closing

from btcbot_core.app.choosing import run_of_stage
from btcbot_core.app.params import (
    ParamsReset,
    ParamsView,
    ToldChange,
    prepare_reset,
    view_params,
)
from btcbot_core.app.resting import perform
from btcbot_core.bootstrap import open_guards, open_reader
from btcbot_core.bootstrap.resting import store_at_rest
from btcbot_core.cli.output import plain, print_json
from btcbot_core.cli.progress import Progress
from btcbot_core.cli.resting import act_of
from btcbot_core.cli.safety import require_word
from btcbot_core.cycle.acts import TakingBack
from btcbot_core.cycle.stages import STAGE7
from btcbot_core.domain.errors import ExitCode
from btcbot_core.strategy.adaptation import Change

WORD = "RESET"
HEADER = ("parameter", "value", "version", "configured", "bounds")


def show(arguments: argparse.Namespace) -> int:
    """Show what is in force, between which bounds, and what moved it."""
    database = open_guards(arguments.db, arguments.env_file).database
    with closing(open_reader(database)) as store, Progress("cycles read") as progress:
        run = run_of_stage(store, STAGE7.name, arguments.run)
        with store.read() as work:
            view = view_params(work, run, progress)
    print_json(view) if arguments.json else _print(view)
    return int(ExitCode.OK)


def reset(arguments: argparse.Namespace) -> int:
    """Bring the configured values back as a new version, once the word is typed."""
    # Looked at for reading first: a database that is not there must not come into being.
    open_reader(open_guards(arguments.db, arguments.env_file).database).close()
    with store_at_rest(arguments.db, arguments.env_file, "stage7-params reset") as (store, clock):
        made = prepare_reset(store, act_of(arguments, clock, TakingBack()))
        if made.change is not None:
            if not arguments.json:
                print(f"{plain(made.prepared.resting.run)}: {_moves(made.change)}")
            require_word(arguments, WORD, "go on with the configured parameters")
            perform(store, made.prepared)
    print_json(_told(made)) if arguments.json else print(_words(made.change))
    return int(ExitCode.OK)


def _told(made: ParamsReset) -> dict[str, object]:
    return {
        "run": made.prepared.resting.run,
        "reset": made.change is not None,
        "change": made.change,
    }


def _words(change: Change | None) -> str:
    if change is None:
        return "the configured parameters are in force; nothing changed"
    return f"reset: version {change.to_version} holds from the next cycle on"


def _print(view: ParamsView) -> None:
    told = "move by themselves" if view.is_adapting else "do not move (STAGE7_ADAPT is off)"
    print(f"{plain(view.run)}: version {view.version}; parameters {told}")
    rows = [HEADER]
    for p in view.params:
        most = "no end" if p.most is None else p.most
        rows.append((p.name, p.value, str(p.version), p.configured, f"{p.least} to {most}"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(f"  {'  '.join(padded).rstrip()}")
    print("last changes:" if view.changes else "nothing was changed or proposed yet")
    for told_change in view.changes:
        print(f"  {_line(told_change)}")


def _line(told: ToldChange) -> str:
    change = told.change
    when = "before the next cycle" if told.ts is None else f"{told.ts:%Y-%m-%d %H:%M:%S}"
    versions = f"{change.from_version} → {change.to_version}"
    blocked = f", blocked by {change.blocked_by}" if change.blocked_by else ""
    reason = plain(change.reason)
    return f"{when}  {change.outcome}  {versions}  {reason}{blocked}: {_moves(change)}"


def _moves(change: Change) -> str:
    return ", ".join(f"{name} {old} → {new}" for name, old, new in change.fields)
