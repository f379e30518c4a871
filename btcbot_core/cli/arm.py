"""`arm` and `disarm`: a live runner's lease, from a second terminal of the same user."""

import argparse
import getpass
import sys
from pathlib import Path

from btcbot_core.app.control import Question, Reply
from btcbot_core.bootstrap.control import ask_runner
from btcbot_core.cli.output import plain, print_json, say
from btcbot_core.domain.errors import ConfigError, ExitCode, GateClosedError


def arm(arguments: argparse.Namespace) -> int:
    """Ask for a phrase, have it typed, grant the lease. Refusals name every reason."""
    minutes, why = _minutes(arguments.minutes), " ".join(str(arguments.reason).split())
    if not why:
        raise ConfigError("--reason: say why in a few words; it is journalled")
    selected = _ask(arguments, Question(verb="select"))
    phrase = selected.arming.phrase
    if not arguments.json:
        for check in selected.arming.checks:
            print(f"  {'ok ' if check.is_ok else 'NO '} {check.name}: {plain(check.seen)}")
        _say_limits(selected)
    typed = _typed(phrase, minutes)
    granted = _ask(
        arguments,
        Question(verb="arm", who=_who(), why=why, minutes=minutes, phrase=typed),
    )
    if arguments.json:
        print_json(granted)
    else:
        print(f"armed for {minutes} minutes; `btcbot-core disarm` or a kill ends it at once")
    return int(ExitCode.OK)


def disarm(arguments: argparse.Namespace) -> int:
    """End the lease now."""
    reply = _ask(arguments, Question(verb="disarm", who=_who()))
    if arguments.json:
        print_json(reply)
    else:
        print(f"disarmed: {plain(reply.arming.lease.ended_because) or 'there was no lease'}")
    return int(ExitCode.OK)


def _ask(arguments: argparse.Namespace, question: Question) -> Reply:
    env_file = Path(arguments.env_file) if arguments.env_file else None
    reply = ask_runner(arguments.db, env_file, question)
    if reply.error:
        raise GateClosedError(reply.error)
    return reply


def _say_limits(selected: Reply) -> None:
    limits = selected.arming.limits
    if limits is not None:
        say(
            f"you grant: at most {limits.max_order_try} an order, {limits.max_exposure_try} in all,"
            f" {limits.max_open_orders} open orders, on {', '.join(limits.symbols)}"
        )


def _minutes(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 240:
        raise ConfigError(f"--minutes: expected 1 to 240, found {text[:20]!r}")
    return int(text)


def _typed(phrase: str, minutes: int) -> str:
    if not sys.stdin.isatty():
        raise ConfigError("not armed: the phrase is typed on a terminal")
    say(f"type  {plain(phrase)}  to arm for {minutes} minutes:")
    return sys.stdin.readline().strip()


def _who() -> str:
    return f"{getpass.getuser()}@shell"
