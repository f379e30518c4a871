"""`replay-capture`: record the exchange's public data as a dataset."""

import argparse
import signal
import sys
from pathlib import Path
from threading import Event
from types import FrameType

from btcbot_core.bootstrap.capture import Captured, CaptureOptions, capture
from btcbot_core.cli.output import print_json, print_pairs
from btcbot_core.domain.errors import ConfigError, ExitCode
from btcbot_core.domain.money import NotANumberError, decimal_from


def record(arguments: argparse.Namespace) -> int:
    """Record until the time is over or ctrl-c; the folder is a whole dataset then."""
    options = CaptureOptions(
        folder=Path(arguments.dataset),
        symbols=arguments.symbols,
        seconds=_seconds("--seconds", arguments.seconds),
        interval_s=_seconds("--interval-seconds", arguments.interval_seconds),
        env_file=Path(arguments.env_file) if arguments.env_file else None,
    )
    stop = Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    done = capture(options, stop, _progress)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    shown = {
        "dataset": str(options.folder),
        "rows": done.rows,
        "candles": done.candles,
        "gaps": done.gaps,
        "left_out": ", ".join(done.left_out),
    }
    print_json(shown) if arguments.json else print_pairs(shown)
    return int(ExitCode.OK)


def _progress(done: Captured, left_s: float) -> None:
    if sys.stderr.isatty():
        words = f"{done.rows} rows, {done.gaps} gaps, {left_s:.0f} s left"
        print(f"\r{words:<50}", end="", file=sys.stderr, flush=True)


def _seconds(flag: str, text: str) -> float:
    try:
        seconds = decimal_from(text)
    except NotANumberError as error:
        raise ConfigError(f"{flag}: {error}") from error
    if seconds <= 0:
        raise ConfigError(f"{flag}: expected more than 0, found {text}")
    return float(seconds)
