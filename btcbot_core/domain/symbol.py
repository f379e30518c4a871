"""Symbols and assets: one canonical spelling, `BTCTRY`, whatever the world writes."""

import re
from typing import NewType

Symbol = NewType("Symbol", str)
Asset = NewType("Asset", str)

QUOTES = ("TRY", "USDT", "USDC", "BTC", "ETH", "EUR", "USD")
"""Quote currencies, in the order in which a suffix is tried when nobody tells the pair's halves."""

_SYMBOL = re.compile(r"[A-Z0-9]{4,16}", re.ASCII)


class NotASymbolError(ValueError):
    """The text names no pair."""


def symbol_from(text: str) -> Symbol:
    """The canonical symbol: upper case, no separators (`btc-try`, `BTC_TRY` → `BTCTRY`).

    Raises NotASymbolError when base or quote cannot be told apart.
    """
    folded = re.sub(r"[_\-/]", "", text.strip().upper())
    if not _SYMBOL.fullmatch(folded) or halves(folded) is None:
        raise NotASymbolError(f"expected a pair such as BTCTRY, found {text[:40]!r}")
    return Symbol(folded)


def base_and_quote(symbol: Symbol) -> tuple[Asset, Asset]:
    """Split a symbol by its suffix; only for pairs whose rules do not say it."""
    found = halves(symbol)
    if found is None:
        raise NotASymbolError(f"expected a pair with a known quote currency, found {symbol!r}")
    return found


def halves(text: str) -> tuple[Asset, Asset] | None:
    """Base and quote by the suffix; None where no quote currency that we know is one."""
    for quote in QUOTES:
        base = text.removesuffix(quote)
        if base != text and 2 <= len(base) <= 12:
            return Asset(base), Asset(quote)
    return None
