"""Writing a recording as it happens: books row by row, candles at the end, gaps by name."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec

from btcbot_core.adapters.replay.manifest import (
    FILE_NAME,
    BookEntry,
    GapEntry,
    Manifest,
    PairEntry,
    read_manifest,
)
from btcbot_core.domain.errors import DatasetError
from btcbot_core.domain.market import Candle, Quote
from btcbot_core.domain.money import canonical
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol

CANDLE_S = 60
"""The length of the recorded bars."""

GAPS_MAX = 10_000
_BOOK_HEADER = "ts,best_bid,best_ask"
_CANDLE_HEADER = "ts,open,high,low,close,volume"
_TAIL_BYTES = 4096


class CaptureFolder:
    """A dataset's folder that grows. Opening it again goes on where it ended."""

    def __init__(self, root: Path, source: str, rules: Mapping[Symbol, PairRules]) -> None:
        """Create or resume. Raises DatasetError when another recording is there."""
        self._root = root
        for name in ("candles", "orderbook"):
            (root / name).mkdir(parents=True, exist_ok=True)
        path = root / FILE_NAME
        self._manifest = _manifest(source, rules)
        if path.exists():
            found = read_manifest(path)
            if (_steps(found), found.source) != (_steps(self._manifest), source):
                raise DatasetError(
                    f"{root.name}: another recording is here, or the rules have changed:"
                    " name another folder"
                )
            pairs = {name: _widest(found.pairs[name], pair) for name, pair in self._pairs()}
            self._manifest = msgspec.structs.replace(found, pairs=pairs)
        self._write_manifest()
        self._last = {s: _last_instant(self._file("orderbook", s)) for s in rules}

    @property
    def last(self) -> datetime | None:
        """The newest recorded instant; None in a new folder."""
        known = [instant for instant in self._last.values() if instant is not None]
        return max(known, default=None)

    def add_quotes(self, quotes: Iterable[Quote]) -> int:
        """Append what is newer than the last row of its pair; returns how many rows."""
        count = 0
        for quote in quotes:
            last = self._last.get(quote.symbol)
            at = _whole_second(quote.at)
            if last is not None and at <= last:
                continue
            cells = (at.isoformat(), canonical(quote.bid), canonical(quote.ask))
            self._append("orderbook", quote.symbol, _BOOK_HEADER, [",".join(cells)])
            self._last[quote.symbol] = at
            count += 1
        return count

    def add_candles(self, symbol: Symbol, candles: Sequence[Candle]) -> int:
        """Append the bars that are newer than the last one."""
        last = _last_instant(self._file("candles", symbol))
        rows = [
            ",".join((c.opened_at.isoformat(), *map(canonical, _figures(c))))
            for c in candles
            if last is None or c.opened_at > last
        ]
        self._append("candles", symbol, _CANDLE_HEADER, rows)
        return len(rows)

    def mark_gap(self, start: datetime, end: datetime, why: str) -> None:
        """Say that between two instants nothing could be recorded."""
        gap = GapEntry(start=start.isoformat(), end=end.isoformat(), why=why[:200])
        gaps = (*self._manifest.gaps, gap)[-GAPS_MAX:]
        self._manifest = msgspec.structs.replace(self._manifest, gaps=gaps)
        self._write_manifest()

    def drop_empty(self) -> tuple[Symbol, ...]:
        """Leave out pairs of which nothing came, so that the dataset loads; returns them.

        Raises DatasetError when nothing came of any pair; the folder stays, to go on with.
        """
        empty = [
            s
            for s in self._last
            if not (self._file("candles", s).exists() and self._file("orderbook", s).exists())
        ]
        if len(empty) == len(self._last):
            raise DatasetError(
                f"{self._root.name}: no pair has both books and candles yet; the folder stays:"
                " the same command goes on with it"
            )
        for symbol in empty:
            for kind in ("candles", "orderbook"):
                self._file(kind, symbol).unlink(missing_ok=True)
        pairs = {name: entry for name, entry in self._manifest.pairs.items() if name not in empty}
        self._manifest = msgspec.structs.replace(self._manifest, pairs=pairs)
        self._write_manifest()
        return tuple(empty)

    def _pairs(self) -> Iterable[tuple[str, PairEntry]]:
        return self._manifest.pairs.items()

    def _append(self, kind: str, symbol: Symbol, header: str, rows: Sequence[str]) -> None:
        if not rows:
            return
        path = self._file(kind, symbol)
        lines = rows if path.exists() else [header, *rows]
        with path.open("a", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")

    def _file(self, kind: str, symbol: Symbol) -> Path:
        return self._root / kind / f"{symbol}.csv"

    def _write_manifest(self) -> None:
        """Whole or not at all: a recording is read while it grows."""
        path = self._root / FILE_NAME
        fresh = path.with_suffix(".new")
        encoded = msgspec.json.format(msgspec.json.encode(self._manifest), indent=2)
        fresh.write_bytes(encoded + b"\n")
        fresh.replace(path)


def _manifest(source: str, rules: Mapping[Symbol, PairRules]) -> Manifest:
    quotes = {pair.quote for pair in rules.values()}
    if len(quotes) != 1:
        raise DatasetError(f"expected pairs of one quote currency, found {sorted(quotes)}")
    return Manifest(
        interval_s=CANDLE_S,
        ts="open",
        quote=quotes.pop(),
        source=source,
        licence="recorded from the exchange's public data",
        pairs={symbol: _pair(pair) for symbol, pair in sorted(rules.items())},
        book=BookEntry(kind="recorded"),
    )


def _pair(rules: PairRules) -> PairEntry:
    return PairEntry(
        tick_size=canonical(rules.tick_size),
        lot_step=canonical(rules.lot_step),
        min_notional=canonical(rules.min_notional),
        modelled=rules.is_modelled,
        min_price=canonical(rules.min_price),
        max_price=None if rules.max_price is None else canonical(rules.max_price),
        min_qty=canonical(rules.min_qty),
        max_qty=None if rules.max_qty is None else canonical(rules.max_qty),
    )


def _whole_second(instant: datetime) -> datetime:
    """The second that has begun by then or begins next: a replay must not see it too early."""
    whole = instant.replace(microsecond=0)
    return whole if whole == instant else whole + timedelta(seconds=1)


def _steps(manifest: Manifest) -> dict[str, tuple[str, str, str]]:
    """What may not change within one recording."""
    pairs = manifest.pairs.items()
    return {name: (pair.tick_size, pair.lot_step, pair.min_notional) for name, pair in pairs}


def _widest(recorded: PairEntry, now: PairEntry) -> PairEntry:
    """One band over both: the exchange moves the prices it takes with the market."""
    ceilings = [pair.max_price for pair in (recorded, now) if pair.max_price is not None]
    return msgspec.structs.replace(
        recorded,
        min_price=min(recorded.min_price, now.min_price, key=Decimal),
        max_price=max(ceilings, key=Decimal) if len(ceilings) == 2 else None,
    )


def _figures(candle: Candle) -> tuple[Decimal, ...]:
    return (candle.open, candle.high, candle.low, candle.close, candle.volume)


def _last_instant(path: Path) -> datetime | None:
    """The time of the last whole row; a row that a crash cut short is cut off."""
    if not path.exists():
        return None
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) != len(data):
        path.write_bytes(whole)
    last = whole[-_TAIL_BYTES:].rstrip(b"\n").rpartition(b"\n")[2].partition(b",")[0]
    try:
        return datetime.fromisoformat(last.decode("ascii")).astimezone(UTC)
    except ValueError:
        return None
