"""`python -m tests.bench [soak]`: every measurement, or every long test, in a process of its own.

A measurement is a module `bench_*.py` anywhere under tests/, a long test is a `soak_*.py`; both
have a `main() -> None` that prints its lines and raises when a bound is missed. One process each,
so that none warms the caches or fattens the memory of the next.
"""

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
KINDS = ("bench", "soak")


def main() -> int:
    """Run them all in the order of their names; 1 when one of them failed."""
    kind = sys.argv[1] if len(sys.argv) > 1 else KINDS[0]
    if kind not in KINDS:
        print(f"expected one of {', '.join(KINDS)}, found {kind}", file=sys.stderr)
        return 2
    failed = [name for name in found(kind) if not run(name)]
    for name in failed:
        print(f"FAILED: {name}", file=sys.stderr)
    return 1 if failed else 0


def found(kind: str) -> list[str]:
    """The names of the modules of a kind, as they are imported."""
    paths = sorted(TESTS.rglob(f"{kind}_*.py"))
    return [".".join(path.relative_to(TESTS.parent).with_suffix("").parts) for path in paths]


def run(name: str) -> bool:
    """Run a module's `main` and say whether it came through."""
    print(f"== {name.removeprefix('tests.')}", flush=True)
    ended = subprocess.run([sys.executable, "-c", f"from {name} import main; main()"], check=False)
    return ended.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
