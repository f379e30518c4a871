"""Whole cycles under the exchange's rate limits: what may not be asked now is asked later."""

from pathlib import Path

import msgspec
import pytest

from btcbot_core.app.session import Session
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.stages import STAGE4
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.policy import LimitPolicy
from btcbot_core.domain.symbol import Symbol
from tests.build import BTC
from tests.story.worlds import Rig

ETH = Symbol("ETHTRY")
replace = msgspec.structs.replace


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """Two pairs on an account that others may trade on too; the market keeps its price."""
    made = Rig(tmp_path, STAGE4, symbols=(BTC, ETH), is_shared=True)
    made.market.prices[ETH] = made.market.prices[BTC]
    made.policy = replace(made.policy, limits=LimitPolicy(cooldown_s=0))
    return made


def last(session: Session) -> Cycle:
    assert session.error is None
    cycle = session.latest.cycle
    assert cycle is not None
    return cycle


def waiting(cycle: Cycle) -> set[Symbol]:
    return {d.symbol for d in cycle.decisions if d.reason is Reason.TRADES_NOT_HEARD}


def test_the_limits_fail_no_cycle_however_long_they_hold(rig: Rig) -> None:
    rig.run(1)
    rig.exchange.held_back = frozenset({"fills", "open_orders", "balances"})
    session = rig.run(12)
    assert session.latest.pulse.turns == 11
    assert session.exit_code == 0
    assert not rig.latch.is_set()
    assert last(session).verdict.mode is RiskMode.OBSERVE_ONLY


def test_pairs_whose_trades_are_held_back_wait_and_are_told(rig: Rig) -> None:
    rig.exchange.held_back = frozenset({"fills"})
    cycle = last(rig.run(1))
    assert waiting(cycle) == {BTC, ETH}
    assert rig.exchange.submits == []
    rig.exchange.held_back = frozenset()
    assert waiting(last(rig.run(2))) == set()
    assert len(rig.exchange.submits) == 2


def test_cancels_go_out_while_trades_are_held_back(rig: Rig) -> None:
    rig.run(1)
    rig.exchange.held_back = frozenset({"fills"})
    rig.latch.set("operator", "test")
    rig.run(2)
    assert rig.exchange.cancels == ["x1", "x2"]


def test_what_was_held_back_is_booked_when_it_comes_and_is_no_mismatch(rig: Rig) -> None:
    rig.run(1)
    rig.exchange.held_back = frozenset({"fills"})
    rig.exchange.fill("x1")
    cycle = last(rig.run(8))
    assert cycle.anomalies == ()
    assert cycle.carried.mismatch_cycles == 0
    rig.exchange.held_back = frozenset()
    cycle = last(rig.run(9))
    assert cycle.portfolio.positions[rig.exchange.submits[0].symbol].qty > 0
