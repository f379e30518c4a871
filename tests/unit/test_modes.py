"""The risk budget: each rule by itself, what it says, and how rules meet."""

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from btcbot_core.cycle.budgeted import judge
from btcbot_core.cycle.cycle import Cycle, Heard
from btcbot_core.cycle.steps import mark, reconcile
from btcbot_core.cycle.watching import detect, remember
from btcbot_core.domain.account import Portfolio
from btcbot_core.domain.codes import AnomalyCode, Reason, Severity
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.policy import Policy, RiskPolicy
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Fill, Side
from btcbot_core.ledger.book import Ledger
from btcbot_core.risk.anomalies import Anomaly
from btcbot_core.risk.day import Day, Snapshot, day_of, since_midnight, snapshot
from btcbot_core.risk.degrade import Degrade, Override
from btcbot_core.risk.verdict import RiskVerdict
from tests.build import (
    BTC,
    TRY,
    a_cycle,
    a_fill,
    a_position,
    a_view,
    accounts,
    an_order,
    at,
    d,
    quote,
)

replace = msgspec.structs.replace
ETH = Symbol("ETHTRY")


def a_judged(money: Portfolio, risk: RiskPolicy | None = None, **carried: object) -> RiskVerdict:
    """The verdict on this money, everything else well."""
    cycle = a_cycle(quotes=(quote(),), policy=Policy(risk=risk or RiskPolicy()))
    told = replace(cycle.carried, marks={BTC: d("100")}, **carried)
    return judge(replace(cycle, portfolio=money, carried=told)).verdict


def spoken(verdict: RiskVerdict) -> list[tuple[Reason, str, str]]:
    return [(r.reason, r.observed, r.limit) for r in verdict.reasons]


def test_the_limit_itself_is_a_breach_of_the_drawdown() -> None:
    risk = RiskPolicy(max_drawdown_try=d("100"))
    fine = a_judged(Portfolio(equity_try=d("900.01"), peak_try=d("1000")), risk)
    breached = a_judged(Portfolio(equity_try=d("900"), peak_try=d("1000")), risk)
    assert fine.mode is RiskMode.NORMAL
    assert spoken(breached) == [(Reason.DRAWDOWN_LIMIT, "100", "100")]


def test_nothing_left_is_the_strictest_answer_and_not_the_mildest() -> None:
    held = {BTC: a_position()}
    for money in (
        Portfolio(equity_try=ZERO, positions=held),
        Portfolio(equity_try=d("-1"), peak_try=d("1")),
    ):
        assert Reason.NO_EQUITY in {r.reason for r in a_judged(money).reasons}
    assert a_judged(Portfolio()).mode is RiskMode.NORMAL


def test_cash_under_its_floor_allows_only_sells() -> None:
    def with_cash(amount: str) -> RiskVerdict:
        policy = Policy(risk=RiskPolicy(min_cash_try=d("50")))
        cycle = a_cycle(quotes=(quote(),), balances=accounts(TRY=amount), policy=policy)
        return judge(mark(cycle)).verdict

    assert with_cash("50").mode is RiskMode.NORMAL
    verdict = with_cash("49.99")
    assert spoken(verdict) == [(Reason.MIN_CASH, "49.99", "50")]
    assert (verdict.allows(Side.BUY), verdict.allows(Side.SELL)) == (False, True)


def test_a_holding_without_todays_price_allows_only_sells() -> None:
    position = replace(a_position(), is_mark_missing=True)
    verdict = a_judged(Portfolio(equity_try=d("1000"), positions={BTC: position}))
    assert spoken(verdict) == [(Reason.MARK_MISSING, "BTCTRY", "")]


def test_an_order_on_a_pair_that_never_had_a_price_fails_closed() -> None:
    order = an_order(symbol="ETHTRY")
    cycle = a_cycle(("BTCTRY", "ETHTRY"), quotes=(quote(),), orders=(order,))
    assert judge(mark(cycle)).verdict.mode is RiskMode.OBSERVE_ONLY


