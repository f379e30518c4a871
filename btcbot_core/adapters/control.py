"""The control socket: one question a line, one answer, from our own user on this machine only."""

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from btcbot_core.adapters.files import PRIVATE_FILE, is_private_folder, make_private_folder
from btcbot_core.domain.errors import ExchangeUnavailableError, StoreError

FRAME_BYTES_MAX = 4096
PATIENCE_S = 5.0
"""One exchange of question and answer takes no longer, or the line is dropped."""
_BACKLOG = 4
_PEER = struct.Struct("3i")

Handler = Callable[[bytes], bytes]


class NoRunnerError(ExchangeUnavailableError):
    """Nobody answers at the control socket."""


def control_path(database: Path) -> Path:
    """Where the runner of a database listens: in a folder that only we may enter.

    Raises StoreError when there can be no such folder.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    real = database.resolve()
    folder = Path(runtime) / "btcbot" if runtime else real.parent / ".btcbot"
    try:
        make_private_folder(folder)
        is_ours = is_private_folder(folder)
    except OSError as error:
        raise StoreError(
            f"no folder for the control socket at {folder}: {error.strerror}"
        ) from error
    if not is_ours:
        raise StoreError(f"{folder} is not ours alone: make it ours with mode 700")
    return folder / f"{sha256(os.fsencode(real)).hexdigest()[:24]}.sock"


class ControlServer:
    """Answers questions in a thread of its own, one at a time, until it is closed."""

    def __init__(self, path: Path, handler: Handler) -> None:
        """Listen. The instance lock is held, so whatever stands at the path is a leftover."""
        self._path = path
        self._handler = handler
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with _short(path) as name:
            self._socket.bind(name)
        path.chmod(PRIVATE_FILE)
        self._socket.listen(_BACKLOG)
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._is_closed.set()
        # Closing alone does not wake a thread that waits in accept.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(PATIENCE_S)
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    def _serve(self) -> None:
        while not self._is_closed.is_set():
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            # What a caller does wrong is the caller's to see, and never ours to fall over.
            with line, contextlib.suppress(OSError, TimeoutError):
                self._answer(line)

    def _answer(self, line: socket.socket) -> None:
        line.settimeout(PATIENCE_S)
        peer = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
        _, uid, _ = _PEER.unpack(peer)
        if uid != os.geteuid():
            return
        question = _read_line(line)
        if question is not None:
            line.sendall(self._handler(question) + b"\n")


def ask(path: Path, question: bytes) -> bytes:
    """Ask a living runner. Raises NoRunnerError when nobody answers in time."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(PATIENCE_S)
            with _short(path) as name:
                line.connect(name)
            line.sendall(question + b"\n")
            answer = _read_line(line, 16 * FRAME_BYTES_MAX)
    except OSError as error:
        raise NoRunnerError(
            f"no runner answers ({error}): is one running on this database?"
        ) from error
    if answer is None:
        raise NoRunnerError("the runner hung up: it listens to its own user only")
    return answer


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for the socket that fits: the kernel takes no more than 107 bytes of a path."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _read_line(line: socket.socket, size_max: int = FRAME_BYTES_MAX) -> bytes | None:
    """One line, bounded; None for one that is too long or has no end."""
    read = bytearray()
    while b"\n" not in read:
        if len(read) > size_max:
            return None
        piece = line.recv(4096)
        if not piece:
            return None
        read += piece
    return bytes(read.split(b"\n", 1)[0])
