"""Whole cycles of stage 3, told as stories."""

from decimal import Decimal
from pathlib import Path
from threading import Timer

import msgspec
import pytest

from btcbot_core.app.frames import Outcome
from btcbot_core.app.session import FAILURES_MAX
from btcbot_core.cycle.stages import STAGE3
from btcbot_core.cycle.steps import judge
from btcbot_core.cycle.trace import Trace, decode, without_inputs
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.errors import ExchangeUnavailableError, KeyRefusedError, StoreBusyError
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import AnswerKind
from tests.build import BTC
from tests.story.worlds import RUN, Rig

PATIENCE_S = 10.0


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


class CrashError(BaseException):
    """The process is gone: nothing catches it, nothing runs after it."""


def test_a_wish_becomes_an_order_a_fill_and_a_position(rig: Rig) -> None:
    rig.run(1)
    assert [(i.side, i.reason) for i in rig.exchange.submits] == [
        ("buy", Reason.CONSERVATIVE_ENTRY)
    ]
    rig.exchange.fill("x1")
    session = rig.run(2)
    cycle = session.latest.cycle
    assert cycle is not None
    assert cycle.portfolio.positions[BTC].qty == rig.exchange.submits[0].qty
    assert cycle.portfolio.equity_try == cycle.portfolio.capital_try + cycle.portfolio.net_try
    assert session.latest.outcome is Outcome.DATA_END


def test_a_cycle_that_was_not_judged_trades_nothing(rig: Rig) -> None:
    decide = tuple(step for step in STAGE3.decide if step is not judge)
    rig.stage = msgspec.structs.replace(STAGE3, decide=decide)
    session = rig.run(1)
    assert rig.exchange.submits == []
    assert session.latest.cycle is not None
    assert session.latest.cycle.verdict.mode is RiskMode.OBSERVE_ONLY
    assert Reason.MODE_FORBIDS in {d.reason for d in session.latest.cycle.decisions}


def test_a_kill_during_a_submit_lets_no_second_order_leave(rig: Rig) -> None:
    """At most the one request that is already on the wire; the gate reads the latch before each."""
    other = Symbol("ETHTRY")
    rig.symbols = (BTC, other)
    rig.market.prices[other] = rig.market.prices[BTC]
    session = rig.session(1)
    rig.exchange.before = lambda: session.kill("operator", "bad feeling")
    session.run()
    assert [intent.symbol for intent in rig.exchange.submits] == [BTC]
    assert sorted(rig.orders().values()) == ["not_placed", "open"]
    assert session.latest.cycle is not None
    assert Reason.KILLED in {d.reason for d in session.latest.cycle.decisions}


def test_a_kill_cancels_our_orders_and_stays_over_a_restart(rig: Rig) -> None:
    rig.run(1)
    rig.latch.set("operator", "enough")
    rig.run(2)
    assert rig.exchange.cancels == ["x1"]
    session = rig.run(6)
    assert len(rig.exchange.submits) == 1
    assert session.latest.kill.is_set
    with rig.store.read() as work:
        acts = [(who, act, why) for _, who, act, why in work.audit.recent(9)]
    assert acts == [("operator", "kill", "enough")]


@pytest.mark.parametrize("is_placed", [True, False])
def test_a_crash_after_the_intent_was_stored_never_sends_twice(rig: Rig, is_placed: bool) -> None:
    """Whether the order had reached the exchange or not, the restart asks and does not repeat."""
    rig.exchange.answer = AnswerKind.UNKNOWN
    rig.exchange.places_anyway = is_placed

    def crash() -> None:
        raise CrashError

    if not is_placed:
        rig.exchange.before = crash
        with pytest.raises(CrashError):
            rig.run(1)
        rig.exchange.before = lambda: None
    else:
        rig.run(1)
    rig.exchange.answer = AnswerKind.ACKED
    session = rig.run(8)
    ids = [intent.client_id for intent in rig.exchange.submits]
    assert len(ids) == len(set(ids))
    assert session.error is None
    if is_placed:
        # Adopted by its client id, expired and cancelled like any order of ours; then one more.
        assert rig.exchange.cancels[0] == "x1"
    else:
        assert "not_placed" in rig.orders().values()


def test_an_unknown_order_freezes_its_pair_until_evidence_decides(rig: Rig) -> None:
    rig.exchange.answer = AnswerKind.UNKNOWN
    rig.exchange.places_anyway = False
    rig.run(1)
    rig.exchange.answer = AnswerKind.ACKED
    session = rig.run(3)  # absent twice, for one minute
    assert list(rig.orders().values()) == ["unknown"]
    assert len(rig.exchange.submits) == 1
    assert session.latest.cycle is not None
    assert session.latest.cycle.verdict.blocked == {BTC: Reason.UNKNOWN_ORDER}
    rig.run(5)  # absent three times over two minutes, balances unchanged: it was not placed
    assert "not_placed" in rig.orders().values()
    assert len(rig.exchange.submits) == 2


