"""Everything that is wrong with a dataset, file by file and row by row, not only the first."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec

from btcbot_core.adapters.replay.columns import EPOCH, shown
from btcbot_core.adapters.replay.dataset import Meter, load
from btcbot_core.adapters.replay.series import BOOK_COLUMNS, CANDLE_COLUMNS, TICKER_COLUMNS
from btcbot_core.domain.errors import DatasetError
from btcbot_core.domain.money import ZERO, NotANumberError, decimal_from
from btcbot_core.domain.symbol import NotASymbolError, symbol_from
from btcbot_core.ports import Progress, unheard

ISSUES_A_FILE_MAX = 20
FOLDERS = {"candles": CANDLE_COLUMNS, "orderbook": BOOK_COLUMNS, "ticker": TICKER_COLUMNS}
GAP_INTERVALS = 3


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, or odd."""

    level: str
    code: str
    where: str
    message: str


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """What was found. A dataset without an error can be replayed."""

    ok: bool
    issues: tuple[Issue, ...]
    rows: dict[str, dict[str, int]]


def validate(folder: Path, progress: Progress = unheard) -> Validation:
    """Check every file; at most ISSUES_A_FILE_MAX issues of each. Tells of bytes looked at."""
    if not folder.exists():
        return _answer([_error("dataset_missing", folder.name, "there is no such folder")], {})
    if not folder.is_dir():
        return _answer([_error("dataset_not_directory", folder.name, "expected a folder")], {})
    issues: list[Issue] = []
    rows: dict[str, dict[str, int]] = {}
    # Every file is gone through twice: row by row for all that is wrong, then as a run reads it.
    files = (path for kind in FOLDERS for path in (folder / kind).glob("*.csv"))
    meter = Meter(files, lambda done, total: progress(done, 2 * total))
    for kind in FOLDERS:
        found, counts = _folder(folder / kind, kind, meter)
        issues.extend(found)
        rows[kind] = counts
    names = {kind: set(counts) for kind, counts in rows.items()}
    if names["orderbook"] and names["candles"] != names["orderbook"]:
        odd = ", ".join(sorted(names["candles"] ^ names["orderbook"]))
        issues.append(_warning("symbol_mismatch", "orderbook", f"{odd} not in both folders"))
    if not any(issue.level == "error" for issue in issues):
        try:
            warnings = load(folder, lambda done, total: progress(total + done, 2 * total)).warnings
        except DatasetError as error:
            issues.append(_error("not_loadable", folder.name, str(error)))
        else:
            issues.extend(_warning("odd", folder.name, words) for words in warnings)
    return _answer(issues, rows)


def _folder(folder: Path, kind: str, meter: Meter) -> tuple[list[Issue], dict[str, int]]:
    files = sorted(folder.glob("*.csv")) if folder.is_dir() else []
    if not files:
        if kind == "ticker":
            return [], {}
        state = "files" if folder.is_dir() else "folder"
        tell = _error if kind == "candles" else _warning  # books may be modelled (DEC-19)
        return [tell(f"missing_{kind}_{state}", kind, "expected one file a pair")], {}
    issues: list[Issue] = []
    counts: dict[str, int] = {}
    for path in files:
        if not path.is_file():
            issues.append(_error("not_a_file", f"{kind}/{path.name}", "expected a file"))
            continue
        try:
            name = symbol_from(path.stem)
        except NotASymbolError as error:
            issues.append(_error("invalid_symbol", f"{kind}/{path.name}", str(error)))
            continue
        if name in counts:
            issues.append(_error("duplicate_symbol_file", f"{kind}/{path.name}", f"{name} twice"))
        check = _File(path, kind)
        meter.passed(path)
        issues.extend(check.issues)
        if check.has_header:
            counts[name] = check.rows
    return issues, counts


