"""`degrade` and `unknown`: what an operator may look at and change while no runner lives."""

import argparse
import getpass

from btcbot_core.app.resting import perform, prepare, resting_run, unresolved
from btcbot_core.bootstrap import open_guards, open_reader
from btcbot_core.bootstrap.resting import store_at_rest
from btcbot_core.cli.output import plain, print_json, print_pairs
from btcbot_core.cycle.acts import Act, Acted, Clearing, Deed, Fate, Floor, Resolution
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.errors import ConfigError, ExitCode
from btcbot_core.domain.ids import ClientId
from btcbot_core.ports import Clock


def list_unknown(arguments: argparse.Namespace) -> int:
    """Show the orders whose outcome is not known; 1 when there are any."""
    store = open_reader(open_guards(arguments.db, arguments.env_file).database)
    try:
        orders = unresolved(resting_run(store))
    finally:
        store.close()
    if arguments.json:
        print_json({"unknown": orders})
    elif not orders:
        print("no order is unresolved")
    for order in () if arguments.json else orders:
        print(f"{order.client_id} {order.symbol} {order.side} {order.qty} at {order.price}:")
        print(f"  {order.status} since {order.updated_at:%Y-%m-%d %H:%M:%S} UTC,", end=" ")
        print(f"absent {order.absent_probes} times, exchange id {order.exchange_id or 'not known'}")
    return int(ExitCode.NO if orders else ExitCode.OK)


def resolve_unknown(arguments: argparse.Namespace) -> int:
    """Say what became of one of them."""
    name = ClientId(arguments.order)
    done = _act(arguments, "unknown resolve", Resolution(name, Fate(arguments.verdict)))
    order = done.carried.orders[name]
    if arguments.json:
        print_json(order)
    else:
        print(f"{order.client_id} is {order.status} by your word; fills still prove otherwise")
    return int(ExitCode.OK)


def show_degrade(arguments: argparse.Namespace) -> int:
    """Show where the ladder stands, and what the last cycle found."""
    store = open_reader(open_guards(arguments.db, arguments.env_file).database)
    try:
        carried = resting_run(store).carried
    finally:
        store.close()
    state = carried.degrade
    if arguments.json:
        print_json({"degrade": state, "anomalies": carried.anomalies})
        return int(ExitCode.OK)
    held = state.override
    print_pairs(
        {
            "level": state.level,
            "cooldown until": state.cooldown_until,
            "cycles with anomalies": state.streak,
            "cycles without": state.clean,
            "held by hand": f"level {held.level} until {held.until} ({held.why})" if held else None,
            "last anomalies": ", ".join(plain(a.code) for a in carried.anomalies),
        }
    )
    return int(ExitCode.OK)


def clear(arguments: argparse.Namespace) -> int:
    """Take the ladder down; needs --yes and a reason."""
    if not arguments.yes:
        raise ConfigError("not cleared: say --yes to let the bot take more risk again")
    state = _act(arguments, "degrade clear", Clearing()).carried.degrade
    print_json(state) if arguments.json else print("the degrade ladder is at its foot")
    return int(ExitCode.OK)


def override(arguments: argparse.Namespace) -> int:
    """Hold the mode at least this strict for a while."""
    seconds = arguments.cooldown_seconds
    if not seconds.isascii() or not seconds.isdigit() or not 1 <= int(seconds) <= 31_536_000:
        raise ConfigError(f"--cooldown-seconds: expected 1 or more, found {seconds[:20]!r}")
    mode = RiskMode(arguments.mode)
    state = _act(arguments, "degrade override", Floor(mode, int(seconds))).carried.degrade
    print_json(state) if arguments.json else print(f"at least {mode} for {seconds} s")
    return int(ExitCode.OK)


def act_of(arguments: argparse.Namespace, clock: Clock, deed: Deed) -> Act:
    """Who does it, why and when, as it is journalled.

    Raises ConfigError where no reason is given.
    """
    why = " ".join(str(arguments.reason).split())[:200]
    if not why:
        raise ConfigError("--reason: say why in a few words; it is journalled")
    return Act(who=f"{getpass.getuser()}@shell", why=why, at=clock.now(), deed=deed)


def _act(arguments: argparse.Namespace, command: str, deed: Deed) -> Acted:
    """Do it to the latest run at rest."""
    with store_at_rest(arguments.db, arguments.env_file, command) as (store, clock):
        return perform(store, prepare(resting_run(store), act_of(arguments, clock, deed)))
