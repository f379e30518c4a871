"""`capital`: book a deposit or a withdrawal, so that books and balances agree again."""

import argparse
import re
import sys

from btcbot_core.app.capital import worth
from btcbot_core.app.resting import Prepared, perform, prepare, resting_run
from btcbot_core.bootstrap.resting import store_at_rest
from btcbot_core.cli.output import print_json, say
from btcbot_core.cli.resting import act_of
from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.errors import ConfigError, ExitCode
from btcbot_core.domain.money import NotANumberError, canonical, decimal_from, money_down
from btcbot_core.domain.symbol import Asset
from btcbot_core.ledger.flows import Flow

WORD = "BOOK"

_is_asset = re.compile(r"[A-Z0-9]{2,12}", re.ASCII).fullmatch


def capital(arguments: argparse.Namespace) -> int:
    """Show what the books would come to, have the word typed, store the entry."""
    flow = _flow(arguments.asset, arguments.amount)
    with store_at_rest(arguments.db, arguments.env_file, "capital") as (store, clock):
        booking = prepare(resting_run(store), act_of(arguments, clock, flow))
        if not arguments.json:
            print(f"{flow}:")
            _show("before", booking.resting.carried)
            _show("after ", booking.done.carried)
        if (arguments.word if arguments.word is not None else _typed(flow)) != WORD:
            raise ConfigError(f"not booked: type the word {WORD} exactly")
        perform(store, booking)
    (entry,) = booking.done.entries
    print_json(_told(booking)) if arguments.json else print(f"booked as entry {entry.seq}")
    return int(ExitCode.OK)


def _told(booking: Prepared) -> dict[str, object]:
    (entry,) = booking.done.entries
    return {
        "entry": entry,
        "before": _figures(booking.resting.carried),
        "after": _figures(booking.done.carried),
    }


def _figures(carried: Carried) -> dict[str, str]:
    money = worth(carried)
    return {
        "cash_try": canonical(money.cash_try),
        "capital_try": canonical(money.capital_try),
        "equity_try": canonical(money.equity_try),
        "net_try": canonical(money.net_try),
        "peak_try": canonical(money.peak_try),
        "drawdown_ratio": canonical(money_down(money.drawdown_ratio)),
    }


def _show(when: str, carried: Carried) -> None:
    names = ("cash_try", "capital_try", "equity_try", "net_try")
    figures = _figures(carried)
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
