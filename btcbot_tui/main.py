"""The command `btcbot-tui`: the operator console over a run of its own.

Imports are late on purpose: `--help` answers at once.
"""

import argparse
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from btcbot_core.app.defects import defect
from btcbot_core.domain.errors import BotError, ConfigError, ExitCode

if TYPE_CHECKING:
    from btcbot_core.bootstrap import SessionOptions
    from btcbot_tui.lifeline import Patience, Run

SWITCH_INTERVAL_S = 0.001
"""How long a computing thread may keep the others waiting: the kill key is one of them."""

DESCRIPTION = "The operator console of btcbot: watch a run, stop it, step through recorded data."
EPILOG = (
    "exit codes: those of btcbot-core; 129 the terminal is gone, 130 interrupted, 143 terminated."
    " Without a screen: btcbot-core --help"
)


def main(argv: list[str] | None = None) -> int:
    """Open the console on the run that was asked for; answers with its exit code (DEC-7)."""
    arguments = parser().parse_args(argv)
    if problem := terminal_problem():
        from btcbot_tui.texts import ENGLISH

        _complain(ENGLISH.no_terminal.format(problem=problem))
        _complain(ENGLISH.no_terminal_hint)
        return int(ExitCode.USAGE)
    try:
        return _console(arguments)
    except ConfigError as error:
        for told in error.problems:
            _complain(told)
        return int(error.exit_code)
    except BotError as error:
        _complain(str(error))
        return int(error.exit_code)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as error:  # noqa: BLE001 - a guard: no traceback reaches the operator
        _complain(str(defect(error)))
        return int(ExitCode.INVARIANT_BROKEN)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="btcbot-tui", description=DESCRIPTION, epilog=EPILOG)
    world = top.add_mutually_exclusive_group()
    world.add_argument("--demo", action="store_true", help="a recorded night, paper orders")
    world.add_argument("--dataset", metavar="DIR", type=Path, help="trade on recorded market data")
    top.add_argument("--db", metavar="PATH", type=Path, help="the database (STATE_DB_PATH)")
    top.add_argument("--env-file", metavar="PATH", type=Path, help="read settings from this file")
    top.add_argument("--stage", metavar="N", type=int, help="which stage (the demo 7, else 3)")
    pace = top.add_mutually_exclusive_group()
    pace.add_argument("--speed", metavar="N", help="recorded data: times real speed, or max")
    pace.add_argument("--cycle-seconds", metavar="S", help="real seconds from turn to turn")
    top.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")
    top.add_argument("--ascii", action="store_true", help="no line drawing, plain characters only")
    return top


def terminal_problem() -> str:
    """Why no screen can be drawn here, or an empty string."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return "standard input or output is not a terminal"
    if os.environ.get("TERM", "") in ("dumb", ""):
        return "TERM is dumb or not set"
    return "it was started in the background" if _is_in_background() else ""


def _is_in_background() -> bool:
    """Whether another program has the terminal. Where nobody controls it, nobody has."""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) != os.getpgrp()
    except OSError:
        return False


def _console(arguments: argparse.Namespace) -> int:
    options = _options(arguments)
    from btcbot_core import bootstrap

    run = bootstrap.open_session(options)
    return show(run, is_ascii=arguments.ascii, mouse=not arguments.no_mouse)


def show(
    run: "Run", *, is_ascii: bool = False, mouse: bool = True, patience: "Patience | None" = None
) -> int:
    """Start the run, show it until somebody ends it, and wait for its last cycle."""
    from btcbot_core.app.frames import Outcome
    from btcbot_tui.app import Console
    from btcbot_tui.lifeline import Lifeline, Patience
    from btcbot_tui.texts import ENGLISH
    from btcbot_tui.watch import Look

    sys.setswitchinterval(SWITCH_INTERVAL_S)
    patience = patience or Patience()
    console = Console(run, Look(is_ascii=is_ascii))
    lifeline = Lifeline(run, console.leave_now, console.abandon, patience)
    console.on_gone = lifeline.terminal_gone
    lifeline.obey_signals()
    lifeline.start()
    run.start()
    try:
        console.run(mouse=mouse)
    finally:
        lifeline.left()
        run.stop()
        is_joined = run.join(0 if lifeline.has_given_up else patience.join_s)
    last = run.latest
    if last.outcome is Outcome.FAILED:
        _complain(last.message)
    if not is_joined:
        _complain(ENGLISH.not_joined.format(seconds=f"{patience.join_s:g}"))
        os._exit(lifeline.code or ExitCode.NO)
    if lifeline.code is not None:
        return lifeline.code
    return int(ExitCode.INVARIANT_BROKEN) if console.has_failed else run.exit_code


def _options(arguments: argparse.Namespace) -> "SessionOptions":
    from btcbot_core.app.frames import Role
    from btcbot_core.bootstrap import SessionOptions

    return SessionOptions(
        role=Role.DEMO if arguments.demo else Role.HOST,
        dataset=arguments.dataset,
        db=arguments.db,
        speed=arguments.speed,
        cycle_seconds=arguments.cycle_seconds,
        env_file=arguments.env_file,
        stage=arguments.stage,
    )


def _complain(told: str) -> None:
    from btcbot_tui.format import clean

    # After a hang-up nobody is left to complain to; the log has it all the same.
    with suppress(OSError):
        print(f"btcbot-tui: {clean(told)}", file=sys.stderr, flush=True)
