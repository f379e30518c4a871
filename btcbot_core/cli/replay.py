"""`replay-init` and `replay-validate`: make a dataset up, or say all that is wrong with one."""

import argparse
from pathlib import Path

from btcbot_core.bootstrap.datasets import Validation, make_up
from btcbot_core.bootstrap.datasets import validate as validate_dataset
from btcbot_core.cli.backtest import instant, whole
from btcbot_core.cli.output import print_json, say
from btcbot_core.cli.progress import Progress
from btcbot_core.domain.errors import ConfigError, ExitCode

NUMBERS = ("minutes", "step_s", "volatility_bps", "spread_bps", "seed")
_FLAGS = {"step_s": "--step-seconds"}


def init(arguments: argparse.Namespace) -> int:
    """Write a made-up dataset; answers 1 should it not check out."""
    numbers = {
        name: number
        for name in NUMBERS
        if (number := whole(_flag(name), getattr(arguments, name), least=_least(name))) is not None
    }
    folder = Path(arguments.dataset)
    start = instant("--start", arguments.start)
    force, recipe = arguments.force, (arguments.scenario, arguments.symbols, numbers, start)
    with Progress("rows written") as progress:
        make_up(folder, *recipe, force=force, progress=progress)
    return _answer(arguments, _checked(folder))


def validate(arguments: argparse.Namespace) -> int:
    """Check a dataset; answers 1 when it holds an error, 2 when there is none at all."""
    folder = Path(arguments.dataset)
    found = _checked(folder)
    if any(issue.code.startswith("dataset_") for issue in found.issues):
        raise ConfigError(f"--dataset: {found.issues[0].message}: {folder.name}")
    return _answer(arguments, found)


def _checked(folder: Path) -> Validation:
    with Progress("bytes checked") as progress:
        return validate_dataset(folder, progress)


def _answer(arguments: argparse.Namespace, found: Validation) -> int:
    if arguments.json:
        print_json(found)
    else:
        for issue in found.issues:
            say(f"{issue.level} {issue.code} {issue.where}: {issue.message}")
        print("ok" if found.ok else "not ok")
    return int(ExitCode.OK if found.ok else ExitCode.NO)


def _flag(name: str) -> str:
    return _FLAGS.get(name, f"--{name.replace('_', '-')}")


def _least(name: str) -> int:
    return 1 if name in ("minutes", "step_s") else 0
