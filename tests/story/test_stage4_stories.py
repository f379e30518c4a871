"""Whole cycles of stage 4, told as stories."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from btcbot_core.app.resting import perform, prepare, resting_run
from btcbot_core.app.session import Session
from btcbot_core.cycle.acts import Act, Deed, Floor
from btcbot_core.cycle.cycle import Carried, Cycle
from btcbot_core.cycle.stages import STAGE4
from btcbot_core.cycle.trace import decode
from btcbot_core.domain.codes import AnomalyCode, Reason, Severity
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.ids import ClientId
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.policy import LimitPolicy, RiskPolicy, StrategyName
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import AnswerKind, OrderView, Side, ViewStatus
from btcbot_core.ledger.flows import Flow
from tests.build import BTC, TRY, a_view, at
from tests.story.worlds import RUN, Rig

ETH = Symbol("ETHTRY")
replace = msgspec.structs.replace


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, STAGE4)


class CrashError(BaseException):
    """The process is gone: nothing catches it, nothing runs after it."""


def crash() -> None:
    raise CrashError


def last(session: Session) -> Cycle:
    assert session.error is None
    cycle = session.latest.cycle
    assert cycle is not None
    return cycle


def reasons(cycle: Cycle) -> list[Reason]:
    return [decision.reason for decision in cycle.decisions]


def mode_reasons(cycle: Cycle) -> list[Reason]:
    return [spoken.reason for spoken in cycle.verdict.reasons]


def test_in_a_quiet_world_it_enters_and_holds(rig: Rig) -> None:
    rig.run(1)
    rig.exchange.fill("x1")
    cycle = last(rig.run(3))
    assert [i.reason for i in rig.exchange.submits] == [Reason.CONSERVATIVE_ENTRY]
    assert cycle.verdict.mode is RiskMode.NORMAL
    assert cycle.anomalies == ()
    assert cycle.portfolio.positions[BTC].qty == rig.exchange.submits[0].qty


def test_an_order_that_the_price_left_is_replaced_by_what_is_left_of_it(rig: Rig) -> None:
    """The cancel goes out at once; the rest follows when the old order is gone."""
    rig.policy = replace(rig.policy, limits=LimitPolicy(cooldown_s=0))
    rig.run(1)
    first = rig.exchange.submits[0]
    rig.market.prices[BTC] = (Decimal(101), Decimal("101.1"))
    cycle = last(rig.run(2))
    assert Reason.REPLACED in reasons(cycle)
    assert rig.exchange.cancels == ["x1"]
    assert len(rig.exchange.submits) == 1
    rig.run(3)
    second = rig.exchange.submits[1]
    assert (second.price, second.qty) == (Decimal("101.1"), first.qty)
    assert rig.carried().replacements == ()


def test_what_was_filled_before_the_cancel_is_not_ordered_again(rig: Rig) -> None:
    rig.policy = replace(rig.policy, limits=LimitPolicy(cooldown_s=0))
    rig.run(1)
    first = rig.exchange.submits[0]
    rig.market.prices[BTC] = (Decimal(99), Decimal("99.1"))
    part = Decimal("0.5")
    rig.exchange.before_cancel = lambda: rig.exchange.fill("x1", part)  # it trades until the end
    rig.run(2)
    rig.exchange.before_cancel = lambda: None
    rig.run(3)
    assert [intent.qty for intent in rig.exchange.submits] == [first.qty, first.qty - part]


def test_an_exit_goes_before_the_rest_of_an_entry(rig: Rig) -> None:
    rig.policy = replace(rig.policy, limits=LimitPolicy(cooldown_s=0))
    rig.run(1)
    rig.market.prices[BTC] = (Decimal(101), Decimal("101.1"))
    rig.exchange.before_cancel = lambda: rig.exchange.fill("x1", Decimal("0.5"))
    rig.run(2)
    rig.exchange.before_cancel = lambda: None
    cycle = last(rig.run(3))
    assert [i.reason for i in cycle.intents] == [Reason.TAKE_PROFIT]
    assert Reason.ALLOCATION_PAIR_TAKEN in reasons(cycle)
    assert [r.wish.side for r in cycle.carried.replacements] == [Side.BUY]


def test_a_replacement_goes_on_after_a_crash(rig: Rig) -> None:
    rig.policy = replace(rig.policy, limits=LimitPolicy(cooldown_s=0))
    rig.run(1)
    rig.market.prices[BTC] = (Decimal(101), Decimal("101.1"))
    rig.exchange.before_cancel = crash
    with pytest.raises(CrashError):
        rig.run(2)
    rig.exchange.before_cancel = lambda: None
    assert [r.old for r in rig.carried().replacements] == [(rig.exchange.submits[0].client_id,)]
    rig.run(5)
    assert rig.exchange.cancels == ["x1"]
    assert len(rig.exchange.submits) == 2


def test_a_replacement_waits_for_the_pause_and_is_given_up_in_the_end(rig: Rig) -> None:
    knobs = replace(rig.policy.lifecycle, replace_cycles_max=2)
    limits = LimitPolicy(cooldown_s=600)
    rig.policy = replace(rig.policy, lifecycle=knobs, limits=limits)
    rig.run(1)
    rig.market.prices[BTC] = (Decimal(101), Decimal("101.1"))
    assert Reason.COOLDOWN in reasons(last(rig.run(4)))
    cycle = last(rig.run(5))
    assert Reason.REPLACE_EXPIRED in reasons(cycle)
    assert cycle.carried.replacements == ()
    assert len(rig.exchange.submits) == 1


def test_a_drawdown_stops_everything_new_and_pulls_our_buys_once(rig: Rig) -> None:
    rig.policy = replace(rig.policy, risk=RiskPolicy(max_daily_drawdown_try=Decimal(20)))
    rig.symbols = (BTC, ETH)
    rig.market.prices[ETH] = (Decimal(50), Decimal("50.05"))
    rig.run(1)
    rig.exchange.fill("x1")
    rig.market.prices[BTC] = (Decimal(70), Decimal("70.07"))
    cycle = last(rig.run(2))
    assert cycle.verdict.mode is RiskMode.OBSERVE_ONLY
    assert Reason.DRAWDOWN_LIMIT in mode_reasons(cycle)
    assert [c.decision.reason for c in cycle.cancels] == [Reason.CANCEL_ON_OBSERVE]
    assert rig.exchange.cancels == ["x2"]
    assert rig.carried().are_buys_pulled
    rig.run(5)
    assert rig.exchange.cancels == ["x2"]
    assert len(rig.exchange.submits) == 2


def test_buys_that_were_not_pulled_before_a_crash_are_pulled_after_it(rig: Rig) -> None:
    rig.policy = replace(rig.policy, risk=RiskPolicy(max_daily_drawdown_try=Decimal(20)))
    rig.symbols = (BTC, ETH)
    rig.market.prices[ETH] = (Decimal(50), Decimal("50.05"))
    rig.run(1)
    rig.exchange.fill("x1")
    rig.market.prices[BTC] = (Decimal(70), Decimal("70.07"))
    rig.exchange.before_cancel = crash
    with pytest.raises(CrashError):
        rig.run(2)
    rig.exchange.before_cancel = lambda: None
    rig.run(3)
    assert rig.exchange.cancels == ["x2"]


def test_a_days_loss_stops_buys_until_midnight(rig: Rig) -> None:
    """The story begins at 22:37 UTC; what was lost today is nothing of tomorrow's."""
    strategy = replace(rig.policy.strategy, stop_loss_bps=Decimal(100))
    risk = RiskPolicy(max_daily_loss_try=Decimal(5))
    limits = LimitPolicy(cooldown_s=0)
    rig.policy = replace(rig.policy, strategy=strategy, risk=risk, limits=limits)
    rig.run(1)
    rig.exchange.fill("x1")
    rig.market.prices[BTC] = (Decimal(90), Decimal("90.05"))
    rig.run(2)
    assert [i.reason for i in rig.exchange.submits][-1] is Reason.STOP_LOSS
    rig.exchange.fill("x2")
    stopped = last(rig.run(4))
    assert stopped.verdict.mode is RiskMode.NORMAL
    assert Reason.MAX_DAILY_LOSS in reasons(stopped)
    minutes_to_midnight = 83
    tomorrow = last(rig.run(minutes_to_midnight + 1))
    assert tomorrow.at.date() == (at() + timedelta(days=1)).date()
    assert Reason.MAX_DAILY_LOSS not in reasons(tomorrow)
    assert rig.exchange.submits[-1].side is Side.BUY


