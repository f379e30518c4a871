"""`make soak`: every write, sync and truncation of a run fails once, in every way."""

import tempfile
import time
from pathlib import Path

from tests.killpoints.strace import why_not
from tests.storage.faults import FAULTS, try_every


def main() -> None:
    if unable := why_not():
        print(f"skipped: {unable}")
        return
    began_s = time.monotonic()
    for fault in FAULTS:
        with tempfile.TemporaryDirectory() as folder:
            found = try_every(1, fault, Path(folder))
        took_s = time.monotonic() - began_s
        print(
            f"{fault}: {found.tried} failed calls, {found.ended} of them ended the run;"
            f" no order left unstored or afterwards ({took_s:.0f} s)",
            flush=True,
        )


if __name__ == "__main__":
    main()
