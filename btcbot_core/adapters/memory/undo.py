"""What a unit of work changed in memory, and how to take it back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from btcbot_core.domain.errors import InvariantBrokenError

K = TypeVar("K")
V = TypeVar("V")


class Changes:
    """Open from begin to commit. A failed write spoils it: nothing half done can be committed."""

    def __init__(self, *, is_writing: bool) -> None:
        self._is_writing = is_writing
        self._is_open = True
        self._is_spoiled = False
        self._undo: list[Callable[[], object]] = []

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Around every write."""
        self.require_open()
        if not self._is_writing:
            raise InvariantBrokenError("this unit of work only reads")
        was_spoiled, self._is_spoiled = self._is_spoiled, True
        yield
        self._is_spoiled = was_spoiled

    def put(self, shelf: dict[K, V], key: K, value: V) -> None:
        """Set one entry."""
        if key in shelf:
            old = shelf[key]
            self._undo.append(lambda: shelf.__setitem__(key, old))
        else:
            self._undo.append(lambda: shelf.pop(key))
        shelf[key] = value

    def append(self, shelf: list[V], value: V) -> None:
        """Add one entry at the end."""
        self._undo.append(shelf.pop)
        shelf.append(value)

    def require_open(self) -> None:
        if not self._is_open:
            raise InvariantBrokenError("this unit of work has ended: begin another")

    def commit(self) -> None:
        self.require_open()
        if not self._is_writing:
            raise InvariantBrokenError("this unit of work only reads: it cannot be committed")
        if self._is_spoiled:
            raise InvariantBrokenError(
                "a write of this unit of work failed: it cannot be committed"
            )
        self._undo.clear()
        self._is_open = False

    def end(self) -> None:
        """Leave; without a commit everything is taken back, the last change first."""
        self._is_open = False
        while self._undo:
            self._undo.pop()()
