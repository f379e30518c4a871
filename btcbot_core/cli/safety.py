"""`kill`, `reset`, `restored`: what stops the bot, and what lets it go on, from a shell."""

import argparse
import getpass
import sys

from btcbot_core import bootstrap
from btcbot_core.bootstrap.witnessed import accept_restored
from btcbot_core.cli.output import print_json, say
from btcbot_core.domain.errors import ConfigError, ExitCode, StoreError

RESET, RESTORED = "RESET", "RESTORED"
"""The words that are typed for it."""


def kill(arguments: argparse.Namespace) -> int:
    """Set the latch. A living runner cancels its orders at once and journals who and why."""
    guards = bootstrap.open_guards(arguments.db, arguments.env_file)
    state = guards.latch.set(_who(), _reason(arguments))
    if state.problem:
        # Only the file reaches the runner: this process's own memory stops nobody.
        raise StoreError(f"NOT killed: {state.problem}; stop the runner itself: kill -USR1 PID")
    if state.unsaid:
        say(f"who and why could not be written ({state.unsaid}): killed all the same")
    holder = guards.holder()
    if arguments.json:
        print_json({"killed": state, "runner": holder, "database": str(guards.database)})
        return int(ExitCode.OK)
    print(f"KILLED: {guards.database} sends no new order until `btcbot-core reset`")
    if holder is None:
        print("no runner holds the database; the next start will be killed from its first cycle")
    else:
        print(f"the runner (pid {holder.pid} on {holder.host}) now cancels its own open orders")
    return int(ExitCode.OK)


def reset(arguments: argparse.Namespace) -> int:
    """Clear the latch, under the instance lock: a living runner is reset from its console."""
    guards = bootstrap.open_guards(arguments.db, arguments.env_file)
    reason = _reason(arguments)
    require_word(arguments, RESET, "let the bot send orders again")
    was = guards.reset(_who(), reason)
    if arguments.json:
        print_json({"reset": was.is_set, "was": was, "database": str(guards.database)})
    elif was.is_set:
        print(f"reset: the latch set by {was.who or 'unknown'} ({was.why or 'no reason'}) is clear")
    else:
        print("the latch was not set; nothing changed")
    return int(ExitCode.OK)


def restored(arguments: argparse.Namespace) -> int:
    """Begin a new run on a database that was put back, under the instance lock."""
    guards = bootstrap.open_guards(arguments.db, arguments.env_file)
    reason = _reason(arguments)
    require_word(arguments, RESTORED, "go on with this copy, whatever it has forgotten")
    database, run = accept_restored(arguments.db, arguments.env_file, _who(), reason)
    if arguments.json:
        print_json({"run": run, "database": str(database)})
    elif run is None:
        print(f"{database} holds no run on a live market; the next start begins one")
    else:
        print(f"{database} goes on as new run {run}, with what the exchange holds as its opening")
        print("orders of ours that may still rest there: `btcbot-core cancel-own` pulls them")
    if not arguments.json and guards.latch.is_set():
        print("the kill latch is set: no order leaves until `btcbot-core reset`")
    return int(ExitCode.OK)


def _reason(arguments: argparse.Namespace) -> str:
    reason = " ".join(str(arguments.reason).split())
    if not reason:
        raise ConfigError("--reason: say why in a few words; it is journalled")
    return reason[:200]


def require_word(arguments: argparse.Namespace, word: str, purpose: str) -> None:
    """Raises ConfigError unless the word was given, or is typed now."""
    given = arguments.word
    if given is None:
        if not sys.stdin.isatty():
            raise ConfigError(f"nothing done: type the word on a terminal, or give --word {word}")
        say(f"type {word} to {purpose}:")
        given = sys.stdin.readline().strip()
    if given != word:
        raise ConfigError(f"nothing done: type the word {word} exactly")


def _who() -> str:
    return f"{getpass.getuser()}@shell"
