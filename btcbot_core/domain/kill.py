"""The kill latch as a value: whether new orders are stopped, since when, by whom and why."""

from datetime import datetime

import msgspec


class KillState(msgspec.Struct, frozen=True):
    is_set: bool
    at: datetime | None = None
    who: str = ""
    why: str = ""
    problem: str = ""
    """Why the latch could not be made durable: then it stops one process, while that lives."""
    unsaid: str = ""
    """Why the file stands, and so kills, without the words that belong in it."""


NOT_KILLED = KillState(False)
