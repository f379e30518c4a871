"""The socket under httpx, with a deadline over everything and a gate before the first byte.

httpx bounds each read, not their sum: a server that sends a byte every four seconds would hold
a cycle for days. So the streams below count down one deadline. They are also the one place that
knows for certain whether a request has begun to leave.
"""

import ssl
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import TypeVar

import httpcore
import httpx

from btcbot_core.ports import Clock

T = TypeVar("T")

SocketOption = (
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
)
_KEEPALIVE_S = 5.0
"""Short, since an order on a connection that the server just closed is an unknown outcome."""


class Voyage:
    """One request's way over the wire: when it must be back, and whether it has left."""

    def __init__(self, clock: Clock, total_s: float, gate: Callable[[], None]) -> None:
        self._clock = clock
        self._ends_s = clock.monotonic_s() + total_s
        self._gate = gate
        self.has_left = False

    def left_s(self) -> float:
        return self._ends_s - self._clock.monotonic_s()

    def depart(self) -> None:
        """Called before each write. Raises GateShutError when the request may no longer leave."""
        if not self.has_left:
            self._gate()
            self.has_left = True


_VOYAGE: ContextVar[Voyage] = ContextVar("btcturk_voyage")


class BoundedTransport(httpx.BaseTransport):
    """One pool of connections. No proxy, no redirect, no retry of its own."""

    def __init__(self, connections_max: int, tls: ssl.SSLContext | None) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=connections_max,
            max_keepalive_connections=connections_max,
            keepalive_expiry=_KEEPALIVE_S,
            network_backend=_BoundedBackend(),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.content,
                extensions={"timeout": request.extensions["timeout"]},
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        self._pool.close()


def sail(voyage: Voyage, send: Callable[[], T]) -> T:
    """Do a request under a voyage's bounds; what it reads in the same call is under them too."""
    token = _VOYAGE.set(voyage)
    try:
        return send()
    finally:
        _VOYAGE.reset(token)


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _BoundedBackend(httpcore.NetworkBackend):
    """Opens sockets whose every wait ends with the voyage.

    Resolving a name is the system's affair and bounded by it alone; what comes after is ours.
    """

    def __init__(self) -> None:
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        wait_s = _wait_s(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(
            self._sockets.connect_tcp(host, port, wait_s, local_address, socket_options)
        )

    def sleep(self, seconds: float) -> None:
        self._sockets.sleep(seconds)


class _BoundedStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _wait_s(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        wait_s = _wait_s(timeout, httpcore.WriteTimeout)
        _VOYAGE.get().depart()
        self._inner.write(buffer, wait_s)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        wait_s = _wait_s(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(self._inner.start_tls(ssl_context, server_hostname, wait_s))

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


def _wait_s(timeout: float | None, expired: type[httpcore.TimeoutException]) -> float:
    left_s = _VOYAGE.get().left_s()
    if left_s <= 0:
        raise expired("the time for the whole request is up")
    return left_s if timeout is None else min(timeout, left_s)
