"""Which run, cycle, order and request a thread is busy with: its log lines are stamped so."""

from collections.abc import Mapping
from contextvars import ContextVar, Token

_NOTHING: Mapping[str, str] = {}
_IDS: ContextVar[Mapping[str, str]] = ContextVar("btcbot_ids", default=_NOTHING)


class Bound:
    """A block whose log lines bear ids; a class, because every cycle enters one."""

    __slots__ = ("_ids", "_token")

    def __init__(self, ids: Mapping[str, str]) -> None:
        self._ids = ids

    def __enter__(self) -> None:
        self._token: Token[Mapping[str, str]] = _IDS.set({**_IDS.get(), **self._ids})

    def __exit__(self, *_: object) -> None:
        _IDS.reset(self._token)


def bound(**ids: str) -> Bound:
    """Stamp these ids on every log line of this thread until the block ends.

    A thread that is started inside does not inherit them: hand it `contextvars.copy_context()`.
    """
    return Bound(ids)


def current() -> Mapping[str, str]:
    """The ids that are bound now."""
    return _IDS.get()
