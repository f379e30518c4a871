"""`make soak`: a kill at every single point of every scenario, counted."""

import tempfile
import time
from pathlib import Path

from tests.killpoints.enumeration import try_every
from tests.killpoints.life import SCENARIOS
from tests.killpoints.strace import why_not


def main() -> None:
    if unable := why_not():
        print(f"skipped: {unable}")
        return
    began_s, points = time.monotonic(), 0
    for name in SCENARIOS:
        with tempfile.TemporaryDirectory() as folder:
            found = try_every(1, name, Path(folder))
        points += found.tried
        took_s = time.monotonic() - began_s
        print(
            f"{name}: {found.tried} kill points, {found.ambiguous} of them between the exchange's"
            f" taking and our knowing; none broke a promise ({took_s:.0f} s)",
            flush=True,
        )
    print(f"all scenarios: {points} kill points")


if __name__ == "__main__":
    main()
