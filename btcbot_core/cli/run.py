"""`run`: the unattended runner in this terminal, until it is done or told to stop."""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from btcbot_core import bootstrap
from btcbot_core.app.frames import Note, NoteLevel, Outcome, Role
from btcbot_core.app.reports import RunSummary, run_summary
from btcbot_core.app.session import Session
from btcbot_core.cli.output import print_json, print_pairs, say
from btcbot_core.domain.errors import ConfigError, ExchangeUnavailableError
from btcbot_core.domain.money import canonical
from btcbot_core.domain.records import RunKind


def run(arguments: argparse.Namespace) -> int:
    """Run cycles; answers with the last one's code."""
    options = _options(arguments)
    session = bootstrap.open_session(options)
    _obey_signals(session)
    if not arguments.json:
        say(_banner(session))
    session.display.on_note = None if arguments.json else _tell
    session.run()
    summary = run_summary(session)
    if arguments.json:
        print_json(summary)
    else:
        _print(summary)
    if (failure := session.failure) is not None:
        say(f"btcbot-core: {failure}")
        if isinstance(failure, ExchangeUnavailableError):
            say("no line to the exchange: check the network; `make demo` needs none")
    return session.exit_code


def _options(arguments: argparse.Namespace) -> bootstrap.SessionOptions:
    is_loop = arguments.loop or arguments.max_cycles is not None
    cycles = 1 if arguments.once or not is_loop else None
    if arguments.max_cycles is not None and not arguments.once:
        cycles = _positive("--max-cycles", arguments.max_cycles)
    return bootstrap.SessionOptions(
        role=Role.HOST,
        dataset=Path(arguments.dataset) if arguments.dataset else None,
        db=Path(arguments.db) if arguments.db else None,
        speed=arguments.speed,
        cycle_seconds=arguments.cycle_seconds,
        env_file=Path(arguments.env_file) if arguments.env_file else None,
        cycles_max=cycles,
        is_new_run=arguments.new_run,
        exit_on_kill=arguments.exit_on_kill,
        is_dry_run=arguments.dry_run,
        is_unattended=True,
        stage=arguments.stage,
    )


def _positive(flag: str, text: str) -> int | None:
    """A count; −1 is endless, as ever."""
    try:
        count = int(text)
    except ValueError:
        raise ConfigError(f"{flag}: expected a whole number, found {text[:40]!r}") from None
    if count == -1:
        return None
    if count < 1:
        raise ConfigError(f"{flag}: expected 1 or more (or -1 for endless), found {count}")
    return count


def _obey_signals(session: Session) -> None:
    """First INT or TERM: finish the step, commit, release. Second: go at once. HUP: go on."""
    asked: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        if asked:
            os._exit(128 + number)
        asked.append(number)
        session.stop()

    def kill(_number: int, _frame: FrameType | None) -> None:
        session.kill("SIGUSR1", "signal")

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGUSR1, kill)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _banner(session: Session) -> str:
    world = session.latest.world
    is_live = world.kind is RunKind.LIVE
    state = "LIVE, orders cost money once armed" if is_live else f"PAPER ({world.kind})"
    killed = session.latest.kill
    kill = f"KILLED by {killed.who}: {killed.why}" if killed.is_set else "kill off"
    return f"{state} | {kill} | {world.stage} on {world.source} | database {world.database}"


def _tell(note: Note) -> None:
    mark = {NoteLevel.INFO: " ", NoteLevel.WARNING: "!", NoteLevel.ERROR: "x"}[note.level]
    say(f"{note.at:%Y-%m-%d %H:%M:%S} {mark} {note.text}")


def _print(summary: RunSummary) -> None:
    money = ("equity", "capital", "net", "realized", "fees", "slippage", "cash")
    pairs: dict[str, object] = {
        "run": summary.run,
        "outcome": Outcome[summary.outcome.upper()].value,
        "cycles": summary.cycles,
        "steps": f"{summary.step + 1} of {summary.total_steps or '—'}",
        "mode": summary.mode,
        "orders": ", ".join(f"{n} {status}" for status, n in sorted(summary.orders.items())),
        "fills": summary.fills,
    }
    values = {name: getattr(summary, f"{name}_try") for name in money}
    pairs |= {
        f"{k} {summary.quote}": None if v is None else canonical(v) for k, v in values.items()
    }
    sys.stderr.flush()
    print_pairs(pairs)
