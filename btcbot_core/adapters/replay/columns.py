"""CSV files of figures, read strictly into columns of whole numbers with one unit each.

A column keeps `353540.25` as 35354025 hundredths: eight bytes a cell, exact, and two equal
columns are equal whatever zeros the file wrote.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import eq
from pathlib import Path
from zlib import compress, decompress

import msgspec

from btcbot_core.domain.errors import DatasetError
from btcbot_core.domain.money import NotANumberError, canonical, decimal_from

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

FILE_BYTES_MAX = 256 * 1024 * 1024
ROWS_MAX = 5_000_000
LINE_LENGTH_MAX = 512
WHOLE_DIGITS_MAX = 14
DECIMALS_MAX = 14
"""Both together stay under the 28 digits up to which Decimal arithmetic is exact."""

CHUNK = 4_096
"""Cells that are kept as one string while a file is read."""
_NARROW_MAX, _WIDE_MAX = 2**31 - 1, 2**63 - 1

_ISO_UTC = re.compile(
    r"(?:19[7-9]|20[0-9]|21[0-9])[0-9]-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(?:\.[0-9]{1,6})?(?:Z|\+00:00)",
    re.ASCII,
)
_EPOCH = re.compile(r"[0-9]{10}(?:[0-9]{3})?", re.ASCII)


class Column(msgspec.Struct, frozen=True):
    """Exact numbers of one kind. `column[i]` is the Decimal of row i."""

    units: Sequence[int]
    unit: Decimal

    def __getitem__(self, index: int) -> Decimal:
        return self.units[index] * self.unit

    def __len__(self) -> int:
        return len(self.units)


class Cells:
    """One column's texts, packed: a million cells as objects would fill a small machine."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._open: list[str] = []

    def add(self, text: str) -> None:
        self._open.append(text)
        if len(self._open) == CHUNK:
            self._chunks.append(compress(",".join(self._open).encode(), 1))
            self._open = []

    def __iter__(self) -> Iterator[str]:
        for chunk in self._chunks:
            yield from _unpacked(chunk)
        yield from self._open

    def __getitem__(self, row: int) -> str:
        place, rest = divmod(row, CHUNK)
        chunks = self._chunks
        return _unpacked(chunks[place])[rest] if place < len(chunks) else self._open[rest]


def _unpacked(chunk: bytes) -> list[str]:
    return decompress(chunk).decode().split(",")


class Table(msgspec.Struct, frozen=True):
    """The rows of one file: their times in microseconds since 1970, and the cells as text."""

    label: str
    times: Sequence[int]
    cells: tuple[Cells, ...]
    """One list for each column asked for, in the order asked."""

    def fault(self, row: int, found: str, expected: str) -> DatasetError:
        """What is wrong with a row, as the operator reads it."""
        return fault(self.label, row + 2, found, expected)


def fault(label: str, line: int, found: str, expected: str) -> DatasetError:
    """One line that names file, line, what was found and what was expected."""
    return DatasetError(f"{label} line {line}: found {found}, expected {expected}")


def shown(text: str) -> str:
    """Text from outside, safe to print: control characters become escapes, long ones are cut."""
    return repr(text if len(text) <= 60 else text[:60] + "…")


def instant(microseconds: int) -> datetime:
    """The aware UTC time of a row."""
    return EPOCH + microseconds * MICROSECOND


def microseconds(at: datetime) -> int:
    """A time as rows keep it."""
    return (at - EPOCH) // MICROSECOND


def last_row_by(times: Sequence[int], at_us: int) -> int:
    """The last of rising times that is not after an instant; −1 where there is none.

    Times at equal distances are counted off: a search would cost ten times as much, every step.
    """
    if not isinstance(times, range):
        return bisect_right(times, at_us) - 1
    row = (at_us - times.start) // times.step
    if row < 0:
        return -1
    return row if row < len(times) else len(times) - 1


def read_table(path: Path, label: str, columns: tuple[str, ...]) -> Table:
    """Read `ts` and the named columns. Further columns are allowed and left alone.

    Raises DatasetError for the first line that is not as it should be.
    """
    if path.stat().st_size > FILE_BYTES_MAX:
        raise DatasetError(f"{label}: found more than {FILE_BYTES_MAX} bytes, expected fewer")
    times: array[int] = array("q")
    with path.open(encoding="utf-8-sig", errors="replace", newline="\n") as file:
        names = [name.strip() for name in file.readline(LINE_LENGTH_MAX).rstrip("\r\n").split(",")]
        places = _places(label, names, columns)
        ts_place = names.index("ts")
        columns_of = [(Cells(), place) for place in places]
        for number, line in enumerate(iter(lambda: file.readline(LINE_LENGTH_MAX), ""), start=2):
            cells = _split(label, number, line, len(names))
            times.append(_time(label, number, cells[ts_place]))
            for column, place in columns_of:
                column.add(cells[place])
            if number > ROWS_MAX:
                raise DatasetError(f"{label}: found more than {ROWS_MAX} rows, expected fewer")
    if not times:
        raise fault(label, 2, "the end of the file", "at least one row")
    return Table(label, _regular(times), tuple(column for column, _ in columns_of))


