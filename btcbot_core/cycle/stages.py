"""The stages: one set of steps, a composition each. Read this file second."""

import msgspec

from btcbot_core.cycle import budgeted, learning, stage7
from btcbot_core.cycle.ordering import build
from btcbot_core.cycle.plan import plan
from btcbot_core.cycle.renewing import renew
from btcbot_core.cycle.steps import (
    Steps,
    book,
    expire,
    judge,
    mark,
    measure,
    propose,
    reconcile,
)
from btcbot_core.cycle.watching import degrade, detect, remember


class Stage(msgspec.Struct, frozen=True):
    """What a turn does: settle what was heard, decide, and after speaking settle and close."""

    name: str
    settle: Steps
    decide: Steps
    close: Steps


SETTLE: Steps = (reconcile, book, mark)

STAGE3 = Stage("stage3", SETTLE, decide=(detect, propose, judge, expire, plan), close=(measure,))
STAGE4 = Stage(
    "stage4",
    SETTLE,
    decide=(detect, budgeted.propose, budgeted.judge, renew, budgeted.allocate, plan),
    close=(measure, degrade, remember),
)
STAGE7 = Stage(
    "stage7",
    SETTLE,
    decide=(
        stage7.gauge,
        stage7.judge,
        stage7.select,
        stage7.allocate,
        stage7.expire,
        build,
    ),
    close=(learning.measure, learning.adapt),
)
"""Rebalancing; only ever wired to the paper exchange."""
