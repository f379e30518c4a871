"""`verify`: stored cycles run again, and a store held against itself."""

import argparse

import msgspec

from btcbot_core import bootstrap
from btcbot_core.app.choosing import run_named
from btcbot_core.app.verify import RunCheck, verify_run
from btcbot_core.app.verify_store import StoreCheck, verify_store
from btcbot_core.cli.output import plain, print_json
from btcbot_core.cli.progress import Progress
from btcbot_core.domain.errors import ExitCode


class Checks(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for; None for what was not."""

    run: RunCheck | None = None
    store: StoreCheck | None = None


def verify(arguments: argparse.Namespace) -> int:
    """Check a run, the store, or without a flag both; 1 when something does not agree."""
    guards = bootstrap.open_guards(arguments.db, arguments.env_file)
    is_all = not arguments.store and arguments.run is None
    checks = Checks()
    store = bootstrap.open_reader(guards.database, is_checked=arguments.store or is_all)
    try:
        if arguments.store or is_all:
            with Progress("cycles checked") as progress:
                checks = Checks(store=verify_store(store, progress))
        if arguments.run is not None or is_all:
            run = run_named(store, arguments.run or "last")
            with Progress("cycles run again") as progress:
                checks = msgspec.structs.replace(checks, run=verify_run(store, run, progress))
    finally:
        store.close()
    if arguments.json:
        print_json(checks)
    else:
        _print(checks)
    is_good = (checks.run is None or checks.run.is_equal) and (
        checks.store is None or checks.store.is_sound
    )
    return int(ExitCode.OK if is_good else ExitCode.NO)


def _print(checks: Checks) -> None:
    if (store := checks.store) is not None:
        counted = f"{store.runs} runs, {store.cycles} cycles, {store.orders} orders"
        if store.is_sound:
            print(f"store: sound ({counted}, {store.entries} ledger entries)")
        else:
            print(f"store: NOT sound, run {plain(store.run)}: {plain(store.where)}")
            print(f"  stored {plain(store.stored)}, expected {plain(store.expected)}")
    if (run := checks.run) is not None:
        if run.is_equal:
            print(
                f"run {plain(run.run)}: {run.cycles} cycles come out as they are stored"
                f" ({run.starts} starts, {run.cuts} cut)"
            )
        else:
            print(f"run {plain(run.run)}: differs at {plain(run.cycle or 'the start')}")
            print(f"  {plain(run.field)}: stored {plain(run.stored)}, now {plain(run.now)}")
            print(f"  {run.cycles} cycles before it are equal")