def test_warnings_in_a_row_allow_only_sells_and_it_comes_down_again(rig: Rig) -> None:
    clean = replace(rig.policy.degrade, clean_cycles=(1, 1, 2), reduce_cooldown_s=120)
    rig.policy = replace(rig.policy, degrade=clean)
    rig.symbols = (BTC, ETH)
    rig.run(1)
    prices = rig.market.prices.pop(BTC)
    session = rig.run(4)
    assert [a.code for a in last(session).anomalies] == [AnomalyCode.STALE_MARKET_DATA]
    assert rig.carried().degrade.level == 1
    rig.market.prices[BTC] = prices
    cycle = last(rig.run(5))
    assert cycle.verdict.mode is RiskMode.REDUCE_RISK_ONLY
    assert Reason.DEGRADED in mode_reasons(cycle)
    rig.run(7)
    assert rig.carried().degrade.level == 0


def test_books_that_differ_from_the_exchange_become_an_error(rig: Rig) -> None:
    rig.policy = replace(rig.policy, limits=LimitPolicy(max_orders_per_cycle=0))
    rig.run(1)
    rig.exchange.cash += Decimal(30)
    severities = [
        [(a.code, a.severity, a.about) for a in last(rig.run(steps)).anomalies] for steps in (2, 4)
    ]
    code = AnomalyCode.BALANCE_MISMATCH
    assert severities == [[(code, Severity.WARN, "TRY")], [(code, Severity.ERROR, "TRY")]]
    assert last(rig.run(5)).verdict.mode is RiskMode.OBSERVE_ONLY
    assert rig.carried().degrade.level == 3


