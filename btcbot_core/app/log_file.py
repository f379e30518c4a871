"""The log's file: private, bounded in size and number, whole lines or none."""

import errno
import os
import stat
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class LineFile:
    """Appends lines to a file and turns it over when it is full. Used by one thread.

    Everything here raises OSError; after one, the next line starts with opening the file anew.
    """

    def __init__(self, path: Path, size_max: int, kept: int) -> None:
        self.path = path
        self._size_max = size_max
        self._kept = kept
        self._handle: int | None = None

    def open(self) -> None:
        """Open the file, creating it, and its folder, for us alone where they are missing."""
        if not self.path.parent.is_dir():
            self.path.parent.mkdir(PRIVATE_FOLDER, exist_ok=True)
        handle = os.open(self.path, _FLAGS, PRIVATE_FILE)
        try:
            _require_ours(handle)
            os.fchmod(handle, PRIVATE_FILE)
        except OSError:
            os.close(handle)
            raise
        self._handle = handle

    def append(self, line: bytes) -> None:
        """Write a line whole, or not at all."""
        try:
            handle = self._ready(len(line))
            before = os.fstat(handle).st_size
            if os.write(handle, line) < len(line):
                os.ftruncate(handle, before)  # half a line would spoil the next one too
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def _ready(self, size: int) -> int:
        """A handle with room for so much; also after somebody else moved the file away."""
        if self._handle is None or not _is_at(self._handle, self.path):
            self.close()
            self.open()
        found = os.fstat(self._open_handle()).st_size
        if found and found + size > self._size_max:
            self.close()
            self._turn_over()
            self.open()
        return self._open_handle()

    def _open_handle(self) -> int:
        if self._handle is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self._handle

    def _turn_over(self) -> None:
        """`log` becomes `log.1`, that `log.2`, and so on; the oldest goes."""
        for number in range(self._kept, 1, -1):
            older = self._numbered(number - 1)
            if older.exists():
                older.replace(self._numbered(number))
        if self._kept:
            self.path.replace(self._numbered(1))
        else:
            self.path.unlink()

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def _require_ours(handle: int) -> None:
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink > 1:
        raise OSError(errno.EPERM, "it is no plain file of ours")


def _is_at(handle: int, path: Path) -> bool:
    try:
        there = path.lstat()
        ours = os.fstat(handle)
    except OSError:
        return False
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)
