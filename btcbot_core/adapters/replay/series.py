"""A pair's recorded candles and books as columns, checked row by row when they are read."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import msgspec

from btcbot_core.adapters.replay.columns import (
    Column,
    instant,
    read_numbers,
    read_table,
)
from btcbot_core.domain.market import Candle

CANDLE_COLUMNS = ("open", "high", "low", "close", "volume")
BOOK_COLUMNS = ("best_bid", "best_ask")
TICKER_COLUMNS = ("last", "high", "low", "volume")


class CandleSeries(msgspec.Struct, frozen=True):
    """All candles of a pair, in strictly rising order of their open times."""

    label: str
    opened: Sequence[int]
    open: Column
    high: Column
    low: Column
    close: Column
    volume: Column

    def candle(self, row: int) -> Candle:
        """One row as a value."""
        return Candle(
            instant(self.opened[row]),
            self.open[row],
            self.high[row],
            self.low[row],
            self.close[row],
            self.volume[row],
        )

    def decimals(self) -> tuple[Decimal, Decimal]:
        """The units in which prices and volumes are written."""
        return self.close.unit, self.volume.unit


class BookSeries(msgspec.Struct, frozen=True):
    """All recorded bests of a pair. Rows may share a time: file order is the order."""

    label: str
    at: Sequence[int]
    bid: Column
    ask: Column


def read_candles(path: Path, label: str) -> CandleSeries:
    """Read a pair's candles. Raises DatasetError at the first row that cannot be."""
    table = read_table(path, label, CANDLE_COLUMNS)
    for row, (before, after) in enumerate(pairwise(table.times), start=1):
        if after <= before:
            found = f"ts {instant(after).isoformat()} after {instant(before).isoformat()}"
            raise table.fault(row, found, "rising times, each once")
    prices = read_numbers(table, range(4), may_be_zero=False)
    bars = zip(*(column.units for column in prices), strict=True)
    for row, (opened, high, low, close) in enumerate(bars):
        if not (low <= opened <= high and low <= close <= high):
            bar = " ".join(column[row] for column in table.cells[:4])
            raise table.fault(row, f"open high low close {bar}", "low ≤ open, close ≤ high")
    volume = read_numbers(table, (4,), may_be_zero=True)
    return CandleSeries(label, table.times, *prices, *volume)


def read_books(path: Path, label: str) -> BookSeries:
    """Read a pair's best bids and asks. Raises DatasetError at the first row that cannot be."""
    table = read_table(path, label, BOOK_COLUMNS)
    for row, (before, after) in enumerate(pairwise(table.times), start=1):
        if after < before:
            found = f"ts {instant(after).isoformat()} after {instant(before).isoformat()}"
            raise table.fault(row, found, "times that do not go back")
    bid, ask = read_numbers(table, range(2), may_be_zero=False)
    for row, (best_bid, best_ask) in enumerate(zip(bid.units, ask.units, strict=True)):
        if best_bid > best_ask:
            cells = f"bid {table.cells[0][row]} over ask {table.cells[1][row]}"
            raise table.fault(row, cells, "a bid at or under the ask")
    return BookSeries(label, table.times, bid, ask)


def check_ticker(path: Path, label: str) -> None:
    """Check a pair's ticker rows. They may be there; nothing is quoted or filled from them."""
    table = read_table(path, label, TICKER_COLUMNS)
    read_numbers(table, range(3), may_be_zero=False)
    read_numbers(table, (3,), may_be_zero=True)
