"""`capital`: book a deposit or a withdrawal, so that books and balances agree again."""

import argparse
import re
import sys

from btcbot_core.app.capital import Booking, Flow, book_capital, prepare
from btcbot_core.app.resting import resting_run
from btcbot_core.bootstrap.resting import store_at_rest
from btcbot_core.cli.output import print_json, say
from btcbot_core.cli.resting import act_of
from btcbot_core.domain.account import Portfolio
from btcbot_core.domain.errors import ConfigError, ExitCode
from btcbot_core.domain.money import NotANumberError, canonical, decimal_from, money_down
from btcbot_core.domain.symbol import Asset

WORD = "BOOK"

_is_asset = re.compile(r"[A-Z0-9]{2,12}", re.ASCII).fullmatch


def capital(arguments: argparse.Namespace) -> int:
    """Show what the books would come to, have the word typed, store the entry."""
    flow = _flow(arguments.asset, arguments.amount)
    with store_at_rest(arguments.db, arguments.env_file, "capital") as (store, clock):
        act, resting = act_of(arguments, clock), resting_run(store)
        booking = prepare(resting, flow, act)
        if not arguments.json:
            print(f"{flow}:")
            _show("before", booking.before)
            _show("after ", booking.after)
        if (arguments.word if arguments.word is not None else _typed(flow)) != WORD:
            raise ConfigError(f"not booked: type the word {WORD} exactly")
        book_capital(store, resting, booking, act)
    print_json(_told(booking)) if arguments.json else print(f"booked as entry {booking.entry.seq}")
    return int(ExitCode.OK)


def _told(booking: Booking) -> dict[str, object]:
    return {
        "entry": booking.entry,
        "before": _figures(booking.before),
        "after": _figures(booking.after),
    }


def _figures(money: Portfolio) -> dict[str, str]:
    return {
        "cash_try": canonical(money.cash_try),
        "capital_try": canonical(money.capital_try),
        "equity_try": canonical(money.equity_try),
        "net_try": canonical(money.net_try),
        "peak_try": canonical(money.peak_try),
        "drawdown_ratio": canonical(money_down(money.drawdown_ratio)),
    }


def _show(when: str, money: Portfolio) -> None:
    names = ("cash_try", "capital_try", "equity_try", "net_try")
    figures = _figures(money)
    print(f"  {when}  " + ", ".join(f"{n.removesuffix('_try')} {figures[n]}" for n in names))


def _flow(asset: str, amount: str) -> Flow:
    if not _is_asset(asset.upper()):
        raise ConfigError(f"--asset: expected a name such as TRY, found {asset[:20]!r}")
    try:
        return Flow(Asset(asset.upper()), decimal_from(amount))
    except NotANumberError as error:
        raise ConfigError(f"--amount: {error}") from error


def _typed(flow: Flow) -> str:
    if not sys.stdin.isatty():
        raise ConfigError(f"not booked: type the word on a terminal, or give --word {WORD}")
    say(f"type {WORD} to book {flow} as capital:")
    return sys.stdin.readline().strip()
