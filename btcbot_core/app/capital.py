"""Money that came or went without trading: told as a difference, booked by the operator's word.

A deposit or a withdrawal by hand looks like books that are wrong, so the bot kills itself. Booked
as capital it is neither profit nor loss, and books and balances agree again (DEC-10, DEC-13).
"""

from collections.abc import Sequence

from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.account import Portfolio
from btcbot_core.domain.money import ZERO, canonical
from btcbot_core.ledger.compare import Gap
from btcbot_core.ledger.pnl import value

GAPS_NAMED = 3


def mismatch_words(gaps: Sequence[Gap]) -> str:
    """Why the bot kills itself over these differences, and what the operator can do about it."""
    told = [
        f"{canonical(abs(gap.qty))} {gap.asset} {'more' if gap.qty > ZERO else 'less'}"
        for gap in gaps[:GAPS_NAMED]
    ]
    told += [f"{len(gaps) - GAPS_NAMED} other differences"] if len(gaps) > GAPS_NAMED else []
    found = " and ".join(told) or "other balances"
    return f"the exchange holds {found} than our books: by hand? Then btcbot-core capital, reset"


def worth(carried: Carried) -> Portfolio:
    """The books at the last prices that were seen, as they are shown before and after a flow."""
    return value(carried.ledger, {}, carried.marks, carried.peak_try)
