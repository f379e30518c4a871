"""The command `btcbot-core`: one parser, one handler a command, one guard around them all.

Imports are late on purpose: `--help` answers at once, and only a command that needs the store or
the settings pays for loading them.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from btcbot_core import __version__
from btcbot_core.app.defects import defect
from btcbot_core.cli.study import add_study
from btcbot_core.cli.upkeep import add_upkeep
from btcbot_core.domain.errors import BotError, ConfigError, ExitCode

Handler = Callable[[argparse.Namespace], int]

DESCRIPTION = "btcbot without a screen: trading on BTCTurk, unattended, rehearsed or replayed."
EPILOG = (
    "exit codes: 0 ok, 1 the answer is no, 2 usage or settings, 3 another instance, 4 a gate is"
    " closed, 5 store unusable, 6 mismatch, 7 exchange unusable, 8 killed, 9 an invariant broke"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, call, answer with the exit code of DEC-7. No traceback reaches the operator."""
    arguments = parser().parse_args(argv)
    module, function = arguments.handler
    handler: Handler = getattr(import_module(module), function)
    try:
        return handler(arguments)
    except ConfigError as error:
        for problem in error.problems:
            print(f"btcbot-core: {_one_line(problem)}", file=sys.stderr)
        return int(error.exit_code)
    except BotError as error:
        print(f"btcbot-core: {_one_line(str(error))}", file=sys.stderr)
        return int(error.exit_code)
    except BrokenPipeError:
        return int(ExitCode.OK)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - one of the three guards
        print(f"btcbot-core: {_one_line(str(defect(error)))}", file=sys.stderr)
        return int(ExitCode.INVARIANT_BROKEN)


def parser() -> argparse.ArgumentParser:
    """The whole command line; docs and tests read it too."""
    top = argparse.ArgumentParser(prog="btcbot-core", description=DESCRIPTION, epilog=EPILOG)
    top.add_argument("--version", action="version", version=f"btcbot {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (
        _run,
        _backtest,
        _replay,
        _status,
        _kill,
        _reset,
        _arm,
        _cancel_own,
        _capture,
        _capital,
        _unknown,
        _degrade,
        _paper_exchange,
        _doctor,
        _health,
        _config,
    ):
        add(commands)
    add_study(commands, _command)
    add_upkeep(commands, _command)
    return top


_Commands = argparse._SubParsersAction  # argparse names no public type for it


def _command(
    commands: "_Commands[argparse.ArgumentParser]", name: str, text: str, handler: tuple[str, str]
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text)
    command.set_defaults(handler=handler)
    command.add_argument("--db", metavar="PATH", help="the database (default: STATE_DB_PATH)")
    command.add_argument("--env-file", metavar="PATH", help="read settings from this file")
    command.add_argument("--json", action="store_true", help="one JSON object on stdout")
    return command


def _run(commands: "_Commands[argparse.ArgumentParser]") -> None:
    """All stages are run alike; only their steps differ."""
    for name, stage, text in (
        ("run", 3, "trade (stage 3): live, in a dry run, or on a recorded dataset"),
        ("stage4-run", 4, "trade under a risk budget (stage 4): live, dry, or recorded"),
        ("stage7-run", 7, "rebalance a portfolio (stage 7): on paper only, dry or recorded"),
    ):
        run = _command(commands, name, text, ("btcbot_core.cli.run", "run"))
        run.set_defaults(stage=stage)
        run.add_argument("--dry-run", action="store_true", help="trade on paper, whatever DRY_RUN")
        run.add_argument("--once", action="store_true", help="one cycle (default; over --loop)")
        run.add_argument("--loop", action="store_true", help="cycle until stopped")
        run.add_argument("--cycle-seconds", metavar="N", help="from one cycle to the next (10)")
        run.add_argument("--max-cycles", metavar="N", help="stop after N cycles; implies --loop")
        run.add_argument("--dataset", metavar="DIR", help="trade on recorded market data")
        run.add_argument("--speed", metavar="N|max", help="times faster than recorded (max)")
        run.add_argument("--new-run", action="store_true", help="start over on a used database")
        run.add_argument("--exit-on-kill", action="store_true", help="end with 8 when killed")


