"""Where every log record goes: taken at once, written behind, never in the way."""

import logging
import queue
import threading
from collections.abc import Callable

from btcbot_core.app.context import current
from btcbot_core.app.log_file import LineFile

WAITING_MAX = 10_000
"""Records that may wait for a slow disk; what comes on top is dropped and counted."""
QUIET = ("asyncio", "httpcore", "httpx", "peewee")
"""They tell whole addresses, or every statement, at their lower levels."""
IDS = "btcbot_ids"
"""The name under which a record carries the ids of the thread that made it."""
LOGGER = "btcbot"

_Waiting = logging.LogRecord | threading.Event | None


class Sink(logging.Handler):
    """Takes records from any thread; its own thread makes lines of them and writes.

    Nothing raises and nothing waits in `emit`: neither a full disk nor a hanging one reaches
    the thread that logs.
    """

    def __init__(self, formatter: logging.Formatter, file: LineFile | None) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._file = file
        # Simple on purpose: a signal that comes while a record is handed over may log as well.
        self._waiting: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        self._counting = threading.RLock()
        self._dropped = 0
        self._told = 0
        # A daemon: a disk that hangs must not keep a program from ending.
        self._writer = threading.Thread(target=self._write_all, name="log", daemon=True)
        if file is not None:
            self._writer.start()

    @property
    def dropped(self) -> int:
        return self._dropped

    def count_drop(self) -> None:
        with self._counting:
            self._dropped += 1

    def emit(self, record: logging.LogRecord) -> None:
        if self._file is None:
            return
        if self._waiting.qsize() >= WAITING_MAX:
            self.count_drop()
            return
        record.__dict__[IDS] = current()
        self._waiting.put(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's
        """Instead of a traceback on the operator's screen."""
        self.count_drop()

    def drain(self, timeout_s: float) -> bool:
        """Wait until all that came so far is written; False when that takes too long."""
        if self._file is None:
            return True
        done = threading.Event()
        self._waiting.put(done)
        return done.wait(timeout_s)

    def finish(self, timeout_s: float) -> None:
        """Write what waits, for so long at the most, and end."""
        if self._file is not None:
            self._waiting.put(None)
            self._writer.join(timeout_s)
        super().close()

    def _write_all(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            if isinstance(waiting, threading.Event):
                waiting.set()
            elif self._write(waiting):
                self._tell_of_drops()
        if self._file is not None:
            self._file.close()

    def _write(self, record: logging.LogRecord) -> bool:
        if self._file is None:
            return False
        try:
            self._file.append(f"{self.format(record)}\n".encode("ascii", "backslashreplace"))
        except OSError:
            self.count_drop()
            return False
        return True

    def _tell_of_drops(self) -> None:
        """Lines go through: say how many did not."""
        lost = self._dropped - self._told
        if not lost:
            return
        facts = {"name": LOGGER, "msg": "log.dropped", "lines": lost}
        level = {"levelno": logging.WARNING, "levelname": "WARNING"}
        if self._write(logging.makeLogRecord({**facts, **level})):
            self._told += lost


def route(sink: Sink, level: int) -> Callable[[], None]:
    """Send every logger's records, warnings and dying threads to the sink; returns the way back."""
    root = logging.getLogger()
    quiet = [logging.getLogger(name) for name in QUIET]
    levels = {logger: logger.level for logger in (root, *quiet)}
    hook = threading.excepthook
    root.addHandler(sink)
    root.setLevel(level)
    for logger in quiet:
        logger.setLevel(max(logging.WARNING, level))
    threading.excepthook = _thread_died
    logging.captureWarnings(True)

    def undo() -> None:
        logging.captureWarnings(False)
        threading.excepthook = hook
        root.removeHandler(sink)
        for logger, was in levels.items():
            logger.setLevel(was)

    return undo


def _thread_died(died: threading.ExceptHookArgs) -> None:
    """A traceback belongs into the log, redacted, and not on the operator's screen."""
    name = died.thread.name if died.thread is not None else ""
    logging.getLogger(LOGGER).critical("thread.died", exc_info=died.exc_value, extra={"died": name})
