"""A failure that nobody foresaw, as the operator may read it."""

import traceback
from pathlib import PurePath

from btcbot_core.domain.errors import InvariantBrokenError

OURS = ("btcbot_core", "btcbot_tui")


def defect(error: Exception) -> InvariantBrokenError:
    """The kind of `error` and the place of ours where it came up.

    Its own words are left out: they may repeat anything, a key too, and what is made here goes
    into the kill file, the audit and onto the screen. The log has them whole, secrets hidden.
    """
    told = f"unexpected {type(error).__name__}{_place(error)}; this is a defect of btcbot"
    made = InvariantBrokenError(told)
    made.__cause__ = error
    return made


def _place(error: Exception) -> str:
    """` in file:line` of the innermost code of ours that the failure passed; empty without."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        parts = PurePath(frame.filename).parts
        for package in OURS:
            if package in parts:
                return f" in {'/'.join(parts[parts.index(package) :])}:{frame.lineno}"
    return ""
