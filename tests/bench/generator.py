"""Long seeded datasets for measurements: a random walk of minutes, written as a recording."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

PAIRS = {
    "BTCTRY": 350_000,
    "ETHTRY": 25_000,
    "XRPTRY": 7,
    "USDTTRY": 19,
    "SOLTRY": 400,
    "AVAXTRY": 290,
}
TWENTY = {**PAIRS, **{f"C{n:02}TRY": 10 * n for n in range(1, 15)}}
"""Twenty pairs: as many as a run is measured with."""
START = datetime(2022, 1, 1, tzinfo=UTC)


def write_dataset(
    folder: Path,
    rows: int,
    seed: int = 7,
    move_ratio: float = 0.0005,
    pairs: Mapping[str, int] = PAIRS,
) -> Path:
    """A dataset of so many minutes for these pairs; equal arguments give equal files."""
    candles = folder / "candles"
    candles.mkdir(parents=True, exist_ok=True)
    chance = Random(seed)
    times = [(START + timedelta(minutes=n)).isoformat() for n in range(rows)]
    for symbol, start in pairs.items():
        price = float(start)
        with (candles / f"{symbol}.csv").open("w", encoding="ascii") as file:
            file.write("ts,open,high,low,close,volume\n")
            for at in times:
                opened = price
                price = max(price * (1 + chance.gauss(0, move_ratio)), start / 10)
                high, low = max(opened, price) * 1.0002, min(opened, price) * 0.9998
                row = ",".join(f"{value:.4f}" for value in (opened, high, low, price))
                file.write(f"{at},{row},{chance.randint(1, 99)}.5\n")
    described = {
        "interval_s": 60,
        "ts": "open",
        "quote": "TRY",
        "source": f"generated with seed {seed}",
        "licence": "none",
        "span": f"{rows} minutes",
        "book": {"kind": "modelled", "half_spread_bps": "5"},
        "pairs": {
            symbol: {
                "tick_size": "0.0001",
                "lot_step": "0.00000001",
                "min_notional": "99.91",
                "modelled": True,
            }
            for symbol in pairs
        },
        "profile": {
            "DRY_RUN_TRY_BALANCE": "100000",
            "ENTRY_BUDGET_TRY": "5000",
            "NOTIONAL_CAP_TRY_PER_CYCLE": "10000",
            "TRY_CASH_TARGET": "0",
        },
    }
    (folder / "dataset.json").write_text(json.dumps(described), encoding="utf-8")
    return folder
