"""Makers of small recordings on disk, with only what matters in sight."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

Bar = tuple[str, str, str, str, str]


def bar(close: str, *, low: str = "", high: str = "", volume: str = "1") -> Bar:
    """Open, high, low, close, volume of a candle; flat where nothing else is said."""
    return close, high or close, low or close, close, volume


def minute(index: int) -> str:
    return (START + index * MINUTE).isoformat()


def candles_csv(bars: Sequence[Bar]) -> str:
    rows = [f"{minute(i)},{','.join(cells)}" for i, cells in enumerate(bars)]
    return "\n".join(["ts,open,high,low,close,volume", *rows]) + "\n"


def book_csv(rows: Sequence[tuple[str, str, str]]) -> str:
    return "\n".join(["ts,best_bid,best_ask", *(",".join(row) for row in rows)]) + "\n"


def manifest(**changes: object) -> dict[str, object]:
    """A description of a BTCTRY dataset that is in order."""
    entry = {"tick_size": "1", "lot_step": "0.0001", "min_notional": "99.91", "modelled": True}
    whole: dict[str, object] = {
        "interval_s": 60,
        "ts": "open",
        "quote": "TRY",
        "source": "made for a test",
        "licence": "none needed",
        "pairs": {"BTCTRY": entry},
        "book": {"kind": "modelled", "half_spread_bps": "5"},
    }
    return {**whole, **changes}


def write_dataset(
    folder: Path,
    candles: Mapping[str, str],
    *,
    books: Mapping[str, str] | None = None,
    described: Mapping[str, object] | None = None,
) -> Path:
    """Write a dataset's files and give its folder back."""
    (folder / "candles").mkdir(parents=True)
    for name, text in candles.items():
        (folder / "candles" / f"{name}.csv").write_text(text)
    if books:
        (folder / "orderbook").mkdir()
        for name, text in books.items():
            (folder / "orderbook" / f"{name}.csv").write_text(text)
    if described is not None:
        (folder / "dataset.json").write_text(json.dumps(described))
    return folder
