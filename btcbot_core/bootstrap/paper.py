"""The paper exchange behind a dry run, however its market is fed."""

from decimal import Decimal

from btcbot_core.domain.symbol import Asset, base_and_quote
from btcbot_core.ledger.book import Ledger

PAPER_ACCOUNT = "paper"


def totals_of(ledger: Ledger, first_balance: Decimal) -> dict[Asset, Decimal]:
    """What the account holds by the ledger; a run that has not begun has its first balance."""
    if not ledger.seq:
        return {ledger.quote: first_balance}
    held = {base_and_quote(s)[0]: h.qty for s, h in ledger.holdings.items() if h.qty}
    return {ledger.quote: ledger.cash_try, **held}
