"""Numbers and instants as BTCTurk writes them: JSON numbers or strings, exact or refused.

msgspec's own Decimal lets `NaN`, `1e400` and `"1_0"` through (DEC-5). So numeric members have
types of our own here. msgspec hands their values over undecoded, a JSON number as its very text,
and the readers below let in what `domain.money` lets in, and nothing else. For the type checker
they are what they turn into.
"""

import re
from abc import ABCMeta
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import msgspec

from btcbot_core.domain.money import NotANumberError, decimal_from

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_MS = 1_420_070_400_000  # 2015: the exchange is younger
_LATEST_MS = 4_102_444_800_000  # 2100

_short = re.compile(r"[0-9]{1,14}(?:\.[0-9]{1,18})?", re.ASCII).fullmatch
"""The usual spelling. It is always sane in size, so a book's hundreds of numbers pass quickly."""

if TYPE_CHECKING:
    Number: TypeAlias = Decimal
    Millis: TypeAlias = int
    Levels: TypeAlias = tuple[tuple[Decimal, Decimal], ...]
    Series: TypeAlias = tuple[Decimal, ...]
else:

    def _kind(name: str, real: type) -> type:
        """A type for annotations, whose values are plain `real` ones."""
        kind = ABCMeta(name, (), {})
        kind.register(real)
        return kind

    Number = _kind("Number", Decimal)  # plain and of sane size
    Millis = _kind("Millis", int)  # milliseconds since 1970, or 0 where no time is told
    Levels = _kind("Levels", tuple)  # one side of a book: price and quantity of each level
    Series = _kind("Series", tuple)  # a column of numbers


def instant(millis: int) -> datetime | None:
    """The instant, or None for the 0 that stands for none."""
    return _EPOCH + timedelta(milliseconds=millis) if millis else None


def millis_of(at: datetime) -> int:
    """Whole milliseconds, rounded down: a question never starts later than was meant."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def decoder(shape: type[T]) -> msgspec.json.Decoder[T]:
    """A decoder that knows the types of this module."""
    return msgspec.json.Decoder(shape, dec_hook=_read, float_hook=str)


def _read(kind: type, value: object) -> object:
    return _READERS[kind](value)


def _number(value: object) -> Decimal:
    if type(value) is str:
        return Decimal(value) if _short(value) else decimal_from(value.strip(" "))
    if type(value) is int:
        return decimal_from(str(value))
    raise NotANumberError(f"expected a number, found {type(value).__name__}")


def _millis(value: object) -> int:
    """Also `1568899482709.0`, as books had it until 2022. Seconds are refused, not misread."""
    number = _number(value)
    if number == number.to_integral_value() and (
        number == 0 or _EARLIEST_MS <= number <= _LATEST_MS
    ):
        return int(number)
    raise NotANumberError(f"expected a time in milliseconds, found {number}")


def _levels(value: object) -> tuple[tuple[Decimal, Decimal], ...]:
    if type(value) is not list:
        raise NotANumberError(f"expected levels, found {type(value).__name__}")
    return tuple([_level(level) for level in value])


def _level(value: object) -> tuple[Decimal, Decimal]:
    if type(value) is not list or len(value) != 2:
        raise NotANumberError("expected a level of price and quantity")
    price, qty = value
    return _number(price), _number(qty)


def _series(value: object) -> tuple[Decimal, ...]:
    if type(value) is not list:
        raise NotANumberError(f"expected a column of numbers, found {type(value).__name__}")
    return tuple([_number(each) for each in value])


_READERS: dict[type, Callable[[object], object]] = {
    Number: _number,
    Millis: _millis,
    Levels: _levels,
    Series: _series,
}
