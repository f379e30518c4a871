"""Who may import whom: import-linter holds the floors, this the pure rooms' short list."""

import subprocess
import sys
from pathlib import Path

from tests.architecture.tree import ROOT, imported, pure

PURE_IMPORTS = {
    "btcbot_core",
    "collections",
    "datetime",
    "decimal",
    "enum",
    "functools",
    "hashlib",
    "ipaddress",
    "itertools",
    "math",
    "msgspec",
    "re",
    "typing",
    "urllib.parse",
}
"""All that the pure rooms may import: nothing of it knows the time, draws, logs or opens."""


def test_every_floor_sees_only_what_is_below_it() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_pure_rooms_import_only_what_is_on_their_list() -> None:
    faults = [
        f"{module.path}:{line}: {name}"
        for module in pure()
        for name, line in imported(module)
        if not any(name == known or name.startswith(f"{known}.") for known in PURE_IMPORTS)
    ]
    assert faults == []
