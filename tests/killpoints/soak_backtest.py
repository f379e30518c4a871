"""`make soak`: a backtest killed at every single write, and run again to the same end."""

import tempfile
from pathlib import Path

from tests.killpoints.rerunning import kill_and_rerun
from tests.killpoints.strace import why_not


def main() -> None:
    if unable := why_not():
        print(f"skipped: {unable}")
        return
    with tempfile.TemporaryDirectory() as folder:
        found = kill_and_rerun(1, Path(folder))
    print(f"backtest: killed at {found.tried} writes, each time the same end state", flush=True)


if __name__ == "__main__":
    main()
