"""Output to a terminal that may read slowly, not at all, or be gone (FAULTS P07, P09).

The event loop never waits for the terminal. When it does not keep up, whole writes are dropped
until all that was accepted is out, and then the screen is painted anew.
"""

import os
import threading
from collections import deque
from collections.abc import Callable

PENDING_BYTES_MAX = 256 * 1024
"""More than one full repaint of a large terminal; what is older is not worth waiting for."""

RESTORE_WAIT_S = 0.5


class TerminalWriter(threading.Thread):
    """Writes on a thread of its own, which may block for ever without harm: it is a daemon."""

    def __init__(
        self, fd: int, on_drained: Callable[[], None], on_gone: Callable[[], None]
    ) -> None:
        super().__init__(name="console-output", daemon=True)
        self._fd = fd
        self._on_drained = on_drained
        self._on_gone = on_gone
        self._wake = threading.Condition()
        self._pending: deque[bytes] = deque()
        self._pending_bytes = 0
        self._is_lagging = False
        self._is_closing = False
        self._is_gone = False
        self.dropped = 0

    def write(self, text: str) -> None:
        """Take the text, or drop it when too much waits already. Returns at once."""
        data = text.encode("utf-8", "replace")
        with self._wake:
            if self._is_gone or self._is_closing:
                return
            is_over = self._pending_bytes + len(data) > PENDING_BYTES_MAX
            if self._is_lagging or (self._pending and is_over):
                self._is_lagging = True
                self.dropped += 1
                return
            self._put(data)

    def finish(self, last_words: str, wait_s: float = RESTORE_WAIT_S) -> bool:
        """Forget what waits, write `last_words`, end. False when the terminal did not take them."""
        with self._wake:
            self._pending.clear()
            self._pending_bytes = 0
            self._is_closing = True
            self._put(last_words.encode("utf-8", "replace"))
        self.join(wait_s)
        return not self.is_alive() and not self._is_gone

    def run(self) -> None:
        try:
            while (data := self._take()) is not None:
                while data:
                    data = data[os.write(self._fd, data) :]
        except OSError:
            with self._wake:
                self._is_gone = True
                self._pending.clear()
            self._on_gone()

    def _put(self, data: bytes) -> None:
        self._pending.append(data)
        self._pending_bytes += len(data)
        self._wake.notify()

    def _take(self) -> bytes | None:
        """The next piece; None when all is out and the end was asked for."""
        with self._wake:
            while not self._pending:
                if self._is_closing:
                    return None
                if self._is_lagging:
                    self._is_lagging = False
                    self._on_drained()
                self._wake.wait()
            data = self._pending.popleft()
            self._pending_bytes -= len(data)
            return data
