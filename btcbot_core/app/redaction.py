"""Redaction: no secret in a log, found by its value in any spelling and by the name it goes under.

It works on plain data and on text. What it cannot look into it does not let through.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from itertools import islice
from math import isfinite
from pathlib import PurePath

import msgspec

from btcbot_core.app.redaction_rules import MASK, hide_by_rule, is_sensitive
from btcbot_core.app.spellings import decoded, spellings

CUT = "[CUT]"
"""Stands for what was too deep, too long or contains itself."""
DEPTH_MAX = 8
ITEMS_MAX = 100
TEXT_MAX = 16_384


class Redactor:
    """Knows the secrets of this process. A secret is learned once and never forgotten."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: frozenset[str] = frozenset()
        self._raw: frozenset[bytes] = frozenset()
        self._folded: tuple[str, ...] = ()
        self._pattern = re.compile(r"(?!)")
        self._shortest = TEXT_MAX
        self._longest = 0
        for secret in secrets:
            self.learn(secret)

    def __repr__(self) -> str:
        return f"Redactor({len(self._forms)} spellings)"

    def learn(self, secret: str) -> None:
        """Hide this value from now on, in every spelling."""
        known = spellings(secret)
        if known <= self._forms:
            return
        self._forms |= known
        raw = {form.encode("utf-8", "surrogatepass") for form in known}
        self._raw |= raw | ({decoded(secret)} - {b""})
        longest_first = sorted(self._forms, key=lambda form: (-len(form), form))
        self._longest, self._shortest = len(longest_first[0]), len(longest_first[-1])
        self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
        # Folding is done letter by letter, so what holds a form holds it folded too: a quick
        # look that spares nearly every text the slow one.
        self._folded = tuple({form.casefold() for form in longest_first})

    def text(self, text: str) -> str:
        """The same text without secrets, and not longer than a line of a log may be."""
        whole = text if len(text) <= 2 * TEXT_MAX else text[: 2 * TEXT_MAX]
        hidden = hide_by_rule(self._hide_by_value(whole))
        if len(whole) < len(text):
            # Half a secret may stand at the edge, too short to be recognised.
            hidden = hidden[: max(0, len(hidden) - self._longest)]
        return hidden if len(hidden) <= TEXT_MAX else hidden[:TEXT_MAX] + CUT

    def data(self, value: object) -> object:
        """The same value as plain data without secrets: what JSON can say, and nothing else."""
        return self._data(value, ())

    def _hide_by_value(self, text: str) -> str:
        if len(text) < self._shortest:
            return text
        folded = text.casefold()
        for form in self._folded:
            if form in folded:
                return self._pattern.sub(MASK, text)
        return text

    def _data(self, value: object, inside: tuple[int, ...]) -> object:
        match value:
            case str():
                return self.text(value)
            case None | bool():
                return value
            case Enum():
                return self._data(value.value, inside)
            case int() | float() | Decimal():
                return self._number(value)
            case bytes() | bytearray() | memoryview():
                return self._bytes(bytes(value[: 2 * TEXT_MAX]))
            case datetime() | date() | time():
                return value.isoformat()
            case BaseException():
                return self.text(f"{type(value).__name__}: {value}")
            case PurePath():
                return self.text(str(value))
        if len(inside) >= DEPTH_MAX or id(value) in inside:
            return CUT
        return self._compound(value, (*inside, id(value)))

    def _compound(self, value: object, inside: tuple[int, ...]) -> object:
        match value:
            case Mapping():
                return self._mapping(value.items(), inside)
            case msgspec.Struct():
                names = value.__struct_fields__
                return self._mapping(((name, getattr(value, name)) for name in names), inside)
            case list() | tuple():
                return self._sequence(value, inside)
            case AbstractSet():
                return sorted(self._sequence(value, inside), key=str)
        if is_dataclass(value) and not isinstance(value, type):
            named = [(field.name, getattr(value, field.name)) for field in fields(value)]
            return self._mapping(named, inside)
        return self.text(repr(value))

    def _mapping(
        self, items: Iterable[tuple[object, object]], inside: tuple[int, ...]
    ) -> dict[str, object]:
        rest = iter(items)
        plain = {
            self._name(name, inside): self._under(name, value, inside)
            for name, value in islice(rest, ITEMS_MAX)
        }
        return plain if next(rest, None) is None else {**plain, CUT: CUT}

    def _sequence(self, items: Collection[object], inside: tuple[int, ...]) -> list[object]:
        if isinstance(items, list | tuple) and len(items) == 2 and _is_secret_name(items[0]):
            # A header as a pair, which is how HTTP libraries keep them.
            return [self._data(items[0], inside), self._under(items[0], items[1], inside)]
        plain = [self._data(item, inside) for item in islice(items, ITEMS_MAX)]
        return plain if len(items) <= ITEMS_MAX else [*plain, CUT]

    def _under(self, name: object, value: object, inside: tuple[int, ...]) -> object:
        """A value that goes under a name: hidden whole where the name says that it is secret."""
        if _is_secret_name(name) and not (value is None or isinstance(value, bool)):
            return MASK
        return self._data(value, inside)

    def _name(self, name: object, inside: tuple[int, ...]) -> str:
        return self.text(name) if isinstance(name, str) else str(self._data(name, inside))

    def _number(self, value: float | Decimal) -> object:
        text = str(value)
        if self._hide_by_value(text) != text:
            return MASK
        is_plain = isinstance(value, int | float) and isfinite(value)
        return value if is_plain else text

    def _bytes(self, value: bytes) -> str:
        for form in self._raw:
            value = value.replace(form, MASK.encode())
        return self.text(value.decode("utf-8", "backslashreplace"))


def _is_secret_name(name: object) -> bool:
    match name:
        case str():
            return is_sensitive(name)
        case bytes():
            return is_sensitive(name.decode("ascii", "replace"))
    return False
