"""Made-up datasets: equal arguments give equal bytes, on every machine and in every year.

Prices walk in whole ticks by a generator that is written down here (SplitMix64), so they hang on
no library's version. `legacy` are the six rows that older tools begin with.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from random import Random

import msgspec

from btcbot_core.adapters.replay.manifest import FILE_NAME
from btcbot_core.domain.errors import DatasetError
from btcbot_core.domain.money import canonical
from btcbot_core.domain.symbol import Symbol, base_and_quote
from btcbot_core.ports import Progress, unheard

_MASK = 2**64 - 1
START = datetime(2026, 1, 1, tzinfo=UTC)
ROWS_MAX = 5_000_000
_PRICES = {"BTC": 350_000, "ETH": 25_000, "SOL": 400, "AVAX": 290, "USDT": 19, "XRP": 8}
PRICE_OTHER = 100
_UNIT = 10_000
"""Prices are whole ten-thousandths; dear ones move in larger ticks."""
_DIGITS = 7
_BPS = 10_000


class Scenario(StrEnum):
    FLAT = "flat"
    TREND = "trend"
    CRASH = "crash"
    GAP = "gap"
    LEGACY = "legacy"


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """What a made-up dataset is made of."""

    symbols: tuple[Symbol, ...] = (Symbol("BTCTRY"),)
    minutes: int = 1_440
    start: datetime = START
    step_s: int = 60
    volatility_bps: int = 10
    spread_bps: int = 6
    scenario: Scenario = Scenario.TREND
    seed: int = 123
    profile: Mapping[str, str] = {}

    @property
    def rows(self) -> int:
        return self.minutes * 60 // self.step_s


class SplitMix:
    """SplitMix64 (Steele, Lea, Flood 2014): one addition and three mixes a number."""

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def __call__(self) -> int:
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def between(self, least: int, most: int) -> int:
        """A whole number from `least` to `most`; the bias of 64 bits is not worth a loop."""
        return least + self() % (most - least + 1)


def write_dataset(
    folder: Path, recipe: Recipe, *, force: bool = False, progress: Progress = unheard
) -> Path:
    """Write a dataset; tells of rows written.

    Raises DatasetError for a folder that holds something, unless forced.
    """
    if folder.exists() and any(folder.iterdir()) and not force:
        raise DatasetError(f"{folder.name} is not empty: name another folder, or give --force")
    if not 1 <= recipe.rows <= ROWS_MAX:
        raise DatasetError(f"expected 1 to {ROWS_MAX} rows, found {recipe.rows}")
    for name in ("candles", "orderbook", "ticker"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for place, symbol in enumerate(recipe.symbols):
        before, total = place * recipe.rows, len(recipe.symbols) * recipe.rows
        for row in _write_pair(folder, symbol, recipe, recipe.seed + place):
            progress(before + row + 1, total)
    manifest = _manifest(recipe)
    (folder / FILE_NAME).write_text(json.dumps(manifest, indent=2) + "\n", encoding="ascii")
    return folder


class _Bar(msgspec.Struct, frozen=True):
    """One interval in ten-thousandths; volume in tenths."""

    row: int
    open: int
    high: int
    low: int
    close: int
    volume: int


def _write_pair(folder: Path, symbol: Symbol, recipe: Recipe, seed: int) -> Iterator[int]:
    """Answers with each row that is written."""
    name = f"{symbol}.csv"
    is_legacy = recipe.scenario is Scenario.LEGACY
    tick = _tick(_first(symbol))
    with (
        (folder / "candles" / name).open("w", encoding="ascii", newline="\n") as candles,
        (folder / "orderbook" / name).open("w", encoding="ascii", newline="\n") as books,
        (folder / "ticker" / name).open("w", encoding="ascii", newline="\n") as ticker,
    ):
        candles.write("ts,open,high,low,close,volume\n")
        books.write("ts,best_bid,best_ask\n")
        ticker.write("ts,last,high,low,volume,quote_volume\n")
        for bar in _legacy(seed) if is_legacy else _walk(symbol, recipe, seed):
            opened = recipe.start + bar.row * timedelta(seconds=recipe.step_s)
            # A book is of the moment, a candle of the interval behind it.
            seen = opened if is_legacy else opened + timedelta(seconds=recipe.step_s)
            bid, ask = _book(bar, recipe, tick)
            prices = [_text(p) for p in (bar.open, bar.high, bar.low, bar.close)]
            volume = str(Decimal(bar.volume).scaleb(-1))
            traded = (Decimal(bar.close) / _UNIT * Decimal(bar.volume)).scaleb(-1)
            candles.write(f"{opened.isoformat()},{','.join(prices)},{volume}\n")
            books.write(f"{seen.isoformat()},{_text(bid)},{_text(ask)}\n")
            figures = (prices[3], prices[1], prices[2], volume, format(traded, "f"))
            ticker.write(f"{seen.isoformat()},{','.join(figures)}\n")
            yield bar.row


def _legacy(seed: int) -> Iterator[_Bar]:
    chance = Random(seed)  # noqa: S311 - six known rows, no secret
    for row in range(6):
        base = (100_000 + 100 * row + chance.randint(0, 5)) * _UNIT
        yield _Bar(row, base, base + 80 * _UNIT, base - 80 * _UNIT, base + 20 * _UNIT, 15 + row)


def _walk(symbol: Symbol, recipe: Recipe, seed: int) -> Iterator[_Bar]:
    chance = SplitMix(seed)
    price = first = _first(symbol)
    tick, rows, reach = _tick(first), recipe.rows, recipe.volatility_bps
    for row in range(rows):
        opened = price
        moved = chance.between(-reach, reach) + _drift_bps(recipe.scenario, row, rows)
        # Towards zero on both sides, so that the walk has no drift of its own.
        step = abs(price * moved) // (_BPS * tick) * tick
        price = max(price + (step if moved > 0 else -step), first // 100 // tick * tick, 2 * tick)
        wick = max(tick, price * chance.between(0, max(1, reach // 2)) // (_BPS * tick) * tick)
        high, low = max(opened, price) + wick, max(tick, min(opened, price) - wick)
        volume = chance.between(1, 1_000)
        if recipe.scenario is Scenario.GAP and rows // 2 <= row < rows // 2 + max(1, rows // 10):
            continue
        yield _Bar(row, opened, high, low, price, volume)


def _drift_bps(scenario: Scenario, row: int, rows: int) -> int:
    """A crash halves the price within a twentieth of the time, from the middle on."""
    if scenario is Scenario.TREND:
        return 1 if row % 4 == 0 else 0
    length = max(1, rows // 20)
    if scenario is Scenario.CRASH and rows // 2 <= row < rows // 2 + length:
        return -7_000 // length
    return 0


def _book(bar: _Bar, recipe: Recipe, tick: int) -> tuple[int, int]:
    if recipe.scenario is Scenario.LEGACY:
        return bar.open + 10 * _UNIT, bar.open + 30 * _UNIT
    half = max(tick, bar.close * recipe.spread_bps // (2 * _BPS * tick) * tick)
    return max(tick, bar.close - half), bar.close + half


def _first(symbol: Symbol) -> int:
    return _PRICES.get(base_and_quote(symbol)[0], PRICE_OTHER) * _UNIT


def _tick(first: int) -> int:
    """Seven digits are enough for a price: what is dearer moves in larger ticks."""
    return int(10 ** max(0, len(str(first)) - _DIGITS))


def _text(price: int) -> str:
    return canonical(Decimal(price) / _UNIT)


def _manifest(recipe: Recipe) -> dict[str, object]:
    rule = {"lot_step": "0.00000001", "min_notional": "10", "modelled": True}
    return {
        "interval_s": recipe.step_s,
        "ts": "open",
        "quote": str(base_and_quote(recipe.symbols[0])[1]),
        "source": f"made up: {recipe.scenario}, seed {recipe.seed}",
        "licence": "none needed",
        "span": f"{recipe.rows} intervals from {recipe.start.isoformat()}",
        "book": {"kind": "recorded"},
        "pairs": {
            str(symbol): {"tick_size": _text(_tick(_first(symbol))), **rule}
            for symbol in recipe.symbols
        },
        "profile": dict(recipe.profile),
    }
