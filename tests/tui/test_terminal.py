"""The console on a real terminal pair, with the real driver and the real signals.

Each test starts the whole program over a scripted run whose thread computes, and reads what the
run journalled: which cycles began and ended, when the kill was heard.
"""

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.tui.frames import HOSTILE, PHRASE
from tests.tui.terminal import Terminal

pytestmark = pytest.mark.pty

DEAF_S = 1.0
"""Longer than a dialog is deaf after it opened, beside a thread that computes."""
KILL_KEY = "\x0b"
PROGRAM = "tests.tui.console_program"
RESTORE_TAIL = b"\x1b[?1049l\x1b[?25h\x1b[?1004l"
OWN_POINTER_SHAPE = re.compile(rb"\x1b\]22;[a-z-]*\x07")
"""Textual's own: it says what the mouse pointer is to look like."""
COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")


class Journal:
    """What the scripted run wrote down."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[str]:
        if not self.path.exists():
            return []
        return [line.split(" ", 1)[1] for line in self.path.read_text().splitlines()]

    def cycles(self) -> int:
        return sum(line.startswith("end") for line in self.lines())

    def has_kill(self) -> bool:
        return any(line.startswith("kill") for line in self.lines())

    def assert_orderly(self) -> None:
        """Every cycle that began has ended, and the run's own end was its last act."""
        lines = [line for line in self.lines() if line.split()[0] in ("begin", "end", "stopped")]
        assert lines[-1] == "stopped"
        begun = [line.split()[1] for line in lines if line.startswith("begin")]
        assert begun == [line.split()[1] for line in lines if line.startswith("end")]


@contextmanager
def running(
    tmp_path: Path, *flags: str, size: tuple[int, int] = (80, 24), **environment: str
) -> Iterator[tuple[Terminal, Journal]]:
    """The console, painted and with a cycle behind it."""
    journal = Journal(tmp_path / "journal")
    arguments = ["-m", PROGRAM, str(journal.path), *flags]
    with Terminal(arguments, size, environment) as terminal:
        terminal.wait_for("RISK" if size == (200, 60) else "kill OFF")
        terminal.wait_until(lambda: journal.cycles() > 0, "a cycle")
        yield terminal, journal


def test_one_life_on_a_terminal(tmp_path: Path) -> None:
    """Signals that must not stop it, a storm of sizes, and the kill key at the end of it."""
    with running(tmp_path) as (terminal, journal):
        terminal.signal(signal.SIGTSTP)
        terminal.wait_for("Ctrl+Z refused")
        assert terminal.state() != "T"
        for step in range(40):
            terminal.resize(30 + step * 4, 8 + step)
            terminal.read(0.005)
        terminal.resize(120, 40)
        terminal.wait_for("QUOTES 6")
        terminal.wait_for("LOG")
        assert not journal.has_kill()
        terminal.send(KILL_KEY)
        terminal.wait_for("■ KILLED")
        assert journal.has_kill()
        before = journal.cycles()
        terminal.wait_until(lambda: journal.cycles() > before, "a cycle after the kill")
        terminal.send("q")
        terminal.wait_for("Leave the console?")
        terminal.wait_until(lambda: _answered(terminal), "the dialog to listen")
        assert terminal.wait() == 0
        assert terminal.is_restored()
        assert terminal.output.endswith(RESTORE_TAIL)
    journal.assert_orderly()


def _answered(terminal: Terminal) -> bool:
    """Type the answer until it is heard: a fresh dialog is deaf for a moment."""
    terminal.send("y")
    terminal.read_for(0.1)
    return "STOPPING" in terminal.screen.text() or not terminal.is_running()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_it_after_its_cycle_and_restores_the_terminal(
    tmp_path: Path, number: int, code: int
) -> None:
    with running(tmp_path, "--cycle-s", "0.3") as (terminal, journal):
        terminal.signal(number)
        assert terminal.wait() == code
        assert terminal.is_restored()
        assert RESTORE_TAIL in terminal.output
    journal.assert_orderly()


@pytest.mark.parametrize("attempt", range(2))
def test_a_hang_up_finishes_the_cycle_and_ends_the_process(tmp_path: Path, attempt: int) -> None:
    with running(tmp_path, "--cycle-s", "0.2") as (terminal, journal):
        terminal.hang_up()
        assert terminal.wait(4, is_reading=False) == 129
    journal.assert_orderly()