def read_numbers(table: Table, places: Sequence[int], *, may_be_zero: bool) -> list[Column]:
    """The cells of these columns as numbers in one common unit.

    Raises DatasetError for the first cell that is no number, negative, zero where it must not
    be, or of an absurd size.
    """
    # Twice over the text, never all of it as objects: first the common unit, then the numbers.
    scale = max(
        len(_halves(table, row, text)[1]) for p in places for row, text in enumerate(table.cells[p])
    )
    unit = Decimal(1).scaleb(-scale)
    columns = []
    for place in places:
        units = _packed(_scaled(table, place, scale), len(table.times))
        if not may_be_zero and min(units) == 0:
            row = units.index(0)
            raise table.fault(row, shown(table.cells[place][row]), "a number above zero")
        columns.append(Column(units, unit))
    return columns


def _scaled(table: Table, place: int, scale: int) -> Iterator[int]:
    for row, text in enumerate(table.cells[place]):
        whole, decimals = _halves(table, row, text)
        yield int(whole + decimals.ljust(scale, "0"))


def _regular(times: "array[int]") -> Sequence[int]:
    """Times at equal distances need no memory: a recording without gaps is its first and last."""
    step = times[1] - times[0] if len(times) > 1 else 0
    if step <= 0:
        return times
    even = range(times[0], times[0] + step * len(times), step)
    return even if all(map(eq, times, even)) else times


def _places(label: str, names: list[str], columns: tuple[str, ...]) -> list[int]:
    wanted = ("ts", *columns)
    if len(set(names)) != len(names) or not set(wanted) <= set(names):
        found = shown(",".join(names))
        raise fault(label, 1, f"the header {found}", f"the columns {','.join(wanted)}")
    return [names.index(column) for column in columns]


def _split(label: str, number: int, line: str, width: int) -> list[str]:
    cells = line.rstrip("\r\n").split(",")
    if len(cells) != width:
        raise fault(label, number, f"{len(cells)} cells", f"{width} as in the header")
    return cells


def _time(label: str, number: int, text: str) -> int:
    if _ISO_UTC.fullmatch(text):
        try:
            return microseconds(datetime.fromisoformat(text))
        except ValueError as wrong:
            raise fault(label, number, f"ts {shown(text)}", "a date of the calendar") from wrong
    if _EPOCH.fullmatch(text):
        return int(text) * (1_000_000 if len(text) == 10 else 1_000)
    raise fault(label, number, f"ts {shown(text)}", "UTC such as 2022-11-08T22:36:00+00:00")


def _halves(table: Table, row: int, text: str) -> tuple[str, str]:
    """Whole digits and decimals of a cell, without trailing zeros."""
    whole, _, decimals = text.partition(".")
    if not (text.isascii() and whole.isdigit() and (not decimals or decimals.isdigit())):
        whole, _, decimals = _plain(table, row, text).partition(".")
    decimals = decimals.rstrip("0")
    if len(whole) > WHOLE_DIGITS_MAX or len(decimals) > DECIMALS_MAX:
        expected = f"at most {WHOLE_DIGITS_MAX} digits and {DECIMALS_MAX} decimals"
        raise table.fault(row, shown(text), expected)
    return whole, decimals


def _plain(table: Table, row: int, text: str) -> str:
    """The spelling without exponent of a number that is not written plainly."""
    try:
        value = decimal_from(text)
    except NotANumberError as wrong:
        raise table.fault(row, shown(text), "a number") from wrong
    if value.is_signed():
        raise table.fault(row, shown(text), "a number that is not negative")
    return canonical(value)


def _packed(numbers: Iterator[int], count: int) -> Sequence[int]:
    """Four bytes a number where they fit, else eight, which nearly always does."""
    wide: array[int] = array("q")
    for number in numbers:
        if number > _WIDE_MAX:
            return [*wide, number, *numbers]
        wide.append(number)
    return array("i", wide) if count and max(wide) <= _NARROW_MAX else wide
