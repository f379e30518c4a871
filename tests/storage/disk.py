"""A disk that remembers what was synced: from a log of strace, what a power cut leaves behind.

It is rebuilt from the real process's own calls, so the store under test is the one that ships:
Python's SQLite, Peewee and all. (A VFS of ours could not stand under it: that would have to live in
the SQLite which Python was built with.)
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

CALLS = (
    *("openat", "pwrite64", "write", "ftruncate", "fdatasync", "fsync"),
    *("unlink", "rename", "writev"),
)

_CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (\d+)(?:<.*>)?$")
_ON_FILE = re.compile(r"^\d+<(?P<path>[^>]*)>(?:, (?P<rest>.*))?$")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True)
class Call:
    """One call that came through, on one file."""

    name: str
    path: Path
    data: bytes = b""
    at: int = 0
    """The offset of a write, or the size to which a file was cut."""
    to: Path | None = None
    """The new name of a file that was renamed."""


def calls(log: Path, folder: Path) -> Iterator[Call]:
    """What was done to the files of the folder, in order; failed calls changed nothing."""
    for line in log.read_text().splitlines():
        found = _CALL.match(line)
        if found is None:
            continue
        call = _read(found[1], found[2])
        if call is not None and (call.path.parent == folder or call.path == folder):
            yield call


def _read(name: str, words: str) -> Call | None:
    if name in ("openat", "unlink"):
        creates = name == "unlink" or "O_CREAT" in words
        return Call(name, Path(_bytes(words).decode())) if creates else None
    if name == "rename":
        old, new = (Path(_plain(text).decode()) for text in _TEXT.findall(words))
        return Call(name, old, to=new)
    found = _ON_FILE.match(words)
    assert found is not None, words[:80]
    path, rest = Path(_plain(found["path"]).decode()), found["rest"] or ""
    match name:
        case "pwrite64":
            return Call(name, path, _bytes(rest), int(rest.rpartition(", ")[2]))
        case "write" | "writev":
            return Call(name, path, _bytes(rest))
        case "ftruncate":
            return Call(name, path, at=int(rest))
        case _:
            return Call(name, path)


def _bytes(words: str) -> bytes:
    found = _TEXT.search(words)
    assert found is not None, words[:80]
    return _plain(found[1])


def _plain(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


@dataclass
class File:
    """A file as it is on the platter, and what was done to it since."""

    durable: bytes = b""
    pending: list[Call] = field(default_factory=list)

    def sync(self) -> None:
        self.durable, self.pending = self.image(always), []

    def image(self, survives: Callable[[], bool]) -> bytes:
        content = bytearray(self.durable)
        for call in self.pending:
            if not survives():
                continue
            if call.name == "ftruncate":
                content[call.at :] = b""
            elif call.name == "write":  # of files that are written once, from their beginning on
                content.extend(call.data)
            else:
                content.extend(bytes(max(0, call.at - len(content))))
                content[call.at : call.at + len(call.data)] = call.data
        return bytes(content)


def always() -> bool:
    return True


def never() -> bool:
    return False


class Disk:
    """The folder's files. A name is there for good only when its folder was synced after it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = {p: File(p.read_bytes()) for p in folder.iterdir() if p.is_file()}
        self._names = dict(self._files)
        """What the synced folder lists."""

    def do(self, call: Call) -> None:
        match call.name:
            case "openat":
                self._files.setdefault(call.path, File())
            case "unlink":
                self._files.pop(call.path)
            case "rename":
                assert call.to is not None
                self._files[call.to] = self._files.pop(call.path)
            case "fsync" | "fdatasync" if call.path == self._folder:
                self._names = dict(self._files)
            case "fsync" | "fdatasync":
                self._files[call.path].sync()
            case _:
                self._files[call.path].pending.append(call)

    def cut(self, into: Path, seed: int | None = None) -> None:
        """Lay down what a power cut leaves now: without a seed nothing that was not synced, with
        one any part of it, as disks write in the order they like."""
        into.mkdir()
        draw = Random(seed)
        survives = never if seed is None else lambda: draw.random() < 0.5
        for path, file in self._names.items():
            (into / path.name).write_bytes(file.image(survives))
