"""The connection is reset while the request is still being read, at any byte of it (FAULTS X04)."""

import json
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from threading import Thread

import pytest

from btcbot_core.adapters.btcturk.auth import Credentials
from btcbot_core.adapters.btcturk.client import BtcturkClient
from btcbot_core.adapters.btcturk.exchange import BtcturkExchange
from btcbot_core.adapters.btcturk.line import ClientOptions
from btcbot_core.adapters.btcturk.wire.numbers import millis_of
from btcbot_core.domain.arm import arm
from btcbot_core.domain.trading import AnswerKind
from tests.btcturk.loopback import answer_bytes
from tests.btcturk.world import OPEN, Gate, Hands, an_intent
from tests.canaries import KEY, SECRET

REQUEST_BYTES = 420
"""A little less than an order has, so that every cut is within it."""


class CuttingServer:
    """Tells the time; of an order it reads so many bytes and then resets the line."""

    def __init__(self) -> None:
        self.hands = Hands()
        self.read_bytes = 0
        self.posts = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._server.accept()
            except OSError:
                return  # closed
            with line, suppress(OSError):
                while self._answer(line):
                    pass

    def _answer(self, line: socket.socket) -> bool:
        seen = line.recv(65_536, socket.MSG_PEEK)
        if not seen.startswith(b"POST"):
            if line.recv(65_536):
                told = json.dumps({"serverTime": millis_of(self.hands.now())}).encode()
                line.sendall(answer_bytes(told))
            return bool(seen)
        self.posts += 1
        left = self.read_bytes
        while left and (more := line.recv(left)):
            left -= len(more)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False


@pytest.fixture
def server() -> Iterator[CuttingServer]:
    made = CuttingServer()
    yield made
    made.close()


def test_an_order_cut_at_any_byte_of_its_request_is_unknown_and_sent_once(
    server: CuttingServer,
) -> None:
    options = ClientOptions(base_url=server.url, graph_url=server.url, connect_s=0.5, read_s=5.0)
    hands = server.hands
    client = BtcturkClient(options, hands, Random(7), Credentials(KEY, SECRET), hands.sleep)
    exchange = BtcturkExchange(client, arm(OPEN, server.url), Gate())
    client.keep_clock()
    try:
        for server.read_bytes in range(REQUEST_BYTES):
            before = server.posts
            assert exchange.submit(an_intent()).kind is AnswerKind.UNKNOWN
            assert server.posts == before + 1
            hands.forward(1)
            client.keep_clock()
    finally:
        client.close()
    assert server.posts == REQUEST_BYTES