def _backtest(commands: "_Commands[argparse.ArgumentParser]") -> None:
    text = "rebalance over recorded data as fast as it goes; the same command resumes a cut run"
    test = commands.add_parser("stage7-backtest", help=text, description=text)
    test.set_defaults(handler=("btcbot_core.cli.backtest", "run"))
    test.add_argument("--dataset", metavar="DIR", required=True, help="the recorded market data")
    test.add_argument("--out-db", metavar="PATH", required=True, help="where the run is written")
    test.add_argument("--start", metavar="TIME", help="first instant, ISO 8601 in UTC (the first)")
    test.add_argument("--end", metavar="TIME", help="last instant, included (the last)")
    test.add_argument("--seed", metavar="N", help="of what is drawn (SIM_SEED)")
    test.add_argument("--cycles", metavar="N", help="stop when the run has N cycles in all")
    for flag, action, words in (
        ("--include-adaptation", "store_true", "let parameters move by themselves (STAGE7_ADAPT)"),
        ("--no-include-adaptation", "store_false", "keep parameters as they are configured"),
    ):
        test.add_argument(flag, action=action, dest="include_adaptation", default=None, help=words)
    test.add_argument("--html", metavar="FILE", help="then write the report as one page of charts")
    test.add_argument("--env-file", metavar="PATH", help="read settings from this file")
    test.add_argument("--json", action="store_true", help="one JSON object on stdout")


def _replay(commands: "_Commands[argparse.ArgumentParser]") -> None:
    text = "make a dataset up: equal flags give equal files"
    init = commands.add_parser("replay-init", help=text, description=text)
    init.set_defaults(handler=("btcbot_core.cli.replay", "init"))
    init.add_argument("--dataset", metavar="DIR", required=True, help="the folder to write")
    init.add_argument(
        "--scenario",
        choices=("flat", "trend", "crash", "gap", "legacy"),
        default="trend",
        help="how prices go (trend)",
    )
    init.add_argument("--symbols", metavar="LIST", help="pairs, with commas (BTCTRY)")
    init.add_argument("--minutes", metavar="N", help="how long (1440)")
    init.add_argument("--start", metavar="TIME", help="first candle's open time (2026-01-01)")
    init.add_argument("--step-seconds", metavar="N", dest="step_s", help="a candle's length (60)")
    init.add_argument("--volatility-bps", metavar="N", help="the largest step of a candle (10)")
    init.add_argument("--spread-bps", metavar="N", help="between bid and ask (6)")
    init.add_argument("--seed", metavar="N", help="of what is drawn (123)")
    init.add_argument("--force", action="store_true", help="write over what is there")
    init.add_argument("--json", action="store_true", help="one JSON object on stdout")
    text = "say all that is wrong with a dataset, with file and row"
    check = commands.add_parser("replay-validate", help=text, description=text)
    check.set_defaults(handler=("btcbot_core.cli.replay", "validate"))
    check.add_argument("--dataset", metavar="DIR", required=True, help="the folder to check")
    check.add_argument("--json", action="store_true", help="one JSON object on stdout")


def _status(commands: "_Commands[argparse.ArgumentParser]") -> None:
    text = "show mode, kill latch, runner, last cycle and open orders; reads only"
    status = _command(commands, "status", text, ("btcbot_core.cli.status", "status"))
    status.add_argument("--trace", metavar="CYCLE", help="print one cycle (an id, or `last`)")


def _kill(commands: "_Commands[argparse.ArgumentParser]") -> None:
    text = "stop new orders now and cancel our own; stays set until reset"
    kill = _command(commands, "kill", text, ("btcbot_core.cli.safety", "kill"))
    kill.add_argument("--reason", required=True, metavar="TEXT", help="why; it is journalled")