def test_books_that_stay_different_kill_and_a_deposit_that_is_booked_ends_it(rig: Rig) -> None:
    rig.policy = replace(rig.policy, limits=LimitPolicy(max_orders_per_cycle=0))
    rig.run(1)
    rig.exchange.cash += Decimal(30)
    rig.run(4)
    killed = rig.latch.state()
    assert (killed.who, killed.is_set) == ("btcbot", True)
    assert "30 TRY more than our books" in killed.why
    deposit(rig, "30")
    rig.latch.clear()
    cycle = last(rig.run(9))
    assert not rig.latch.is_set()
    assert cycle.anomalies == ()
    assert (cycle.portfolio.net_try, cycle.portfolio.drawdown_ratio) == (ZERO, ZERO)


def deposit(rig: Rig, amount: str) -> None:
    """The operator books money that came by hand, between two lives of the runner."""
    operate(rig, Flow(TRY, Decimal(amount)), "bank transfer")


def operate(rig: Rig, deed: Deed, why: str) -> None:
    act = Act(who="operator", why=why, at=at(60), deed=deed)
    perform(rig.store, prepare(resting_run(rig.store), act))


def test_a_fill_that_balances_show_first_is_no_mismatch(rig: Rig) -> None:
    rig.run(1)
    rig.exchange.fill("x1")
    assert last(rig.run(6)).anomalies == ()


def test_an_order_of_unknown_outcome_stops_new_risk_everywhere(rig: Rig) -> None:
    rig.exchange.answer = AnswerKind.UNKNOWN
    rig.exchange.places_anyway = False
    rig.run(1)
    rig.exchange.answer = AnswerKind.ACKED
    rig.symbols = (BTC, ETH)
    rig.market.prices[ETH] = (Decimal(50), Decimal("50.05"))
    cycle = last(rig.run(2))
    assert cycle.verdict.mode is RiskMode.REDUCE_RISK_ONLY
    assert cycle.verdict.blocked == {BTC: Reason.UNKNOWN_ORDER}
    assert [a.code for a in cycle.anomalies] == [AnomalyCode.UNKNOWN_ORDER]
    assert len(rig.exchange.submits) == 1


def _listed(rig: Rig, client: str | None) -> OrderView:
    view = replace(a_view("x99", client), status=ViewStatus.OPEN, side=Side.SELL)
    rig.exchange.orders["x99"] = view
    return view


@pytest.mark.parametrize(("client", "stops"), [("btcb-0123456789", True), (None, False)])
def test_only_an_order_that_bears_our_name_and_is_in_no_book_stops_us_until_it_is_gone(
    rig: Rig, client: str | None, stops: bool
) -> None:
    rig.is_shared = True
    rig.run(1)
    view = _listed(rig, client)
    cycle = last(rig.run(2))
    assert cycle.carried.strangers == (view,)
    assert (cycle.verdict.mode is RiskMode.OBSERVE_ONLY) is stops
    assert (Reason.BOOKS_BEHIND in {r.reason for r in cycle.verdict.reasons}) is stops
    assert [a.about for a in cycle.anomalies] == ([BTC] if stops else [])
    assert rig.exchange.cancels == []
    rig.exchange.orders["x99"] = replace(view, status=ViewStatus.CANCELED)
    assert (last(rig.run(4)).verdict.mode is RiskMode.OBSERVE_ONLY) is stops
    assert Reason.BOOKS_BEHIND not in {r.reason for r in last(rig.run(5)).verdict.reasons}


def test_an_operators_override_holds_until_its_time(rig: Rig) -> None:
    rig.run(1)
    operate(rig, Floor(RiskMode.OBSERVE_ONLY, 90), "news")
    cycle = last(rig.run(3))
    assert cycle.verdict.mode is RiskMode.OBSERVE_ONLY
    assert [a.code for a in cycle.anomalies] == [AnomalyCode.MANUAL_OVERRIDE]
    free = last(rig.run(4))
    assert free.verdict.mode is RiskMode.NORMAL
    assert free.carried.degrade.override is None


