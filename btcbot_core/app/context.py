"""Which run, cycle, order and request a thread is busy with: its log lines are stamped so."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_NOTHING: Mapping[str, str] = {}
_IDS: ContextVar[Mapping[str, str]] = ContextVar("btcbot_ids", default=_NOTHING)


@contextmanager
def bound(**ids: str) -> Iterator[None]:
    """Stamp these ids on every log line of this thread until the block ends.

    A thread that is started inside does not inherit them: hand it `contextvars.copy_context()`.
    """
    token = _IDS.set({**_IDS.get(), **ids})
    try:
        yield
    finally:
        _IDS.reset(token)


def current() -> Mapping[str, str]:
    """The ids that are bound now."""
    return _IDS.get()
