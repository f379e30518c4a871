"""`config show`: every setting, its value in force and where that came from."""

import argparse
from pathlib import Path

from btcbot_core import bootstrap
from btcbot_core.cli.output import print_json, print_pairs, say
from btcbot_core.domain.errors import ExitCode


def show(arguments: argparse.Namespace) -> int:
    """Print the settings; values of secrets are never shown."""
    dataset = Path(arguments.dataset) if arguments.dataset else None
    env_file = Path(arguments.env_file) if arguments.env_file else None
    shown = bootstrap.show_settings(dataset, env_file, arguments.db)
    for warning in shown.warnings:
        say(f"warning: {warning}")
    if arguments.json:
        print_json({n: {"value": v, "source": s} for n, (v, s) in shown.values.items()})
    else:
        print_pairs({n: f"{v or '—'}  ({s})" for n, (v, s) in shown.values.items()})
    return int(ExitCode.OK)
