"""The command: what it says without a terminal, and what it does not load to say it."""

import subprocess
import sys
from pathlib import Path

import pytest

from btcbot_core import bootstrap
from btcbot_core.bootstrap.options import stage_of
from btcbot_core.cycle.stages import STAGE3, STAGE7, Stage
from btcbot_core.domain.errors import ConfigError
from btcbot_tui import main as command
from btcbot_tui.main import parser

HEAVY = ("textual", "pydantic", "peewee", "httpx", "btcbot_core.bootstrap")


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "btcbot_tui", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_help_says_what_it_is_and_names_every_flag() -> None:
    done = run("--help")
    assert done.returncode == 0
    for flag in ("--demo", "--dataset", "--db", "--stage", "--speed", "--cycle-seconds"):
        assert flag in done.stdout
    for flag in ("--no-mouse", "--ascii", "--env-file"):
        assert flag in done.stdout


def test_help_loads_nothing_heavy() -> None:
    asked = (
        "import sys; from btcbot_tui.main import parser; parser().format_help();"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == "[]"


def test_without_a_terminal_it_says_so_and_what_to_use_instead() -> None:
    done = run("--demo")
    assert done.returncode == 2
    assert "not a terminal" in done.stderr
    assert "btcbot-core run" in done.stderr
    assert (done.stdout, "Traceback" in done.stderr) == ("", False)


@pytest.mark.parametrize(
    "flags",
    [["--stage", "7"], ["--demo", "--dataset", "x"], ["--speed", "1", "--cycle-seconds", "1"]],
)
def test_flags_that_contradict_each_other_are_refused(flags: list[str]) -> None:
    assert run(*flags).returncode == 2


def test_the_demo_is_the_demo_and_a_dataset_is_not() -> None:
    demo = command._options(parser().parse_args(["--demo", "--speed", "max"]))
    assert (demo.role.name, demo.speed, demo.dataset) == ("DEMO", "max", None)
    host = command._options(parser().parse_args(["--dataset", "d", "--cycle-seconds", "0.5"]))
    assert (host.role.name, host.dataset, host.cycle_seconds) == ("HOST", Path("d"), "0.5")


@pytest.mark.parametrize(
    ("flags", "stage"),
    [
        (["--demo"], STAGE7),
        (["--demo", "--stage", "3"], STAGE3),
        (["--dataset", "d"], STAGE3),
        (["--dataset", "d", "--stage", "7"], STAGE7),
    ],
)
def test_the_demo_rebalances_and_all_else_runs_stage_3_unless_asked(
    flags: list[str], stage: Stage
) -> None:
    assert stage_of(command._options(parser().parse_args(flags))) is stage


@pytest.mark.parametrize("text", ["-1", "fast", "NaN", "1e400"])
def test_seconds_that_are_none_are_refused(text: str) -> None:
    options = command._options(parser().parse_args(["--demo", f"--cycle-seconds={text}"]))
    with pytest.raises(ConfigError, match="--cycle-seconds"):
        bootstrap.open_session(options)
