"""A server on this machine that answers as a script tells it, or misbehaves as it tells it."""

import json
import socket
import ssl
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

GIVE_UP_S = 10.0


class Asked(msgspec.Struct, frozen=True):
    """One whole request as the server read it."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


Move = Callable[[socket.socket], bool]
"""What the server does with the connection; False closes it."""

Script = Callable[[Asked], Move]


class Loopback:
    """Serves until it is closed; each connection has a thread. `asked` holds what came."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.script = script
        self._tls = tls
        self.asked: list[Asked] = []
        self._lock = Lock()
        self._over = Event()
        self._server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: set[socket.socket] = {self._server}
        self.url: Final = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._threads = [Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        self._over.set()
        with self._lock:
            for each in self._open:
                # Wakes whoever waits on it; a closed one would be waited on for ever.
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(GIVE_UP_S)
        self._server.close()

    def count(self, method: str, path: str = "") -> int:
        """How many requests came, by their method and the start of their path."""
        with self._lock:
            return sum(a.method == method and a.path.startswith(path) for a in self.asked)

    def stall(self) -> Move:
        """Say nothing until the test is over."""

        def move(conn: socket.socket) -> bool:
            self._over.wait(GIVE_UP_S)
            return False

        return move

    def drip(self, data: bytes, pause_s: float) -> Move:
        """One byte at a time, slowly."""

        def move(conn: socket.socket) -> bool:
            for each in data:
                conn.sendall(bytes([each]))
                if self._over.wait(pause_s):
                    break
            return False

        return move

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                conn, _ = self._server.accept()
            except OSError:
                return  # closed
            thread = Thread(target=self._serve, args=(conn,), daemon=True)
            with self._lock:
                self._threads.append(thread)
                self._open.add(conn)
            thread.start()

    def _serve(self, conn: socket.socket) -> None:
        plain = conn
        try:
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                conn = self._tls.wrap_socket(conn, server_side=True)
            while (asked := self._read(conn)) is not None:
                with self._lock:
                    self.asked.append(asked)
                if not self.script(asked)(conn):
                    return
        except OSError:
            return  # the client went away, which is its right
        finally:
            with self._lock:
                self._open.discard(plain)
            conn.close()

    @staticmethod
    def _read(conn: socket.socket) -> Asked | None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += (more := conn.recv(65_536))
            if not more:
                return None
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)
        }
        while len(body) < int(headers.get("content-length", "0")):
            body += (more := conn.recv(65_536))
            if not more:
                return None
        method, target, _ = first.split(" ")
        parts = urlsplit(target)
        return Asked(method, parts.path, dict(parse_qsl(parts.query)), headers, body)


def reply(body: bytes, status: int = 200, kind: str = "application/json", **headers: str) -> Move:
    """A well-formed answer; `retry_after="5"` is the header Retry-After."""
    return raw(answer_bytes(body, status, kind, **headers), keep=True)


def answer_bytes(
    body: bytes, status: int = 200, kind: str = "application/json", **headers: str
) -> bytes:
    named = {"content-type": kind, "content-length": str(len(body))}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body


def data(value: object, **members: object) -> Move:
    """A successful answer in the exchange's envelope."""
    envelope = {"data": value, "success": True, "message": None, "code": 0, **members}
    return reply(json.dumps(envelope).encode())


def refusal(message: str, code: int | str, status: int = 400, **members: object) -> Move:
    envelope = {"success": False, "message": message, "code": code, **members}
    return reply(json.dumps(envelope).encode(), status)


def html(status: int, **headers: str) -> Move:
    page = b"<!DOCTYPE html>\n<html><head><title>504: Gateway time-out</title></head></html>"
    return reply(page, status, "text/html; charset=UTF-8", **headers)


def raw(sent: bytes, *, keep: bool = False) -> Move:
    """Exactly these bytes."""

    def move(conn: socket.socket) -> bool:
        conn.sendall(sent)
        return keep

    return move


def reset(after: bytes = b"") -> Move:
    """These bytes, then the connection is reset."""

    def move(conn: socket.socket) -> bool:
        conn.sendall(after)
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    return move