def test_a_terminal_that_stalls_stops_neither_the_cycles_nor_the_end(tmp_path: Path) -> None:
    with running(tmp_path, size=(200, 60)) as (terminal, journal):
        before = journal.cycles()
        for step in range(30):  # each resize is a full repaint that nobody reads
            terminal.resize(200 - step, 60)
            terminal.signal(signal.SIGWINCH)
            _wait(0.05)
        assert journal.cycles() > before + 8
        terminal.send(KILL_KEY)
        _wait_until(journal.has_kill)
        terminal.signal(signal.SIGTERM)
        assert terminal.wait(6, is_reading=False) == 143
    journal.assert_orderly()


def test_a_terminal_that_reads_again_shows_the_present(tmp_path: Path) -> None:
    with running(tmp_path, size=(200, 60)) as (terminal, journal):
        for step in range(30):
            terminal.resize(200 - step, 60)
            _wait(0.05)
        terminal.resize(120, 40)
        terminal.send(KILL_KEY)
        _wait_until(journal.has_kill)
        terminal.wait_for("■ KILLED")
        terminal.wait_for("QUOTES 6")


def test_a_kill_needs_no_event_loop(tmp_path: Path) -> None:
    """The loop stands still for a minute; the key is taken where keys are read."""
    with running(tmp_path, "--block-loop") as (terminal, journal):
        _wait(1.2)
        terminal.send(KILL_KEY)
        _wait_until(journal.has_kill)
        terminal.signal(signal.SIGTERM)
        assert terminal.wait(8) == 143, "a hanging screen does not keep the process"
        assert terminal.is_restored()
    journal.assert_orderly()


def test_a_runner_that_hangs_is_given_up_in_time(tmp_path: Path) -> None:
    with running(tmp_path, "--hang") as (terminal, _):
        terminal.signal(signal.SIGTERM)
        assert terminal.wait(6) == 143
        assert terminal.is_restored()
        assert "did not finish within 2 s" in terminal.output.decode().replace("\r\n", "")


def test_a_second_signal_goes_at_once(tmp_path: Path) -> None:
    with running(tmp_path, "--hang") as (terminal, _):
        terminal.signal(signal.SIGINT)
        terminal.read_for(0.3)
        assert terminal.is_running()
        terminal.signal(signal.SIGINT)
        assert terminal.wait(1.5) == 130
        assert terminal.is_restored()


def test_sigusr1_kills_without_ending(tmp_path: Path) -> None:
    with running(tmp_path) as (terminal, journal):
        terminal.signal(signal.SIGUSR1)
        terminal.wait_for("■ KILLED")
        assert journal.has_kill()
        assert terminal.is_running()


def test_a_pasted_phrase_arms_nothing_and_a_typed_one_does(tmp_path: Path) -> None:
    with running(tmp_path, "--live", "--cycle-s", "0.001", size=(120, 40)) as (terminal, journal):
        terminal.send("A")
        terminal.wait_for("All holds")
        terminal.read_for(DEAF_S)
        terminal.send("\t\r")
        terminal.wait_for("step 2 of 3")
        terminal.read_for(DEAF_S)
        _type(terminal, "\t\tcanary\t")
        terminal.wait_for("canary")
        terminal.send(f"\x1b[200~{PHRASE}\x1b[201~")
        terminal.wait_for("Pasting is refused")
        _type(terminal, "\r\t\r")
        terminal.read_for(0.3)
        assert not _armed(journal)
        _type(terminal, f"\t{PHRASE}\t\t\r")
        terminal.wait_until(lambda: _armed(journal), "the grant")


def _type(terminal: Terminal, keys: str) -> None:
    """One key after another, as fingers do."""
    for key in keys:
        terminal.send(key)
        terminal.read_for(0.05)


def _armed(journal: Journal) -> bool:
    return any(line.startswith("command Arm(") for line in journal.lines())


def test_after_a_stop_that_nobody_can_refuse_the_screen_comes_back(tmp_path: Path) -> None:
    with running(tmp_path) as (terminal, journal):
        terminal.signal(signal.SIGSTOP)
        _wait_until(lambda: terminal.state() == "T")
        terminal.resize(100, 30)
        terminal.signal(signal.SIGCONT)
        terminal.wait_for("QUOTES 6")
        terminal.send(KILL_KEY)
        terminal.wait_for("■ KILLED")
        assert journal.has_kill()


