"""A recorded dataset: read from a folder, checked once, then looked up by index (DEC-19)."""

import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import chain, pairwise
from pathlib import Path

import msgspec

from btcbot_core.adapters.replay.columns import Column, instant, shown
from btcbot_core.adapters.replay.guesses import modelled_rules, shortest_step
from btcbot_core.adapters.replay.manifest import (
    FILE_NAME,
    HALF_SPREAD_BPS_DEFAULT,
    Manifest,
    half_spread_bps,
    read_manifest,
    rules_of,
)
from btcbot_core.adapters.replay.series import (
    BookSeries,
    CandleSeries,
    check_ticker,
    read_books,
    read_candles,
)
from btcbot_core.domain.errors import DatasetError
from btcbot_core.domain.money import canonical
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Asset, NotASymbolError, Symbol, base_and_quote, symbol_from
from btcbot_core.ports import Progress, unheard

PAIRS_MAX = 500
HASHED_AT_ONCE = 16_384
_KNOWN_ENTRIES = frozenset({FILE_NAME, "candles", "orderbook", "ticker", "README.md"})


class PairData(msgspec.Struct, frozen=True):
    """All that was recorded of one pair."""

    rules: PairRules
    candles: CandleSeries
    book: BookSeries | None


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """A recording of one quote currency's pairs."""

    name: str
    interval: timedelta
    quote: Asset
    half_spread_bps: Decimal
    pairs: Mapping[Symbol, PairData]
    profile: Mapping[str, str]
    """Settings that the recording suggests, by name."""
    source: str
    licence: str
    span: str
    warnings: tuple[str, ...]
    digest: str
    """SHA-256 over everything a run on this dataset can see: equal digests, equal runs."""

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        return tuple(self.pairs)

    @property
    def is_book_recorded(self) -> bool:
        return all(pair.book is not None for pair in self.pairs.values())

    @property
    def book_label(self) -> str:
        """How bid and ask came to be, in words for the operator."""
        if self.is_book_recorded:
            return "recorded"
        if any(pair.book is not None for pair in self.pairs.values()):
            return f"recorded or modelled {canonical(self.half_spread_bps)} bps"
        return f"modelled {canonical(self.half_spread_bps)} bps"

    @property
    def first_open(self) -> datetime:
        return instant(min(pair.candles.opened[0] for pair in self.pairs.values()))

    @property
    def last_open(self) -> datetime:
        return instant(max(pair.candles.opened[-1] for pair in self.pairs.values()))

    @property
    def steps(self) -> int:
        """How many instants it takes until the last candle is seen."""
        whole, rest = divmod(self.last_open - self.first_open, self.interval)
        return whole + (1 if rest else 0) + 1


class Meter:
    """Tells how many of the bytes are read, file by file."""

    def __init__(self, paths: Iterable[Path], progress: Progress) -> None:
        self._total = sum(path.stat().st_size for path in paths if path.is_file())
        self._done = 0
        self._progress = progress

    def passed(self, path: Path) -> None:
        self._done += path.stat().st_size
        self._progress(self._done, self._total)


def load(folder: Path, progress: Progress = unheard) -> Dataset:
    """Read a dataset from its folder; tells of bytes read.

    Raises DatasetError, one line that names the file and the line, for the first thing that is
    wrong: nothing of a bad dataset is used.
    """
    root = _root(folder)
    files = {kind: _files(root, kind) for kind in ("ticker", "candles", "orderbook")}
    meter = Meter(chain.from_iterable(found.values() for found in files.values()), progress)
    # First, while nothing else is in memory: of tickers nothing is kept.
    for path in files["ticker"].values():
        check_ticker(path, _label("ticker", path))
        meter.passed(path)
    candles: dict[Symbol, CandleSeries] = {}
    for symbol, path in files["candles"].items():
        candles[symbol] = read_candles(path, _label("candles", path))
        meter.passed(path)
    if not candles:
        raise DatasetError(f"dataset {shown(folder.name)}: found no candles/*.csv, expected some")
    books: dict[Symbol, BookSeries] = {}
    for symbol, path in files["orderbook"].items():
        books[symbol] = read_books(path, _label("orderbook", path))
        meter.passed(path)
    extra = sorted(entry.name for entry in root.iterdir() if entry.name not in _KNOWN_ENTRIES)
    warnings = [f"{shown(name)} is no part of a dataset: left alone" for name in extra[:10]]
    if stray := sorted(set(books) - set(candles)):
        warnings.append(f"books without candles are not used: {', '.join(stray)}")
    path = root / FILE_NAME
    if path.is_file() and _is_inside(root, path):
        return _described(root, read_manifest(path), candles, books, warnings)
    return _inferred(root, candles, books, warnings)


def _described(
    root: Path,
    manifest: Manifest,
    candles: Mapping[Symbol, CandleSeries],
    books: Mapping[Symbol, BookSeries],
    warnings: list[str],
) -> Dataset:
    """The dataset as its file describes it; files and description must agree."""
    rules = rules_of(manifest)
    if odd := sorted(set(rules) ^ set(candles)):
        raise DatasetError(
            f"{FILE_NAME} pairs: {', '.join(odd)} stands in the file or in candles/, expected both"
        )
    is_recorded = manifest.book.kind == "recorded"
    if is_recorded and (bare := sorted(set(rules) - set(books))):
        raise DatasetError(f"{FILE_NAME} book: found recorded, expected orderbook/{bare[0]}.csv")
    if not is_recorded and books:
        raise DatasetError(f"{FILE_NAME} book: found modelled beside orderbook/, expected one")
    interval = timedelta(seconds=manifest.interval_s)
    pairs = {s: PairData(rules[s], candles[s], books.get(s)) for s in rules}
    half = half_spread_bps(manifest.book)
    return Dataset(
        name=root.name,
        interval=interval,
        quote=Asset(manifest.quote),
        half_spread_bps=half,
        pairs=pairs,
        profile=manifest.profile,
        source=manifest.source,
        licence=manifest.licence,
        span=manifest.span,
        warnings=(*warnings, *_checked_gaps(pairs, interval)),
        digest=_digest(interval, half, pairs),
    )


