"""Asked to end while the exchange does not answer (FAULTS P05)."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.rig import Bot, Exchange, wait_until

ENDS_WITHIN_S = 30.0


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    """It takes every order and answers none."""
    started = Exchange(tmp_path, faults="submit chance=1 timeout-after\n")
    started.start()
    yield started
    started.stop()


def test_asked_to_end_while_an_order_hangs_it_stores_what_it_knows_and_ends(
    exchange: Exchange, tmp_path: Path
) -> None:
    bot = Bot(tmp_path, exchange)
    bot.start()
    try:
        wait_until(lambda: bool(exchange.orders()))
        asked_s = time.monotonic()
        code, told = bot.stop()
    finally:
        if bot.process is not None and bot.process.poll() is None:
            bot.kill()
    assert code == 0, told
    assert time.monotonic() - asked_s < ENDS_WITHIN_S
    placed = {order["orderClientId"] for order in exchange.orders()}
    stored = dict(bot.rows("SELECT client_id, status FROM orders"))
    assert placed <= set(stored)
    assert all(stored[name] != "planned" for name in placed)