def test_one_pair_that_never_had_a_price_waits_by_itself() -> None:
    verdict = judge(mark(a_cycle(("BTCTRY", "ETHTRY"), quotes=(quote(),)))).verdict
    assert verdict.mode is RiskMode.NORMAL
    assert verdict.blocked == {ETH: Reason.DATA_MISSING}


def test_the_mode_of_the_ladder_and_of_the_operator_are_two_reasons() -> None:
    over = Override(3, at(60), "operator", "news")
    verdict = a_judged(Portfolio(equity_try=d("1000")), degrade=Degrade(level=1, override=over))
    assert spoken(verdict) == [
        (Reason.DEGRADED, "level 1", ""),
        (Reason.DEGRADE_OVERRIDE, "level 3", ""),
    ]
    assert verdict.mode is RiskMode.OBSERVE_ONLY


def test_an_error_that_was_just_found_counts_at_once() -> None:
    error = Anomaly(AnomalyCode.PNL_DIVERGENCE, Severity.ERROR)
    cycle = replace(mark(a_cycle(quotes=(quote(),))), anomalies=(error,))
    verdict = judge(cycle).verdict
    assert spoken(verdict) == [(Reason.ANOMALY, "PNL_DIVERGENCE", "")]
    assert verdict.notional_left_try == ZERO


def test_a_level_leaves_its_part_of_the_cycles_allowance() -> None:
    money = Portfolio(equity_try=d("1000"))
    left = [a_judged(money, degrade=Degrade(level=level)).notional_left_try for level in range(4)]
    assert left == [d("1000"), d("500"), d("250"), ZERO]


def test_every_reason_stays_in_the_order_of_the_rules() -> None:
    risk = RiskPolicy(
        max_drawdown_try=d("1"), max_gross_exposure_try=d("10"), max_fees_per_day_try=d("1")
    )
    before = Snapshot(at=at(), equity_try=ZERO, capital_try=ZERO, realized_try=ZERO, fees_try=ZERO)
    money = Portfolio(
        equity_try=d("500"), peak_try=d("600"), fees_try=d("2"), positions={BTC: a_position()}
    )
    day = Day(date=at().date(), baseline=before)
    verdict = a_judged(money, risk, day=day, degrade=Degrade(level=2))
    assert [r.reason for r in verdict.reasons] == [
        Reason.DRAWDOWN_LIMIT,
        Reason.EXPOSURE_LIMIT,
        Reason.EXPOSURE_LIMIT,
        Reason.FEE_BUDGET,
        Reason.DEGRADED,
    ]


def test_open_buys_take_room_before_they_fill() -> None:
    buys = (an_order("c1"), an_order("c2", exchange_id="x2", symbol="ETHTRY", filled="0.5"))
    cycle = a_cycle(("BTCTRY", "ETHTRY"), (quote(), quote("ETHTRY")), buys)
    caps = judge(mark(cycle)).verdict.caps
    assert caps is not None
    assert caps.gross_left_try == d("10000") - d("150")
    assert caps.positions_left_try == d("5000") - d("150")


@pytest.mark.parametrize(
    ("money", "reason"),
    [
        (Portfolio(equity_try=d("900"), peak_try=d("1000"), drawdown_ratio=d("0.1")), "drawdown"),
        (Portfolio(equity_try=d("900"), realized_try=d("-990"), fees_try=d("10")), "daily_loss"),
    ],
)
def test_losses_stop_buys_and_say_how_much(money: Portfolio, reason: str) -> None:
    """A fee is a loss of the day like any other."""
    day = Day(date=at().date(), baseline=snapshot(Portfolio(equity_try=d("900")), at()))
    verdict = a_judged(money, day=day)
    assert verdict.caps is not None
    stop = verdict.caps.buy_stop
    assert stop is not None
    assert stop.reason.endswith(reason)
    assert verdict.mode is RiskMode.NORMAL


