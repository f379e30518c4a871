"""Money and quantities: Decimal from text only, and rounded only on purpose.

A binary fraction never enters: every number of ours was text once, on the wire, in a file or in a
setting. What is not a plain decimal number (NaN, Infinity, `1_0`, Arabic digits) is refused here,
at the border, so that no rule further in has to ask.
"""

import re
from decimal import ROUND_DOWN, ROUND_UP, Decimal

ZERO = Decimal(0)
ONE = Decimal(1)
BPS_PER_ONE = Decimal(10_000)
MONEY_STEP = Decimal("0.00000001")
"""The finest unit of a fee: BTCTurk states fees with eight decimals (API.md §5)."""

_PLAIN = re.compile(r"[+-]?[0-9]{1,24}(\.[0-9]{0,24})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_MAGNITUDE_MAX = 30


class NotANumberError(ValueError):
    """The text is no decimal number that we would put money on."""


def decimal_from(text: str) -> Decimal:
    """Read a decimal number from text, strictly.

    Raises NotANumberError for everything but ASCII digits with one dot and a small exponent.
    """
    if not isinstance(text, str) or not _PLAIN.fullmatch(text):
        raise NotANumberError(f"expected a decimal number, found {str(text)[:40]!r}")
    return bounded(Decimal(text))


def bounded(value: Decimal) -> Decimal:
    """Let a Decimal in that a parser made, or refuse it: NaN, Infinity and 1e400 are no money."""
    if (
        type(value) is not Decimal
        or not value.is_finite()
        or abs(value.adjusted()) > _MAGNITUDE_MAX
    ):
        raise NotANumberError(f"expected a number of sane size, found {str(value)[:40]!r}")
    return value


def canonical(value: Decimal) -> str:
    """The one spelling of a number: no exponent, no trailing zeros, no minus zero."""
    text = str(value)
    if text[-1] != "0" and "E" not in text:
        return text  # nearly all: every cycle spells dozens
    if "E" in text:
        text = format(value, "f")
    if text[-1] == "0" and "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The multiple of `step` at or under a value that is not negative."""
    return value // step * step


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The multiple of `step` at or over a value that is not negative."""
    floor = value // step * step
    return floor if floor == value else floor + step


def fee_up(value: Decimal) -> Decimal:
    """Round a fee against us, to the eight decimals that the exchange states."""
    return value.quantize(MONEY_STEP, ROUND_UP)


def money_down(value: Decimal) -> Decimal:
    """Round an amount of ours down, to eight decimals."""
    return value.quantize(MONEY_STEP, ROUND_DOWN)


def from_bps(bps: Decimal) -> Decimal:
    """Basis points as a ratio: 30 bps is 0.003."""
    return bps / BPS_PER_ONE
