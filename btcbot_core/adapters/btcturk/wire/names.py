"""Names as the exchange writes them, folded to ours; and the refusal of rows that cannot be."""

import re

from btcbot_core.domain.symbol import Asset, Symbol

_NAME = re.compile(r"[A-Z0-9]{1,24}", re.ASCII)


class BadRowError(ValueError):
    """A row that parses but cannot be true."""


def pair_named(text: str) -> Symbol:
    """`BTC_TRY`, `btctry` → `BTCTRY`. Its halves need not be known: rows of any pair may come."""
    return Symbol(_folded(text.replace("_", "")))


def asset_named(text: str) -> Asset:
    """`Btc` → `BTC`: the exchange writes some in odd case."""
    return Asset(_folded(text))


def _folded(text: str) -> str:
    folded = text.upper()
    if not _NAME.fullmatch(folded):
        raise BadRowError("expected the name of a pair or an asset")
    return folded