class _File:
    """One pass over one file."""

    def __init__(self, path: Path, kind: str) -> None:
        self.issues: list[Issue] = []
        self.rows = 0
        self.has_header = False
        self._label = f"{kind}/{path.name}"
        self._kind = kind
        self._last: datetime | None = None
        self._step_s = 0
        with path.open(encoding="utf-8-sig", errors="replace", newline="\n") as file:
            names = [name.strip() for name in file.readline().rstrip("\r\n").split(",")]
            wanted = ("ts", *FOLDERS[kind])
            if not set(wanted) <= set(names):
                self._tell(_error, "invalid_schema", 1, f"expected {','.join(wanted)}")
                return
            self.has_header = True
            places = [names.index(name) for name in wanted]
            for number, line in enumerate(file, start=2):
                self._row(number, line.rstrip("\r\n").split(","), places, len(names))
        if not self.rows:
            self._tell(_error, "insufficient_rows", 2, "expected at least one row")

    def _row(self, number: int, cells: list[str], places: list[int], width: int) -> None:
        self.rows += 1
        if len(cells) != width:
            self._tell(_error, "invalid_schema", number, f"{len(cells)} cells, expected {width}")
            return
        self._time(number, cells[places[0]])
        texts = [cells[place] for place in places[1:]]
        try:
            figures = [decimal_from(text.strip()) for text in texts]
        except NotANumberError as error:
            self._tell(_error, "invalid_number", number, str(error))
            return
        for code, words in _faults(self._kind, figures):
            tell = _warning if code == "locked_book" else _error
            self._tell(tell, code, number, words)

    def _time(self, number: int, text: str) -> None:
        at = _instant(text.strip())
        if at is None:
            self._tell(_error, "invalid_timestamp", number, f"found {shown(text)}")
            return
        last, self._last = self._last, at
        if last is None:
            return
        apart_s = int((at - last).total_seconds())
        if apart_s < 0:
            self._tell(_error, "non_monotonic_timestamp", number, "expected rising times")
        elif apart_s == 0:
            tell = _error if self._kind == "candles" else _warning
            self._tell(tell, "duplicate_timestamp", number, "the row before has the same time")
        elif self._step_s and apart_s > GAP_INTERVALS * self._step_s:
            self._tell(_warning, "gap_detected", number, f"{apart_s} s since the row before")
        elif apart_s and (not self._step_s or apart_s < self._step_s):
            self._step_s = apart_s

    def _tell(
        self, make: Callable[[str, str, str], Issue], code: str, row: int, words: str
    ) -> None:
        if len(self.issues) < ISSUES_A_FILE_MAX:
            self.issues.append(make(code, f"{self._label}:{row}", words))


def _faults(kind: str, figures: list[Decimal]) -> Iterator[tuple[str, str]]:
    prices = figures[:2] if kind == "orderbook" else figures[: -1 if kind == "candles" else 3]
    if any(price <= ZERO for price in prices):
        yield "non_positive_price", "expected prices over 0"
    if kind == "orderbook":
        bid, ask = figures
        if bid > ask:
            yield "crossed_book", f"bid {bid} over ask {ask}"
        elif bid == ask:
            yield "locked_book", f"bid and ask are both {bid}"
    if kind == "candles":
        opened, high, low, close, volume = figures
        if not (low <= opened <= high and low <= close <= high):
            yield "ohlc_inconsistent", f"open {opened} high {high} low {low} close {close}"
        if volume < ZERO:
            yield "negative_volume", f"volume {volume}"


def _instant(text: str) -> datetime | None:
    """What the loader reads too: ISO 8601 in UTC, or seconds or milliseconds since 1970."""
    if text.isascii() and text.isdigit() and len(text) in (10, 13):
        seconds = int(text) if len(text) == 10 else int(text) // 1000
        return EPOCH + timedelta(seconds=seconds)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None and not at.utcoffset() else None


def _answer(issues: list[Issue], rows: dict[str, dict[str, int]]) -> Validation:
    return Validation(
        ok=not any(issue.level == "error" for issue in issues), issues=tuple(issues), rows=rows
    )


def _error(code: str, where: str, message: str) -> Issue:
    return Issue(level="error", code=code, where=where, message=message)


def _warning(code: str, where: str, message: str) -> Issue:
    return Issue(level="warning", code=code, where=where, message=message)
