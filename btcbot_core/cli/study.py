"""The command line of everything that reads runs: reports, exports, parity, verification."""

import argparse
from typing import Protocol

from btcbot_core.app.choosing import LAST

Commands = argparse._SubParsersAction  # argparse names no public type for it
_REPORTS = "btcbot_core.cli.reports"


class AddCommand(Protocol):
    """Makes a command with the flags that all of them have."""

    def __call__(
        self,
        commands: "Commands[argparse.ArgumentParser]",
        name: str,
        text: str,
        handler: tuple[str, str],
    ) -> argparse.ArgumentParser: ...


def add_study(commands: "Commands[argparse.ArgumentParser]", add: AddCommand) -> None:
    """Add the commands of those who study runs; all but `stage7-params reset` only read."""
    text = "run stored cycles again through today's code, and hold the store against itself"
    verify = add(commands, "verify", text, ("btcbot_core.cli.verify", "verify"))
    verify.add_argument("--run", metavar="ID", help="run this run's cycles again (or `last`)")
    verify.add_argument("--store", action="store_true", help="check the database's sums and seals")
    text = "what a run came to: money, costs, modes, why it did not trade; any stage"
    report = add(commands, "stage7-report", text, (_REPORTS, "report"))
    _of_run(report)
    report.add_argument("--html", metavar="FILE", help="write it as one page with charts")
    for name, text in (
        ("stage7-export", "a run's cycles for other programs, as CSV or JSON"),
        ("stage7-backtest-report", "the same of a backtest's database"),
    ):
        _export(add(commands, name, text, (_REPORTS, "export")))
    text = "the cycles that an operator should look at, and why"
    alerts = add(commands, "stage7-alerts", text, (_REPORTS, "alerts"))
    _of_run(alerts)
    _window(alerts)
    _params(commands, add)
    text = "how many rows the database holds, by the names of the requirements"
    add(commands, "stage7-db-count", text, (_REPORTS, "db_count"))
    _parity(commands)


def _export(export: argparse.ArgumentParser) -> None:
    _of_run(export)
    _window(export)
    forms = ("csv", "json", "jsonl")
    export.add_argument("--format", choices=forms, default="csv", help="of the file (csv)")
    export.add_argument("--out", metavar="FILE", help="the file (standard output)")
    words = "leave texts as they are, even those that a spreadsheet takes for formulas"
    export.add_argument("--raw-text", action="store_true", help=words)


def _params(commands: "Commands[argparse.ArgumentParser]", add: AddCommand) -> None:
    text = "the parameters that rebalancing moves by itself: what is in force, or the way back"
    params = commands.add_parser("stage7-params", help=text, description=text)
    verbs = params.add_subparsers(dest="verb", required=True, metavar="VERB")
    module = "btcbot_core.cli.params"
    text = "show values, bounds and what is configured, and the last changes; reads only"
    _of_run(add(verbs, "show", text, (module, "show")))
    text = "bring the configured values back as a new version; needs no living runner"
    reset = add(verbs, "reset", text, (module, "reset"))
    reset.add_argument("--reason", required=True, metavar="TEXT", help="why; it is journalled")
    reset.add_argument("--word", metavar="RESET", help="the word, instead of typing it")


def _of_run(command: argparse.ArgumentParser) -> None:
    command.add_argument("--run", metavar="ID", default=LAST, help="which run (the latest)")


def _window(command: argparse.ArgumentParser) -> None:
    command.add_argument("--last", metavar="N|all", help="so many of the newest cycles (50)")
    command.add_argument("--since", metavar="TIME", help="cycles from then on, in UTC")
    command.add_argument("--until", metavar="TIME", help="cycles up to then, in UTC")


def _parity(commands: "Commands[argparse.ArgumentParser]") -> None:
    text = "whether two runs decided the same, and where they first part"
    parity = commands.add_parser("stage7-parity", help=text, description=text)
    parity.set_defaults(handler=(_REPORTS, "parity"))
    for side in ("a", "b"):
        parity.add_argument(
            f"--db-{side}", metavar="PATH", required=True, help=f"the database of run {side}"
        )
        parity.add_argument(
            f"--run-{side}", metavar="ID", default=LAST, help="which of its runs (the latest)"
        )
    parity.add_argument("--start", metavar="TIME", help="compare cycles from then on, in UTC")
    parity.add_argument("--end", metavar="TIME", help="compare cycles up to then, in UTC")
    parity.add_argument("--json", action="store_true", help="one JSON object on stdout")
