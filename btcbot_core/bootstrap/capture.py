"""Recording the exchange's public data into a dataset: until told to stop, through outages."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

from btcbot_core.adapters.btcturk.market import BtcturkMarket
from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.replay.capture import CANDLE_S, CaptureFolder
from btcbot_core.bootstrap.lines import public_client
from btcbot_core.domain.errors import DatasetError, ExchangeUnavailableError
from btcbot_core.domain.symbol import Symbol, symbol_from
from btcbot_core.settings import load as load_settings

_BARS_BEFORE = 60
"""Bars from before the recording: what looks back has something to look at from the start."""


@dataclass(frozen=True, slots=True)
class CaptureOptions:
    """What the command was told."""

    folder: Path
    symbols: str
    seconds: float
    interval_s: float
    env_file: Path | None


@dataclass(slots=True)
class Captured:
    """What has been recorded so far."""

    rows: int = 0
    candles: int = 0
    gaps: int = 0
    left_out: tuple[Symbol, ...] = ()


def capture(
    options: CaptureOptions, stop: Event, tell: Callable[[Captured, float], None]
) -> Captured:
    """Record until the time is over or `stop` is set; `tell` hears what and how long is left.

    Raises DatasetError when another recording is in the folder, ExchangeUnavailableError when
    the exchange's rules cannot be had at the start. Later outages are gaps, and are marked.
    """
    settings = load_settings(None, None, options.env_file).settings
    clock, done = SystemClock(), Captured()
    with ExitStack() as opened:
        client = public_client(settings)
        opened.callback(client.close)
        market = BtcturkMarket(client)
        opened.callback(market.close)
        symbols = tuple(dict.fromkeys(symbol_from(text) for text in options.symbols.split(",")))
        rules = market.rules(symbols)
        if missing := [symbol for symbol in symbols if symbol not in rules]:
            raise DatasetError(f"--symbols: the exchange lists no {', '.join(missing)}")
        folder = CaptureFolder(options.folder, settings.btcturk_base_url, rules)
        began = clock.now()
        if (last := folder.last) is not None and began - last > timedelta(seconds=CANDLE_S):
            folder.mark_gap(last, began, "not recording")
            done.gaps += 1
        first = last or began
        _record(options, stop, tell, _Line(market, folder, symbols, clock), done)
        for symbol in symbols:
            opened_from = first - timedelta(seconds=_BARS_BEFORE * CANDLE_S)
            bars = market.candles(symbol, CANDLE_S, opened_from, clock.now())
            done.candles += folder.add_candles(symbol, bars)
        done.left_out = folder.drop_empty()
    return done


@dataclass(frozen=True, slots=True)
class _Line:
    market: BtcturkMarket
    folder: CaptureFolder
    symbols: tuple[Symbol, ...]
    clock: SystemClock


def _record(
    options: CaptureOptions,
    stop: Event,
    tell: Callable[[Captured, float], None],
    line: _Line,
    done: Captured,
) -> None:
    """Ask for all books at a fixed rate; what fails opens a gap that the next answer closes."""
    ends_s = line.clock.monotonic_s() + options.seconds
    failing_since: datetime | None = None
    why = ""
    while not stop.is_set() and (left_s := ends_s - line.clock.monotonic_s()) > 0:
        asked_s = line.clock.monotonic_s()
        problem = _look(line, done)
        if problem:
            failing_since, why = failing_since or line.clock.now(), problem
        elif failing_since is not None:
            line.folder.mark_gap(failing_since, line.clock.now(), why)
            done.gaps, failing_since = done.gaps + 1, None
        tell(done, left_s)
        stop.wait(max(0.0, options.interval_s - (line.clock.monotonic_s() - asked_s)))
    if failing_since is not None:
        line.folder.mark_gap(failing_since, line.clock.now(), why)
        done.gaps += 1


def _look(line: _Line, done: Captured) -> str:
    """Record all books that are to be had; says why when any is not."""
    try:
        seen = line.market.snapshot(line.symbols)
    except ExchangeUnavailableError as error:
        return str(error)
    done.rows += line.folder.add_quotes(seen.quotes.values())
    return "; ".join(f"{symbol}: {why}" for symbol, why in sorted(seen.problems.items()))
