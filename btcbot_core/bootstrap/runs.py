"""The run that a start goes on with: on a live market it is the one that the database holds."""

from random import SystemRandom

from btcbot_core.adapters.clock import SystemClock
from btcbot_core.bootstrap.options import SessionOptions
from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.ids import RunId
from btcbot_core.domain.records import RunKind, RunRow
from btcbot_core.ports import Store
from btcbot_core.settings import Settings
from btcbot_core.settings import load as load_settings

LIVE_MARKET = {RunKind.DRY_RUN: "d", RunKind.LIVE: "l"}
"""The kinds of runs on a live market, and the letter that their ids begin with."""


def live_settings(options: SessionOptions) -> Settings:
    """Settings for a run on a live market, read as they stand now."""
    flags = {"STATE_DB_PATH": str(options.db)} if options.db else {}
    if options.is_dry_run:
        flags["DRY_RUN"] = "true"
    return load_settings(flags, None, options.env_file).settings


def continued_run(
    options: SessionOptions, settings: Settings, store: Store, kind: RunKind, stage: str
) -> tuple[RunRow, Carried | None]:
    """The run of this kind and source goes on, under whatever settings; else a new one.

    On recorded data other settings are another run; here they are not: what we hold stays ours
    (FAULTS O12). Raises ConfigError when the database holds another kind of run.
    """
    source = settings.btcturk_base_url
    with store.read() as work:
        latest = work.runs.latest()
        if latest is not None and not options.is_new_run:
            if (latest.kind, latest.source, latest.stage) != (kind, source, stage):
                raise ConfigError(
                    f"the database holds a {latest.kind} run of {latest.stage} on {latest.source}:"
                    " name another --db, or start over beside it with --new-run"
                )
            return latest, work.checkpoints.load(latest.id)
    return new_run(settings, kind, stage, source), None


def new_run(settings: Settings, kind: RunKind, stage: str, source: str) -> RunRow:
    """A run on a live market that begins now, under a name that no other has."""
    return RunRow(
        id=RunId(f"{LIVE_MARKET[kind]}{random_word()}"),
        stage=stage,
        kind=kind,
        source=source,
        settings_digest=settings.decisive_digest(),
        seed=settings.sim_seed,
        started_at=SystemClock().now(),
    )


def random_word() -> str:
    """Sixteen characters that nobody has drawn before."""
    return f"{SystemRandom().getrandbits(64):016x}"
