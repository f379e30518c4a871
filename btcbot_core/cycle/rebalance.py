"""What rebalancing adds to a cycle, and what it remembers from one to the next."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from btcbot_core.domain.money import ZERO
from btcbot_core.domain.rebalancing import Params
from btcbot_core.domain.symbol import Symbol
from btcbot_core.oms.pacing import Bucket, Retry
from btcbot_core.risk.budget_rules import CALM, BudgetDecision, BudgetState
from btcbot_core.risk.flags import Alert, Counts, Figures, Quality
from btcbot_core.strategy.adaptation import AdaptationState, Change
from btcbot_core.strategy.portfolio import NOTHING_ALLOCATED, Allocation
from btcbot_core.strategy.universe import EMPTY_SELECTION, Selection, UniverseState
from btcbot_core.strategy.volatility import Rolling


class Memory(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Carried from cycle to cycle. Its size depends on the pairs, never on how long a run is."""

    rolling: Mapping[Symbol, Rolling] = {}
    universe: UniverseState = UniverseState()
    budget: BudgetState = CALM
    adaptation: AdaptationState | None = None
    bucket: Bucket | None = None
    retries: Mapping[Symbol, Retry] = {}
    losses_in_a_row: int = 0
    realized_try: Decimal = ZERO
    net_try: Decimal = ZERO
    turnover_try: Decimal = ZERO
    max_drawdown_ratio: Decimal = ZERO


NO_MEMORY = Memory()


class Flows(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What moved in this cycle alone, in quote currency."""

    turnover_try: Decimal = ZERO
    fees_try: Decimal = ZERO
    slippage_try: Decimal = ZERO
    pnl_try: Decimal = ZERO


class Rebalance(msgspec.Struct, frozen=True, kw_only=True):
    """What a cycle thought while it rebalanced."""

    params: Params
    version: int
    figures: Figures
    decision: BudgetDecision
    spreads_bps: Mapping[Symbol, Decimal] = {}
    """Of each pair that has a quote, in parts of the mid."""
    ages_s: Mapping[Symbol, Decimal] = {}
    """How old each quote is."""
    selection: Selection = EMPTY_SELECTION
    allocation: Allocation = NOTHING_ALLOCATED
    throttled: int = 0
    counts: Counts = Counts()
    flows: Flows = Flows()
    quality: tuple[Quality, ...] = ()
    alerts: tuple[Alert, ...] = ()
    change: Change | None = None
