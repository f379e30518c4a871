"""What the console tells of a rebalancing run beside its targets: limits used, and a cooldown."""

from datetime import timedelta
from decimal import Decimal

from msgspec.structs import replace

from btcbot_core.cycle.rebalance import Memory
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.risk.budget_rules import BudgetState
from btcbot_core.risk.day import Day, snapshot
from btcbot_core.risk.verdict import ModeReason, RiskVerdict
from btcbot_tui.moment import Moment
from btcbot_tui.views.banner import banner
from btcbot_tui.views.risk import risk_lines
from tests.tui.frames import AT, rebalancing
from tests.tui.moments import a_moment, texts_of


def cooling() -> Moment:
    """Fees were at their limit six minutes ago; nothing is found any more."""
    frame = rebalancing()
    assert frame.cycle is not None
    money = replace(frame.cycle.portfolio, drawdown_ratio=Decimal("0.05"))
    morning = replace(
        snapshot(money, AT), equity_try=money.equity_try + 100, fees_try=money.fees_try - 200
    )
    mode = RiskMode.REDUCE_RISK_ONLY
    reasons = (Reason.COOLDOWN_ACTIVE, Reason.FEE_BURN)
    state = BudgetState(mode=mode, cooldown_until=AT + timedelta(minutes=9))
    cycle = replace(
        frame.cycle,
        portfolio=money,
        verdict=RiskVerdict(
            mode=mode,
            reasons=tuple(ModeReason(mode, reason, "154.88204256", "150") for reason in reasons),
        ),
        carried=replace(
            frame.cycle.carried,
            day=Day(date=AT.date(), baseline=morning),
            rebalance=Memory(budget=state),
        ),
    )
    return a_moment(replace(frame, cycle=cycle))


def test_risk_tells_how_much_of_each_limit_is_used() -> None:
    shown = texts_of(risk_lines(cooling(), 66, 20))
    assert [text.split() for text in shown if "░" in text or "█" in text] == [
        ["drawdown", "██░░░░░░░░", "5.0%", "of", "25.0%"],
        ["loss", "today", "██░░░░░░░░", "100.00", "of", "500.00"],
        ["fees", "today", "██████████", "200.00", "of", "150.00"],
    ]


def test_a_cooldown_tells_its_time_left_and_the_banner_what_began_it() -> None:
    moment = cooling()
    assert "mode:cooldown_active  09:00 left" in "\n".join(texts_of(risk_lines(moment, 66, 20)))
    assert "mode:fee_burn  154.882 / 150" in "\n".join(texts_of(risk_lines(moment, 66, 20)))
    (top, _) = texts_of(banner(moment, 160))
    assert "REDUCE_RISK_ONLY (mode:fee_burn, cooling down)" in top
