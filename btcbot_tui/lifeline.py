"""From a signal, a lost terminal or a hanging screen to an orderly end (FAULTS P04, P06, P07).

Whatever ends the console, the order is the same: the runner finishes its cycle and commits, then
the screen goes, then the process. A thread of its own sees to it, so that neither a stalled
terminal nor a hanging event loop can keep a bot alive that nobody watches any more.
"""

import logging
import os
import queue
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Protocol

import msgspec

from btcbot_core.app.frames import Feed
from btcbot_core.domain.errors import BotError

log = logging.getLogger(__name__)

ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
AT_ONCE = frozenset({signal.SIGINT, signal.SIGTERM})
"""Asked twice by one of these, the process goes without waiting. A hang-up repeats by itself."""


class Run(Feed, Protocol):
    """A feed with a runner behind it."""

    def start(self) -> None: ...

    def stop(self) -> None:
        """Finish the running turn, commit, end. Safe from any thread."""

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; False when it did not come in time."""

    @property
    def exit_code(self) -> int: ...


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long each part of an end may take, in seconds."""

    join_s: float = 8.0
    """For the runner. What an exchange that hangs leaves unanswered, the next start resolves."""
    leave_s: float = 2.0
    """For the screen, once the runner is done."""


class Lifeline(threading.Thread):
    """Waits for a reason to end, and ends. A daemon: it never keeps anything alive itself."""

    def __init__(
        self,
        run: Run,
        leave: Callable[[int], None],
        abandon: Callable[[], None],
        patience: Patience,
    ) -> None:
        """`leave` asks the screen to go and returns at once; `abandon` gives the terminal back
        without asking. Both may be called from any thread.
        """
        super().__init__(name="console-lifeline", daemon=True)
        self._run = run
        self._leave = leave
        self._abandon = abandon
        self._patience = patience
        # A SimpleQueue, because its put may be called in a signal handler.
        self._heard: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._seen: set[int] = set()
        self._is_left = threading.Event()
        self.code: int | None = None
        """What the process is to answer, once a signal decided it."""
        self.has_given_up = False
        """Whether the runner did not finish in time."""

    def obey_signals(self) -> None:
        """Main thread only."""
        for number in (*ENDING, signal.SIGUSR1):
            signal.signal(number, self._hear)

    def terminal_gone(self) -> None:
        """Nobody reads the screen any more: the same as a hang-up, which may come or not."""
        self._heard.put(signal.SIGHUP)

    def left(self) -> None:
        """The screen has gone; the main thread goes on from here."""
        self._is_left.set()

    def run(self) -> None:
        while True:
            number = self._heard.get()
            if number == signal.SIGUSR1:
                self._kill()
            elif self.code is None:
                self.code = 128 + number
                threading.Thread(target=self._end, args=(self.code,), daemon=True).start()

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        if number in self._seen & AT_ONCE:
            self._go(128 + number)
        self._seen.add(number)
        self._heard.put(number)

    def _kill(self) -> None:
        try:
            self._run.kill("signal SIGUSR1", "kill signal")
        except (BotError, OSError):
            log.exception("kill.not_stored")

    def _end(self, code: int) -> None:
        self._run.stop()
        if not self._run.join(self._patience.join_s):
            self.has_given_up = True
            log.error("runner.not_joined after %s s", self._patience.join_s)
        self._leave(code)
        if not self._is_left.wait(self._patience.leave_s):
            log.error("screen.not_left after %s s", self._patience.leave_s)
            self._go(code)

    def _go(self, code: int) -> None:
        """Now, whatever still runs."""
        try:
            self._abandon()
        finally:
            os._exit(code)
