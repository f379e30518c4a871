"""What a start must not load: each library that nobody uses costs every command its time."""

import subprocess
import sys

NETWORK = ("httpx", "starlette", "uvicorn", "textual", "matplotlib", "websockets")


def test_a_run_on_recorded_data_loads_nothing_of_the_network() -> None:
    asked = (
        "import sys, btcbot_core.bootstrap.recorded, btcbot_core.cli.main;"
        f"print([name for name in {NETWORK!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == "[]"
