"""The calls that we make, and how often each may be made (API.md §2, §5, §7)."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class Host(StrEnum):
    API = "api"
    GRAPH = "graph"


class Traffic(StrEnum):
    """Calls that are counted together."""

    BALANCES = "balances"
    ORDERS = "orders"
    ORDER_LOOKUP = "order_lookup"
    OPEN_ORDERS = "open_orders"
    ALL_ORDERS = "all_orders"
    FILLS = "fills"
    TICKER = "ticker"
    BOOK = "book"
    CANDLES = "candles"
    OTHER = "other"


class Window(msgspec.Struct, frozen=True):
    """At most so many calls in so many seconds."""

    limit: int
    period_s: float


LIMITS: Mapping[Traffic, tuple[Window, ...]] = {
    Traffic.BALANCES: (Window(120, 60),),
    # Submits and cancels are counted apart over there; together here, which is the stricter.
    Traffic.ORDERS: (Window(10, 1), Window(300, 60)),
    Traffic.ORDER_LOOKUP: (Window(30, 1), Window(900, 60)),
    Traffic.OPEN_ORDERS: (Window(300, 60),),
    Traffic.ALL_ORDERS: (Window(300, 60),),
    Traffic.FILLS: (Window(120, 60),),
    Traffic.TICKER: (Window(600, 60),),
    Traffic.BOOK: (Window(180, 60),),
    Traffic.CANDLES: (Window(120, 60), Window(600, 600)),
    # Not in the published table: a call a second is nowhere too many.
    Traffic.OTHER: (Window(60, 60),),
}


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the exchange's API."""

    method: str
    path: str
    traffic: Traffic
    host: Host = Host.API
    is_private: bool = False
    share_percent: int = 90
    """How much of the limits this call may use up; what is left is kept for cancels."""
    body_kib_max: int = 1024
    """A longer answer is refused. JSON grows twenty times larger when it is unpacked."""
    may_wait: bool = True
    """Whether it may wait its turn, or look at the server's clock first.

    Not so for a new order: between the last look at the kill latch and the socket, nothing
    may take time.
    """

    def of(self, order_id: str) -> "Call":
        """The call about one order."""
        return msgspec.structs.replace(self, path=f"{self.path}/{order_id}")


SERVER_TIME = Call(method="GET", path="/api/v2/server/time", traffic=Traffic.OTHER)
EXCHANGE_INFO = Call(
    method="GET", path="/api/v2/server/exchangeinfo", traffic=Traffic.OTHER, body_kib_max=2048
)
TICKER = Call(method="GET", path="/api/v2/ticker", traffic=Traffic.TICKER)
BOOK = Call(method="GET", path="/api/v2/orderbook", traffic=Traffic.BOOK, body_kib_max=256)
TRADES = Call(method="GET", path="/api/v2/trades", traffic=Traffic.OTHER)
KLINES = Call(method="GET", path="/v1/klines/history", traffic=Traffic.CANDLES, host=Host.GRAPH)
BALANCES = Call(
    method="GET", path="/api/v1/users/balances", traffic=Traffic.BALANCES, is_private=True
)
OPEN_ORDERS = Call(
    method="GET", path="/api/v1/openOrders", traffic=Traffic.OPEN_ORDERS, is_private=True
)
ALL_ORDERS = Call(
    method="GET", path="/api/v1/allOrders", traffic=Traffic.ALL_ORDERS, is_private=True
)
ORDER = Call(method="GET", path="/api/v1/order", traffic=Traffic.ORDER_LOOKUP, is_private=True)
FILLS = Call(
    method="GET",
    path="/api/v1/users/transactions/trade",
    traffic=Traffic.FILLS,
    is_private=True,
)
SUBMIT = Call(
    method="POST",
    path="/api/v1/order",
    traffic=Traffic.ORDERS,
    is_private=True,
    share_percent=70,
    may_wait=False,
)
CANCEL = Call(
    method="DELETE",
    path="/api/v1/order",
    traffic=Traffic.ORDERS,
    is_private=True,
    share_percent=100,
)
