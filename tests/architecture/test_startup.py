"""What a start must not load: each library that nobody uses costs every command its time."""

import subprocess
import sys

import pytest

NETWORK = ("httpx", "starlette", "uvicorn", "textual", "matplotlib", "websockets")


LIBRARIES = ("msgspec", "peewee", "pydantic", "rich", "structlog", *NETWORK)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("import btcbot_core.bootstrap.recorded, btcbot_core.cli.main", NETWORK),
        ("from btcbot_core.cli.main import parser; parser().format_help()", LIBRARIES),
    ],
    ids=["a run on recorded data", "the help"],
)
def test_nothing_is_loaded_that_is_not_needed_for(asked: str, names: tuple[str, ...]) -> None:
    told = f"import sys; {asked}; print([name for name in {names!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == "[]"
