"""The kill latch: a word in memory and a file beside the database, and either one stops orders.

It fails towards killed: whatever stands at the file's path counts, whoever put it there and
whatever is in it, and what cannot be looked at counts too. Once seen it stays set in memory;
only `clear` takes it back, never a deleted file.
"""

import errno
import os
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec

from btcbot_core.adapters.files import create_private, read_small, real_path, sync_folder
from btcbot_core.domain.errors import StoreError
from btcbot_core.domain.kill import NOT_KILLED, KillState
from btcbot_core.ports import Clock

UNKNOWN = "unknown"
_CONTENT_MAX = 4096
_TEXT_MAX = 200


class KillNote(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says."""

    who: str
    why: str
    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


def kill_path(database: Path) -> Path:
    """The kill file of a database stands beside it, wherever a link to the database points."""
    real = real_path(database)
    return real.with_name(real.name + ".kill")


class FileLatch:
    """One for each process that may send orders; every process may set any of them by the file."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self._where = os.fspath(path)
        # A plain word, not a threading.Event: nobody waits for it, setting it takes no lock, and
        # so a signal that comes while it is being set can set it too.
        self._is_killed = False
        self._state = NOT_KILLED
        self._writing = threading.RLock()

    def is_set(self) -> bool:
        """Memory and file, freshly read: this stands in front of every single order."""
        if self._is_killed:
            return True
        try:
            os.lstat(self._where)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return False
        return self._look_closely()

    def state(self) -> KillState:
        """Whether it is set and, as far as is known, when, by whom and why."""
        if not self.is_set():
            return NOT_KILLED
        # Set in this instant by another thread, which has not come to its words yet.
        return self._state if self._state.is_set else KillState(True)

    def set(self, who: str, why: str) -> KillState:
        """Set it; again is no error, the first one's words stay.

        It is set before anything can fail. A file that cannot be made is told in `problem`: then
        only this process is stopped, and only while it lives. One that was made and could not be
        written is told in `unsaid`: its name alone stops every process.
        """
        self._is_killed = True
        with self._writing:
            first = self._state
            if not first.is_set:
                first = KillState(True, self._clock.now(), _clean(who) or UNKNOWN, _clean(why))
                # Known before the file is: a disk may take its time, and the runner tells at once.
                self._state = first
            problem, unsaid = "", ""
            try:
                _write(self.path, first)
            except FileExistsError:
                first = _read(self.path) or first
            except OSError as error:
                if os.path.lexists(self.path):
                    unsaid = f"{error.strerror}"
                else:
                    problem = f"the kill file {self.path} was not written: {error.strerror}"
            self._state = msgspec.structs.replace(first, problem=problem, unsaid=unsaid)
            return self._state

    def clear(self) -> None:
        """Remove the file for good, then forget. Raises StoreError, still set, when it stays."""
        with self._writing:
            try:
                self.path.unlink(missing_ok=True)
                sync_folder(self.path.parent)
            except OSError as error:
                raise StoreError(
                    f"the kill file {self.path} cannot be removed ({error.strerror}):"
                    " still killed; remove it by hand and try again"
                ) from error
            self._state = NOT_KILLED
            self._is_killed = False

    def _look_closely(self) -> bool:
        """Something is there; take its words over, unless a reset has just removed it."""
        with self._writing:
            found = _read(self.path)
            if found is None:
                return self._is_killed
            self._is_killed = True
            if not self._state.is_set:
                self._state = found
            return True


def _write(path: Path, state: KillState) -> None:
    # The name alone kills: should the rest fail, the empty file still does its work.
    handle = create_private(path)
    try:
        note = KillNote(who=state.who, why=state.why, at=state.at)
        os.write(handle, msgspec.json.encode(note) + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)
        sync_folder(path.parent)


def _read(path: Path) -> KillState | None:
    """What stands at the path, in words; None when nothing does. Whatever it is, it kills."""
    at = None
    try:
        found = path.lstat()
        at = datetime.fromtimestamp(int(found.st_mtime), UTC)
        if not stat.S_ISREG(found.st_mode):
            return KillState(True, at, UNKNOWN, "what stands at the kill file's place is no file")
        if found.st_uid != os.geteuid():
            return KillState(True, at, UNKNOWN, f"the kill file belongs to user {found.st_uid}")
        note = msgspec.json.decode(read_small(path, _CONTENT_MAX), type=KillNote)
    except FileNotFoundError:
        return None
    except OSError as error:
        return KillState(True, at, UNKNOWN, f"the kill file cannot be read: {error.strerror}")
    except (ValueError, OverflowError):
        return KillState(True, at, UNKNOWN, "the kill file was made by hand")
    return KillState(True, note.at, _clean(note.who) or UNKNOWN, _clean(note.why))


def _clean(text: str) -> str:
    """One short line that a terminal can take: others may write this file."""
    return "".join(c if c.isprintable() else " " for c in text[:_TEXT_MAX]).strip()
