"""Column types that lose nothing: exact decimals, UTC instants and closed lists of words.

Peewee's own DecimalField lands in SQLite as a binary fraction and loses digits (DEC-14), and its
DateTimeField keeps no zone; so all three are text here, in one spelling each.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

import msgspec
from peewee import Check, Field, Model

from btcbot_core.domain.errors import InvariantBrokenError, StoreError
from btcbot_core.domain.money import canonical

# Wider than what the world may send us: a ratio is a quotient of 28 digits that may begin far
# behind the point.
_PLAIN = re.compile(r"-?[0-9]{1,64}(\.[0-9]{1,64})?", re.ASCII)
_MAGNITUDE_MAX = 32
# The JSON encoder writes these as it writes numbers; no symbol or id of ours ends so.
_NOT_MONEY = ('NaN"', 'Infinity"')
_SHORT_MAX = 64


def decimal_text(value: Decimal) -> str:
    """A number as it is stored. Raises InvariantBrokenError for what is no exact, sane number."""
    if type(value) is not Decimal or not value.is_finite():
        raise InvariantBrokenError(f"only a finite Decimal can be stored, not {value!r:.40}")
    text = str(value)
    if text[-1] != "0" and len(text) <= _SHORT_MAX and "E" not in text:
        return text  # nearly all
    if not value:
        return "0"
    text = canonical(value) if abs(value.adjusted()) <= _MAGNITUDE_MAX else ""
    if not _PLAIN.fullmatch(text):
        raise InvariantBrokenError(f"a number of this size cannot be stored: {value!r:.40}")
    return text


def state_text(value: msgspec.Struct, what: str) -> str:
    """A state as JSON. Raises InvariantBrokenError where it holds what is no number."""
    text = msgspec.json.encode(value).decode()
    if any(mark in text for mark in _NOT_MONEY):
        raise InvariantBrokenError(f"{what} holds what is no number")
    return text


def time_text(value: datetime) -> str:
    """An instant as it is stored: UTC with six decimals, so that texts sort as times do."""
    if value.tzinfo is not UTC:
        if value.tzinfo is None:
            raise InvariantBrokenError(f"a time without a zone cannot be stored: {value}")
        value = value.astimezone(UTC)
    return value.isoformat("T", "microseconds")[:-6] + "Z"


class ExactDecimal(Field):
    """A Decimal, digit for digit."""

    field_type = "TEXT"

    def bind(self, model: type[Model], name: str, set_attribute: bool = True) -> None:
        super().bind(model, name, set_attribute)
        column = self.column_name
        self.constraints = [Check(f"\"{column}\" <> '' AND \"{column}\" NOT GLOB '*[^0-9.-]*'")]

    def db_value(self, value: Decimal | None) -> str | None:
        return None if value is None else decimal_text(value)

    def python_value(self, value: str | None) -> Decimal | None:
        if value is None:
            return None
        if not isinstance(value, str) or not _PLAIN.fullmatch(value):
            raise StoreError(f"expected a stored number, found {value!r:.40}: the file is damaged")
        return Decimal(value)


class UtcTime(Field):
    """An aware instant, to the microsecond."""

    field_type = "TEXT"

    def db_value(self, value: datetime | None) -> str | None:
        return None if value is None else time_text(value)

    def python_value(self, value: str | None) -> datetime | None:
        if value is None:
            return None
        try:
            return datetime.fromisoformat(value)
        except ValueError as error:
            raise StoreError(
                f"expected a stored time, found {value!r:.40}: the file is damaged"
            ) from error


class Word(Field):
    """A member of an enumeration. A closed one is checked by SQLite too.

    An open one (a reason) may gain members without the table being rebuilt.
    """

    field_type = "TEXT"

    def __init__(
        self, members: type[StrEnum], *, null: bool = False, is_closed: bool = True
    ) -> None:
        super().__init__(null=null)
        self.members = members
        self.is_closed = is_closed

    def bind(self, model: type[Model], name: str, set_attribute: bool = True) -> None:
        super().bind(model, name, set_attribute)
        if self.is_closed:
            words = ", ".join(f"'{member}'" for member in self.members)
            self.constraints = [Check(f'"{self.column_name}" IN ({words})')]

    def db_value(self, value: StrEnum | None) -> str | None:
        return None if value is None else str(value)

    def python_value(self, value: str | None) -> StrEnum | None:
        if value is None:
            return None
        try:
            return self.members(value)
        except ValueError as error:
            raise StoreError(f"{self.column_name} holds {value!r:.40}: unknown here") from error
