"""What a request says: query, form or JSON, in any case, numbers as numbers or as text."""

import json
import re
from decimal import Decimal
from urllib.parse import parse_qsl

from btcbot_core.adapters.paper.screening import BAD_PARAMETER, PAIR_NOT_FOUND
from btcbot_core.adapters.paper.server.answers import RefusedError, bad
from btcbot_core.domain.symbol import NotASymbolError, Symbol, symbol_from

BODY_BYTES_MAX = 64 * 1024
_AMOUNT = re.compile(r"[0-9]{0,12}(\.[0-9]{1,16})?", re.ASCII)
"""No sign and no exponent (API.md §1)."""
_INTEGER = re.compile(r"-?[0-9]{1,19}", re.ASCII)


class Fields:
    """Values by lower-case name. What stands in the query wins over the body."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name.lower(), []).append(value)

    def over(self, other: "Fields") -> "Fields":
        """These, and the other's where these say nothing."""
        merged = Fields([])
        merged._values = {**other._values, **self._values}
        return merged

    def text(self, *names: str) -> str:
        """The first of these that is there, else nothing."""
        for name in names:
            values = self._values.get(name.lower())
            if values and values[0]:
                return values[0]
        return ""

    def texts(self, name: str) -> list[str]:
        """All values of a repeated name."""
        return [value for value in self._values.get(name.lower(), []) if value]

    def amount(self, name: str) -> Decimal:
        """A number that is not negative; zero where it is missing or empty."""
        found = self.text(name)
        if not _AMOUNT.fullmatch(found):
            raise RefusedError(bad(BAD_PARAMETER))
        return Decimal(found) if found not in ("", ".") else Decimal(0)

    def integer(self, name: str, default: int) -> int:
        found = self.text(name)
        if not found:
            return default
        if not _INTEGER.fullmatch(found):
            raise RefusedError(bad(BAD_PARAMETER))
        return int(found)

    def symbol(self, *names: str) -> Symbol | None:
        """A pair, with or without underscore; None where none is named."""
        found = self.text(*names)
        if not found:
            return None
        try:
            return symbol_from(found)
        except NotASymbolError as wrong:
            raise RefusedError(bad(PAIR_NOT_FOUND)) from wrong


def of_query(query: str) -> Fields:
    return Fields(parse_qsl(query, keep_blank_values=True, max_num_fields=100))


def of_body(body: bytes, content_type: str) -> Fields:
    """A JSON object or a form. Raises RefusedError for anything else that is not empty."""
    if not body.strip():
        return Fields([])
    if len(body) > BODY_BYTES_MAX:
        raise RefusedError(bad(BAD_PARAMETER))
    if "form-urlencoded" in content_type:
        return of_query(body.decode("ascii", "replace"))
    try:
        # Numbers stay the text they were, so that no binary fraction comes in.
        found = json.loads(body, parse_float=str, parse_int=str, parse_constant=_refuse)
    except (ValueError, RecursionError) as wrong:
        raise RefusedError(bad(BAD_PARAMETER)) from wrong
    if not isinstance(found, dict):
        raise RefusedError(bad(BAD_PARAMETER))
    return Fields([(name, value) for name, value in found.items() if isinstance(value, str)])


def _refuse(constant: str) -> str:
    raise ValueError(constant)