def _reset(commands: "_Commands[argparse.ArgumentParser]") -> None:
    text = "clear the kill latch; needs a reason, the word RESET, and no living runner"
    reset = _command(commands, "reset", text, ("btcbot_core.cli.safety", "reset"))
    reset.add_argument("--reason", required=True, metavar="TEXT", help="why; it is journalled")
    reset.add_argument("--word", metavar="RESET", help="the word, instead of typing it")


def _doctor(commands: "_Commands[argparse.ArgumentParser]") -> None:
    text = "examine settings, database, files, clock and machine; reads only, takes no lock"
    doctor = _command(commands, "doctor", text, ("btcbot_core.cli.doctor", "doctor"))
    doctor.add_argument("--strict", action="store_true", help="a warning counts as a failure")
    words = "the same questions, asked as before live trading; 4 names what stands in the way"
    check = _command(commands, "arm-check", words, ("btcbot_core.cli.doctor", "arm_check"))
    for command in (doctor, check):
        command.add_argument("--online", action="store_true", help="ask the exchange too")


def _health(commands: "_Commands[argparse.ArgumentParser]") -> None:
    text = "ask the exchange's public side: is it there, its clock, its rules, its books"
    health = commands.add_parser("health", help=text, description=text)
    health.set_defaults(handler=("btcbot_core.cli.health", "health"))
    health.add_argument("--env-file", metavar="PATH", help="read settings from this file")
    health.add_argument("--json", action="store_true", help="one JSON object on stdout")


def _config(commands: "_Commands[argparse.ArgumentParser]") -> None:
    text = "settings: what is in force, and where it comes from"
    config = commands.add_parser("config", help=text, description=text)
    verbs = config.add_subparsers(dest="verb", required=True, metavar="VERB")
    show = _command(verbs, "show", text, ("btcbot_core.cli.config", "show"))
    show.add_argument("--dataset", metavar="DIR", help="with this dataset's profile")


def _paper_exchange(commands: "_Commands[argparse.ArgumentParser]") -> None:
    text = "serve recorded data as an exchange that speaks BTCTurk's protocol, on this machine"
    paper = commands.add_parser("paper-exchange", help=text, description=text)
    paper.set_defaults(handler=("btcbot_core.cli.paper", "serve"))
    paper.add_argument("--dataset", metavar="DIR", help="what is served (the shipped night)")
    paper.add_argument("--port", metavar="N", default="8127", help="0 takes any (8127)")
    paper.add_argument("--speed", metavar="N", default="1", help="times faster than recorded (1)")
    paper.add_argument("--seed", metavar="N", default="0", help="of what faults draw (0)")
    paper.add_argument("--key", metavar="K", action="append", help="an account; may be repeated")
    paper.add_argument("--secret", metavar="S", action="append", help="its secret, base64")
    paper.add_argument(
        "--balances",
        metavar="LIST",
        default="TRY=100000,BTC=0.1",
        help="what each account begins with (TRY=100000,BTC=0.1)",
    )
    paper.add_argument("--faults", metavar="FILE", help="a fault script (docs/faults-format.md)")
    paper.add_argument("--state", metavar="FILE", help="go on from here after a restart")
    paper.add_argument("--json", action="store_true", help="one JSON object on stdout")


def _arm(commands: "_Commands[argparse.ArgumentParser]") -> None:
    text = "let a live runner send orders for a while; asks for a typed phrase"
    arm = _command(commands, "arm", text, ("btcbot_core.cli.arm", "arm"))
    arm.add_argument("--minutes", required=True, metavar="N", help="how long, 240 at most")
    arm.add_argument("--reason", required=True, metavar="TEXT", help="why; it is journalled")
    off = "end a live runner's lease now"
    _command(commands, "disarm", off, ("btcbot_core.cli.arm", "disarm"))


