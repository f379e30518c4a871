"""The process ends at any line of the path from plan to answer (FAULTS P02)."""

import subprocess
import sys
from pathlib import Path

from tests.killpoints.life import SCENARIOS
from tests.killpoints.strace import prepare
from tests.killpoints.verdict import settle

NAME = "submit"
NTH = 97
PATIENCE_S = 600.0


def try_every(nth: int, folder: Path) -> int:
    """End a life at every n-th line, and settle each; returns how many there were."""
    prepare(NAME, folder / "prepared")
    (folder / "lines").mkdir()
    argv = [sys.executable, "-m", "tests.killpoints.lines", NAME]
    done = subprocess.run(
        [*argv, str(folder / "prepared"), str(folder / "lines"), str(nth)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *places, number = done.stdout.split("\n")[:-1]
    for place in places:
        settle(SCENARIOS[NAME], Path(place))
    assert int(number) == len(places)
    return len(places)


def test_the_end_at_any_line_loses_nothing_and_does_nothing_twice(tmp_path: Path) -> None:
    tried = try_every(NTH, tmp_path)
    print(f"{tried} lines, one in {NTH} of the way from plan to answer")
    assert tried > 20
