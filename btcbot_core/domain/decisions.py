"""One decision of a cycle in words and numbers: what, why, and how far from otherwise."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from btcbot_core.domain.codes import Reason
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Side


class Action(StrEnum):
    PLACE = "place"
    HOLD = "hold"
    BLOCK = "block"
    CAP = "cap"
    CANCEL = "cancel"


class Decision(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was decided for a pair and why. `observed` and `limit` share one unit, named by it."""

    symbol: Symbol
    action: Action
    reason: Reason
    side: Side | None = None
    price: Decimal | None = None
    qty: Decimal | None = None
    observed: Decimal | None = None
    limit: Decimal | None = None
    unit: str = ""


class RiskMode(StrEnum):
    """What may be done at all, from everything to nothing new."""

    NORMAL = "NORMAL"
    REDUCE_RISK_ONLY = "REDUCE_RISK_ONLY"
    OBSERVE_ONLY = "OBSERVE_ONLY"
