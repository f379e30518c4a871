"""Cycles as files for other programs: CSV, JSON, JSON lines. Numbers stay numbers.

A text that a spreadsheet would take for a formula gets an apostrophe in front (FAULTS S09);
a number may begin with a minus and is left alone.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from btcbot_core.app.figures import CycleFigures
from btcbot_core.domain.money import canonical

SCHEMA = "cycles/1"
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
_ENCODER = msgspec.json.Encoder(decimal_format="string")
_PLAIN_ENCODER = msgspec.json.Encoder()


class Format(StrEnum):
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON document."""

    schema: str
    count: int
    cycles: Sequence[CycleFigures]


def lines(rows: Sequence[CycleFigures], form: Format, *, is_defused: bool = True) -> Iterator[str]:
    """The file, line by line with its line ends."""
    match form:
        case Format.CSV:
            yield from _csv(rows, is_defused=is_defused)
        case Format.JSON:
            document = Export(schema=SCHEMA, count=len(rows), cycles=rows)
            yield msgspec.json.format(_ENCODER.encode(document), indent=2).decode() + "\n"
        case Format.JSONL:
            for row in rows:
                yield _ENCODER.encode(row).decode() + "\n"


def cell(value: object, *, is_defused: bool) -> str:
    """One cell of a table, as text."""
    match value:
        case None:
            return ""
        case Decimal():
            return canonical(value)
        case bool() | int():
            return str(value)
        case datetime():
            return value.isoformat()
        case tuple() | list():
            return _text(_PLAIN_ENCODER.encode(value).decode(), is_defused=is_defused)
        case _:
            return _text(str(value), is_defused=is_defused)


def _text(text: str, *, is_defused: bool) -> str:
    return f"'{text}" if is_defused and text.startswith(_RISKY) else text


def _csv(rows: Sequence[CycleFigures], *, is_defused: bool) -> Iterator[str]:
    names = CycleFigures.__struct_fields__
    yield _csv_line(names)
    for row in rows:
        yield _csv_line([cell(getattr(row, name), is_defused=is_defused) for name in names])


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    # RFC 4180's line end; with it the writer quotes cells that hold either half of it.
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()