def _cancel_own(commands: "_Commands[argparse.ArgumentParser]") -> None:
    text = "cancel our own open orders at the exchange; needs no runner, and refuses a living one"
    _command(commands, "cancel-own", text, ("btcbot_core.cli.cancelling", "cancel"))


def _capture(commands: "_Commands[argparse.ArgumentParser]") -> None:
    text = "record the exchange's public data as a dataset; again on a folder goes on with it"
    capture = commands.add_parser("replay-capture", help=text, description=text)
    capture.set_defaults(handler=("btcbot_core.cli.capture", "record"))
    capture.add_argument("--dataset", metavar="DIR", required=True, help="the folder to write")
    capture.add_argument("--symbols", metavar="LIST", required=True, help="pairs, with commas")
    capture.add_argument("--seconds", metavar="N", default="300", help="for how long (300)")
    capture.add_argument(
        "--interval-seconds", metavar="N", default="1", help="from one look to the next (1)"
    )
    capture.add_argument("--env-file", metavar="PATH", help="read settings from this file")
    capture.add_argument("--json", action="store_true", help="one JSON object on stdout")


def _capital(commands: "_Commands[argparse.ArgumentParser]") -> None:
    text = "book a deposit or withdrawal, so that books and balances agree; needs no living runner"
    capital = _command(commands, "capital", text, ("btcbot_core.cli.capital", "capital"))
    capital.add_argument("--asset", required=True, metavar="NAME", help="TRY, or a coin")
    words = "how much came; below zero, how much went (--amount=-500)"
    capital.add_argument("--amount", required=True, metavar="N", help=words)
    capital.add_argument("--reason", required=True, metavar="TEXT", help="why; it is journalled")
    capital.add_argument("--word", metavar="BOOK", help="the word, instead of typing it")


def _unknown(commands: "_Commands[argparse.ArgumentParser]") -> None:
    text = "orders whose outcome nobody knows: list them, or say what became of one"
    unknown = commands.add_parser("unknown", help=text, description=text)
    verbs = unknown.add_subparsers(dest="verb", required=True, metavar="VERB")
    module = "btcbot_core.cli.resting"
    _command(verbs, "list", "list them; 1 when there are any", (module, "list_unknown"))
    said = "say what became of one, on your own evidence; needs no living runner"
    resolve = _command(verbs, "resolve", said, (module, "resolve_unknown"))
    resolve.add_argument("--order", required=True, metavar="ID", help="its client id")
    resolve.add_argument(
        "--as",
        dest="verdict",
        required=True,
        choices=("not-placed", "gone", "canceled"),
        help="what became of it",
    )
    resolve.add_argument("--reason", required=True, metavar="TEXT", help="why; it is journalled")


def _degrade(commands: "_Commands[argparse.ArgumentParser]") -> None:
    text = "the degrade ladder: where it stands, take it down, or hold it up"
    degrade = commands.add_parser("degrade", help=text, description=text)
    verbs = degrade.add_subparsers(dest="verb", required=True, metavar="VERB")
    module = "btcbot_core.cli.resting"
    _command(verbs, "status", "show where it stands; reads only", (module, "show_degrade"))
    clear = _command(verbs, "clear", "take it down; needs no living runner", (module, "clear"))
    clear.add_argument("--yes", action="store_true", help="yes, more risk may be taken again")
    clear.add_argument("--reason", required=True, metavar="TEXT", help="why; it is journalled")
    held = "hold the mode at least so strict for a while; needs no living runner"
    override = _command(verbs, "override", held, (module, "override"))
    modes = ("NORMAL", "REDUCE_RISK_ONLY", "OBSERVE_ONLY")
    override.add_argument("--mode", required=True, choices=modes, help="at least this strict")
    override.add_argument(
        "--cooldown-seconds", metavar="N", default="900", help="for how long (900)"
    )
    override.add_argument("--reason", required=True, metavar="TEXT", help="why; it is journalled")


def _one_line(text: str) -> str:
    """Strings from outside are hostile: one line, nothing a terminal would obey."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
