"""The cycle: what the bot saw, thought and did in one turn, as one immutable value."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from btcbot_core.cycle.rebalance import NO_MEMORY, Memory, Rebalance
from btcbot_core.domain.account import NO_PORTFOLIO, Accounts, Portfolio
from btcbot_core.domain.decisions import Decision
from btcbot_core.domain.ids import ClientId, CycleId, RunId
from btcbot_core.domain.market import NO_RULES, MarketSnapshot
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.policy import Policy
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import (
    Answer,
    Fill,
    Intent,
    Order,
    OrderEvent,
    OrderView,
    Side,
    Signal,
)
from btcbot_core.ledger.book import Ledger
from btcbot_core.ledger.entries import LedgerEvent
from btcbot_core.oms.cursor import Cursors
from btcbot_core.oms.forgotten import Forgotten
from btcbot_core.oms.replacing import Replacement
from btcbot_core.risk.anomalies import Anomaly
from btcbot_core.risk.day import Day, Snapshot
from btcbot_core.risk.degrade import NOT_DEGRADED, Degrade
from btcbot_core.risk.verdict import NOT_JUDGED, RiskVerdict
from btcbot_core.strategy.anchors import Mids


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What the exchange told us since we last settled; each settling takes one of these."""

    answers: tuple[Answer, ...] = ()
    views: tuple[OrderView, ...] = ()
    """Orders as listed or looked up."""
    is_listed: bool = False
    """Whether that is every open order of the account, on whatever pair, ours or not."""
    absent: tuple[ClientId, ...] = ()
    """Orders of ours that complete listings and a look-up did not show."""
    fills: tuple[Fill, ...] = ()
    """Trades that the ledger does not hold yet, and that moved something of ours."""
    asked: tuple[Symbol, ...] = ()
    """Pairs whose trades were asked for as `oms/cursor.py` says, and came completely."""
    unheard: tuple[Symbol, ...] = ()
    """Pairs on which something may have happened, held back by the exchange's limits."""


NOTHING_HEARD = Heard()


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    """How the line to the exchange is, as the runner measured it since the last cycle."""

    exchange_latency_ms: int = 0
    """The slowest answer."""
    clock_skew_s: Decimal = ZERO
    """The exchange's clock minus ours."""
    rate_limited: bool = False
    """Whether the exchange asked us to wait."""
    breaker_open: bool = False
    """Whether a kind of call is held back now because of that."""
    cursor_stalls: int = 0
    """For how many cycles the exchange has had newer trades than our cursor."""
    is_disarmed: bool = False
    """Whether no lease to send live orders is held: then there is nothing to plan."""


ALL_WELL = Vitals()


class Carried(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one cycle hands to the next. Its size does not grow with history."""

    ledger: Ledger
    orders: Mapping[ClientId, Order] = {}
    """Orders that are not finished, and those that finished in the last cycle."""
    last_sent: Mapping[str, datetime] = {}
    """When an order was last sent, or may have been, by `sent_key`: the cooldown's clock."""
    marks: Mapping[Symbol, Decimal] = {}
    peak_try: Decimal = ZERO
    day: Day | None = None
    last: Snapshot | None = None
    """The money at the end of the last cycle: tomorrow's baseline, perhaps."""
    degrade: Degrade = NOT_DEGRADED
    anomalies: tuple[Anomaly, ...] = ()
    """What the last cycle found."""
    mismatch_cycles: int = 0
    """For how many quiet cycles in a row our books have differed from the exchange's."""
    mismatch_since: datetime | None = None
    """Since when they have."""
    mids: Mids = {}
    replacements: tuple[Replacement, ...] = ()
    are_buys_pulled: bool = False
    """Whether our resting BUYs were cancelled since the drawdown stopped new orders."""
    fills_seen: Cursors = {}
    elsewhere_seen: datetime | None = None
    """The one cursor of all pairs that are not ours, however many there are."""
    forgotten: tuple[Forgotten, ...] = ()
    """Orders of ours that the exchange shows and our books do not know."""
    strangers: tuple[OrderView, ...] = ()
    """Open orders that are not in our books, as last listed: by hand, or by another program."""
    rebalance: Memory = NO_MEMORY
    """What rebalancing remembers; nothing in other runs."""


def sent_key(symbol: Symbol, side: Side) -> str:
    """The key of a pair's side in `Carried.last_sent`."""
    return f"{symbol}:{side}"


class CancelRequest(msgspec.Struct, frozen=True):
    """An order of ours that is to be cancelled, and why."""

    client_id: ClientId
    decision: Decision


class Metrics(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A cycle in counts; money is in the portfolio."""

    orders_open: int = 0
    intents: int = 0
    cancels: int = 0
    fills: int = 0
    rejects: int = 0
    unknown: int = 0


NOTHING_COUNTED = Metrics()


class Cycle(msgspec.Struct, frozen=True, kw_only=True):
    # Given to it by the runner.
    id: CycleId
    run_id: RunId
    step: int
    at: datetime
    policy: Policy
    symbols: tuple[Symbol, ...]
    market: MarketSnapshot
    rules: Mapping[Symbol, PairRules] = NO_RULES
    accounts: Accounts = {}
    heard: Heard = NOTHING_HEARD
    vitals: Vitals = ALL_WELL
    is_killed: bool = False
    start: str = ""
    """The random word of this start of the program; empty on recorded data."""
    carried: Carried

    # Added by the steps, in this order. Empty means: not done, so nothing is allowed.
    order_events: tuple[OrderEvent, ...] = ()
    fills: tuple[Fill, ...] = ()
    ledger_events: tuple[LedgerEvent, ...] = ()
    portfolio: Portfolio = NO_PORTFOLIO
    anomalies: tuple[Anomaly, ...] = ()
    signals: tuple[Signal, ...] = ()
    verdict: RiskVerdict = NOT_JUDGED
    cancels: tuple[CancelRequest, ...] = ()
    intents: tuple[Intent, ...] = ()
    decisions: tuple[Decision, ...] = ()
    metrics: Metrics | None = None
    records: Mapping[str, msgspec.Struct] = {}
    """What a step wants kept in the trace beyond the above, by the step's name."""
    rebalance: Rebalance | None = None
    """What only rebalancing adds; None in other runs."""