def test_an_unknown_order_that_shows_up_is_adopted_with_its_fills(rig: Rig) -> None:
    rig.exchange.answer = AnswerKind.UNKNOWN
    rig.exchange.is_visible = False
    rig.run(1)
    rig.exchange.fill("x1")
    rig.run(2)
    rig.exchange.is_visible = True
    session = rig.run(3)
    assert list(rig.orders().values()) == ["filled"]
    assert len(rig.exchange.submits) == 1
    assert session.latest.cycle is not None
    assert session.latest.cycle.portfolio.positions[BTC].qty == rig.exchange.submits[0].qty


def test_a_cancel_that_was_accepted_and_then_filled_is_booked(rig: Rig) -> None:
    rig.run(1)
    view = rig.exchange.orders["x1"]
    rig.run(4)  # older than its time to live: cancelled
    assert rig.exchange.cancels == ["x1"]
    rig.exchange.orders["x1"] = view
    rig.exchange.fill("x1")
    session = rig.run(5)
    assert session.latest.cycle is not None
    assert session.latest.cycle.portfolio.positions[BTC].qty == view.qty


def test_the_same_trade_listed_twice_is_booked_once(rig: Rig) -> None:
    rig.run(1)
    trade = rig.exchange.fill("x1")
    rig.exchange.trades.append(trade)
    session = rig.run(2)
    rig.exchange.trades.pop()
    session = rig.run(4)
    assert session.latest.cycle is not None
    assert session.latest.cycle.portfolio.positions[BTC].qty == trade.qty


def test_a_cycle_without_the_exchange_is_skipped_and_told(rig: Rig) -> None:
    session = rig.session(4)

    rig.exchange.failure = ExchangeUnavailableError("no route to the exchange")
    session.run()
    assert session.exit_code == 7
    assert session.latest.pulse.errors == 4
    assert next(n.text for n in session.drain()) == "cycle skipped: no route to the exchange"
    assert not rig.latch.is_set()


def test_nobody_waits_after_the_last_cycle_that_was_asked_for(rig: Rig) -> None:
    session = rig.session(9, cycles=1, pace_s=3_600.0)
    rescue = Timer(PATIENCE_S, session.stop)
    rescue.start()
    session.run()
    rescue.cancel()
    assert session.latest.outcome is Outcome.CYCLES_DONE
    assert session.latest.pulse.turns == 1


def test_five_failed_cycles_in_a_row_set_the_kill_latch(rig: Rig) -> None:
    session = rig.session(FAILURES_MAX)

    rig.exchange.failure = StoreBusyError("pid 7 holds the database")
    session.run()
    assert rig.latch.is_set()
    assert rig.latch.state().who == "btcbot"


def test_a_key_refused_twice_sets_the_kill_latch(rig: Rig) -> None:
    rig.exchange.failure = KeyRefusedError("refused with HTTP 200: UNAUTHORIZED")

    rig.session(1).run()
    assert not rig.latch.is_set()
    rig.session(2).run()
    assert rig.latch.is_set()
    assert "our key was refused twice" in rig.latch.state().why


def test_a_defect_of_ours_stops_the_bot_and_kills(rig: Rig) -> None:
    session = rig.session(3)

    rig.exchange.failure = ZeroDivisionError("oops")
    session.run()
    assert session.exit_code == 9
    assert session.latest.outcome is Outcome.FAILED
    assert "ZeroDivisionError" in session.latest.message
    assert rig.latch.is_set()


def test_state_is_the_same_whether_the_run_was_cut_or_not(tmp_path: Path) -> None:
    def traces(lives: list[int]) -> list[Trace]:
        folder = tmp_path / str(len(lives))
        folder.mkdir()
        rig = Rig(folder)
        for steps in lives:
            rig.run(steps)
            for exchange_id, view in list(rig.exchange.orders.items()):
                if view.status == "open" and len(rig.exchange.trades) < 2 and steps == 4:
                    rig.exchange.fill(exchange_id)
        with rig.store.read() as work:
            rows = work.cycles.recent(RUN, 99)
        return [without_inputs(decode(row.trace)) for row in rows]

    assert traces([4, 9]) == traces([1, 2, 3, 4, 6, 7, 9])


def test_equity_is_decimal_to_the_last_digit(rig: Rig) -> None:
    rig.run(1)
    rig.exchange.fill("x1", Decimal("0.1234"))
    session = rig.run(2)
    assert session.latest.cycle is not None
    money = session.latest.cycle.portfolio
    assert money.cash_try == Decimal(10_000) - Decimal("0.1234") * Decimal("100.1")