def test_an_order_that_bears_our_name_and_is_in_no_book_stops_us_and_is_named() -> None:
    heard = Heard(views=(a_view(client="btcb-somebodyelse"),), asked=(BTC,))
    cycle = judge(detect(mark(reconcile(replace(a_cycle(quotes=(quote(),)), heard=heard)))))
    assert cycle.verdict.mode is RiskMode.OBSERVE_ONLY
    assert [(r.reason, r.observed) for r in cycle.verdict.reasons] == [
        (Reason.BOOKS_BEHIND, "btcb-somebodyelse")
    ]
    assert [a.code for a in cycle.anomalies] == [AnomalyCode.UNKNOWN_ORDER]


def test_an_order_that_left_the_lists_is_waited_for_since_its_trade_may_be_told_late() -> None:
    view = a_view(client="btcb-somebodyelse")
    cycle = reconcile(replace(a_cycle(quotes=(quote(),)), heard=Heard(views=(view,), asked=(BTC,))))
    for kept in (1, 1, 0):
        cycle = reconcile(replace(cycle, heard=Heard(asked=(BTC,))))
        assert len(cycle.carried.forgotten) == kept


def _after(fill: Fill, opened: datetime) -> Cycle:
    ledger = Ledger(quote=TRY, seq=1, opened_at=opened)
    known = a_cycle(ledger=ledger, quotes=(quote(),))
    return reconcile(replace(known, heard=Heard(fills=(fill,), asked=(BTC,))))


def test_a_trade_that_bears_our_name_and_is_in_no_book_is_not_forgotten_again() -> None:
    """It moved money that the ledger does not have; the exchange will not tell of it for ever."""
    fill = a_fill(exchange_id="9", client="btcb-somebodyelse")
    cycle = _after(fill, fill.at - timedelta(seconds=1))
    later = reconcile(replace(cycle, heard=Heard(asked=(BTC,))))
    assert [one.client_id for one in later.carried.forgotten] == ["btcb-somebodyelse"]
    older = _after(fill, fill.at)
    assert older.carried.forgotten == ()


# ---------------------------------------------------------------------------------- the day


def _money(equity: str, capital: str = "1000", fees: str = "0") -> Portfolio:
    return Portfolio(equity_try=d(equity), capital_try=d(capital), fees_try=d(fees))


def test_a_day_counts_from_the_last_cycle_before_it() -> None:
    yesterday = snapshot(_money("990", fees="7"), at())
    opened = day_of(None, yesterday, snapshot(_money("1000", fees="8"), at(83 * 60)))
    assert opened.baseline == yesterday
    today = since_midnight(opened, _money("985", fees="9"))
    assert (today.pnl_try, today.fees_try, today.realized_try) == (d("-5"), d("2"), d("-2"))


def test_a_first_day_counts_from_its_first_cycle() -> None:
    first = snapshot(_money("1000"), at())
    assert day_of(None, None, first) == Day(date=at().date(), baseline=first)


def test_a_day_is_opened_once_and_a_clock_that_goes_back_opens_none() -> None:
    day = day_of(None, None, snapshot(_money("1000"), at()))
    later, earlier = snapshot(_money("900"), at(60)), snapshot(_money("900"), at(-86_400))
    assert day_of(day, later, later) is day
    assert day_of(day, later, earlier) is day


def test_money_that_was_paid_in_is_no_profit() -> None:
    day = day_of(None, None, snapshot(_money("1000"), at()))
    assert since_midnight(day, _money("1500", capital="1500")).pnl_try == ZERO


def test_tomorrows_baseline_is_kept_at_the_end_of_every_cycle() -> None:
    cycle: Cycle = remember(judge(mark(a_cycle(quotes=(quote(),)))))
    assert cycle.carried.last is not None
    assert cycle.carried.last.equity_try == Decimal(10_000)
    assert cycle.carried.day is not None
