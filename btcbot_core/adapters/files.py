"""Private files: created for us alone, never through somebody else's link, durable when asked."""

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from btcbot_core.domain.errors import StoreError

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def real_path(path: Path) -> Path:
    """Where a path leads in the end. Raises StoreError when it can lead nowhere."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # links in a ring, a zero byte
        raise StoreError(f"{str(path)!r:.200} can be no file ({error}): name another") from error


def create_private(path: Path) -> int:
    """Create a file that is not there yet and return its descriptor.

    Raises FileExistsError when anything stands at the path, even a link that leads nowhere.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(path, flags, PRIVATE_FILE)


def make_private_folder(path: Path) -> None:
    """Create the folder for us alone where it is missing; one level, so that a typo is found."""
    if not path.is_dir():
        path.mkdir(PRIVATE_FOLDER, exist_ok=True)  # another process may be as far as we are


def is_private_folder(path: Path) -> bool:
    """Whether this is a real folder of ours that nobody else may enter."""
    found = path.lstat()
    return (
        stat.S_ISDIR(found.st_mode)
        and found.st_uid == os.geteuid()
        and not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    )


def write_whole(path: Path, chunks: Iterable[str]) -> None:
    """Write a file for us alone that is there whole or not at all, in place of an older one.

    Raises OSError; then what stood there before still stands.
    """
    if path.exists() and not path.is_file():
        raise IsADirectoryError(errno.EISDIR, "not a plain file", str(path))
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    draft.unlink(missing_ok=True)  # of a process that died under the number that is now ours
    handle = create_private(draft)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_folder(path.parent)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def sync_folder(path: Path) -> None:
    """Make a created or removed name durable: the file's own fsync does not."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_small(path: Path, size_max: int) -> bytes:
    """The first bytes of a plain file. A link is refused, and a pipe cannot make us wait."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.read(handle, size_max)
    finally:
        os.close(handle)
