"""Rate limits: windows that start with the first request, and blocks after one too many (§7)."""

import msgspec

from btcbot_core.adapters.paper.endpoints import Endpoint
from btcbot_core.adapters.paper.server.answers import Answer, too_many

KEYS_MAX = 10_000


class Quota(msgspec.Struct, frozen=True):
    """So many in a period; whoever asks for more is blocked for a time."""

    limit: int
    period_s: int
    block_s: int
    policy: str

    @property
    def period(self) -> str:
        return f"{self.period_s // 60}m" if self.period_s % 60 == 0 else f"{self.period_s}s"


_ORDERS = (Quota(300, 60, 60, "account"), Quota(10, 1, 1, "account"))
QUOTAS: dict[Endpoint, tuple[Quota, ...]] = {
    Endpoint.BALANCES: (Quota(120, 60, 60, "ip"),),
    Endpoint.SUBMIT: _ORDERS,
    Endpoint.CANCEL: _ORDERS,
    Endpoint.ORDER: (Quota(900, 60, 60, "account"), Quota(30, 1, 1, "account")),
    Endpoint.OPEN_ORDERS: (Quota(300, 60, 60, "ip"),),
    Endpoint.ALL_ORDERS: (Quota(300, 60, 60, "ip"),),
    Endpoint.MY_TRADES: (Quota(120, 60, 60, "ip"),),
    Endpoint.TRANSFERS: (Quota(90, 60, 60, "ip"),),
    Endpoint.TRADES: (Quota(90, 60, 60, "ip"),),
    Endpoint.TICKER: (Quota(600, 60, 60, "ip"),),
    Endpoint.ORDERBOOK: (Quota(180, 60, 60, "ip"),),
    Endpoint.OHLCS: (Quota(120, 60, 60, "ip"), Quota(600, 600, 600, "ip")),
    Endpoint.KLINES: (Quota(600, 600, 600, "ip"),),
    Endpoint.SOCKET: (Quota(15, 60, 60, "ip"),),
}


class Window(msgspec.Struct):
    """One asker's window on one quota."""

    began_s: float
    count: int = 0
    blocked_until_s: float = 0.0


class Counters:
    """Counts requests; answers those that are too many."""

    def __init__(self) -> None:
        self._windows: dict[tuple[Endpoint, int, str], Window] = {}

    def refusal(self, endpoint: Endpoint, who: str, now_s: float) -> Answer | None:
        """The 429 for this request, or None when it is counted and let through."""
        for index, quota in enumerate(QUOTAS.get(endpoint, ())):
            window = self._window((endpoint, index, who), now_s, quota)
            if now_s >= window.blocked_until_s and window.count >= quota.limit:
                window.blocked_until_s = now_s + quota.block_s
            if now_s < window.blocked_until_s:
                wait_s = int(window.blocked_until_s - now_s) or 1
                return too_many(quota.limit, quota.period, quota.policy, wait_s)
            window.count += 1
        return None

    def _window(self, key: tuple[Endpoint, int, str], now_s: float, quota: Quota) -> Window:
        window = self._windows.get(key)
        if window is None or (
            now_s - window.began_s >= quota.period_s and now_s >= window.blocked_until_s
        ):
            if len(self._windows) >= KEYS_MAX:
                self._windows.clear()
            window = self._windows[key] = Window(now_s)
        return window
