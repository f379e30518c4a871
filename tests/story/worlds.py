"""A small world for whole cycles: a market that stands still, an exchange that does as told."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec

from btcbot_core.adapters.latch import FileLatch
from btcbot_core.adapters.memory.store import MemoryStore
from btcbot_core.app.frames import Role, World
from btcbot_core.app.gate import Permit
from btcbot_core.app.lease import Lease
from btcbot_core.app.runner import Plan
from btcbot_core.app.session import Schedule, Session
from btcbot_core.app.world import Ports
from btcbot_core.cycle.cycle import Carried
from btcbot_core.cycle.stages import STAGE3, Stage
from btcbot_core.domain.account import Accounts, Balance
from btcbot_core.domain.errors import HeldBackError
from btcbot_core.domain.gates import Gates
from btcbot_core.domain.ids import FillId, RunId
from btcbot_core.domain.market import BookSource, MarketSnapshot, Quote
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.policy import LimitPolicy, OrderPolicy, Policy, StrategyPolicy
from btcbot_core.domain.records import RunKind, RunRow
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import (
    Answer,
    AnswerKind,
    Fill,
    Intent,
    Order,
    OrderType,
    OrderView,
    Verb,
    ViewStatus,
)
from btcbot_core.ports import Store
from tests.build import BTC, TRY, at, rules

STEP = timedelta(seconds=60)
QUOTES = (TRY, Asset("USDT"), Asset("TUSD"), Asset("BTC"))
"""Of the pairs of these stories, whoever trades them."""
RUN = RunId("r0000000000000000")


@dataclass
class HandClock:
    """Moved by the timeline, a minute a step; real time does not pass at all."""

    now_: datetime = field(default_factory=at)
    real_s: float = 0.0

    def now(self) -> datetime:
        return self.now_

    def monotonic_s(self) -> float:
        return self.real_s


@dataclass
class Minutes:
    """A timeline of so many minutes."""

    clock: HandClock
    steps: int
    first: datetime

    def advance(self, last_step: int) -> int | None:
        if last_step + 1 >= self.steps:
            return None
        self.clock.now_ = self.first + STEP * (last_step + 1)
        return last_step + 1

    def total(self) -> int | None:
        return self.steps


@dataclass
class HandMarket:
    """Shows the bid and ask that the story sets."""

    clock: HandClock
    prices: dict[Symbol, tuple[Decimal, Decimal]] = field(
        default_factory=lambda: {BTC: (Decimal(100), Decimal("100.1"))}
    )
    without_rules: frozenset[Symbol] = frozenset()

    def snapshot(self, symbols: Sequence[Symbol]) -> MarketSnapshot:
        now = self.clock.now()
        quotes = {
            s: Quote(s, *self.prices[s], now, BookSource.RECORDED)
            for s in symbols
            if s in self.prices
        }
        return MarketSnapshot(at=now, quotes=quotes)

    def rules(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PairRules]:
        return {s: rules(s) for s in symbols if s not in self.without_rules}


@dataclass
class HandExchange:
    """Takes every order and fills it when told to. `before` may change what happens to a call."""

    clock: HandClock
    cash: Decimal = Decimal(10_000)
    orders: dict[str, OrderView] = field(default_factory=dict)
    trades: list[Fill] = field(default_factory=list)
    submits: list[Intent] = field(default_factory=list)
    cancels: list[str] = field(default_factory=list)
    answer: AnswerKind = AnswerKind.ACKED
    places_anyway: bool = True
    is_visible: bool = True
    before: Callable[[], None] = lambda: None
    before_cancel: Callable[[], object] = lambda: None
    failure: Exception | None = None
    """What every question meets, while it is set."""
    held_back: frozenset[str] = frozenset()
    """Questions that the exchange's limits do not let through, while they are set."""
    sent: dict[Asset, Decimal] = field(default_factory=dict)
    """What came or, below zero, went without a trade, beside `cash`."""
    locked: dict[Asset, Decimal] = field(default_factory=dict)
    """What resting orders hold of each balance."""
    lag: timedelta = timedelta(0)
    """For how long a trade is in no list, though balances show it."""
    asked: Counter[str] = field(default_factory=Counter)
    """How often each question was put; balances once a turn, or once a try of one."""

    def balances(self) -> Accounts:
        self._ask("balances")
        if self.failure is not None:
            raise self.failure
        totals = {TRY: self.cash, Asset("BTC"): ZERO}
        for asset, amount in self.sent.items():
            totals[asset] = totals.get(asset, ZERO) + amount
        for f in self.trades:
            paid = next(quote for quote in QUOTES if f.symbol.endswith(quote))
            base = Asset(f.symbol.removesuffix(paid))
            sign = 1 if f.side == "buy" else -1
            moves = ((base, sign * f.qty), (paid, -sign * f.notional_try), (f.fee_asset, -f.fee))
            for asset, amount in moves:
                totals[asset] = totals.get(asset, ZERO) + amount
        locked = self.locked
        return {
            a: Balance(a, n - locked.get(a, ZERO), locked.get(a, ZERO)) for a, n in totals.items()
        }

    def open_orders(self, symbol: Symbol | None) -> tuple[OrderView, ...]:
        self._ask("open_orders")
        working = (ViewStatus.OPEN, ViewStatus.PARTIAL)
        shown = self.orders.values() if self.is_visible else ()
        return tuple(v for v in shown if v.status in working and symbol in (None, v.symbol))

    def find_order(self, order: Order) -> OrderView | None:
        shown = self.orders.values() if self.is_visible else ()
        return next((v for v in shown if v.client_id == order.client_id), None)

    def fills(self, symbol: Symbol | None, since: datetime) -> tuple[Fill, ...]:
        self._ask("fills")
        until = self.clock.now() - self.lag
        return tuple(
            f for f in self.trades if symbol in (None, f.symbol) and since <= f.at <= until
        )

    def submit(self, intent: Intent) -> Answer:
        self.before()
        self.submits.append(intent)
        placed = f"x{len(self.submits)}"
        if self.answer is AnswerKind.ACKED or (
            self.answer is AnswerKind.UNKNOWN and self.places_anyway
        ):
            self.orders[placed] = OrderView(
                exchange_id=placed,
                client_id=intent.client_id,
                symbol=intent.symbol,
                side=intent.side,
                type=OrderType.LIMIT,
                price=intent.price,
                qty=intent.qty,
                left_qty=intent.qty,
                status=ViewStatus.OPEN,
            )
        return Answer(
            verb=Verb.SUBMIT,
            kind=self.answer,
            client_id=intent.client_id,
            at=self.clock.now(),
            exchange_id=placed if self.answer is AnswerKind.ACKED else None,
        )

    def cancel(self, order: Order) -> Answer:
        assert order.exchange_id is not None
        self.before_cancel()
        self.cancels.append(order.exchange_id)
        view = self.orders[order.exchange_id]
        self.orders[order.exchange_id] = _with(view, view.left_qty, ViewStatus.CANCELED)
        return Answer(
            verb=Verb.CANCEL, kind=AnswerKind.ACKED, client_id=order.client_id, at=self.clock.now()
        )

    def _ask(self, question: str) -> None:
        self.asked[question] += 1
        if question in self.held_back:
            raise HeldBackError(f"{question} must wait under the exchange's limits")

    def by_hand(self, trade: Fill) -> Fill:
        """Somebody's trade beside us, a second from now."""
        later = self.clock.now() + timedelta(seconds=1)
        name = FillId(f"h{len(self.trades) + 1}")
        made = msgspec.structs.replace(trade, id=name, client_id=None, at=later)
        self.trades.append(made)
        return made

    def fill(self, exchange_id: str, qty: Decimal | None = None) -> Fill:
        """Trade an order, wholly unless told otherwise."""
        view = self.orders[exchange_id]
        size = view.left_qty if qty is None else qty
        left = view.left_qty - size
        self.orders[exchange_id] = _with(
            view, left, ViewStatus.PARTIAL if left else ViewStatus.CLOSED
        )
        fill = Fill(
            id=f"t{len(self.trades) + 1}",  # type: ignore[arg-type]
            exchange_id=exchange_id,
            client_id=view.client_id,
            symbol=view.symbol,
            side=view.side,
            price=view.price,
            qty=size,
            fee=ZERO,
            fee_asset=TRY,
            at=self.clock.now(),
        )
        self.trades.append(fill)
        return fill


