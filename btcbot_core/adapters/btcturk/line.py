"""The line to BTCTurk: one signed request, one bounded reply, nothing tried twice."""

import logging
from collections.abc import Callable, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
import msgspec

from btcbot_core import __version__
from btcbot_core.adapters.btcturk.auth import Credentials
from btcbot_core.adapters.btcturk.body import read_reply
from btcbot_core.adapters.btcturk.calls import Call, Host
from btcbot_core.adapters.btcturk.errors import at_border
from btcbot_core.adapters.btcturk.transport import BoundedTransport, Voyage, sail
from btcbot_core.adapters.btcturk.wire.envelope import Reply
from btcbot_core.domain.arm import is_loopback
from btcbot_core.domain.errors import ConfigError
from btcbot_core.ports import Clock

_log = logging.getLogger(__name__)


class ClientOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where the exchange is, and how long we wait for it."""

    base_url: str = "https://api.btcturk.com"
    graph_url: str = "https://graph-api.btcturk.com"
    connect_s: float = 3.0
    read_s: float = 5.0
    total_s: float = 8.0
    connections_max: int = 8


class Ask(msgspec.Struct, frozen=True):
    """One request before it is signed. The stamp is made when it goes out, not before."""

    call: Call
    request_id: str
    params: Mapping[str, str] = {}
    body: bytes = b""


class Line:
    """Holds the connections and the key. Used by several threads at once."""

    def __init__(
        self, options: ClientOptions, clock: Clock, credentials: Credentials | None
    ) -> None:
        self._options = options
        self._clock = clock
        self._credentials = credentials
        self._http = _http_client(options)

    @property
    def has_key(self) -> bool:
        return self._credentials is not None

    def close(self) -> None:
        self._http.close()

    def exchange(self, ask: Ask, stamp: Callable[[], int], gate: Callable[[], None]) -> Reply:
        """Send one request and read its whole reply.

        Raises NotSentError when not a byte of it left, NoAnswerError when one did and no reply
        came, UnusableAnswerError when what came is half a reply or too much of one.
        """
        voyage = Voyage(self._clock, self._options.total_s, gate)
        request = self._signed(ask, stamp)
        reply = at_border(
            lambda: sail(voyage, lambda: self._roundtrip(request, ask)),
            lambda: voyage.has_left,
            ask.request_id,
        )
        _log.debug(
            "btcturk.reply",
            extra={"request_id": ask.request_id, "path": ask.call.path, "status": reply.status},
        )
        return reply

    def _roundtrip(self, request: httpx.Request, ask: Ask) -> Reply:
        response = self._http.send(request, stream=True)
        try:
            limit = ask.call.body_kib_max * 1024
            reply = read_reply(response, ask.request_id, limit, self._clock.now())
        finally:
            response.close()
        if self._credentials is None:
            return reply
        return msgspec.structs.replace(reply, body=self._credentials.hide(reply.body))

    def _signed(self, ask: Ask, stamp: Callable[[], int]) -> httpx.Request:
        """The request with its headers. It alone holds them, and its text form hides them."""
        call = ask.call
        base = self._options.base_url if call.host is Host.API else self._options.graph_url
        request = self._http.build_request(
            call.method,
            base.rstrip("/") + call.path,
            params=dict(ask.params) or None,
            content=ask.body or None,
            headers={"X-Request-ID": ask.request_id},
        )
        if call.is_private and self._credentials is not None:
            request.headers["Content-Type"] = "application/json"
            request.headers.update(self._credentials.headers(stamp()))
        return request


def _http_client(options: ClientOptions) -> httpx.Client:
    """No proxy, no .netrc, no cookie, no redirect; and its loggers, which show URLs, quiet."""
    for name in ("httpx", "httpcore"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logging.WARNING, logger.level))
    bases = (options.base_url, options.graph_url)
    for base in bases:
        if not base.startswith("https://") and not is_loopback(base):
            raise ConfigError(f"expected an https address for the exchange, found {base!r}")
    is_tls = any(base.startswith("https://") for base in bases)
    tls = httpx.create_ssl_context(trust_env=False) if is_tls else None
    return httpx.Client(
        transport=BoundedTransport(options.connections_max, tls),
        timeout=httpx.Timeout(options.read_s, connect=options.connect_s, pool=options.connect_s),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": f"btcbot/{__version__}",
        },
        follow_redirects=False,
        trust_env=False,
    )
