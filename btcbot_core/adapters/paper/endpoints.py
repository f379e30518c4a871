"""The exchange's endpoints by name: what quotas count and what faults are aimed at."""

from enum import StrEnum


class Endpoint(StrEnum):
    TIME = "time"
    PING = "ping"
    EXCHANGE_INFO = "exchangeinfo"
    TICKER = "ticker"
    ORDERBOOK = "orderbook"
    TRADES = "trades"
    OHLC = "ohlc"
    KLINES = "klines"
    OHLCS = "ohlcs"
    BALANCES = "balances"
    SUBMIT = "submit"
    CANCEL = "cancel"
    ORDER = "order"
    OPEN_ORDERS = "openorders"
    ALL_ORDERS = "allorders"
    MY_TRADES = "mytrades"
    TRANSFERS = "transfers"
    SOCKET = "socket"


PRIVATE = frozenset(
    {
        Endpoint.BALANCES,
        Endpoint.SUBMIT,
        Endpoint.CANCEL,
        Endpoint.ORDER,
        Endpoint.OPEN_ORDERS,
        Endpoint.ALL_ORDERS,
        Endpoint.MY_TRADES,
        Endpoint.TRANSFERS,
    }
)
"""What needs a key."""
