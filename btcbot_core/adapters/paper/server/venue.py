"""One paper exchange in service: its core, market, keys and quotas, and who watches it."""

from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

import msgspec

from btcbot_core.adapters.paper.core import PaperCore
from btcbot_core.adapters.paper.faults import NO_FAULTS, FaultKind, FaultPlan
from btcbot_core.adapters.paper.model import PaperEvent, PaperTrade, SimPolicy
from btcbot_core.adapters.paper.server.auth import Keyring
from btcbot_core.adapters.paper.server.depth import Depth, depth_of
from btcbot_core.adapters.paper.server.market import Print, ServedMarket
from btcbot_core.adapters.paper.server.quotas import Counters
from btcbot_core.adapters.paper.server.times import milliseconds
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import Side
from btcbot_core.ports import Clock

PRINTS_KEPT = 50
SERVED_POLICY = SimPolicy(crosses_modelled=True, cancel_delay=timedelta(milliseconds=50))
"""As BTCTurk: what stands in the book can be hit at once, and cancels take their time."""


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Who may come in and with how much: an account for each public key."""

    secrets: Mapping[str, str]
    balances: Mapping[Asset, Decimal]
    """What each account begins with."""
    has_quotas: bool = True

    def __repr__(self) -> str:
        return f"Access({len(self.secrets)} keys)"


class Venue:
    """What every endpoint works on."""

    def __init__(
        self,
        market: ServedMarket,
        access: Access,
        clock: Clock,
        faults: FaultPlan = NO_FAULTS,
        policy: SimPolicy = SERVED_POLICY,
        seed: int = 0,
    ) -> None:
        self.market = market
        self.rules: Mapping[Symbol, PairRules] = market.recording.rules
        self.core = PaperCore(self.rules, market, policy)
        self.keyring = Keyring(access.secrets)
        self.counters = Counters() if access.has_quotas else None
        self.faults = faults
        self.clock = clock
        self.began_s = clock.monotonic_s()
        self.prints: dict[Symbol, deque[Print]] = {}
        self.changes = 0
        """Grows with everything that happens in the core: a saved state is old when it did."""
        self._random = Random(seed)  # noqa: S311 - names for orders, not secrets
        for account in self.keyring.accounts:
            self.core.open_account(account, access.balances)
        self.core.watch(self._note)

    def watch(self, observer: Callable[[PaperEvent], None]) -> None:
        self.core.watch(observer)

    def now(self) -> datetime:
        """The wall's time, which is the core's time too."""
        return self.clock.now()

    def now_ms(self) -> int:
        """The time that the exchange says it is: the wall's, unless a fault moves it."""
        moved = self.faults.standing(FaultKind.CLOCK, self.elapsed_s())
        offset_ms = 0 if moved is None else int(moved.amount * 1000)
        return milliseconds(self.now()) + offset_ms

    def elapsed_s(self) -> Decimal:
        """Seconds since the service began, for faults that come and go."""
        return Decimal(int((self.clock.monotonic_s() - self.began_s) * 1000)).scaleb(-3)

    def depth(self, symbol: Symbol, limit: int) -> Depth:
        market, rules = self.market, self.rules[symbol]
        resting = self.core.resting(symbol)
        return depth_of(market.quote(symbol), market.candle(symbol), rules, resting, limit)

    def public_trades(self, symbol: Symbol, count: int) -> list[Print]:
        """Trades of the recording and of accounts, newest first."""
        ours = list(self.prints.get(symbol, ()))
        both = [*self.market.prints(symbol, count), *ours]
        return sorted(both, key=lambda trade: (trade.at, trade.id), reverse=True)[:count]

    def made_up_client_id(self) -> str:
        """A name for an order that came without one."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def pair_id(self, symbol: Symbol) -> int:
        return list(self.rules).index(symbol) + 1

    def _note(self, event: PaperEvent) -> None:
        self.changes += 1
        if isinstance(event, PaperTrade) and event.is_taker:
            kept = self.prints.setdefault(event.symbol, deque(maxlen=PRINTS_KEPT))
            kept.append(print_of(event))


def print_of(trade: PaperTrade) -> Print:
    """An account's trade as the public sees it."""
    is_buy = trade.side is Side.BUY
    return Print(f"{trade.id}00", trade.at, trade.price, trade.qty, is_buy)
