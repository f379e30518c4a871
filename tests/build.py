"""One maker a word: every default in sight, only what matters in the test."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from btcbot_core.cycle.cycle import Carried, Cycle
from btcbot_core.domain.account import Accounts, Balance, Position
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.ids import ClientId, CycleId, FillId, RunId
from btcbot_core.domain.market import BookSource, MarketSnapshot, Quote
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.policy import LimitPolicy, OrderPolicy, Policy, StrategyPolicy
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import (
    Fill,
    Intent,
    Order,
    OrderStatus,
    OrderType,
    OrderView,
    Side,
    Signal,
    ViewStatus,
)
from btcbot_core.ledger.book import Ledger

T0 = datetime(2022, 11, 8, 22, 37, tzinfo=UTC)
BTC = Symbol("BTCTRY")
TRY = Asset("TRY")


def at(seconds: int = 0) -> datetime:
    """An instant of the test's own time."""
    return T0 + timedelta(seconds=seconds)


def d(text: str) -> Decimal:
    return Decimal(text)


def rules(
    symbol: str = "BTCTRY", tick: str = "0.1", step: str = "0.0001", least: str = "10"
) -> PairRules:
    return PairRules(
        symbol=Symbol(symbol),
        base=Asset(symbol.removesuffix("TRY")),
        quote=TRY,
        tick_size=d(tick),
        lot_step=d(step),
        min_notional=d(least),
    )


def quote(symbol: str = "BTCTRY", bid: str = "100", ask: str = "100.1", age_s: int = 0) -> Quote:
    return Quote(Symbol(symbol), d(bid), d(ask), at(-age_s), BookSource.MODELLED)


def a_signal(
    symbol: str = "BTCTRY",
    side: Side = Side.BUY,
    qty: str = "1",
    price: str | None = "100",
    reason: Reason = Reason.CONSERVATIVE_ENTRY,
) -> Signal:
    return Signal(
        symbol=Symbol(symbol),
        side=side,
        qty=d(qty),
        price=None if price is None else d(price),
        reason=reason,
        confidence_ratio=d("0.5"),
        strategy="test",
    )


def an_intent(
    name: str = "c1", side: Side = Side.BUY, qty: str = "1", price: str = "100"
) -> Intent:
    return Intent(
        client_id=ClientId(name),
        cycle_id=CycleId("run-00000001"),
        symbol=BTC,
        side=side,
        price=d(price),
        qty=d(qty),
        ttl_s=120,
        reason=Reason.CONSERVATIVE_ENTRY,
        decided_at=at(),
    )


def an_order(
    name: str = "c1",
    status: OrderStatus = OrderStatus.OPEN,
    side: Side = Side.BUY,
    symbol: str = "BTCTRY",
    qty: str = "1",
    filled: str = "0",
    exchange_id: str | None = "x1",
    rests_since_s: int | None = 0,
) -> Order:
    return Order(
        client_id=ClientId(name),
        exchange_id=exchange_id,
        cycle_id=CycleId("run-00000001"),
        symbol=Symbol(symbol),
        side=side,
        price=d("100"),
        qty=d(qty),
        ttl_s=120,
        reason=Reason.CONSERVATIVE_ENTRY,
        status=status,
        created_at=at(),
        updated_at=at(),
        filled_qty=d(filled),
        rests_since=None if rests_since_s is None else at(rests_since_s),
        seq=1,
    )


def a_view(
    exchange_id: str = "x1",
    client: str | None = "c1",
    status: ViewStatus = ViewStatus.OPEN,
    qty: str = "1",
    left: str = "1",
) -> OrderView:
    return OrderView(
        exchange_id=exchange_id,
        client_id=None if client is None else ClientId(client),
        symbol=BTC,
        side=Side.BUY,
        type=OrderType.LIMIT,
        price=d("100"),
        qty=d(qty),
        left_qty=d(left),
        status=status,
        updated_at=at(),
    )


def a_fill(
    name: str = "f1",
    side: Side = Side.BUY,
    qty: str = "1",
    price: str = "100",
    fee: str = "0",
    symbol: str = "BTCTRY",
    client: str | None = "c1",
    exchange_id: str = "x1",
    fee_asset: str = "TRY",
) -> Fill:
    return Fill(
        id=FillId(name),
        exchange_id=exchange_id,
        client_id=None if client is None else ClientId(client),
        symbol=Symbol(symbol),
        side=side,
        price=d(price),
        qty=d(qty),
        fee=d(fee),
        fee_asset=Asset(fee_asset),
        at=at(),
    )


def a_position(
    symbol: str = "BTCTRY", qty: str = "2", avg: str = "100", mark: str = "100"
) -> Position:
    return Position(symbol=Symbol(symbol), qty=d(qty), cost_try=d(qty) * d(avg), mark=d(mark))


def a_policy(
    strategy: StrategyPolicy | None = None,
    limits: LimitPolicy | None = None,
    orders: OrderPolicy | None = None,
) -> Policy:
    """Zero fees and a wide allowance, so that a test sees only the rule that it is about."""
    return Policy(
        strategy=strategy or StrategyPolicy(taker_fee_bps=ZERO),
        limits=limits or LimitPolicy(max_open_orders=50),
        orders=orders or OrderPolicy(),
    )


def accounts(**free: str) -> Accounts:
    return {Asset(k): Balance(Asset(k), d(v), ZERO) for k, v in free.items()}


def a_cycle(
    symbols: tuple[str, ...] = ("BTCTRY",),
    quotes: tuple[Quote, ...] = (),
    orders: tuple[Order, ...] = (),
    policy: Policy | None = None,
    balances: Accounts | None = None,
    ledger: Ledger | None = None,
    pair_rules: Mapping[Symbol, PairRules] | None = None,
) -> Cycle:
    """A cycle that was gathered, and nothing more."""
    known = tuple(Symbol(s) for s in symbols)
    return Cycle(
        id=CycleId("run-00000001"),
        run_id=RunId("run"),
        step=1,
        at=at(),
        policy=policy or a_policy(),
        symbols=known,
        market=MarketSnapshot(at=at(), quotes={q.symbol: q for q in quotes}),
        rules={s: rules(s) for s in known} if pair_rules is None else pair_rules,
        accounts=accounts(TRY="10000") if balances is None else balances,
        carried=Carried(
            ledger=ledger or Ledger(quote=TRY, seq=1, cash_try=d("10000"), capital_try=d("10000")),
            orders={o.client_id: o for o in orders},
        ),
    )
