"""The doors: everything the core needs from outside, as small protocols in domain words."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from btcbot_core.cycle.acts import ActRow
from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.account import Accounts
from btcbot_core.domain.gates import Refusal
from btcbot_core.domain.ids import ClientId, CycleId, FillId, RunId
from btcbot_core.domain.kill import KillState
from btcbot_core.domain.market import MarketSnapshot
from btcbot_core.domain.records import CycleRow, RunRow
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import (
    Answer,
    Fill,
    Intent,
    Order,
    OrderEvent,
    OrderStatus,
    OrderView,
)
from btcbot_core.ledger.entries import LedgerEvent, LedgerEventKind


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Aware UTC; on recorded data the instant of the current step."""

    def monotonic_s(self) -> float:
        """For durations, pacing and leases; never for anything that is stored or decided."""


class Timeline(Protocol):
    """When the turns are. Recorded data have an end, live markets do not."""

    def advance(self, last_step: int) -> int | None:
        """Move to the step after `last_step` (−1 before the first); None when the data end."""

    def total(self) -> int | None:
        """How many steps there are in all, or None."""


class MarketDataPort(Protocol):
    def snapshot(self, symbols: Sequence[Symbol]) -> MarketSnapshot:
        """Quotes as of now. Raises ExchangeUnavailableError when nothing at all is to be had."""

    def rules(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PairRules]:
        """The exchange's rules; a pair without rules is left out."""


class ExchangePort(Protocol):
    """Reads raise ExchangeUnavailableError or ExchangeRefusedError; writes answer, always.

    A read that the exchange's limits hold back raises HeldBackError, one of the former.
    """

    def balances(self) -> Accounts: ...

    def open_orders(self, symbol: Symbol | None) -> tuple[OrderView, ...]:
        """Every open order of the account, ours or not: complete, or an error.

        On one pair, or on all of them, which costs no more of the exchange's limits.
        """

    def find_order(self, order: Order) -> OrderView | None:
        """Look one order up, by exchange id if it has one, else by client id; None if unknown."""

    def fills(self, symbol: Symbol | None, since: datetime) -> tuple[Fill, ...]:
        """Trades of the account at or after `since`, on one pair or all, oldest first, complete."""

    def submit(self, intent: Intent) -> Answer:
        """Send once. Never raises for what the network or the exchange does."""

    def cancel(self, order: Order) -> Answer:
        """Ask once. ACKED means that the request was taken, not that the order is cancelled."""


class Permit(Protocol):
    """Asked right before the socket: why no new order may leave at this instant, or None."""

    def __call__(self) -> Refusal | None: ...


class KillLatch(Protocol):
    """The latch that stops new orders. Reading it is cheap: it is read before every single one."""

    def is_set(self) -> bool:
        """Memory and file, freshly read."""

    def state(self) -> KillState: ...

    def set(self, who: str, why: str) -> KillState:
        """Set it; again is no error. The event is set before anything can fail."""

    def clear(self) -> None: ...


class OrderRepo(Protocol):
    def add_intents(self, run: RunId, intents: Sequence[Intent]) -> None:
        """Store intents as PLANNED orders; their first events come through `apply`, as all do.

        Raises InvariantBrokenError when an id is taken.
        """

    def apply(self, events: Sequence[OrderEvent], orders: Sequence[Order]) -> None:
        """Append events and bring their orders' rows up to date."""

    def active(self, run: RunId) -> tuple[Order, ...]:
        """Every order that is not finished."""

    def find(
        self, run: RunId, exchange_ids: Sequence[str], client_ids: Sequence[ClientId]
    ) -> tuple[Order, ...]:
        """Orders of any state by either id."""

    def count(self, run: RunId) -> Mapping[OrderStatus, int]:
        """How many orders of the run stand in which status."""

    def all(self, run: RunId) -> tuple[Order, ...]:
        """Every order of the run as it stands, in the order in which they were decided."""

    def events(self, run: RunId) -> tuple[OrderEvent, ...]:
        """All that happened to the run's orders, each order's events in their order."""


class LedgerRepo(Protocol):
    def append(self, run: RunId, events: Sequence[LedgerEvent]) -> None: ...

    def events(self, run: RunId, after_seq: int = 0) -> Sequence[LedgerEvent]:
        """All events of the run's scope in `seq` order."""

    def booked(self, run: RunId, fills: Sequence[FillId]) -> frozenset[FillId]:
        """Which of these trades the ledger holds already, as fills or by what they moved."""

    def count(self, run: RunId, kind: LedgerEventKind) -> int:
        """How many events of a kind the run's scope holds."""


class CycleRepo(Protocol):
    def add(self, row: CycleRow) -> None: ...

    def last(self, run: RunId) -> CycleRow | None: ...

    def find(self, cycle: CycleId) -> CycleRow | None: ...

    def recent(self, run: RunId, limit: int) -> tuple[CycleRow, ...]:
        """Newest last."""

    def after(self, run: RunId, step: int, limit: int) -> tuple[CycleRow, ...]:
        """The next cycles after a step, oldest first: how a whole run is read, page by page."""


class RunRepo(Protocol):
    def open(self, run: RunRow) -> None:
        """Register a run; the same id again continues it."""

    def latest(self) -> RunRow | None: ...

    def count(self) -> int:
        """How many runs the store has seen."""

    def all(self) -> tuple[RunRow, ...]:
        """Every run, the one that was opened last at the end."""

    def finish(self, run: RunId, at: datetime, outcome: str) -> None: ...


class CheckpointRepo(Protocol):
    """The carried state at the last commit, so that starting costs the same after any history."""

    def save(self, run: RunId, cycle: CycleId, carried: Carried) -> None: ...

    def load(self, run: RunId) -> Carried | None: ...

    def cycle(self, run: RunId) -> CycleId | None:
        """Whose state it is: the last committed cycle's, or one's that was cut after it."""


class AuditRepo(Protocol):
    def add(self, at: datetime, who: str, act: str, why: str) -> None:
        """Append an act of the operator or of the bot on itself: kill, reset, start, stop."""

    def add_act(self, row: ActRow) -> None:
        """Append an act on a run at rest, with all that it takes to do it again."""

    def recent(self, limit: int) -> tuple[tuple[datetime, str, str, str], ...]:
        """Acts of either kind: when, who, what and why; newest last."""

    def acts(self, run: RunId) -> tuple[ActRow, ...]:
        """What was done to a run at rest, in that order."""


class UnitOfWork(Protocol):
    """One transaction. Leaving the block without `commit()` rolls everything back."""

    orders: OrderRepo
    ledger: LedgerRepo
    cycles: CycleRepo
    runs: RunRepo
    checkpoints: CheckpointRepo
    audit: AuditRepo

    def commit(self) -> None: ...


class Store(Protocol):
    def begin(self) -> AbstractContextManager[UnitOfWork]:
        """Open a write transaction. Raises StoreBusyError when another process holds the lock."""

    def read(self) -> AbstractContextManager[UnitOfWork]:
        """A consistent read; committing it is an error."""

    def close(self) -> None: ...


Progress = Callable[[int, int], None]
"""Told, by what takes long, how much is done and of how much."""


def unheard(_done: int, _total: int) -> None:
    """For work of which nobody asks how far it is."""
