"""The socket service: who is connected, what they joined, and what they are sent."""

import asyncio
import json
from collections.abc import Iterator

from starlette.websockets import WebSocket, WebSocketDisconnect

from btcbot_core.adapters.paper.endpoints import Endpoint
from btcbot_core.adapters.paper.faults import Fault, FaultKind
from btcbot_core.adapters.paper.model import Change, OrderChanged, PaperEvent, PaperTrade
from btcbot_core.adapters.paper.server import frames
from btcbot_core.adapters.paper.server.depth import Depth
from btcbot_core.adapters.paper.server.public import PublicEndpoints
from btcbot_core.adapters.paper.server.rows import trade_row
from btcbot_core.adapters.paper.server.venue import Venue, print_of
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import ViewStatus

QUEUE_MAX = 1000
"""Frames that wait for a slow client; one more and it is cut off."""
FRAME_LENGTH_MAX = 4096
JOINED_MAX = 200
CONNECTIONS_MAX = 200
LEVELS = 100
PRINTS_FIRST = 50

Topic = tuple[str, str]


class Connection:
    """One client."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.joined: set[Topic] = set()
        self.account: str | None = None
        self.user_id = 0
        self.is_mute = False
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(QUEUE_MAX)

    def send(self, text: str) -> None:
        """Put a frame on its way; a client that does not read is cut off."""
        if self.is_mute:
            return
        if self._queue.full():
            self.is_mute = True
            self._queue.get_nowait()
            self._queue.put_nowait(None)
            return
        self._queue.put_nowait(text)

    async def write(self) -> None:
        """Send what is queued until the end is."""
        while (text := await self._queue.get()) is not None:
            await self.socket.send_text(text)
        await self.socket.close()

    def end(self) -> None:
        if not self._queue.full():
            self._queue.put_nowait(None)


class SocketService:
    """All connections of one venue."""

    def __init__(self, venue: Venue, public: PublicEndpoints) -> None:
        self._venue = venue
        self._public = public
        self._connections: set[Connection] = set()
        self._books: dict[Symbol, tuple[int, Depth]] = {}
        self._last_print: dict[Symbol, str] = {}
        venue.watch(self._on_event)

    async def serve(self, socket: WebSocket) -> None:
        """One connection from greeting to goodbye."""
        venue = self._venue
        faults = venue.faults.draw(Endpoint.SOCKET, venue.elapsed_s())
        kinds = {fault.kind for fault in faults}
        if FaultKind.RESET in kinds or self._is_over_quota(socket):
            await socket.close(1013)
            return
        await socket.accept()
        connection = Connection(socket)
        connection.send(frames.hello())
        connection.is_mute = FaultKind.TIMEOUT_AFTER in kinds
        self._connections.add(connection)
        writer = asyncio.create_task(connection.write())
        try:
            await _pause(faults)
            while True:
                self._hear(connection, await socket.receive_text())
        except (WebSocketDisconnect, KeyError):
            connection.joined.clear()  # it went, or sent bytes where text was expected
        finally:
            self._connections.discard(connection)
            connection.is_mute = True
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    def tick(self) -> None:
        """About once a second: send what changed to those who joined it."""
        wanted = {topic for c in self._connections for topic in c.joined}
        for topic in sorted(wanted):
            for text in self._news(topic):
                self._publish(topic, text)

    def close(self) -> None:
        for connection in list(self._connections):
            connection.end()

    def _is_over_quota(self, socket: WebSocket) -> bool:
        counters, venue = self._venue.counters, self._venue
        if len(self._connections) >= CONNECTIONS_MAX:
            return True
        who = socket.client.host if socket.client else ""
        now_s = venue.clock.monotonic_s()
        return counters is not None and counters.refusal(Endpoint.SOCKET, who, now_s) is not None

    def _hear(self, connection: Connection, text: str) -> None:
        try:
            code, body = json.loads(text[:FRAME_LENGTH_MAX], parse_float=str)
            if not isinstance(body, dict):
                raise TypeError
        except (ValueError, TypeError, RecursionError):
            connection.send(frames.result("invalid message", ok=False))
            return
        if code == frames.JOIN:
            self._join(connection, body)
        elif code == frames.LOGIN:
            self._login(connection, body)

    def _join(self, connection: Connection, body: dict[str, object]) -> None:
        channel, event = str(body.get("channel", ""))[:20], str(body.get("event", ""))[:30]
        topic = (channel, event)
        if not self._is_topic(topic) or len(connection.joined) >= JOINED_MAX:
            connection.send(frames.result(f"join|{channel}:{event}", ok=False))
        elif body.get("join") is False:
            connection.joined.discard(topic)
            connection.send(frames.result(f"leave|{channel}:{event}"))
        else:
            connection.send(frames.result(f"join|{channel}:{event}"))
            for text in self._first(topic):
                connection.send(text)
            connection.joined.add(topic)

    def _login(self, connection: Connection, body: dict[str, object]) -> None:
        nonce = body.get("nonce")
        found = self._venue.keyring.login(
            str(body.get("publicKey", "")),
            nonce if isinstance(nonce, int) else 0,
            str(body.get("signature", "")),
        )
        if isinstance(found, str):
            connection.send(frames.login(0, found))
            return
        connection.account, connection.user_id = found.account, found.user_id
        connection.send(frames.login(found.user_id, None))

    def _is_topic(self, topic: Topic) -> bool:
        channel, event = topic
        if channel == "ticker" and event == "all":
            return True
        symbol, _, resolution = event.partition("_")
        is_view = channel == "tradeview" and resolution.isdecimal() and 0 < int(resolution) <= 1440
        is_plain = channel in ("ticker", "trade", "orderbook", "obdiff") and not resolution
        return symbol in self._venue.rules and (is_view or is_plain)

    def _first(self, topic: Topic) -> Iterator[str]:
        """What a client gets right after it joined."""
        channel, event = topic
        symbol = Symbol(event)
        if channel == "trade":
            for text in self._new_prints(symbol):  # or the next tick would tell them once more
                self._publish(topic, text)
            yield frames.trades(symbol, self._venue.public_trades(symbol, PRINTS_FIRST))
        elif channel == "obdiff":
            change, depth = self._books.setdefault(symbol, (1, self._depth(symbol)))
            yield frames.book(symbol, depth, change, channel)
        else:
            yield from self._news(topic)

    def _news(self, topic: Topic) -> Iterator[str]:
        """What a topic has to say now."""
        channel, event = topic
        symbol = Symbol(event)
        if topic == ("ticker", "all"):
            yield frames.all_tickers([self._ticker(s) for s in self._venue.rules])
        elif channel == "ticker":
            yield frames.ticker(symbol, self._ticker(symbol))
        elif channel == "orderbook":
            yield frames.book(symbol, self._depth(symbol), self._venue.changes, channel)
        elif channel == "obdiff":
            change, before = self._books.get(symbol, (1, Depth((), ())))
            depth = self._depth(symbol)
            diff = frames.book_diff(symbol, before, depth, change + 1)
            if diff is not None:
                self._books[symbol] = (change + 1, depth)
                yield diff
        elif channel == "trade":
            yield from self._new_prints(symbol)
        else:
            yield from self._bar(event)

    def _new_prints(self, symbol: Symbol) -> Iterator[str]:
        """Trades of the recording since the last tick; those of accounts went out at once."""
        last = self._last_print.get(symbol, "")
        prints = self._venue.market.prints(symbol, PRINTS_FIRST)
        fresh = [one for one in prints if one.id > last]
        if fresh:
            self._last_print[symbol] = fresh[0].id
        for one in reversed(fresh):
            yield frames.trade(symbol, one)

    def _bar(self, event: str) -> Iterator[str]:
        name, _, resolution = event.partition("_")
        symbol, length_s = Symbol(name), int(resolution) * 60
        now_s = self._venue.now_ms() // 1000
        bars = self._venue.market.bars(symbol, length_s, now_s - 2 * length_s, now_s)
        if bars:
            yield frames.bar(symbol, resolution, bars[-1])

    def _ticker(self, symbol: Symbol) -> dict[str, object]:
        row, depth = self._public.ticker_row(symbol), self._venue.depth(symbol, 1)
        return frames.ticker_body(row, depth, self._venue.pair_id(symbol))

    def _depth(self, symbol: Symbol) -> Depth:
        return self._venue.depth(symbol, LEVELS)

    def _publish(self, topic: Topic, text: str) -> None:
        for connection in self._connections:
            if topic in connection.joined:
                connection.send(text)

    def _on_event(self, event: PaperEvent) -> None:
        """Tell an account of its orders and trades, and the public of its trades."""
        order = event.order if isinstance(event, OrderChanged) else event
        account, symbol = order.account, order.symbol
        mine = [c for c in self._connections if c.account == account]
        for connection in mine:
            for text in self._user_frames(event, connection.user_id):
                connection.send(text)
        if isinstance(event, PaperTrade) and event.is_taker:
            self._publish(("trade", symbol), frames.trade(symbol, print_of(event)))

    def _user_frames(self, event: PaperEvent, user_id: int) -> Iterator[str]:
        venue = self._venue
        if isinstance(event, PaperTrade):
            yield frames.user_match(event, user_id, venue.pair_id(event.symbol))
            yield frames.user_trade(trade_row(event, venue.rules[event.symbol]))
        elif event.change is Change.OPENED:
            yield frames.order_insert(event.order, user_id, venue.pair_id(event.order.symbol))
        elif event.order.status is ViewStatus.CANCELED:
            yield frames.order_delete(event.order, user_id, venue.pair_id(event.order.symbol))
        yield frames.balance_updated(user_id)


async def _pause(faults: tuple[Fault, ...]) -> None:
    for fault in faults:
        if fault.kind is FaultKind.DELAY:
            await asyncio.sleep(float(fault.amount))
