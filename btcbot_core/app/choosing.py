"""Which run of a database a question is about."""

from typing import TYPE_CHECKING

from btcbot_core.domain.errors import ConfigError

if TYPE_CHECKING:  # the command line takes `LAST` from here, and `--help` is to answer at once
    from btcbot_core.domain.records import RunRow
    from btcbot_core.ports import Store

LAST = "last"


def run_named(store: "Store", name: str = LAST) -> "RunRow":
    """A run by its id, or the one that was opened last. Raises ConfigError when there is none."""
    with store.read() as work:
        runs = work.runs.all()
    found = runs[-1:] if name == LAST else tuple(run for run in runs if run.id == name)
    if not found:
        known = ", ".join(run.id for run in runs[-5:]) or "no run at all"
        raise ConfigError(f"no run {name} in this database; it holds {known}")
    return found[0]


def run_of_stage(store: "Store", stage: str, name: str = LAST) -> "RunRow":
    """As `run_named`, of one stage: without a name the one of it that was opened last.

    Raises ConfigError when there is none, or the named one is of another stage.
    """
    if name != LAST:
        run = run_named(store, name)
        if run.stage != stage:
            raise ConfigError(f"run {run.id} is of {run.stage}: name one of {stage}")
        return run
    with store.read() as work:
        found = [run for run in work.runs.all() if run.stage == stage]
    if not found:
        raise ConfigError(f"this database holds no run of {stage}")
    return found[-1]
