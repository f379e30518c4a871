"""`health`: is the exchange there, does its clock agree, does it know our pairs?"""

import argparse
from decimal import Decimal
from pathlib import Path

from btcbot_core.app.checks import OFFSET_FAILS_MS, offset_words
from btcbot_core.app.facts import BookFact, OnlineFact
from btcbot_core.bootstrap.health import ask_exchange
from btcbot_core.cli.output import print_json, print_pairs
from btcbot_core.domain.errors import ExchangeUnavailableError, ExitCode


def health(arguments: argparse.Namespace) -> int:
    """Ask the exchange's public side; 7 when it does not answer, 1 when the answer is no good."""
    online, age_max_s = ask_exchange(Path(arguments.env_file) if arguments.env_file else None)
    faults = () if online.problem else _faults(online, age_max_s)
    if arguments.json:
        print_json(_as_json(online, faults))
    if online.problem:
        raise ExchangeUnavailableError(f"{online.address} does not answer: {online.problem}")
    if not arguments.json:
        _print(online, faults)
    return int(ExitCode.NO if faults else ExitCode.OK)


def _faults(online: OnlineFact, age_max_s: Decimal) -> tuple[str, ...]:
    """What keeps us from trading, in words."""
    faults = []
    if abs(online.offset_ms) > OFFSET_FAILS_MS:
        faults.append(f"{offset_words(online.offset_ms)}: nothing is signed over 5 s")
    faults += [f"{symbol}: the exchange does not list it" for symbol in online.without_rules]
    faults += [f"{symbol}: not trading now" for symbol in online.halted]
    for book in online.books:
        if book.problem and book.symbol not in online.without_rules:
            faults.append(f"{book.symbol}: {book.problem}")
        if book.age_s is not None and book.age_s > age_max_s:
            faults.append(f"{book.symbol}: its book is {book.age_s} s old, {age_max_s} s at most")
    return tuple(faults)


def _as_json(online: OnlineFact, faults: tuple[str, ...]) -> dict[str, object]:
    return {
        "address": online.address,
        "answers": not online.problem,
        "problem": online.problem,
        "round_trip_ms": online.round_trip_ms,
        "clock_offset_ms": online.offset_ms,
        "without_rules": online.without_rules,
        "not_trading": online.halted,
        "books": online.books,
        "faults": faults,
    }


def _print(online: OnlineFact, faults: tuple[str, ...]) -> None:
    pairs: dict[str, object] = {
        "exchange": f"{online.address} answers in {online.round_trip_ms} ms",
        "clock": offset_words(online.offset_ms),
        "rules": "known for every pair" if not online.without_rules else "missing",
    }
    pairs |= {book.symbol: _book_words(book) for book in online.books}
    print_pairs(pairs)
    for fault in faults:
        print_pairs({"FAULT": fault})


def _book_words(book: BookFact) -> str:
    return book.problem or f"book {book.age_s} s old"
