"""The command line of what an operator does to keep a database safe."""

import argparse

from btcbot_core.cli.study import AddCommand, Commands


def add_upkeep(commands: "Commands[argparse.ArgumentParser]", add: AddCommand) -> None:
    """Add the commands for a database that was lost, and so that none is."""
    text = "copy the database, also while a runner trades on it; the copy is checked"
    backup = add(commands, "backup", text, ("btcbot_core.cli.backup", "backup"))
    backup.add_argument("file", metavar="FILE", help="the copy; nothing may stand there yet")
    text = "go on after a backup was put back: a new run begins; needs no living runner"
    restored = add(commands, "restored", text, ("btcbot_core.cli.safety", "restored"))
    restored.add_argument("--reason", required=True, metavar="TEXT", help="why; it is journalled")
    restored.add_argument("--word", metavar="RESTORED", help="the word, instead of typing it")
