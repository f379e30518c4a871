"""A paper exchange on a loopback port, in a thread of its own, with a clock and a tiny client."""

import asyncio
import hashlib
import hmac
import http.client
import json
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import btcbot_core
from btcbot_core.adapters.paper.server.app import PaperApp
from btcbot_core.adapters.paper.server.serving import Options, Service, create_app
from btcbot_core.adapters.paper.server.times import Recording as Served
from btcbot_core.adapters.paper.server.venue import Access
from btcbot_core.adapters.replay.dataset import load
from btcbot_core.adapters.replay.recording import Recording
from tests.adapters.market import purse
from tests.canaries import KEY, SECRET

DEMO = Path(btcbot_core.__file__).parent / "demo" / "ftx_night"
OTHER_KEY = "other-key"
SPARE_KEYS = tuple(f"spare-{number}" for number in range(100))
"""For tests that share a server: each takes an account that nobody has used."""
MONEY = purse(TRY="100000", BTC="1")


class WallClock:
    """Real time, which a test may move forward."""

    def __init__(self) -> None:
        self.moved = timedelta(0)
        self._stopped: tuple[datetime, float] | None = None

    def stop(self) -> None:
        """Stand still from now on, but for what it is moved."""
        self._stopped = (datetime.now(UTC), time.monotonic())

    def now(self) -> datetime:
        real = self._stopped[0] if self._stopped else datetime.now(UTC)
        return real + self.moved

    def monotonic_s(self) -> float:
        real = self._stopped[1] if self._stopped else time.monotonic()
        return real + self.moved.total_seconds()


def options(**changes: Any) -> Options:
    access = Access(
        secrets=dict.fromkeys((KEY, OTHER_KEY, *SPARE_KEYS), SECRET),
        balances=changes.pop("balances", MONEY),
        has_quotas=changes.pop("has_quotas", False),
    )
    return Options(**{"port": 0, "access": access, "speed": Fraction(1, 1000), **changes})


class Running:
    """A service that runs, and how to talk to it."""

    def __init__(self, app: PaperApp, port: int, clock: WallClock, key: str = KEY) -> None:
        self.app = app
        self.port = port
        self.clock = clock
        self.key = key
        self.url = f"http://127.0.0.1:{port}"

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> "Reply":
        """One request on a connection of its own."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            target = f"{path}?{urlencode(query, doseq=True)}" if query else path
            content = raw if raw is not None else (json.dumps(body).encode() if body else None)
            head = {"Content-Type": "application/json", **(headers or {})}
            line.request(method, target, content, head)
            answer = line.getresponse()
            return Reply(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            line.close()

    def as_(self, key: str) -> "Running":
        """The same server, asked by another account."""
        return Running(self.app, self.port, self.clock, key)

    def get(self, path: str, **query: object) -> "Reply":
        return self.ask("GET", path, query)

    def mine(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None = None,
        body: object = None,
        key: str | None = None,
    ) -> "Reply":
        """A signed request to `/api/v1/…`."""
        stamp = int(self.clock.now().timestamp() * 1000)
        return self.ask(
            method, f"/api/v1/{path}", query, body, signed(key or self.key, SECRET, stamp)
        )

    def order(
        self, side: str, quantity: str, price: str, key: str | None = None, **more: object
    ) -> "Reply":
        body = {
            "quantity": quantity,
            "price": price,
            "orderMethod": "limit",
            "orderType": side,
            "pairSymbol": "BTCTRY",
            **more,
        }
        return self.mine("POST", "order", body=body, key=key)


class Reply:
    """A status, its headers and its body."""

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.content = content

    @property
    def body(self) -> Any:
        return json.loads(self.content)

    @property
    def data(self) -> Any:
        return self.body["data"]


def signed(key: str, secret: str, stamp: int) -> dict[str, str]:
    message = f"{key}{stamp}".encode()
    signature = hmac.new(b64decode(secret), message, hashlib.sha256).digest()
    return {
        "X-PCK": key,
        "X-Stamp": str(stamp),
        "X-Signature": b64encode(signature).decode(),
    }


def served(given: Options | None = None, dataset: Path = DEMO) -> AbstractContextManager[Running]:
    """A service on a port that was free, until the block is left."""
    return recording_served(Recording(load(dataset)), given or options())


@contextmanager
def recording_served(recording: Served, chosen: Options) -> Iterator[Running]:
    """The same for a recording that need not be a dataset."""
    clock = WallClock()
    app = create_app(recording, chosen, clock)
    service = Service(app, chosen)
    failed: list[BaseException] = []
    thread = threading.Thread(target=_run, args=(service, failed), name="paper-exchange")
    thread.start()
    try:
        yield Running(app, service.port, clock)
    finally:
        service.stop()
        thread.join(15)
        assert not thread.is_alive()
    assert not failed


def _run(service: Service, failed: list[BaseException]) -> None:
    try:
        asyncio.run(service.run())
    except BaseException as error:  # noqa: BLE001 - the test says what it was
        failed.append(error)


def until(happens: Callable[[], bool], within_s: float = 5.0) -> None:
    """Wait for something that a running server does by itself."""
    deadline = time.monotonic() + within_s
    while not happens():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
