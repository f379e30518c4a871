"""A market that shows just what a test writes on it, and a clock that a test moves."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from btcbot_core.adapters.paper.core import PaperCore
from btcbot_core.adapters.paper.model import Method, PaperOrder, Rejection, SimPolicy, Ticket
from btcbot_core.domain.market import BookSource, Candle, Quote
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import Side

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BTCTRY = Symbol("BTCTRY")
TRY, BTC = Asset("TRY"), Asset("BTC")

RULES = PairRules(
    symbol=BTCTRY,
    base=BTC,
    quote=TRY,
    tick_size=Decimal(1),
    lot_step=Decimal("0.0001"),
    min_notional=Decimal("99.91"),
)


class SetClock:
    """Stands still until a test moves it."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def monotonic_s(self) -> float:
        return time.monotonic()

    def forward(self, by: timedelta = MINUTE) -> datetime:
        self._now += by
        return self._now


class Board:
    """A tape that a test writes."""

    def __init__(self) -> None:
        self._quotes: dict[Symbol, Quote] = {}
        self._candles: dict[Symbol, Candle] = {}

    def show(
        self,
        bid: str,
        ask: str,
        *,
        symbol: Symbol = BTCTRY,
        source: BookSource = BookSource.RECORDED,
    ) -> None:
        self._quotes[symbol] = Quote(symbol, Decimal(bid), Decimal(ask), START, source)

    def trade(self, opened_at: datetime, low: str, high: str, volume: str = "10") -> None:
        ends = Decimal(low), Decimal(high)
        self._candles[BTCTRY] = Candle(
            opened_at, ends[0], ends[1], ends[0], ends[1], Decimal(volume)
        )

    def blank(self) -> None:
        self._quotes.clear()

    def quote(self, symbol: Symbol) -> Quote | None:
        return self._quotes.get(symbol)

    def candle(self, symbol: Symbol) -> Candle | None:
        return self._candles.get(symbol)


def purse(**amounts: str) -> dict[Asset, Decimal]:
    return {Asset(asset): Decimal(amount) for asset, amount in amounts.items()}


def a_ticket(side: Side, qty: str, price: str = "0", **changes: object) -> Ticket:
    """A limit order, or a market order where no price is given."""
    whole: dict[str, object] = {
        "symbol": BTCTRY,
        "side": side,
        "method": Method.LIMIT if price != "0" else Method.MARKET,
        "qty": Decimal(qty),
        "price": Decimal(price),
        "client_id": "mine",
        **changes,
    }
    return Ticket(**whole)  # type: ignore[arg-type]


class Desk:
    """A core with its board and clock, and one account `a` that is asked about most.

    `after` is a desk whose core died: the new one goes on with the same market and time.
    """

    def __init__(
        self,
        policy: SimPolicy = SimPolicy(),  # noqa: B008 - a frozen value
        rules: Mapping[Symbol, PairRules] | None = None,
        after: "Desk | None" = None,
        **accounts: Mapping[Asset, Decimal],
    ) -> None:
        self.board: Board = after.board if after else Board()
        self.clock: SetClock = after.clock if after else SetClock()
        self.core = PaperCore({BTCTRY: RULES} if rules is None else rules, self.board, policy)
        for name, balances in (accounts or {"a": purse(TRY="100000", BTC="1")}).items():
            self.core.open_account(name, balances)

    def send(self, ticket: Ticket, account: str = "a") -> PaperOrder:
        """Submit an order that the exchange takes."""
        taken = self.core.submit(account, ticket, self.clock.now())
        assert isinstance(taken, PaperOrder), taken
        return taken

    def refused(self, ticket: Ticket, account: str = "a") -> Rejection:
        """Submit an order that the exchange refuses."""
        answer = self.core.submit(account, ticket, self.clock.now())
        assert isinstance(answer, Rejection), answer
        return answer

    def step(self, by: timedelta = MINUTE) -> None:
        self.core.advance(self.clock.forward(by))

    def free(self, asset: Asset, account: str = "a") -> Decimal:
        return self.core.balances(account)[asset].free

    def locked(self, asset: Asset, account: str = "a") -> Decimal:
        return self.core.balances(account)[asset].locked
