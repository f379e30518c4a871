"""Where two records first differ: values are compared, not spellings."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from btcbot_core.domain.money import NotANumberError, decimal_from

ABSENT = "nothing"
_SHOWN_MAX = 200


class Difference(msgspec.Struct, frozen=True):
    """A field, by its way through the record, and what stands there on either side."""

    field: str
    first: str
    second: str


def first_difference(first: object, second: object, field: str = "") -> Difference | None:
    """The first field, in the order in which the first record has them; None for equal values."""
    if first is second or (type(first) is type(second) and first == second):
        return None
    if isinstance(first, msgspec.Raw) and isinstance(second, msgspec.Raw):
        return first_difference(_plain(first), _plain(second), field)
    if isinstance(first, msgspec.Struct) and type(first) is type(second):
        names = type(first).__struct_fields__
        pairs = ((name, getattr(first, name), getattr(second, name)) for name in names)
        return _first(pairs, field, "{}.{}")
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        keys = [*first, *(key for key in second if key not in first)]
        found = ((str(k), first.get(k, ABSENT), second.get(k, ABSENT)) for k in keys)
        return _first(found, field, "{}.{}")
    if isinstance(first, tuple | list) and isinstance(second, tuple | list):
        return _rows(first, second, field)
    if _is_same(first, second):
        return None
    return Difference(field, str(first)[:_SHOWN_MAX], str(second)[:_SHOWN_MAX])


def _rows(
    first: tuple[object, ...] | list[object], second: tuple[object, ...] | list[object], field: str
) -> Difference | None:
    length = max(len(first), len(second))
    padded = ([*rows, *[ABSENT] * (length - len(rows))] for rows in (first, second))
    return _first(
        ((str(n), a, b) for n, (a, b) in enumerate(zip(*padded, strict=True))), field, "{}[{}]"
    )


def _first(
    pairs: Iterable[tuple[str, object, object]], field: str, pattern: str
) -> Difference | None:
    for name, first, second in pairs:
        path = pattern.format(field, name) if field else name
        found = first_difference(first, second, path)
        if found is not None:
            return found
    return None


def _is_same(first: object, second: object) -> bool:
    if first == second:
        return True
    if isinstance(first, str) and isinstance(second, str):
        one, other = _number(first), _number(second)
        return one is not None and one == other
    return False


def _number(text: str) -> Decimal | None:
    try:
        return decimal_from(text)
    except NotANumberError:
        return None


def _plain(raw: msgspec.Raw) -> object:
    return msgspec.json.decode(raw) if bytes(raw) else ABSENT
