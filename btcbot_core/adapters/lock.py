"""One process a database, one process an account: a lock that dies with its holder.

The kernel's flock is the proof; the file's content only tells others whom to ask. It goes when
the process goes, however it went, so there is nothing to unlock by hand and nothing gets stale.
The file itself is never deleted: a second file of the same name would be a second lock.
"""

import errno
import fcntl
import os
import socket
import stat
import time
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Annotated

import msgspec

from btcbot_core.adapters.files import (
    PRIVATE_FILE,
    is_private_folder,
    make_private_folder,
    read_small,
    real_path,
)
from btcbot_core.domain.errors import AnotherInstanceError, StoreError
from btcbot_core.ports import Clock

PATIENCE_S = 0.3
"""Somebody who only looks who holds the lock takes it for a moment; that is no other instance."""
_PAUSE_S = 0.02
_CONTENT_MAX = 4096
_REOPENINGS_MAX = 5


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a lock, by its own word."""

    pid: int
    host: str
    since: Annotated[datetime, msgspec.Meta(tz=True)]
    command: str


_NAMELESS = Holder(pid=0, host="?", since=datetime.fromtimestamp(0, UTC), command="unknown")
"""A holder that has locked and not signed yet, or whose file cannot be understood."""


def lock_path(database: Path) -> Path:
    """The lock of a database stands beside it, wherever a link to the database points."""
    real = real_path(database)
    return real.with_name(real.name + ".lock")


def account_lock_path(runtime_folder: Path, fingerprint: str) -> Path:
    """The lock of an account, in a folder that only we may enter; the key itself shows nowhere.

    Raises StoreError when somebody else made the folder, or can write to it.
    """
    folder = runtime_folder / "btcbot"
    try:
        make_private_folder(folder)
        is_ours = is_private_folder(folder)
    except OSError as error:
        raise StoreError(
            f"no folder for locks at {folder} ({error.strerror}): check XDG_RUNTIME_DIR"
        ) from error
    if not is_ours:
        raise StoreError(f"{folder} is not ours alone: remove it, or make it ours with mode 700")
    name = sha256(f"btcbot|account|{fingerprint}".encode()).hexdigest()[:32]
    return folder / f"account-{name}.lock"


def read_holder(path: Path) -> Holder | None:
    """Who holds the lock now; None when nobody does. Raises StoreError when it cannot be told."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(
            f"lock file {path} cannot be read ({error.strerror}): look at it"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _content(path) or _NAMELESS
    finally:
        os.close(handle)
    return None


class InstanceLock:
    """Held from `acquire` to `release`, or to the end of the process."""

    def __init__(self, path: Path, clock: Clock, command: str) -> None:
        self.path = path
        self._clock = clock
        self._command = command
        self._handle: int | None = None

    def acquire(self) -> None:
        """Take the lock or fail at once.

        Raises AnotherInstanceError when another process holds it, StoreError when there can be
        no lock here at all.
        """
        if self._handle is not None:
            return
        deadline_s = time.monotonic() + PATIENCE_S
        while not self._try_to_acquire():
            if time.monotonic() >= deadline_s:
                raise AnotherInstanceError(_conflict(self.path))
            time.sleep(_PAUSE_S)

    def held(self) -> bool:
        """Whether what we hold still stands at the path: a deleted file guards nothing."""
        return self._handle is not None and _is_at(self._handle, self.path)

    def release(self) -> None:
        if self._handle is None:
            return
        handle, self._handle = self._handle, None
        with suppress(OSError):  # on a full disk it keeps a name, and is free all the same
            os.ftruncate(handle, 0)
        os.close(handle)

    def __enter__(self) -> "InstanceLock":
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _try_to_acquire(self) -> bool:
        for _ in range(_REOPENINGS_MAX):
            handle = _open(self.path)
            if not _take(handle, self.path):
                os.close(handle)
                return False
            if _is_at(handle, self.path):
                self._handle = handle
                self._sign(handle)
                return True
            os.close(handle)  # deleted between opening and locking: it guards nothing
        raise StoreError(f"lock file {self.path} is deleted again and again: stop what does it")

    def _sign(self, handle: int) -> None:
        holder = Holder(
            pid=os.getpid(),
            host=socket.gethostname(),
            since=self._clock.now(),
            command=self._command,
        )
        # On a full disk the lock stands all the same, only without a name.
        with suppress(OSError):
            os.ftruncate(handle, 0)
            os.pwrite(handle, msgspec.json.encode(holder) + b"\n", 0)


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        make_private_folder(path.parent)
        handle = os.open(path, flags, PRIVATE_FILE)
    except OSError as error:
        why = "it is a link" if error.errno == errno.ELOOP else error.strerror
        raise StoreError(
            f"no lock can be had at {path} ({why}): check the file and its folder"
        ) from error
    found = os.fstat(handle)
    # A second name for a file of ours, or another user's file, is a trap: it would be emptied.
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink > 1:
        os.close(handle)
        raise StoreError(f"{path} is no lock file of ours: look at it, then move it away")
    os.fchmod(handle, PRIVATE_FILE)
    return handle


def _take(handle: int, path: Path) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        os.close(handle)
        raise StoreError(
            f"{path} cannot be locked ({error.strerror}): put the database on a local disk"
        ) from error
    return True


def _is_at(handle: int, path: Path) -> bool:
    try:
        there = path.lstat()
    except OSError:
        return False
    ours = os.fstat(handle)
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)


def _content(path: Path) -> Holder | None:
    try:
        return msgspec.json.decode(read_small(path, _CONTENT_MAX), type=Holder)
    except (OSError, ValueError):
        return None


def _conflict(path: Path) -> str:
    holder = _content(path)
    who = "another process"
    if holder is not None:
        since = holder.since.isoformat(timespec="seconds")
        who = f"pid {holder.pid} on {holder.host} since {since} ({holder.command})"
    return f"another btcbot holds {path}: {who}; stop it first, or use another database"