def _with(view: OrderView, left: Decimal, status: ViewStatus) -> OrderView:
    return OrderView(
        exchange_id=view.exchange_id,
        client_id=view.client_id,
        symbol=view.symbol,
        side=view.side,
        type=view.type,
        price=view.price,
        qty=view.qty,
        left_qty=left,
        status=status,
    )


@dataclass
class Rig:
    """Everything of a story; `session()` starts the bot on it, again after a crash."""

    folder: Path
    stage: Stage = STAGE3
    policy: Policy = field(
        default_factory=lambda: Policy(
            strategy=StrategyPolicy(taker_fee_bps=ZERO),
            limits=LimitPolicy(),
            orders=OrderPolicy(),
        )
    )
    clock: HandClock = field(default_factory=HandClock)
    store: Store = field(default_factory=MemoryStore)
    symbols: tuple[Symbol, ...] = (BTC,)
    lease: Lease | None = None
    retry_waits_s: tuple[float, ...] = ()
    slept: timedelta = timedelta(0)
    """For how long no process ran."""
    is_shared: bool = False
    """Whether others may be on the account, as on a real one."""

    def __post_init__(self) -> None:
        self.market = HandMarket(self.clock)
        self.exchange = HandExchange(self.clock)
        self.latch = FileLatch(self.folder / "state.db.kill", self.clock)

    def carried(self) -> Carried:
        """The state that the next cycle would start from."""
        with self.store.read() as work:
            found = work.checkpoints.load(RUN)
        assert found is not None
        return found

    def session(self, steps: int, cycles: int | None = None, pace_s: float = 0.0) -> Session:
        ports = Ports(
            self.clock,
            self.clock,
            Minutes(self.clock, steps, at() + self.slept),
            self.market,
            self.exchange,
            self.store,
            self.latch,
            Permit(self.latch, self.lease),
            is_shared=self.is_shared,
        )
        plan = Plan(run=RUN, stage=self.stage, policy=self.policy, symbols=self.symbols)
        world = World(
            role=Role.HOST,
            kind=RunKind.REPLAY,
            stage=self.stage.name,
            steps=plan.phases,
            source="story",
            book="recorded",
            database="memory",
            quote="TRY",
        )
        row = RunRow(
            id=RUN,
            stage=self.stage.name,
            kind=RunKind.REPLAY,
            source="story",
            settings_digest="d",
            seed=1,
            started_at=at(),
        )
        schedule = Schedule(pace_s=pace_s, cycles_max=cycles, retry_waits_s=self.retry_waits_s)
        return Session(ports, plan, row, schedule, world, Gates(), lambda: None)

    def run(self, steps: int) -> Session:
        """Run up to that step, as one life of the process."""
        session = self.session(steps)
        session.run()
        return session

    def orders(self) -> dict[str, str]:
        """Status of every order the store knows, by client id."""
        with self.store.read() as work:
            checkpoint = work.checkpoints.load(RUN)
        assert checkpoint is not None
        return {o.client_id: o.status.value for o in checkpoint.orders.values()}
