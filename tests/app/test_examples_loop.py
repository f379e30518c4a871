"""The worked examples of the loop and of locks."""

from pathlib import Path

import pytest

from btcbot_core.app.session import LIVE_RETRIES_S, RETRY_MAX_S, Session, jittered_s
from btcbot_core.domain.errors import ExchangeRefusedError, ExchangeUnavailableError
from tests.cli.shell import Shell, end, wait_until
from tests.examples import one
from tests.story.worlds import Rig

QUICK_S = tuple(wait_s / 1000 for wait_s in LIVE_RETRIES_S)


def run(folder: Path, failure: Exception, cycles: int) -> tuple[Session, int]:
    """A session whose every turn meets this, and how often it was tried."""
    rig = Rig(folder, retry_waits_s=QUICK_S)
    rig.exchange.failure = failure
    session = rig.session(99, cycles)
    session.run()
    return session, rig.exchange.asked["balances"]


@pytest.mark.parametrize("name", ["LOOP-01", "LOOP-02"])
def test_loop_a_turn_that_found_no_exchange_is_tried_three_times(tmp_path: Path, name: str) -> None:
    """DEC-7: the code is the exchange's, 7, not the reference's 1; a cycle has one way to fail."""
    example = one(name)
    cycles = example["input"]["max_cycles"]
    session, tried = run(tmp_path, ExchangeUnavailableError("gone"), cycles)
    assert tried == example["expect"]["calls"]
    assert session.exit_code == 7


def test_loop_01_the_waits_are_one_and_two_seconds_with_jitter() -> None:
    backoffs = one("LOOP-01")["expect"]["backoffs"]
    assert [jittered_s(wait_s, 0.5) for wait_s in LIVE_RETRIES_S] == backoffs[:2]
    assert jittered_s(4.0, 1.0) == RETRY_MAX_S


def test_a_refusal_is_not_tried_again(tmp_path: Path) -> None:
    _, tried = run(tmp_path, ExchangeRefusedError("bad key"), 2)
    assert tried == 2


def test_loop_03_bad_flags_are_refused_before_the_lock(shell: Shell) -> None:
    expect = one("LOOP-03")["expect"]
    for flag in one("LOOP-03")["input"]["flags"]:
        done = shell(*shell.night(*flag.split()))
        assert done.returncode == expect["rc"]
        assert not shell.db.with_name("state.db.lock").exists()


def test_loop_04_sigterm_ends_after_the_cycle_with_the_lock_released(shell: Shell) -> None:
    process = shell.start(*shell.night("--loop", "--cycle-seconds", "0.02"))
    wait_until(lambda: shell.cycles() >= 2, process)
    assert end(process)[0] == one("LOOP-04")["expect"]["rc"]
    assert shell.json("status", "--db", str(shell.db))["runner"] is None


def test_lock_01_a_reading_command_does_not_hinder_the_trader(shell: Shell) -> None:
    shell.json(*shell.night("--once"))
    shell.json("status", "--db", str(shell.db))
    done = shell(*shell.night("--once"))
    assert done.returncode == one("LOCK-01")["expect"]["run_rc"]
