"""What takes longer than a moment tells how far it is; what does not is silent."""

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from btcbot_core.cli.output import say

if TYPE_CHECKING:
    from btcbot_core.cli.bar import Bar

PATIENCE_S = 2.0
ON_A_SCREEN_S = 0.25
IN_A_LOG_S = 10.0


class Progress:
    """Call it with how much is done and of how much: a bar, or in a log now and then a line."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._is_screen = sys.stderr.isatty()
        self._due_s = time.monotonic() + PATIENCE_S
        self._bar: Bar | None = None

    def __call__(self, done: int, total: int) -> None:
        now_s = time.monotonic()
        if now_s < self._due_s:
            return
        self._due_s = now_s + (ON_A_SCREEN_S if self._is_screen else IN_A_LOG_S)
        if not self._is_screen:
            say(f"{self._what}: {done:,} of {total:,}")
            return
        if self._bar is None:
            from btcbot_core.cli.bar import Bar

            self._bar = Bar(self._what)
        with suppress(OSError):  # nobody may be there to see it; the work goes on
            self._bar.draw(done, total)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            with suppress(OSError):
                self._bar.close()
