"""Measures the console on a real terminal pair: first paint, CPU, bytes, memory, and the kill key.

`python -m tests.bench` runs it with the others; `python -m tests.bench.bench_console` alone.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.tui.terminal import Terminal

SIZE = (120, 40)
PROGRAM = ("-m", "tests.tui.console_program")
STARTS = 5
WATCH_S = 15.0
PRESSES = 200
KILL_KEY = "\x0b"

FIRST_PAINT_S_MAX = 1.2
CPU_PERCENT_MAX = 2.0
BYTES_A_SECOND_MAX = 2_000
RSS_MB_MAX = 90.0
KILL_P99_MS_MAX = 50.0


def main() -> None:
    """Print each figure beside its bound; raise when one is over."""
    over = [
        *report_first_paint("first paint, scripted run", PROGRAM),
        *report_first_paint("first paint, the demo itself", ("-m", "btcbot_tui", "--demo")),
        *report_watching("nothing changes", "3600"),
        *report_watching("a cycle a second", "1"),
        *report_kill(),
    ]
    if over:
        raise SystemExit("over its bound: " + ", ".join(over))


def report_first_paint(name: str, arguments: Sequence[str]) -> list[str]:
    """From starting the interpreter to panels that say something, over several starts."""
    took_s = []
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory() as folder:
            journal = [f"{folder}/journal"] if arguments == PROGRAM else []
            with Terminal([*arguments, *journal], SIZE) as terminal:
                terminal.wait_for("QUOTES 6")
                took_s.append(time.monotonic() - terminal.began_s)
                terminal.signal(15)
                terminal.wait()
    return _told(name, statistics.median(took_s), FIRST_PAINT_S_MAX, "s", "median of 5")


def report_watching(name: str, pause_s: str) -> list[str]:
    """What it costs to look at the screen, and nobody types."""
    with tempfile.TemporaryDirectory() as folder:
        flags = ("--cycle-s", "0.001", "--pause-s", pause_s)
        with Terminal([*PROGRAM, f"{folder}/journal", *flags], SIZE) as terminal:
            terminal.wait_for("QUOTES 6")
            terminal.read_for(2.0)
            cpu_s, began_s = terminal.cpu_s(), time.monotonic()
            size = len(terminal.read_for(WATCH_S))
            took_s = time.monotonic() - began_s
            percent = 100 * (terminal.cpu_s() - cpu_s) / took_s
            rss_mb = terminal.rss_mb()
    return [
        *_told(f"CPU, {name}", percent, CPU_PERCENT_MAX, "%"),
        *_told(f"bytes to the terminal, {name}", size / took_s, BYTES_A_SECOND_MAX, "B/s"),
        *_told(f"memory, {name}", rss_mb, RSS_MB_MAX, "MB"),
    ]


def report_kill() -> list[str]:
    """From the key on the terminal to the latch, beside a thread that computes without a pause."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal"
        flags = ("--cycle-s", "0.5", "--pause-s", "0")
        with Terminal([*PROGRAM, str(journal), *flags], SIZE) as terminal:
            terminal.wait_for("QUOTES 6")
            terminal.read_for(1.0)
            took_ms = sorted(_press(terminal, journal) for _ in range(PRESSES))
    p99 = took_ms[int(0.99 * (len(took_ms) - 1))]
    print(f"kill key to latch, p50           {took_ms[len(took_ms) // 2]:10.2f} ms")
    print(f"kill key to latch, max           {took_ms[-1]:10.2f} ms")
    return _told("kill key to latch, p99", p99, KILL_P99_MS_MAX, "ms", f"{PRESSES} presses")


_chance = random.Random(7)
"""Spreads the presses over the computing thread's turns, in the same way each time."""


def _press(terminal: Terminal, journal: Path) -> float:
    """Milliseconds from one press to its line in the journal, on the one monotonic clock."""
    heard = _kills(journal)
    pressed_ns = time.monotonic_ns()
    terminal.send(KILL_KEY)
    while len(now := _kills(journal)) == len(heard):
        terminal.read(0.002)
        if time.monotonic_ns() - pressed_ns > 5e9:
            raise SystemExit("the kill key was not heard within 5 s")
    terminal.read_for(_chance.uniform(0.02, 0.08))
    return (now[-1] - pressed_ns) / 1e6


def _kills(journal: Path) -> list[int]:
    lines = (line.split(" ", 2) for line in journal.read_text().splitlines())
    return [int(at) for at, word, *_ in lines if word == "kill"]


def _told(name: str, value: float, most: float, unit: str, note: str = "") -> list[str]:
    is_over = value > most
    mark = "OVER" if is_over else ""
    print(f"{name:<32} {value:10.2f} {unit:<4} of {most:g} {unit} {note} {mark}".rstrip())
    return [name] if is_over else []


if __name__ == "__main__":
    main()
