"""The exchange's memory on disk: written whole and at once, so that a crash leaves old or new."""

import os
from datetime import timedelta
from pathlib import Path

import msgspec

from btcbot_core.adapters.paper.model import CoreState
from btcbot_core.adapters.paper.server.venue import Venue
from btcbot_core.domain.errors import ConfigError

VERSION = 2
STATE_BYTES_MAX = 256 * 1024 * 1024


class StoredState(msgspec.Struct, frozen=True):
    """The core's state, and how far the recording has run."""

    version: int
    recording: str
    elapsed_us: int
    core: CoreState


def read_state(path: Path, recording: str) -> StoredState | None:
    """What was stored; None where there is no file yet.

    Raises ConfigError for a file that is not one of ours, or of another recording.
    """
    if not path.exists():
        return None
    try:
        if path.stat().st_size > STATE_BYTES_MAX:
            raise ConfigError(f"--state: {path.name!r} is larger than a state can be")
        stored = msgspec.json.decode(path.read_bytes(), type=StoredState)
    except (OSError, msgspec.DecodeError, RecursionError) as wrong:
        raise ConfigError(f"--state: {path.name!r} is no state of a paper exchange") from wrong
    if stored.version != VERSION:
        raise ConfigError(f"--state: {path.name!r} is of another version of the paper exchange")
    if stored.recording != recording:
        raise ConfigError(f"--state: {path.name!r} belongs to {stored.recording[:40]!r}")
    return stored


def write_state(path: Path, venue: Venue) -> None:
    """Store everything; readable by us alone."""
    stored = StoredState(
        version=VERSION,
        recording=venue.market.recording.name,
        elapsed_us=venue.market.time.elapsed(venue.now()) // timedelta(microseconds=1),
        core=venue.core.state(),
    )
    whole = msgspec.json.encode(stored)
    beside = path.with_name(path.name + ".new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(whole)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
