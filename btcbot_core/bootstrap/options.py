"""What a command or the console asks for when it opens a session."""

from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

from btcbot_core.app.frames import Role
from btcbot_core.app.session import LIVE_RETRIES_S
from btcbot_core.cycle.stages import STAGE3, STAGE4, STAGE7, Stage
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.money import NotANumberError, decimal_from

DEMO_SPEED = Decimal(240)
"""Four recorded minutes a second: the night passes in about four minutes."""
CYCLE_S_DEFAULT = 10.0
FASTEST = "max"
PAPER_ONLY = frozenset({STAGE7.name})
"""Stages that are never wired to an exchange where orders cost money."""


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """What a command or the console asks for; everything else comes from settings."""

    role: Role
    dataset: Path | None = None
    db: Path | None = None
    speed: str | None = None
    cycle_seconds: str | None = None
    env_file: Path | None = None
    stage: int | None = None
    """None: what the role shows, see `stage_of`."""
    cycles_max: int | None = None
    is_new_run: bool = False
    exit_on_kill: bool = False
    is_dry_run: bool = False
    is_unattended: bool = False
    """Nobody watches: the four gates of the environment are the arming (DEC-9)."""


def demo_folder() -> Path:
    """The recorded night that the package ships."""
    return Path(str(files("btcbot_core") / "demo" / "ftx_night"))


def recorded_pace_s(options: SessionOptions, interval_s: float) -> float:
    """Real seconds from one recorded step to the next; 0 is as fast as it goes."""
    if (asked := _cycle_s(options)) is not None:
        return asked
    speed = options.speed or (str(DEMO_SPEED) if options.role is Role.DEMO else FASTEST)
    if speed == FASTEST:
        return 0.0
    try:
        factor = decimal_from(speed)
    except NotANumberError as error:
        raise ConfigError(f"--speed: expected a number or max, found {speed[:40]!r}") from error
    if factor <= 0:
        raise ConfigError(f"--speed: expected more than 0, found {speed}")
    return interval_s / float(factor)


def retry_waits_s(options: SessionOptions) -> tuple[float, ...]:
    """How long a failed turn waits before each further try, s; one cycle alone is tried once.

    Its reads have been tried again by the client already: who asked for one cycle wants to know.
    """
    return () if options.cycles_max == 1 else LIVE_RETRIES_S


def live_pace_s(options: SessionOptions) -> float:
    """Seconds from one cycle to the next on a market that cannot be hurried."""
    if options.speed is not None:
        raise ConfigError("--speed goes with recorded data; a live market has its own")
    asked = _cycle_s(options)
    return CYCLE_S_DEFAULT if asked is None else asked


def _cycle_s(options: SessionOptions) -> float | None:
    if options.cycle_seconds is None:
        return None
    try:
        seconds = decimal_from(options.cycle_seconds)
    except NotANumberError as error:
        raise ConfigError(f"--cycle-seconds: {error}") from error
    if seconds < 0:
        raise ConfigError(f"--cycle-seconds: expected 0 or more, found {options.cycle_seconds}")
    return float(seconds)


def stage_of(options: SessionOptions) -> Stage:
    """The stage that was asked for; unasked, a demo rebalances and all else runs stage 3.

    Raises ConfigError for one that there is not.
    """
    if options.stage is None:
        return STAGE7 if options.role is Role.DEMO else STAGE3
    stages = {3: STAGE3, 4: STAGE4, 7: STAGE7}
    if options.stage not in stages:
        known = " or ".join(map(str, stages))
        raise ConfigError(f"--stage: expected {known}, found {options.stage}")
    return stages[options.stage]


def require_live_stage(options: SessionOptions) -> None:
    """Raises ConfigError for a stage that trades on paper only."""
    if stage_of(options).name in PAPER_ONLY:
        raise ConfigError(
            f"stage {options.stage} trades on paper only: give --dry-run or set DRY_RUN=true"
        )
