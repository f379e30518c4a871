"""The HTTP door: finds the endpoint, lets faults strike, counts, checks the key, answers."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol, cast

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from btcbot_core.adapters.paper.endpoints import PRIVATE, Endpoint
from btcbot_core.adapters.paper.faults import Fault, FaultKind
from btcbot_core.adapters.paper.model import Rejection
from btcbot_core.adapters.paper.server.answers import (
    Answer,
    RefusedError,
    bad,
    encoded,
    too_many,
    unauthorized,
)
from btcbot_core.adapters.paper.server.auth import account_of
from btcbot_core.adapters.paper.server.fields import BODY_BYTES_MAX, Fields, of_body, of_query
from btcbot_core.adapters.paper.server.private import PrivateEndpoints
from btcbot_core.adapters.paper.server.public import PublicEndpoints
from btcbot_core.adapters.paper.server.sockets import SocketService
from btcbot_core.adapters.paper.server.spoiling import Spoiler
from btcbot_core.adapters.paper.server.venue import Venue

HANG_S_MAX = 300.0
"""How long an answer that never comes keeps its connection."""
MAINTENANCE = Rejection("SYSTEM_UNDER_MAINTENANCE", "SYSTEM_UNDER_MAINTENANCE")
HTML_504 = (
    '<!DOCTYPE html>\n<html class="no-js" lang="en-US">\n<head>\n'
    "<title>504: Gateway time-out</title>\n</head>\n<body>The paper exchange was told to answer"
    " like a gateway that gave up.</body>\n</html>\n"
)
_ORDER_PATH = "/api/v1/order/"

# What ASGI hands over is untyped by its own definition.
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Public(Protocol):
    def __call__(self, fields: Fields, /) -> Answer: ...


class Private(Protocol):
    def __call__(self, fields: Fields, account: str, /) -> Answer: ...


class Route(msgspec.Struct, frozen=True):
    """What answers a method and a path."""

    endpoint: Endpoint
    public: Public | None = None
    private: Private | None = None


class PaperApp:
    """The whole exchange as one ASGI application; paths match in any case."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        public = PublicEndpoints(venue)
        self._private = PrivateEndpoints(venue)
        self._routes = _routes(public, self._private)
        self._paths = {path for _, path in self._routes}
        self._spoiler = Spoiler()
        self.sockets = SocketService(venue, public)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self.sockets.serve(WebSocket(scope, receive, send))

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        route = self._route(request)
        if isinstance(route, Answer):
            await _respond(route, scope, receive, send)
            return
        faults = self.venue.faults.draw(route.endpoint, self.venue.elapsed_s())
        kinds = {fault.kind: fault for fault in faults}
        if (delay := kinds.get(FaultKind.DELAY)) is not None:
            await asyncio.sleep(float(delay.amount))
        if FaultKind.TIMEOUT_BEFORE in kinds:
            await _hang(receive)
            return
        answer = _instead(kinds, route.endpoint)
        if answer is None:
            answer = await self._answered(route, request, faults)
        if FaultKind.TIMEOUT_AFTER in kinds:
            await _hang(receive)
        elif (reset := kinds.get(FaultKind.RESET)) is not None:
            _break_off(send, _raw(answer), int(reset.amount))
        elif FaultKind.HTML_AFTER in kinds:
            await Response(HTML_504, 504, media_type="text/html")(scope, receive, send)
        else:
            await _respond(answer, scope, receive, send)

    def _route(self, request: Request) -> Route | Answer:
        path = request.url.path.lower().rstrip("/")
        method = request.method
        found = self._routes.get((method, path))
        if found is not None:
            return found
        if path.startswith(_ORDER_PATH) and method == "GET":
            order_id = path.removeprefix(_ORDER_PATH)
            return Route(Endpoint.ORDER, private=lambda _, who: self._private.order(order_id, who))
        return Answer(405 if path in self._paths else 404, None)

    async def _answered(self, route: Route, request: Request, faults: tuple[Fault, ...]) -> Answer:
        """The right answer, or the refusal that the request deserves, spoiled by faults."""
        try:
            account = self._admitted(route.endpoint, request)
            fields = await _fields(request)
            answer = self._handled(route, fields, account, faults)
        except RefusedError as refused:
            return refused.answer
        asked = request.url.query
        return self._spoiler.spoil(route.endpoint, asked, answer, faults, self.venue.now_ms())

    def _handled(
        self, route: Route, fields: Fields, account: str, faults: tuple[Fault, ...]
    ) -> Answer:
        if route.public is not None:
            return route.public(fields)
        kinds = {fault.kind: fault for fault in faults}
        if route.endpoint is Endpoint.CANCEL and FaultKind.CANCEL_THEN_FILL in kinds:
            return self._private.fill_instead_of_cancel(fields, account)
        if route.endpoint is Endpoint.SUBMIT and (moved := kinds.get(FaultKind.SCALE)):
            return self._private.submit(fields, account, int(moved.amount))
        if route.private is None:
            return Answer(404, None)
        return route.private(fields, account)

    def _admitted(self, endpoint: Endpoint, request: Request) -> str:
        """The account, once quota and key are fine. Raises RefusedError."""
        venue = self.venue
        public_key = request.headers.get("x-pck", "")
        is_private = endpoint in PRIVATE
        if venue.counters is not None:
            host = request.client.host if request.client else ""
            who = f"{host} {public_key}" if is_private else host
            refused = venue.counters.refusal(endpoint, who, venue.clock.monotonic_s())
            if refused is not None:
                raise RefusedError(refused)
        if not is_private:
            return ""
        if venue.faults.standing(FaultKind.REVOKED, venue.elapsed_s()) is not None:
            raise RefusedError(unauthorized("Invalid Public/Private key"))
        why = venue.keyring.refusal(request.headers, venue.now_ms())
        if why is not None:
            raise RefusedError(unauthorized(why))
        return account_of(public_key)


