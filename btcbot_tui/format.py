"""One way to show each kind of number, and the one function that every foreign text passes.

Nothing that is not known is shown as a number: the formatters take `None` and answer `—`.
"""

import unicodedata
from datetime import datetime, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal

from rich.cells import cell_len, set_cell_size

from btcbot_core.domain.money import canonical

UNKNOWN = "—"
ELLIPSIS = "…"
STRIPPED = "�"
"""What stands where control characters were: a name that carried them must not look clean."""

TEXT_LENGTH_MAX = 400
_DECIMALS_MAX = 8
_DIGITS = 7
_MAGNITUDE_MAX = 18
_FINE_QUOTES = frozenset({"BTC", "ETH"})
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400
_FORBIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me"})
"""Controls, format characters (bidi, zero-width), and marks that pile up on a neighbour."""


def clean(text: str, length: int = TEXT_LENGTH_MAX) -> str:
    """Text from outside, made harmless for a terminal: one line, no controls, not over-long.

    Strips C0, C1, ESC and DEL, bidirectional and zero-width characters and stacked marks,
    and leaves one `�` for each run of them. Cleaning twice changes nothing.
    """
    if len(text) <= length and text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    for char in unicodedata.normalize("NFC", text[: length * 2]):
        kind = unicodedata.category(char)
        if kind in ("Zs", "Zl", "Zp") or char in "\t\n\r":
            kept.append(" ")
        elif kind not in _FORBIDDEN:
            kept.append(char)
        elif not kept or kept[-1] != STRIPPED:
            kept.append(STRIPPED)
    cleaned = "".join(kept)
    return cleaned if len(cleaned) <= length else cleaned[: length - 1] + ELLIPSIS


def clip(text: str, cells: int) -> str:
    """At most `cells` wide; what was cut is marked by an ellipsis."""
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, cells - 1) + ELLIPSIS if cells > 0 else ""


def money(value: Decimal | None, quote: str) -> str:
    """An amount of quote currency: `101,204.11`."""
    known = _known(value)
    return UNKNOWN if known is None else f"{_rounded(known, money_places(quote)):,f}"


def signed_money(value: Decimal | None, quote: str) -> str:
    """A gain or a loss, never without its sign: `+312.40`, `-12.10`, `0.00`."""
    known = _known(value)
    return UNKNOWN if known is None else _signed(_rounded(known, money_places(quote)))


def money_places(quote: str) -> int:
    """How many decimals an amount of this currency is shown with."""
    return 8 if quote in _FINE_QUOTES else 2


def rough(value: Decimal | None) -> str:
    """An amount at a glance, three digits of it: `40k`, `1.2M`, `860`."""
    known = _known(value)
    if known is None:
        return UNKNOWN
    for unit, name in ((Decimal(1_000_000), "M"), (Decimal(1_000), "k")):
        if abs(known) >= unit:
            scaled = known / unit
            return f"{_rounded(scaled, 1 if abs(scaled) < 10 else 0):,f}{name}"
    return f"{_rounded(known, 0):f}"


def number(value: Decimal | None) -> str:
    """A price or a quantity as it is, in groups of three: `4,012,300`, `0.00241`."""
    known = _known(value)
    if known is None:
        return UNKNOWN
    whole, dot, fraction = canonical(_readable(known)).partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.lstrip('-')):,d}{dot}{fraction}"


def rounded(value: Decimal | None, digits: int = _DIGITS) -> str:
    """A quotient or a mean of prices, to seven digits: `371,066.9`. Whole digits are never cut."""
    known = _known(value)
    if known is None:
        return UNKNOWN
    places = min(max(digits - 1 - known.adjusted(), 0), _DECIMALS_MAX)
    return number(_rounded(known, places))


def percent(ratio: Decimal | None, places: int = 1) -> str:
    """A ratio of one in percent: `0.8%`."""
    known = _known(ratio)
    return UNKNOWN if known is None else f"{_rounded(known * 100, places):,f}%"


def signed_percent(ratio: Decimal | None, places: int = 2) -> str:
    """A change in percent, never without its sign: `+0.31%`."""
    known = _known(ratio)
    return UNKNOWN if known is None else _signed(_rounded(known * 100, places)) + "%"


def bps(value: Decimal | None) -> str:
    """Basis points: `10.0`."""
    known = _known(value)
    return UNKNOWN if known is None else f"{_rounded(known, 1):,f}"


def age(seconds: Decimal | float | None) -> str:
    """How old something is: `0.8s`, `41s`, `02:10`, `3h05m`, `2d04h`."""
    if seconds is None:
        return UNKNOWN
    if seconds < 0:
        return "-" + age(-seconds)
    if seconds < 10:
        return f"{_rounded(Decimal(seconds), 1):f}s"
    whole = int(seconds)
    if whole < _MINUTE_S:
        return f"{whole}s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S:02d}:{whole % _MINUTE_S:02d}"
    if whole < _DAY_S:
        return f"{whole // _HOUR_S}h{whole % _HOUR_S // _MINUTE_S:02d}m"
    return f"{whole // _DAY_S}d{whole % _DAY_S // _HOUR_S:02d}h"


def minutes(seconds: Decimal | float | None) -> str:
    """An age that ticks once a second and keeps its width for the first hour: `00:41`."""
    if seconds is None or seconds < 0 or seconds >= _HOUR_S:
        return age(seconds)
    return f"{int(seconds) // _MINUTE_S:02d}:{int(seconds) % _MINUTE_S:02d}"


def duration(milliseconds: float) -> str:
    """Time that work took: `0.42ms`, `12ms`, `1.21s`."""
    if milliseconds < 10:
        return f"{milliseconds:.2f}ms"
    if milliseconds < 1_000:
        return f"{milliseconds:.0f}ms"
    return f"{milliseconds / 1_000:.2f}s"


def pace(seconds: float) -> str:
    """The time from one turn to the next, as it was set: `0.25s`, `1s`, `60s`."""
    return f"{seconds:.3g}s"


def clock(at: datetime | None, zone: tzinfo | None) -> str:
    """The time of day in the operator's zone: `14:02:11`."""
    return UNKNOWN if at is None else f"{at.astimezone(zone):%H:%M:%S}"


def stamp(at: datetime | None, zone: tzinfo | None) -> str:
    """Date, time and zone: `2022-11-08 17:02:11 +03`."""
    if at is None:
        return UNKNOWN
    local = at.astimezone(zone)
    offset = local.utcoffset()
    if not offset:
        return f"{local:%Y-%m-%d %H:%M:%S} UTC"
    hours, rest = divmod(int(abs(offset.total_seconds())) // _MINUTE_S, _MINUTE_S)
    sign = "-" if offset.total_seconds() < 0 else "+"
    return f"{local:%Y-%m-%d %H:%M:%S} {sign}{hours:02d}" + (f":{rest:02d}" if rest else "")


def _signed(rounded: Decimal) -> str:
    return f"{rounded:+,f}" if rounded else f"{rounded:,f}"


def _rounded(value: Decimal, places: int) -> Decimal:
    """Rounded for the eye only; minus zero loses its sign."""
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    return rounded if rounded else abs(rounded)


def _readable(value: Decimal) -> Decimal:
    """A quotient has 28 digits; nobody reads more than eight decimals of it."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -_DECIMALS_MAX:
        return _rounded(value, _DECIMALS_MAX)
    return value


def _known(value: Decimal | None) -> Decimal | None:
    """The core lets no senseless number in; if one came all the same, it is not known."""
    if value is None or not value.is_finite() or value.adjusted() > _MAGNITUDE_MAX:
        return None
    return value
