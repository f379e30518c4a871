"""The arm: granted by the gates or by this machine, and by nothing else."""

import copy
import pickle
from itertools import product

import pytest

from btcbot_core.domain.arm import LiveArm, Scope, arm, arm_cancels, is_loopback
from btcbot_core.domain.errors import ExitCode, GateClosedError
from btcbot_core.domain.gates import Gates
from tests.btcturk.world import OPEN

LIVE = "https://api.btcturk.com"


def test_the_gates_grant_an_arm_only_when_all_four_are_open() -> None:
    granted = []
    for flags in product((False, True), repeat=4):
        names = ("dry_run", "kill_switch", "live_trading", "acknowledged")
        gates = Gates(**dict(zip(names, flags, strict=True)))
        try:
            granted.append((gates, arm(gates, LIVE).scope))
        except GateClosedError as closed:
            assert closed.exit_code is ExitCode.GATE_CLOSED
            for name in gates.closed:
                assert name in str(closed)
    assert granted == [(OPEN, Scope.ORDERS)]


def test_every_closed_gate_is_named_at_once() -> None:
    with pytest.raises(GateClosedError, match="KILL_SWITCH, DRY_RUN, LIVE_TRADING, LIVE_TRADING_A"):
        arm(Gates(), LIVE)


def test_a_rehearsal_on_this_machine_needs_the_gates_too() -> None:
    with pytest.raises(GateClosedError):
        arm(Gates(), "http://127.0.0.1:8080")
    assert arm(OPEN, "http://127.0.0.1:8080").scope is Scope.ORDERS


def test_a_closed_kill_switch_does_not_stop_us_from_pulling_our_own_orders() -> None:
    killed = Gates(dry_run=False, kill_switch=True, live_trading=True, acknowledged=True)
    assert arm_cancels(killed, LIVE).scope is Scope.CANCELS
    with pytest.raises(GateClosedError, match="DRY_RUN, LIVE_TRADING"):
        arm_cancels(Gates(acknowledged=True), LIVE)


@pytest.mark.parametrize(
    "url",
    [
        LIVE,
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1@evil.example",
        "http://localhost@evil.example",
        "http://localhost.evil.example",
        "http://evil.example/127.0.0.1",
        "http://evil.example#localhost",
        "http://0.0.0.0:80",
        "http://192.168.1.1",
        "ftp://127.0.0.1",
        "127.0.0.1:80",
        "localhost",
        "http://[::1",
        "",
    ],
)
def test_no_other_address_passes_for_this_machine(url: str) -> None:
    assert not is_loopback(url)


def test_this_machine_is_known() -> None:
    assert all(map(is_loopback, ("http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9")))


def test_an_arm_cannot_be_made_up_changed_or_copied() -> None:
    granted = arm(OPEN, LIVE)
    with pytest.raises(GateClosedError):
        LiveArm(object(), Scope.ORDERS, LIVE)
    with pytest.raises(GateClosedError):
        granted.base_url = "https://elsewhere.example"
    for store in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(GateClosedError):
            store(granted)
    assert granted.base_url == LIVE