def _routes(public: PublicEndpoints, private: PrivateEndpoints) -> dict[tuple[str, str], Route]:
    v2, v1 = "/api/v2", "/api/v1"
    own: dict[tuple[str, str], tuple[Endpoint, Private]] = {
        ("GET", f"{v1}/users/balances"): (Endpoint.BALANCES, private.balances),
        ("GET", f"{v1}/openorders"): (Endpoint.OPEN_ORDERS, private.open_orders),
        ("GET", f"{v1}/allorders"): (Endpoint.ALL_ORDERS, private.all_orders),
        ("POST", f"{v1}/order"): (Endpoint.SUBMIT, private.submit),
        ("DELETE", f"{v1}/order"): (Endpoint.CANCEL, private.cancel),
        ("GET", f"{v1}/users/transactions/trade"): (Endpoint.MY_TRADES, private.trades),
    }
    for name in ("users/transactions/crypto", "users/transactions/fiat"):
        for method in ("GET", "POST"):
            own[method, f"{v1}/{name}"] = (Endpoint.TRANSFERS, private.transfers)
    own["GET", f"{v1}/crypto-deposit-declarations"] = (Endpoint.TRANSFERS, private.transfers)
    shared: dict[str, tuple[Endpoint, Public]] = {
        f"{v2}/server/time": (Endpoint.TIME, public.time),
        f"{v2}/server/ping": (Endpoint.PING, public.ping),
        f"{v2}/server/exchangeinfo": (Endpoint.EXCHANGE_INFO, public.exchange_info),
        f"{v2}/ticker": (Endpoint.TICKER, public.ticker),
        f"{v2}/ticker/currency": (Endpoint.TICKER, public.ticker_of_currency),
        f"{v2}/orderbook": (Endpoint.ORDERBOOK, public.orderbook),
        f"{v2}/trades": (Endpoint.TRADES, public.trades),
        f"{v2}/ohlc": (Endpoint.OHLC, public.ohlc),
        "/v1/klines/history": (Endpoint.KLINES, public.klines),
        "/v1/ohlcs": (Endpoint.OHLCS, public.ohlcs),
    }
    routes = {at: Route(endpoint, private=call) for at, (endpoint, call) in own.items()}
    for path, (endpoint, answer) in shared.items():
        routes["GET", path] = Route(endpoint, public=answer)
    return routes


def _instead(kinds: dict[FaultKind, Fault], endpoint: Endpoint) -> Answer | None:
    """An answer that is given without doing what was asked."""
    if FaultKind.MAINTENANCE in kinds:
        return bad(MAINTENANCE, 503)
    if (found := kinds.get(FaultKind.TOO_MANY)) is not None:
        wait_s = None if found.amount < 0 else int(found.amount)
        return too_many(120, "1m", "ip", wait_s)
    if (found := kinds.get(FaultKind.STATUS)) is not None:
        return bad(Rejection("INTERNAL_ERROR", "INTERNAL_ERROR"), int(found.amount))
    if FaultKind.UNAUTHORIZED in kinds and endpoint in PRIVATE:
        refused = unauthorized("Invalid Nonce")
        return Answer(200, refused.body)
    return None


async def _fields(request: Request) -> Fields:
    """Query over body. Raises RefusedError when the body is too large or makes no sense."""
    query = of_query(request.url.query)
    if request.method == "GET":
        return query
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise RefusedError(Answer(413, None))
    return query.over(of_body(body, request.headers.get("content-type", "")))


async def _respond(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    content = encoded(answer.body)
    media = "application/json; charset=utf-8" if content else None
    await Response(content, answer.status, answer.headers, media)(scope, receive, send)


async def _hang(receive: Receive) -> None:
    """Say nothing until the client gives up; then there is nobody to answer any more."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(HANG_S_MAX):
            while (await receive())["type"] != "http.disconnect":
                pass


class _Cycle(Protocol):
    """What stands behind `send` in uvicorn; ASGI itself has no word for breaking off."""

    transport: asyncio.Transport


def _break_off(send: Send, raw: bytes, after: int) -> None:
    """Send the first bytes of an answer and drop the connection."""
    transport = cast(_Cycle, send.__self__).transport  # type: ignore[attr-defined]
    if after > 0:
        transport.write(raw[:after])
        transport.close()
    else:
        transport.abort()


def _raw(answer: Answer) -> bytes:
    """An answer as it looks on the line, head and all."""
    content = encoded(answer.body)
    head = (
        f"HTTP/1.1 {answer.status} X\r\ncontent-type: application/json\r\n"
        f"content-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content
