"""Logs: one sink for every logger of the process, JSON lines in a private file, redacted once.

The redaction stands in the formatter, so that nothing can be written past it. Writing happens in
a thread of its own: a cycle never waits for a disk, and what goes wrong with a line does not come
back to who said it. It is counted, and told as soon as lines go through again.
"""

import json
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import structlog
from structlog.stdlib import BoundLogger, ExtraAdder, ProcessorFormatter
from structlog.typing import EventDict, WrappedLogger

from btcbot_core.app.log_file import LineFile
from btcbot_core.app.log_sink import IDS, LOGGER, Sink, route
from btcbot_core.app.redaction import Redactor
from btcbot_core.domain.errors import StoreError

SIZE_MAX = 16 * 1024 * 1024
KEPT = 5
CLOSE_S = 2.0

_FIRST = ("ts", "level", "event", "run_id", "cycle_id", "request_id", "client_order_id")
_LAST = ("logger", "exception")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """Where the log goes and what it must never hold. Without a path nothing is written."""

    path: Path | None
    level: int = logging.INFO
    secrets: tuple[str, ...] = field(default=(), repr=False)
    size_max: int = SIZE_MAX
    kept: int = KEPT
    """How many full files are kept beside the one that is written."""


def configure(options: LogOptions) -> "Logs":
    """Route every logger of the process into one sink, until it is closed.

    Raises StoreError when the file cannot be written: better at the start than never noticed.
    """
    file = None
    if options.path is not None:
        file = LineFile(options.path, options.size_max, options.kept)
        try:
            file.open()
        except OSError as error:
            raise StoreError(
                f"no log can be written at {options.path} ({error.strerror or error}):"
                " check the file and its folder"
            ) from error
    return Logs(options, file)


class Logs:
    """The open log. `say` never raises and never waits."""

    def __init__(self, options: LogOptions, file: LineFile | None) -> None:
        self._redactor = Redactor(options.secrets)
        self._sink = Sink(LineFormatter(self._redactor), file)
        self._events = cast(
            "BoundLogger",
            structlog.wrap_logger(
                logging.getLogger(LOGGER),
                processors=[ProcessorFormatter.wrap_for_formatter],
                wrapper_class=BoundLogger,
            ),
        )
        self._undo = route(self._sink, options.level)

    @property
    def dropped(self) -> int:
        """Lines that were lost so far: to a full disk, a full queue, or a fault in a line."""
        return self._sink.dropped

    def learn(self, secret: str) -> None:
        """Hide this value from now on."""
        self._redactor.learn(secret)

    def say(self, level: int, event: str, **facts: object) -> None:
        """One line: a dotted event with its facts; those that are None are left out."""
        try:
            self._events.log(level, event, **facts)
        except Exception:  # noqa: BLE001 - a guard: a line is never worth a cycle
            self.count_drop()

    def count_drop(self) -> None:
        """A line was lost that never came as far as `say`."""
        self._sink.count_drop()

    def flush(self, timeout_s: float = CLOSE_S) -> bool:
        """Wait until all that was said so far is written; False when that takes too long."""
        return self._sink.drain(timeout_s)

    def close(self) -> None:
        """Give every logger back, and write what still waits, for a bounded time."""
        self._undo()
        self._sink.finish(CLOSE_S)


class LineFormatter(ProcessorFormatter):
    """A record as one redacted line. What cannot be redacted is not shown at all."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        super().__init__(
            foreign_pre_chain=[ExtraAdder()],
            processors=[
                _stamp,
                structlog.processors.format_exc_info,
                ProcessorFormatter.remove_processors_meta,
                _in_order,
                self._redact,
                structlog.processors.JSONRenderer(serializer=json.dumps),
            ],
        )

    def format(self, record: logging.LogRecord) -> str:
        try:
            return super().format(record)
        except Exception:  # noqa: BLE001 - a guard: the fault may hold what must not be shown
            return json.dumps({**_when(record), "event": "log.withheld"})

    def _redact(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return cast("dict[str, object]", self._redactor.data(dict(event)))


def _stamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Time, level and ids come from the record; what is said in so many words beats the ids."""
    record: logging.LogRecord = event["_record"]
    ids: dict[str, str] = record.__dict__.get(IDS, {})
    said = {name: value for name, value in event.items() if name != IDS and value is not None}
    return {**ids, **said, **_when(record), "logger": record.name}


def _in_order(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    first = {name: event[name] for name in _FIRST if name in event}
    last = {name: event[name] for name in _LAST if name in event}
    between = {k: v for k, v in event.items() if k not in first and k not in last}
    return {**first, **between, **last}


def _when(record: logging.LogRecord) -> dict[str, str]:
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return {"ts": at.replace("+00:00", "Z"), "level": record.levelname.lower()}