def test_two_strategies_make_one_order_for_a_pair(rig: Rig) -> None:
    names = (StrategyName.PROFIT_AWARE, StrategyName.MEAN_REVERSION)
    rig.policy = replace(rig.policy, strategies=names)
    cycle = last(rig.run(1))
    assert [i.reason for i in rig.exchange.submits] == [Reason.CONSERVATIVE_ENTRY]
    assert Reason.ALLOCATION_PAIR_TAKEN in reasons(cycle)


def test_mean_reversion_buys_under_and_sells_over_its_mean(rig: Rig) -> None:
    knobs = replace(rig.policy.mean_reversion, lookback=6, first_entry_try=Decimal(50))
    limits = LimitPolicy(cooldown_s=0)
    rig.policy = replace(
        rig.policy,
        strategies=(StrategyName.MEAN_REVERSION,),
        mean_reversion=knobs,
        limits=limits,
    )
    rig.run(1)
    rig.exchange.fill("x1")
    assert Reason.HOLD_NO_ANCHOR in reasons(last(rig.run(2)))
    assert Reason.HOLD_INSIDE_BAND in reasons(last(rig.run(6)))
    rig.market.prices[BTC] = (Decimal(99), Decimal("99.1"))
    rig.run(7)
    rig.exchange.fill("x2")
    rig.market.prices[BTC] = (Decimal(103), Decimal("103.1"))
    rig.run(8)
    assert [i.reason for i in rig.exchange.submits] == [
        Reason.FIRST_ENTRY,
        Reason.MEAN_REVERSION_BUY,
        Reason.MEAN_REVERSION_SELL,
    ]
    assert len(rig.carried().mids[BTC]) == knobs.lookback


def test_what_the_ladder_did_is_in_the_trace_and_a_quiet_cycle_says_nothing(rig: Rig) -> None:
    rig.policy = replace(rig.policy, limits=LimitPolicy(max_orders_per_cycle=0))
    rig.run(1)
    rig.market.prices.clear()
    rig.run(4)
    with rig.store.read() as work:
        traces = [decode(row.trace) for row in work.cycles.recent(RUN, 9)]
    quiet, loud = traces[0], traces[-1]
    assert (quiet.anomalies, quiet.degrade, quiet.replacements) == ((), None, ())
    assert loud.degrade is not None
    assert (loud.degrade.level, loud.degrade.streak) == (1, 3)
    assert [row.code for row in loud.anomalies] == [AnomalyCode.STALE_MARKET_DATA]


def test_a_checkpoint_of_before_still_decodes() -> None:
    old = b'{"ledger":{"quote":"TRY"},"orders":{},"last_sent":{},"marks":{},"peak_try":"0"}'
    state = msgspec.json.decode(old, type=Carried)
    assert (state.day, state.replacements, state.degrade.level) == (None, (), 0)
    assert msgspec.json.decode(msgspec.json.encode(state), type=Carried) == state


def test_the_carried_state_does_not_grow_with_the_run(rig: Rig) -> None:
    knobs = replace(rig.policy.mean_reversion, lookback=4)
    names = (StrategyName.MEAN_REVERSION, StrategyName.PROFIT_AWARE)
    rig.policy = replace(rig.policy, strategies=names, mean_reversion=knobs)
    sizes = []
    for steps in (30, 60, 90):
        for exchange_id, view in list(rig.exchange.orders.items()):
            if view.status is ViewStatus.OPEN:
                rig.exchange.fill(exchange_id)
        rig.run(steps)
        sizes.append(len(msgspec.json.encode(rig.carried())))
    assert sizes[-1] < sizes[0] * 2


def test_stage_4_is_the_same_whether_the_run_was_cut_or_not(tmp_path: Path) -> None:
    def decided(lives: list[int]) -> list[object]:
        folder = tmp_path / str(len(lives))
        folder.mkdir()
        rig = Rig(folder, STAGE4)
        rig.policy = replace(rig.policy, limits=LimitPolicy(cooldown_s=0))
        for steps in lives:
            rig.run(steps)
            if steps == 4:
                rig.market.prices[BTC] = (Decimal(101), Decimal("101.1"))
            for exchange_id, view in list(rig.exchange.orders.items()):
                if view.status is ViewStatus.OPEN and steps == 6:
                    rig.exchange.fill(exchange_id)
        with rig.store.read() as work:
            traces = [decode(row.trace) for row in work.cycles.recent(RUN, 99)]
        return [(t.decisions, t.intents, t.events, t.fills, t.replacements) for t in traces]

    assert decided([4, 6, 12]) == decided([1, 2, 3, 4, 5, 6, 7, 9, 12])


def test_an_unknown_client_id_is_nobodys(rig: Rig) -> None:
    """A view without any name is no order of ours, whatever the books hold."""
    rig.run(1)
    _listed(rig, None)
    cycle = last(rig.run(2))
    assert ClientId("") not in cycle.carried.orders
    assert cycle.carried.ledger.realized_try == ZERO
