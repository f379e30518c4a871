"""What is kept of a run and of each cycle, for reports, status and replay."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from btcbot_core.domain.ids import CycleId, RunId


class RunKind(StrEnum):
    LIVE = "live"
    DRY_RUN = "dry_run"
    REPLAY = "replay"
    BACKTEST = "backtest"


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """A run: which stage, on which world, with which numbers."""

    id: RunId
    stage: str
    kind: RunKind
    source: str
    """The dataset's name and digest, or the exchange's base URL."""
    settings_digest: str
    seed: int
    started_at: datetime
    outcome: str = ""


class CycleRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A committed cycle. `trace` is the whole of it as JSON; the columns are for questions."""

    id: CycleId
    run_id: RunId
    step: int
    at: datetime
    mode: str
    equity_try: Decimal
    cash_try: Decimal
    capital_try: Decimal
    net_try: Decimal
    drawdown_ratio: Decimal
    orders_open: int
    intents: int
    fills: int
    trace: bytes
