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


NOT_KILLED = KillState(False)
