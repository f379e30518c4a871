"""The arm: granted by the gates or by this machine, and by nothing else."""

import copy
import pickle
from datetime import timedelta
from itertools import product

import pytest

from btcbot_core.domain.arm import Ground, LiveArm, arm, is_loopback
from btcbot_core.domain.errors import ExitCode, GateClosedError
from btcbot_core.domain.gates import Gates
from tests.btcturk.world import T0

LIVE = "https://api.btcturk.com"
OPEN = Gates(dry_run=False, kill_switch=False, live_trading=True, acknowledged=True)


def test_the_gates_grant_an_arm_only_when_all_four_are_open() -> None:
    granted = []
    for flags in product((False, True), repeat=4):
        names = ("dry_run", "kill_switch", "live_trading", "acknowledged")
        gates = Gates(**dict(zip(names, flags, strict=True)))
        try:
            granted.append((gates, arm(gates, LIVE).ground))
        except GateClosedError as closed:
            assert closed.exit_code is ExitCode.GATE_CLOSED
            for name in gates.closed:
                assert name in str(closed)
    assert granted == [(OPEN, Ground.LIVE)]


def test_every_closed_gate_is_named_at_once() -> None:
    with pytest.raises(GateClosedError, match="KILL_SWITCH, DRY_RUN, LIVE_TRADING, LIVE_TRADING_A"):
        arm(Gates(), LIVE)


def test_this_machine_may_be_rehearsed_with_and_the_arm_says_so() -> None:
    for url in ("http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9"):
        rehearsal = arm(Gates(), url)
        assert (rehearsal.ground, rehearsal.base_url) == (Ground.REHEARSAL, url)
        assert "rehearsal" in repr(rehearsal)
    assert arm(OPEN, "http://127.0.0.1:1").ground is Ground.REHEARSAL


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
    with pytest.raises(GateClosedError):
        arm(Gates(), url)


def test_an_arm_runs_out() -> None:
    lease = arm(OPEN, LIVE, until=T0)
    assert lease.allows(T0 - timedelta(seconds=1))
    assert not lease.allows(T0)
    assert arm(OPEN, LIVE).allows(T0)


def test_an_arm_cannot_be_made_up_changed_or_copied() -> None:
    granted = arm(OPEN, LIVE)
    with pytest.raises(GateClosedError):
        LiveArm(object(), Ground.LIVE, LIVE, None)
    with pytest.raises(GateClosedError):
        granted.base_url = "https://elsewhere.example"
    for store in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(GateClosedError):
            store(granted)
    assert granted.base_url == LIVE
