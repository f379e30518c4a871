"""Ends a life at every n-th line of Python that it runs in the rooms which speak and store.

    python -m tests.killpoints.lines SCENARIO PREPARED FOLDER NTH

Prints one folder a line, each holding what such an end left behind; the last line is the count.
"""

import os
import shutil
import sys
from itertools import count
from pathlib import Path
from types import FrameType

from tests.killpoints.life import SCENARIOS, live

ROOMS = tuple(
    f"btcbot_core{os.sep}{name}"
    for name in (
        f"app{os.sep}runner.py",
        f"app{os.sep}journal.py",
        f"app{os.sep}gate.py",
        f"app{os.sep}listening.py",
        f"cycle{os.sep}answering.py",
        f"oms{os.sep}",
        f"adapters{os.sep}sqlite{os.sep}orders.py",
        f"adapters{os.sep}sqlite{os.sep}transaction.py",
    )
)
GONE = 137


class LineSwitch:
    """Ends the process, without any good-bye, at its n-th line in those rooms."""

    def __init__(self, at: int) -> None:
        self._left = at

    def on_call(self, frame: FrameType, _event: str, _argument: object) -> "LineSwitch | None":
        return self if any(room in frame.f_code.co_filename for room in ROOMS) else None

    def __call__(self, _frame: FrameType, event: str, _argument: object) -> "LineSwitch":
        if event == "line":
            self._left -= 1
            if not self._left:
                os._exit(GONE)
        return self


def main() -> None:
    name, prepared, folder, nth = sys.argv[1:]
    for number in count():
        at = 1 + number * int(nth)
        place = Path(folder) / f"line-{at}"
        shutil.copytree(prepared, place)
        child = os.fork()
        if child == 0:
            sys.settrace(LineSwitch(at).on_call)
            session = live(SCENARIOS[name], place)
            os._exit(session.exit_code)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) != GONE:
            assert status == 0, "an untouched life failed"
            print(number)
            return
        print(place, flush=True)


if __name__ == "__main__":
    main()
