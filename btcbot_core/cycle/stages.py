"""The stages: one set of steps, a composition each. Read this file second."""

import msgspec

from btcbot_core.cycle import budgeted
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

STAGE3 = Stage("stage3", SETTLE, decide=(propose, judge, expire, plan), close=(measure,))
STAGE4 = Stage(
    "stage4",
    SETTLE,
    decide=(detect, budgeted.propose, budgeted.judge, renew, budgeted.allocate, plan),
    close=(measure, degrade, remember),
)
