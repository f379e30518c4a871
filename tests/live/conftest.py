"""One exchange and one bot a test, both gone when it ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.rig import Bot, Exchange


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    started = Exchange(tmp_path)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def bot(tmp_path: Path, exchange: Exchange) -> Iterator[Bot]:
    made = Bot(tmp_path, exchange)
    yield made
    if made.is_alive():
        made.kill()
