"""Who stands in the way: the process that holds the database's write lock, if it can be known."""

import os
from pathlib import Path

from btcbot_core.adapters.lock import lock_path, read_holder
from btcbot_core.domain.errors import StoreError

_LOCKS = Path("/proc/locks")


def blocker_of(path: Path) -> str:
    """In words for the operator; empty when nobody knows."""
    pids = _writers(path)
    if not pids:
        pids = _lock_holder(path)
    others = sorted(pids - {os.getpid()})
    if others:
        return " or ".join(f"pid {pid}" for pid in others)
    return "this process itself" if pids else ""


def _lock_holder(path: Path) -> set[int]:
    try:
        holder = read_holder(lock_path(path))
    except StoreError:
        return set()  # the database is what the operator asked about, not its lock file
    return {holder.pid} if holder is not None and holder.pid else set()


def _writers(path: Path) -> set[int]:
    """Linux lists file locks: `1: POSIX ADVISORY WRITE <pid> <major>:<minor>:<inode> <from> <to>`.

    A writer locks the log's index beside the database, or without a log the database itself.
    """
    try:
        lines = _LOCKS.read_text().splitlines()
        names = {
            str(place.stat().st_ino)
            for place in (path, path.with_name(path.name + "-shm"))
            if place.exists()
        }
    except OSError:
        return set()
    fields = [line.split() for line in lines]
    return {
        int(words[4])
        for words in fields
        if len(words) == 8 and words[3] == "WRITE" and words[5].rpartition(":")[2] in names
    }
