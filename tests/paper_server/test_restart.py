"""The exchange's memory: a restart, an orderly end and a kill lose nothing that was settled."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from btcbot_core.adapters.paper.server.auth import account_of
from btcbot_core.domain.errors import ConfigError
from tests.canaries import KEY
from tests.paper_server.serving import Running, WallClock, options, served, until

D = Decimal


def everything(server: Running) -> dict[str, object]:
    """What an account can see of itself, without times of asking."""
    balances = server.mine("GET", "users/balances").data
    return {
        "balances": {row["asset"]: (row["free"], row["locked"]) for row in balances},
        "open": server.mine("GET", "openOrders").data,
        "orders": server.mine("GET", "allOrders", {"pairSymbol": "BTCTRY"}).data,
        "trades": server.mine("GET", "users/transactions/trade").data,
    }


def test_a_restarted_exchange_knows_everything(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with served(options(state=state)) as server:
        server.order("buy", "0.01", "400000", newOrderClientId="bought")
        resting = server.order("buy", "0.01", "300000", newOrderClientId="rests").data["id"]
        gone = server.order("buy", "0.01", "300001").data["id"]
        server.mine("DELETE", "order", {"id": gone})
        until(lambda: len(server.mine("GET", "openOrders").data["bids"]) == 1)
        before = everything(server)
        server.clock.moved += timedelta(seconds=7_200_000)
        at = server.app.venue.market.time.elapsed(server.clock.now())
    assert state.stat().st_mode & 0o077 == 0
    with served(options(state=state)) as server:
        assert everything(server) == before
        assert server.order("buy", "0.01", "300000").data["id"] > resting
        later = server.app.venue.market.time.elapsed(server.clock.now())
        assert abs((later - at).total_seconds()) < 1


def test_a_state_is_written_while_the_exchange_runs(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with served(options(state=state)) as server:
        server.order("buy", "0.01", "300000")
        until(state.exists)


def test_an_account_that_is_new_begins_with_its_balances(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with served(options(state=state)) as server:
        server.order("buy", "0.01", "400000")
    stored = state.read_text().replace(account_of(KEY), account_of("somebody"))
    state.write_text(stored)
    with served(options(state=state)) as server:
        rows = server.mine("GET", "users/balances").data
        assert {r["asset"]: r["balance"] for r in rows}["TRY"] == "100000"


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"version":1}', "\x00" * 100, '{"version":3,"recording":"x"}']
)
def test_a_file_that_is_no_state_is_refused(tmp_path: Path, content: str) -> None:
    state = tmp_path / "state.json"
    state.write_text(content)
    with pytest.raises(ConfigError, match="--state"), served(options(state=state)):
        pytest.fail("it was taken")


def test_a_state_of_another_recording_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with served(options(state=state)) as server:
        server.order("buy", "0.01", "300000")
    state.write_text(state.read_text().replace("ftx_night", "another_night"))
    with pytest.raises(ConfigError, match="another_night"), served(options(state=state)):
        pytest.fail("it was taken")


SCRIPT = """
import sys
from pathlib import Path
from btcbot_core.adapters.paper.server.serving import serve
from btcbot_core.adapters.replay.dataset import load
from btcbot_core.adapters.replay.recording import Recording
from tests.paper_server.serving import DEMO, WallClock, options

serve(
    Recording(load(DEMO)),
    options(state=Path(sys.argv[1])),
    WallClock(),
    lambda port: print(port, flush=True),
)
"""


@contextmanager
def process(state: Path) -> Iterator[tuple["subprocess.Popen[str]", Running]]:
    """The exchange as a program of its own."""
    started = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(state)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert started.stdout is not None
    try:
        port = int(started.stdout.readline())
        with served() as other:  # only its client is of use here
            yield started, Running(other.app, port, WallClock())
    finally:
        started.kill()
        started.wait(10)
        started.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order_and_the_state_is_saved(tmp_path: Path, number: int) -> None:
    state = tmp_path / "state.json"
    with process(state) as (program, server):
        order_id = server.order("buy", "0.01", "300000").data["id"]
        os.kill(program.pid, number)
        assert program.wait(10) == 0
    assert str(order_id) in state.read_text()


def test_a_kill_leaves_a_state_that_can_be_read(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with process(state) as (program, server):
        for number in range(20):
            server.order("buy", "0.001", str(300000 + number))
        until(state.exists)
        program.kill()
        program.wait(10)
    with served(options(state=state)) as server:
        bids = server.mine("GET", "openOrders").data["bids"]
        held = sum((D(row["price"]) * D(row["quantity"]) for row in bids), D(0))
        rows = {r["asset"]: r for r in server.mine("GET", "users/balances").data}
        assert D(rows["TRY"]["balance"]) == D(100000)
        assert D(rows["TRY"]["locked"]) == held * D("1.0018")
