"""`dataset.json`: what a recording's figures mean, and the rules its pairs trade under."""

from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec

from btcbot_core.adapters.replay.columns import shown
from btcbot_core.domain.errors import DatasetError
from btcbot_core.domain.money import BPS_PER_ONE, ZERO, NotANumberError, decimal_from
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Asset, NotASymbolError, Symbol, symbol_from

FILE_NAME = "dataset.json"
FILE_BYTES_MAX = 1024 * 1024
INTERVAL_S_MAX = 7 * 86_400
HALF_SPREAD_BPS_DEFAULT = Decimal(5)

PROFILE_NAMES = frozenset(
    {
        "SYMBOLS",
        "DRY_RUN_TRY_BALANCE",
        "ENTRY_BUDGET_TRY",
        "ENTRY_MAX_SPREAD_RATIO",
        "TAKE_PROFIT_FRACTION",
        "STOP_LOSS_BPS",
        "MIN_PROFIT_BPS",
        "FEE_BPS_TAKER",
        "TRY_CASH_TARGET",
        "TRY_CASH_MAX",
        "MIN_ORDER_NOTIONAL_TRY",
        "MAX_NOTIONAL_PER_ORDER_TRY",
        "NOTIONAL_CAP_TRY_PER_CYCLE",
        "MAX_ORDERS_PER_CYCLE",
        "MAX_OPEN_ORDERS_PER_SYMBOL",
        "MAX_POSITION_TRY_PER_SYMBOL",
        "MAX_MARKET_DATA_AGE_MS",
        "COOLDOWN_SECONDS",
        "TTL_SECONDS",
        "MEAN_REVERSION_BPS",
        "MEAN_REVERSION_LOOKBACK",
    }
)
"""Settings that a dataset may suggest besides `SIM_*`: sizes, strategy and simulation.

A recording that somebody sent must not be able to name a path, a host, a key or a gate.
"""
_TEXT_LENGTH_MAX = 400


class PairEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pair's rules as the file states them: numbers as text."""

    tick_size: str
    lot_step: str
    min_notional: str
    modelled: bool
    min_price: str = "0"
    max_price: str | None = None
    min_qty: str = "0"
    max_qty: str | None = None


class BookEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether bid and ask were recorded; where they are modelled, how far from the close."""

    kind: Literal["recorded", "modelled"]
    half_spread_bps: str | None = None


class GapEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stretch in which nothing could be recorded, and why."""

    start: str
    end: str
    why: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file as it is written."""

    interval_s: int
    ts: Literal["open"]
    quote: str
    source: str
    licence: str
    pairs: dict[str, PairEntry]
    book: BookEntry
    span: str = ""
    profile: dict[str, str] = {}
    gaps: tuple[GapEntry, ...] = ()


def read_manifest(path: Path) -> Manifest:
    """Read and check the file. Raises DatasetError with the first thing that is wrong."""
    if path.stat().st_size > FILE_BYTES_MAX:
        raise DatasetError(f"{FILE_NAME}: found more than {FILE_BYTES_MAX} bytes, expected fewer")
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise DatasetError(f"{FILE_NAME}: {shown(str(wrong))}") from wrong
    if not 1 <= manifest.interval_s <= INTERVAL_S_MAX:
        raise _wrong("interval_s", str(manifest.interval_s), f"1 to {INTERVAL_S_MAX}")
    if not (manifest.quote.isascii() and manifest.quote.isalnum() and manifest.quote.isupper()):
        raise _wrong("quote", manifest.quote, "a currency such as TRY")
    _check_profile(manifest.profile)
    return manifest


def half_spread_bps(book: BookEntry) -> Decimal:
    """How far the modelled bid and ask stand from the close."""
    if book.half_spread_bps is None:
        return HALF_SPREAD_BPS_DEFAULT
    bps = _number("book.half_spread_bps", book.half_spread_bps)
    if not ZERO <= bps < BPS_PER_ONE:
        raise _wrong("book.half_spread_bps", book.half_spread_bps, "0 or more and under 10000")
    return bps


def rules_of(manifest: Manifest) -> dict[Symbol, PairRules]:
    """Every pair's rules, by its canonical symbol."""
    rules: dict[Symbol, PairRules] = {}
    for name, entry in manifest.pairs.items():
        try:
            symbol = symbol_from(name)
        except NotASymbolError as wrong:
            raise _wrong("pairs", name, "a pair such as BTCTRY") from wrong
        base = symbol.removesuffix(manifest.quote)
        if base == symbol or not base or symbol in rules:
            raise _wrong("pairs", name, f"each pair once, quoted in {manifest.quote}")
        rules[symbol] = _pair_rules(symbol, Asset(base), Asset(manifest.quote), entry)
    return rules


def _pair_rules(symbol: Symbol, base: Asset, quote: Asset, entry: PairEntry) -> PairRules:
    where = f"pairs.{symbol}"
    tick, step = (
        _positive(f"{where}.tick_size", entry.tick_size),
        _positive(f"{where}.lot_step", entry.lot_step),
    )
    return PairRules(
        symbol=symbol,
        base=base,
        quote=quote,
        tick_size=tick,
        lot_step=step,
        min_notional=_not_negative(f"{where}.min_notional", entry.min_notional),
        min_price=_not_negative(f"{where}.min_price", entry.min_price),
        max_price=_ceiling(f"{where}.max_price", entry.max_price),
        min_qty=_not_negative(f"{where}.min_qty", entry.min_qty),
        max_qty=_ceiling(f"{where}.max_qty", entry.max_qty),
        is_modelled=entry.modelled,
    )


def _check_profile(profile: dict[str, str]) -> None:
    for name, text in profile.items():
        if name not in PROFILE_NAMES and not (
            name.startswith(("SIM_", "STAGE7_")) and name.isupper()
        ):
            raise _wrong("profile", name, "settings of strategy, size or simulation only")
        if len(text) > _TEXT_LENGTH_MAX or not text.isprintable():
            raise _wrong(f"profile.{name}", text, "one short line of text")


def _number(where: str, text: str) -> Decimal:
    try:
        return decimal_from(text)
    except NotANumberError as wrong:
        raise _wrong(where, text, "a number as text") from wrong


def _positive(where: str, text: str) -> Decimal:
    number = _number(where, text)
    if number <= ZERO:
        raise _wrong(where, text, "a number above zero")
    return number


def _ceiling(where: str, text: str | None) -> Decimal | None:
    return None if text is None else _positive(where, text)


def _not_negative(where: str, text: str) -> Decimal:
    number = _number(where, text)
    if number < ZERO:
        raise _wrong(where, text, "a number that is not negative")
    return number


def _wrong(where: str, found: str, expected: str) -> DatasetError:
    return DatasetError(f"{FILE_NAME} {where}: found {shown(found)}, expected {expected}")