def test_no_sequence_from_outside_reaches_the_terminal(tmp_path: Path) -> None:
    flags = ("--hostile", "--pause-s", "0.26")
    with running(tmp_path, *flags, size=(200, 60)) as (terminal, journal):
        for key in ("1", "3", "4", "5", "7", "\x1b", "R", "\x1b", "q"):
            terminal.send(key)
            terminal.read_for(0.1)
        rounds = len(HOSTILE) + 2
        terminal.wait_until(lambda: journal.cycles() >= rounds, "every attack")
        terminal.read_for(0.4)
        terminal.signal(signal.SIGTERM)
        assert terminal.wait() == 143
    sent = OWN_POINTER_SHAPE.sub(b"", terminal.output)
    for forbidden in ("\x1b]", "\x9b", "\u202e", "\u200b", "\u2066", "\x7f", "\x00", "\x08"):
        assert forbidden.encode() not in sent
    assert b"\x1b[2J" not in sent
    assert b"[@click=app.quit]quit[/]" in sent, "markup is only text"


def test_without_colours_no_colour_is_sent(tmp_path: Path) -> None:
    with running(tmp_path, NO_COLOR="1") as (terminal, _):
        terminal.send(KILL_KEY)
        terminal.wait_for("■ KILLED")
        terminal.send("?")
        terminal.wait_for("Keys")
    assert COLOUR.findall(terminal.output) == []


def test_plain_characters_alone_are_sent_where_that_was_asked_for(tmp_path: Path) -> None:
    with running(tmp_path, "--ascii", size=(120, 40)) as (terminal, _):
        terminal.send(KILL_KEY)
        terminal.wait_for("# KILLED")
        terminal.wait_for("gather > reconcile")
    assert terminal.output.isascii()


def test_on_the_smallest_terminal_the_kill_key_is_in_sight(tmp_path: Path) -> None:
    with running(tmp_path, size=(40, 10)) as (terminal, journal):
        terminal.wait_for("Ctrl+K kills")
        terminal.wait_for("60x20")
        terminal.send(KILL_KEY)
        terminal.wait_for("■ KILLED")
        assert journal.has_kill()


def test_the_kill_key_is_heard_within_a_fraction_of_a_second(tmp_path: Path) -> None:
    """Beside a thread that computes without a pause; the bench measures how soon exactly."""
    with running(tmp_path, "--cycle-s", "0.5", "--pause-s", "0") as (terminal, journal):
        terminal.send(KILL_KEY)
        _wait_until(journal.has_kill, 0.5)


@pytest.mark.parametrize(
    ("flags", "environment", "told"),
    [
        (["--demo"], {"TERM": "dumb"}, "TERM is dumb"),
        (["--dataset", "/nowhere"], {}, "btcbot-tui: "),
        (["--demo", "--speed", "fast"], {}, "--speed: expected a number or max"),
    ],
)
def test_what_cannot_be_shown_is_told_in_a_line_and_answers_2(
    flags: list[str], environment: dict[str, str], told: str
) -> None:
    with Terminal(["-m", "btcbot_tui", *flags], environment=environment) as terminal:
        assert terminal.wait() == 2
        assert told in " ".join(terminal.output.decode().split())
        assert b"Traceback" not in terminal.output
        assert b"\x1b" not in terminal.output


def _wait(seconds: float) -> None:
    """Real time for a real process: it must pass without anybody reading."""
    time.sleep(seconds)


def _wait_until(is_so: Callable[[], bool], wait_s: float = 10.0) -> None:
    until_s = time.monotonic() + wait_s
    while not is_so():
        assert time.monotonic() < until_s, "it did not come"
        time.sleep(0.005)


def test_the_command_itself_runs_the_demo(tmp_path: Path) -> None:
    """No part of it scripted: the shipped night, the real session, the real end."""
    environment = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    with Terminal(["-m", "btcbot_tui", "--demo"], (120, 40), environment) as terminal:
        terminal.wait_for("DEMO")
        terminal.wait_for("UNIVERSE 4 of 6")
        terminal.send(KILL_KEY)
        terminal.wait_for("■ KILLED")
        terminal.signal(signal.SIGTERM)
        assert terminal.wait() == 143
        assert terminal.is_restored()
    assert list(tmp_path.iterdir()) == [], "a demo leaves nothing behind"
