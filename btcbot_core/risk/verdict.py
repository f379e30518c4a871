"""What risk allows this cycle, and why: the value that opens the way to orders."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Side

_STRICTNESS = {RiskMode.NORMAL: 0, RiskMode.REDUCE_RISK_ONLY: 1, RiskMode.OBSERVE_ONLY: 2}


class ModeReason(msgspec.Struct, frozen=True, gc=False):
    """One rule's say about the mode."""

    mode: RiskMode
    reason: Reason
    observed: str = ""
    limit: str = ""


class BuyStop(msgspec.Struct, frozen=True):
    """A loss that stops every BUY, whatever the mode. Both numbers share the unit."""

    reason: Reason
    observed: Decimal
    limit: Decimal
    unit: str


class Caps(msgspec.Struct, frozen=True, kw_only=True):
    """What the risk budget leaves to single orders. Without a budget there are none of these."""

    order_notional_try: Decimal
    positions_left_try: Decimal
    """What positions and open BUYs together may still grow by."""
    gross_left_try: Decimal
    """The same under the limit for all exposure."""
    min_profit_bps: Decimal
    """What a take-profit must earn over cost."""
    buy_stop: BuyStop | None = None


class RiskVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The mode, every rule that spoke, and the room that is left for orders of this cycle."""

    mode: RiskMode
    reasons: tuple[ModeReason, ...]
    orders_left: int = 0
    cash_left_try: Decimal = ZERO
    notional_left_try: Decimal = ZERO
    blocked: Mapping[Symbol, Reason] = {}
    """Pairs that may not trade this cycle: stale or missing data, an unknown order."""
    caps: Caps | None = None

    def allows(self, side: Side) -> bool:
        """Whether the mode permits an order on this side at all."""
        if self.mode is RiskMode.NORMAL:
            return True
        return self.mode is RiskMode.REDUCE_RISK_ONLY and side is Side.SELL


NOT_JUDGED = RiskVerdict(
    mode=RiskMode.OBSERVE_ONLY, reasons=(ModeReason(RiskMode.OBSERVE_ONLY, Reason.NOT_JUDGED),)
)
"""What a cycle holds that nobody judged: it trades nothing."""


def strictest(reasons: tuple[ModeReason, ...]) -> RiskMode:
    """The strictest mode that any rule asked for; all reasons are kept elsewhere."""
    return max((r.mode for r in reasons), key=_STRICTNESS.__getitem__, default=RiskMode.NORMAL)


def strictness(mode: RiskMode) -> int:
    """How strict a mode is; the larger allows less."""
    return _STRICTNESS[mode]