def _inferred(
    root: Path,
    candles: Mapping[Symbol, CandleSeries],
    books: Mapping[Symbol, BookSeries],
    warnings: list[str],
) -> Dataset:
    """The dataset of a folder that does not describe itself; what is guessed is warned of."""
    interval = shortest_step(candles)
    quotes = {base_and_quote(symbol)[1] for symbol in candles}
    if len(quotes) > 1:
        found = ", ".join(sorted(quotes))
        raise DatasetError(f"candles/: found pairs quoted in {found}, expected one currency")
    pairs = {
        s: PairData(modelled_rules(s, series), series, books.get(s))
        for s, series in candles.items()
    }
    half = HALF_SPREAD_BPS_DEFAULT
    guessed = (
        f"no {FILE_NAME}: interval {int(interval.total_seconds())} s is inferred,"
        " ts is taken as the open time, rules are modelled"
    )
    return Dataset(
        name=root.name,
        interval=interval,
        quote=quotes.pop(),
        half_spread_bps=half,
        pairs=pairs,
        profile={},
        source="not stated",
        licence="not stated",
        span="",
        warnings=(guessed, *warnings, *_checked_gaps(pairs, interval)),
        digest=_digest(interval, half, pairs),
    )


def _root(folder: Path) -> Path:
    try:
        root = folder.resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as wrong:
        raise DatasetError(f"dataset {shown(str(folder))}: found no such folder") from wrong
    if not root.is_dir():
        raise DatasetError(f"dataset {shown(str(folder))}: found a file, expected a folder")
    return root


def _files(root: Path, kind: str) -> dict[Symbol, Path]:
    """The CSV files of one kind by pair; none when the folder is not there."""
    folder = root / kind
    if not folder.exists():
        return {}
    if not _is_inside(root, folder) or not folder.is_dir():
        raise DatasetError(f"{kind}/: found a link out of the dataset, expected a folder")
    found: dict[Symbol, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() != ".csv":
            continue
        symbol = _symbol(kind, path)
        if not _is_inside(root, path) or not stat.S_ISREG(path.stat().st_mode):
            raise DatasetError(f"{_label(kind, path)}: found no plain file of the dataset's own")
        if symbol in found or len(found) == PAIRS_MAX:
            raise DatasetError(
                f"{_label(kind, path)}: expected each pair once, {PAIRS_MAX} at most"
            )
        found[symbol] = path
    return found


def _symbol(kind: str, path: Path) -> Symbol:
    try:
        return symbol_from(path.stem)
    except NotASymbolError as wrong:
        raise DatasetError(f"{_label(kind, path)}: expected a name such as BTCTRY.csv") from wrong


def _is_inside(root: Path, path: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False


def _label(kind: str, path: Path) -> str:
    name = path.name
    return f"{kind}/{name}" if name.isascii() and name.isprintable() else f"{kind}/{shown(name)}"


def _checked_gaps(pairs: Mapping[Symbol, PairData], interval: timedelta) -> list[str]:
    """A warning for each pair with holes. Raises DatasetError where candles overlap."""
    length = interval // timedelta(microseconds=1)
    warnings = []
    for symbol, pair in pairs.items():
        holes = 0
        for row, (before, after) in enumerate(pairwise(pair.candles.opened), start=1):
            if after - before < length:
                raise DatasetError(
                    f"{pair.candles.label} line {row + 2}: found a candle before the last ended,"
                    f" expected one every {int(interval.total_seconds())} s"
                )
            holes += after - before > length
        if holes:
            warnings.append(f"{symbol}: candles are missing in {holes} places")
    return warnings


def _digest(interval: timedelta, half: Decimal, pairs: Mapping[Symbol, PairData]) -> str:
    """A hash of what a run can see, however the files spell it."""
    hashed = sha256(f"v1|{interval // timedelta(microseconds=1)}|{canonical(half)}".encode())
    for symbol in sorted(pairs):
        pair = pairs[symbol]
        hashed.update(
            b"|" + msgspec.json.encode(msgspec.structs.asdict(pair.rules), order="sorted")
        )
        series = pair.candles
        columns = [series.open, series.high, series.low, series.close, series.volume]
        _hash_rows(hashed.update, series.opened, columns)
        if pair.book is not None:
            _hash_rows(hashed.update, pair.book.at, [pair.book.bid, pair.book.ask])
    return hashed.hexdigest()


def _hash_rows(
    update: Callable[[bytes], None], times: Sequence[int], columns: list[Column]
) -> None:
    update(f"|{len(times)}|".encode())
    _hash_numbers(update, times)
    for column in columns:
        update(f"|{column.unit}|".encode())
        _hash_numbers(update, column.units)


def _hash_numbers(update: Callable[[bytes], None], numbers: Sequence[int]) -> None:
    """All of them with commas, piece by piece: as one text a long column would fill the memory."""
    for begin in range(0, len(numbers), HASHED_AT_ONCE):
        piece = numbers[begin : begin + HASHED_AT_ONCE]
        update(("," if begin else "").encode() + ",".join(map(str, piece)).encode())
