"""What the panels say of a frame: everything that is known, and a dash for what is not."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from msgspec.structs import replace

from btcbot_core.app.frames import Frame, NoteLevel
from btcbot_core.domain.account import NO_PORTFOLIO, Portfolio
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import Action, Decision
from btcbot_core.domain.ids import ClientId
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import OrderStatus, OrderType, OrderView, Side, ViewStatus
from btcbot_core.oms.forgotten import Forgotten
from btcbot_tui.ink import Ink, Lines
from btcbot_tui.moment import Moment
from btcbot_tui.table import Table, body, heading, lay_out
from btcbot_tui.views.cycle import cycle_lines
from btcbot_tui.views.decisions import decisions_table
from btcbot_tui.views.log import log_lines
from btcbot_tui.views.money import money_lines
from btcbot_tui.views.orders import orders_table
from btcbot_tui.views.positions import positions_table
from btcbot_tui.views.quotes import quotes_table
from btcbot_tui.views.risk import risk_lines
from tests.tui.frames import (
    AVAX,
    BTC,
    LTC,
    a_cycle,
    a_frame,
    a_portfolio,
    a_pulse,
    a_world,
    an_order,
    before_the_first_cycle,
    degraded,
    killed,
    rebalancing,
    some_notes,
    stale,
    unknown_order,
)
from tests.tui.moments import a_moment, texts_of

D = Decimal


def drawn(table: Table, room: int = 170) -> list[str]:
    layout = lay_out(table, room)
    return texts_of((heading(table, layout, room), *body(table, layout, room)))


def row_of(table: Table, word: str) -> str:
    return next(text for text in drawn(table)[1:] if word in text)


def with_portfolio(portfolio: Portfolio) -> Moment:
    return a_moment(a_frame(cycle=replace(a_cycle(), portfolio=portfolio)))


VIEWS: tuple[Callable[[Moment], Lines], ...] = (
    lambda m: cycle_lines(m, 100, 3),
    lambda m: money_lines(m, 80, 3),
    lambda m: money_lines(m, 48, 14),
    lambda m: risk_lines(m, 60, 10),
)
TABLES = (orders_table, positions_table, decisions_table, quotes_table)


def test_before_the_first_cycle_every_panel_says_that_nothing_is_known() -> None:
    moment = a_moment(before_the_first_cycle())
    for view in VIEWS[1:]:
        assert "—" in "".join(texts_of(view(moment)))
    for table in TABLES:
        shown = drawn(table(moment))
        assert "—" in shown[0]
        assert "yet" in shown[1]
    assert "0.00" not in "".join("".join(texts_of(view(moment))) for view in VIEWS)


def test_an_account_that_nobody_valued_is_not_worth_zero() -> None:
    shown = "".join(texts_of(money_lines(with_portfolio(NO_PORTFOLIO), 80, 3)))
    assert "equity —" in shown
    assert "not valued yet" in shown


def test_the_profit_panel_adds_up_downwards() -> None:
    p = a_portfolio()
    shown = texts_of(money_lines(a_moment(), 48, 14))
    figures = {text.split()[0]: text.split()[1] for text in shown[1:9]}
    parts = [figures["realised"], figures["unrealised"], figures["fees"]]
    assert sum(D(part.replace(",", "")) for part in parts) == D(figures["net"])
    assert figures["equity"] == f"{p.equity_try:,.2f}"
    assert figures["drawdown"] == "0.7%"


def test_fees_without_a_rate_stand_beside_the_sum() -> None:
    portfolio = replace(a_portfolio(), unconverted_fees={Asset("BNB"): D("0.004")})
    for rows in (3, 14):
        shown = "".join(texts_of(money_lines(with_portfolio(portfolio), 90, rows)))
        assert "+ 0.004 BNB" in shown


def test_the_cycle_panel_tells_step_phase_and_pace() -> None:
    frame = a_frame(pulse=a_pulse(phase="judge"))
    heading_line, phases, figures = texts_of(cycle_lines(a_moment(frame), 120, 3))
    assert "CYCLE 312 of 996" in heading_line
    assert "31%" in heading_line
    assert "[judge]" in phases
    assert figures.split() == ["took", "0.84ms", "p95", "1.92ms", "pace", "1s", "errors", "0"]


def test_errors_and_overruns_are_marked_and_the_last_error_is_told() -> None:
    pulse = replace(a_pulse(), errors=3, overruns=2, last_error="the exchange does not answer")
    lines = cycle_lines(a_moment(a_frame(pulse=pulse)), 100, 3)
    assert "errors ▲ 3   overruns ▲ 2   the exchange does not answer" in texts_of(lines)[2]
    assert Ink.WARN in {piece.ink for piece in lines[2]}


def test_a_live_run_has_no_last_step() -> None:
    frame = a_frame(world=a_world(total_steps=None))
    assert texts_of(cycle_lines(a_moment(frame), 100, 3))[0].startswith(" CYCLE 312 ")


def test_an_order_tells_its_price_its_fill_its_age_and_why() -> None:
    row = row_of(orders_table(a_moment()), "ETHTRY")
    for word in ("SELL", "27,610", "0.1203", "40%", "01:10", "00:50", "partial", "take_profit"):
        assert word in row


def test_an_order_of_unknown_fate_stands_first_and_is_called_so() -> None:
    table = orders_table(a_moment(unknown_order()))
    assert "▲ 1 unknown" in drawn(table)[0]
    assert "▲ unknown" in drawn(table)[1]
    assert table.rows[0][7].ink is Ink.ALARM
    assert "—" in drawn(table)[1]


def test_finished_orders_stand_last_and_are_not_counted_as_open() -> None:
    done = an_order(BTC, Side.BUY, "1", "2", status=OrderStatus.FILLED, filled="2", age_s=500)
    cycle = a_cycle()
    carried = replace(cycle.carried, orders={**cycle.carried.orders, done.client_id: done})
    table = orders_table(a_moment(a_frame(cycle=replace(cycle, carried=carried))))
    assert drawn(table)[0].startswith(" ORDERS 3 ")
    assert "filled" in drawn(table)[-1]


def test_orders_of_others_stand_below_ours_and_one_under_our_name_is_an_alarm() -> None:
    cycle = a_cycle()
    rests = OrderView(
        exchange_id="9000001",
        client_id=None,
        symbol=Symbol("XRPTRY"),
        side=Side.BUY,
        type=OrderType.LIMIT,
        price=D("21.5"),
        qty=D(40),
        left_qty=D(30),
        status=ViewStatus.PARTIAL,
    )
    lost = replace(rests, client_id=ClientId("btcb-lost"), symbol=Symbol("SOLTRY"))
    carried = replace(
        cycle.carried,
        strangers=(lost, rests),
        forgotten=(Forgotten(lost.symbol, ClientId("btcb-lost")),),
    )
    table = orders_table(a_moment(a_frame(cycle=replace(cycle, carried=carried))))
    assert drawn(table)[0].startswith(" ORDERS 3 +2 by hand")
    for word in ("BUY", "21.5", "40", "25%", "by hand", "9000001"):
        assert word in row_of(table, "XRPTRY")
    assert drawn(table)[-1] == row_of(table, "XRPTRY")
    assert "▲ not booked" in row_of(table, "SOLTRY")


def test_no_order_is_told_in_words() -> None:
    cycle = a_cycle()
    none = replace(cycle, carried=replace(cycle.carried, orders={}))
    assert "none open" in drawn(orders_table(a_moment(a_frame(cycle=none))))[1]


def test_ages_stand_still_while_the_view_is_paused() -> None:
    frame = a_frame(world=a_world(total_steps=None))
    paused = a_moment(frame, late_s=600, paused_s=600, shown=frame)
    assert "00:41" in row_of(orders_table(paused), "BTCTRY")


def test_a_position_tells_cost_mark_and_gain() -> None:
    row = row_of(positions_table(a_moment()), "ETHTRY")
    assert row.split() == [
        *("ETHTRY", "0.31", "27,092", "27,357.5", "8,480.82", "+82.30", "+0.98%", "8%"),
    ]


def test_a_mark_that_is_not_today_s_is_marked() -> None:
    positions = dict(a_portfolio().positions)
    positions[BTC] = replace(positions[BTC], is_mark_missing=True)
    table = positions_table(with_portfolio(replace(a_portfolio(), positions=positions)))
    assert "~372,290" in row_of(table, "BTCTRY")
    assert "no price: last one known" in row_of(table, "BTCTRY")


def test_a_rebalancing_run_tells_what_each_pair_weighs_and_what_it_should() -> None:
    table = positions_table(a_moment(rebalancing()))
    assert drawn(table)[0].startswith(" UNIVERSE 2 of 3")
    eth = row_of(table, "ETHTRY").split()
    assert eth[:5] == ["ETHTRY", "0.31", "27,357.5", "8,480.82", "+82.30"]
    assert eth[5:] == ["8.47%", "5.00%", "+3.47%", "91.3%"]
    assert row_of(table, "LTCTRY").split()[-4:] == ["4.92%", "—", "—", "—"], "held, in no plan"
    assert row_of(table, "AVAXTRY").split()[-2:] == ["—", "max_spread_bps"], "never weighed"


@pytest.mark.parametrize("room", [(80, 3), (60, 14)])
def test_the_drawdown_of_a_rebalancing_run_stands_against_its_limit(room: tuple[int, int]) -> None:
    told = "\n".join(texts_of(money_lines(a_moment(rebalancing()), *room)))
    assert "25%" in told
    assert "25%" not in "\n".join(texts_of(money_lines(a_moment(), *room)))


def test_decisions_tell_what_was_found_against_what_is_allowed() -> None:
    table = decisions_table(a_moment())
    assert drawn(table)[0].startswith(" DECISIONS 5  1 place  2 block  2 hold ")
    assert "46 / 60 s" in row_of(table, "XRPTRY")
    assert "risk_block:cooldown" in row_of(table, "XRPTRY")
    assert "the last order on this side is too recent" in row_of(table, "XRPTRY")
    assert "AVAXTRY" in drawn(table)[1], "what was done stands first"


def test_what_the_exchange_answered_stands_before_the_meaning() -> None:
    refused = Decision(
        symbol=AVAX, action=Action.BLOCK, reason=Reason.REJECTED, unit="1037 FAILED_MIN_TOTAL"
    )
    table = decisions_table(a_moment(a_frame(cycle=replace(a_cycle(), decisions=(refused,)))))
    assert "1037 FAILED_MIN_TOTAL: the exchange refused the order" in row_of(table, "AVAXTRY")


def test_quotes_tell_where_they_come_from() -> None:
    row = row_of(quotes_table(a_moment()), "BTCTRY")
    assert row.split() == ["BTCTRY", "372,100", "372,480", "10.2", "0.8s", "modelled"]


def test_a_quote_that_is_too_old_is_struck_out() -> None:
    assert "~372,100~" in row_of(quotes_table(a_moment(stale())), "BTCTRY")
    assert "▲ old" in row_of(quotes_table(a_moment(stale())), "BTCTRY")


def test_a_pair_without_a_quote_says_why() -> None:
    row = row_of(quotes_table(a_moment(stale())), LTC)
    assert "no answer from the exchange for 4 minutes" in row
    assert row.count("—") == 4


def test_risk_tells_mode_reasons_room_and_gates() -> None:
    shown = "\n".join(texts_of(risk_lines(a_moment(killed()), 66, 10)))
    assert "RISK ▲ OBSERVE_ONLY" in shown
    assert "mode:kill_switch_active" in shown
    assert "the kill latch is set" in shown
    assert "cash left 82,177.04" in shown
    assert "DRY_RUN" in shown


def test_risk_tells_the_budget_and_where_the_ladder_stands() -> None:
    shown = texts_of(risk_lines(a_moment(degraded()), 66, 20))
    bars = [text.split() for text in shown if "░" in text or "█" in text]
    assert bars == [
        ["drawdown", "███░░░░░░░", "739.49", "of", "3,000.00"],
        ["exposure", "██████████", "17,914.14", "of", "10,000.00"],
    ]
    told = " ".join(" ".join(shown).split())
    assert "▲ degrade level 3 of 3 cooldown 29:59 left" in told
    assert "▲ level 2 by hand (ops) 09:00 left" in told
    later = " ".join(texts_of(risk_lines(a_moment(degraded(), late_s=1_800), 66, 20)))
    assert "0 clean cycles of 4" in later
    assert "by hand" not in later


def test_without_a_budget_nothing_is_said_of_one() -> None:
    shown = "".join(texts_of(risk_lines(a_moment(), 66, 20)))
    assert "degrade" not in shown
    assert "exposure" not in shown


def test_risk_lists_every_blocked_pair() -> None:
    shown = texts_of(risk_lines(a_moment(stale()), 60, 10))
    assert [text.split()[1:] for text in shown if "market_data:stale" in text] == [
        ["BTCTRY", "market_data:stale"],
        ["ETHTRY", "market_data:stale"],
    ]


def test_the_log_shows_its_newest_lines_with_their_weight() -> None:
    moment = replace(a_moment(), notes=some_notes())
    two = texts_of(log_lines(moment, 80, 2))
    assert two[0].startswith(" 14:01:59 ▲ market.gap")
    assert "order.placed AVAXTRY" in two[1]
    assert len(log_lines(moment, 80, 9)) == 7


def test_an_empty_log_says_so() -> None:
    assert "nothing yet" in texts_of(log_lines(a_moment(), 80, 4))[1]


@pytest.mark.parametrize("level", list(NoteLevel))
def test_every_weight_of_a_note_has_its_mark(level: NoteLevel) -> None:
    note = replace(some_notes()[0], level=level)
    assert log_lines(replace(a_moment(), notes=(note,)), 80, 2)


@pytest.mark.parametrize("frame", [a_frame(), killed(), stale(), unknown_order()])
def test_views_of_one_moment_are_equal_and_fit(frame: Frame) -> None:
    moment = a_moment(frame)
    for view in VIEWS:
        assert view(moment) == view(moment)
    for table in TABLES:
        for room in (40, 60, 80, 120, 200):
            assert all(len(text) <= room for text in drawn(table(moment), room))
