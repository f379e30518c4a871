"""The adapter against a scripted server, with a clock that only moves when somebody sleeps."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any

from btcbot_core.adapters.btcturk.account import BtcturkAccount
from btcbot_core.adapters.btcturk.auth import Credentials
from btcbot_core.adapters.btcturk.client import BtcturkClient
from btcbot_core.adapters.btcturk.exchange import BtcturkExchange
from btcbot_core.adapters.btcturk.line import ClientOptions
from btcbot_core.adapters.btcturk.market import BtcturkMarket
from btcbot_core.adapters.btcturk.wire.numbers import millis_of
from btcbot_core.domain.arm import arm
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.errors import ExchangeRefusedError, ExchangeUnavailableError
from btcbot_core.domain.gates import Gates, Refusal
from btcbot_core.domain.ids import ClientId, CycleId
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Intent, Order, OrderStatus, OrderType, Side
from btcbot_core.ports import Clock
from tests.btcturk.loopback import Asked, Loopback, Move, Script, reply
from tests.build import d
from tests.canaries import KEY, SECRET

HERE = Path(__file__).parent
FIXTURES = HERE / "fixtures"
T0 = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BTCTRY = Symbol("BTCTRY")


class Hands:
    """A clock that is moved by hand, and by sleeping."""

    def __init__(self) -> None:
        self._elapsed = timedelta(0)
        self._lock = Lock()
        self.wall_error = timedelta(0)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return T0 + self._elapsed + self.wall_error

    def monotonic_s(self) -> float:
        return 1000.0 + self._elapsed.total_seconds()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(round(seconds, 6))
            self.forward(seconds)

    def forward(self, seconds: float) -> None:
        self._elapsed += timedelta(seconds=seconds)


OPEN = Gates(dry_run=False, kill_switch=False, live_trading=True, acknowledged=True)


class Gate:
    """A permit that counts how often it is asked."""

    def __init__(self) -> None:
        self.refusal: Refusal | None = None
        self.asked = 0

    def __call__(self) -> Refusal | None:
        self.asked += 1
        return self.refusal

    def shut(self) -> None:
        self.refusal = Refusal(Reason.KILLED, "the kill latch is set")


class World:
    """A server that follows a script but tells the time by itself, and every adapter on it."""

    def __init__(
        self,
        script: Script,
        clock: Clock | None = None,
        read_s: float = 5.0,
        total_s: float = 8.0,
        tells_time: bool = True,
        connections_max: int = 8,
    ) -> None:
        self.hands = Hands()
        self.clock: Clock = clock or self.hands
        self.gate = Gate()
        self.answers = script
        self.server_error = timedelta(0)
        self._tells_time = tells_time
        self.server = Loopback(self._script)
        options = ClientOptions(
            base_url=self.server.url,
            graph_url=self.server.url,
            connect_s=0.5,
            read_s=read_s,
            total_s=total_s,
            connections_max=connections_max,
        )
        self.client = BtcturkClient(
            options, self.clock, Random(7), Credentials(KEY, SECRET), self.hands.sleep
        )
        self.account = BtcturkAccount(self.client)
        self.market = BtcturkMarket(self.client)
        self.exchange = BtcturkExchange(self.client, arm(OPEN, self.server.url), self.gate)
        if tells_time:
            self.client.keep_clock()

    def close(self) -> None:
        self.market.close()
        self.client.close()
        self.server.close()

    def asked(self, path: str) -> list[Asked]:
        return [each for each in self.server.asked if each.path.startswith(path)]

    def _script(self, asked: Asked) -> Move:
        if self._tells_time and asked.path == "/api/v2/server/time":
            told = millis_of(self.clock.now() + self.server_error)
            return reply(json.dumps({"serverTime": told}).encode())
        return self.answers(asked)


def tried(read: Callable[[], object]) -> None:
    """Read, and take a refusal for an answer."""
    with suppress(ExchangeUnavailableError, ExchangeRefusedError):
        read()


def always(*moves: Move) -> Script:
    """These answers in turn; the last one again and again."""
    left: Iterator[Move] = iter(moves)
    last = moves[-1]

    def script(asked: Asked) -> Move:
        return next(left, last)

    return script


def fixture(name: str) -> Any:  # recorded JSON may hold anything
    return json.loads((FIXTURES / name).read_bytes())


def fixture_bytes(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def an_intent(
    side: Side = Side.BUY,
    price: str = "9900",
    qty: str = "0.1",
    kind: OrderType = OrderType.LIMIT,
    name: str = "btcb-1",
) -> Intent:
    return Intent(
        client_id=ClientId(name),
        cycle_id=CycleId("r-00000001"),
        symbol=BTCTRY,
        side=side,
        price=d(price),
        qty=d(qty),
        ttl_s=60,
        reason=Reason.CONSERVATIVE_ENTRY,
        decided_at=T0,
        type=kind,
    )


def an_order(exchange_id: str | None = "77", name: str = "btcb-1") -> Order:
    return Order(
        client_id=ClientId(name),
        exchange_id=exchange_id,
        cycle_id=CycleId("r-00000001"),
        symbol=BTCTRY,
        side=Side.BUY,
        price=d("9900"),
        qty=d("0.1"),
        ttl_s=60,
        reason=Reason.CONSERVATIVE_ENTRY,
        status=OrderStatus.OPEN,
        created_at=T0,
        updated_at=T0,
    )


def placed(**members: object) -> dict[str, object]:
    """What the exchange says of `an_intent()` once it is placed."""
    return {
        "id": 77,
        "datetime": millis_of(T0),
        "type": "buy",
        "method": "limit",
        "price": "9900",
        "stopPrice": None,
        "quantity": "0.1",
        "pairSymbol": "BTCTRY",
        "pairSymbolNormalized": "BTC_TRY",
        "newOrderClientId": "btcb-1",
        **members,
    }


def order_row(**members: object) -> dict[str, object]:
    """A row of a listing."""
    return {
        "id": 77,
        "price": "9900",
        "amount": "0.1",
        "quantity": "0.1",
        "stopPrice": "0",
        "pairSymbol": "BTCTRY",
        "pairSymbolNormalized": "BTC_TRY",
        "type": "buy",
        "method": "limit",
        "orderClientId": "btcb-1",
        "time": 0,
        "updateTime": millis_of(T0),
        "status": "Untouched",
        "leftAmount": "0.1",
        **members,
    }


def book(bid: str = "9990", ask: str = "10000", at: datetime = T0) -> dict[str, object]:
    return {"timestamp": millis_of(at), "bids": [[bid, "0.5"]], "asks": [[ask, "0.5"]]}
