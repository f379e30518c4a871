"""Fault scripts: how they are read, when they strike, and what they do within this process."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcbot_core.adapters.paper.endpoints import Endpoint
from btcbot_core.adapters.paper.exchange import PaperExchange
from btcbot_core.adapters.paper.faults import (
    NO_FAULTS,
    Fault,
    FaultKind,
    FaultPlan,
    parse_faults,
)
from btcbot_core.adapters.paper.faulty import Chaos, FaultyExchange, FaultyMarket
from btcbot_core.domain.errors import (
    ConfigError,
    ExchangeRefusedError,
    ExchangeUnavailableError,
)
from btcbot_core.domain.market import MarketSnapshot
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import AnswerKind, Side, ViewStatus
from tests.adapters.market import BTCTRY, RULES, START, TRY, Desk
from tests.contract.test_exchange import an_intent, as_order

D = Decimal
NOW = D(0)


def struck(script: str, endpoint: Endpoint, times: int, seed: int = 0) -> list[int]:
    """The requests, from 1, in which the script's fault strikes."""
    plan = FaultPlan(parse_faults(script), seed)
    return [n for n in range(1, times + 1) if plan.draw(endpoint, NOW)]


# Reading


def test_a_script_has_one_rule_a_line_and_comments() -> None:
    rules = parse_faults("# nothing\n\nsubmit nth=3 timeout-after  # as told\n* delay=250ms\n")
    assert [rule.endpoint for rule in rules] == [Endpoint.SUBMIT, None]
    assert rules[0].fault == Fault(FaultKind.TIMEOUT_AFTER)
    assert rules[1].fault == Fault(FaultKind.DELAY, D("0.250"))


@pytest.mark.parametrize(
    "line",
    [
        "submit",
        "nowhere delay=1s",
        "submit explode",
        "submit delay",
        "submit delay=soon",
        "submit delay=-1s",
        "submit timeout-after=3s",
        "submit nth=0 delay=1s",
        "submit nth=x delay=1s",
        "submit sometimes delay=1s",
        "submit chance=2 delay=1s",
        "submit chance=NaN delay=1s",
        "submit status=200",
        "submit status=4.5",
        "submit reset",
        "ticker missing-pair",
        "ticker missing-pair=../x",
        "ticker scale=99",
        "submit \x1b[2J",
    ],
)
def test_a_bad_line_is_named_and_refused(line: str) -> None:
    with pytest.raises(ConfigError, match="faults line 2: expected") as refused:
        parse_faults(f"# first\n{line}\n")
    assert str(refused.value).isprintable()


def test_every_bad_line_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        parse_faults("bad\nsubmit delay=1s\nworse x\n")
    assert len(refused.value.problems) == 2


@given(st.text(max_size=80))
def test_no_text_makes_the_reader_fall_over(text: str) -> None:
    try:
        parse_faults(text)
    except ConfigError as refused:
        assert refused.problems


# When


def test_nth_from_every_and_the_endpoint_say_which_requests() -> None:
    assert struck("submit nth=3 timeout-after", Endpoint.SUBMIT, 5) == [3]
    assert struck("submit nth=2-4 timeout-after", Endpoint.SUBMIT, 6) == [2, 3, 4]
    assert struck("submit from=4 timeout-after", Endpoint.SUBMIT, 6) == [4, 5, 6]
    assert struck("submit from=2 every=3 timeout-after", Endpoint.SUBMIT, 9) == [2, 5, 8]
    assert struck("submit timeout-after", Endpoint.CANCEL, 3) == []
    assert struck("* timeout-after", Endpoint.CANCEL, 2) == [1, 2]


def test_after_and_until_say_which_seconds() -> None:
    plan = FaultPlan(parse_faults("ticker after=10s until=1m maintenance"))
    times = ("9.999", "10", "59.999", "60")
    assert [bool(plan.draw(Endpoint.TICKER, D(t))) for t in times] == [False, True, True, False]


def test_chance_is_drawn_from_the_seed_and_repeats() -> None:
    script = "submit chance=0.3 timeout-after"
    first = struck(script, Endpoint.SUBMIT, 1000, seed=7)
    assert first == struck(script, Endpoint.SUBMIT, 1000, seed=7)
    assert first != struck(script, Endpoint.SUBMIT, 1000, seed=8)
    assert 200 < len(first) < 400
    assert struck("submit chance=0 timeout-after", Endpoint.SUBMIT, 100) == []


def test_a_standing_fault_is_asked_for_without_counting() -> None:
    plan = FaultPlan(parse_faults("* after=5s clock=-7s"))
    assert plan.standing(FaultKind.CLOCK, D(4)) is None
    assert plan.standing(FaultKind.CLOCK, D(5)) == Fault(FaultKind.CLOCK, D(-7))
    assert NO_FAULTS.standing(FaultKind.CLOCK, D(5)) is None


# What they do


class Faulty:
    """A desk behind a faulty door."""

    def __init__(self, script: str) -> None:
        self.desk = Desk()
        self.desk.board.show("9990", "10000")
        self.honest = PaperExchange(self.desk.core, "a", self.desk.clock)
        self.chaos = Chaos(FaultPlan(parse_faults(script)), self.desk.clock)
        self.exchange = FaultyExchange(self.honest, self.chaos)

    def snapshot(self, symbols: Sequence[Symbol]) -> MarketSnapshot:
        found = {symbol: self.desk.board.quote(symbol) for symbol in symbols}
        quotes = {symbol: quote for symbol, quote in found.items() if quote is not None}
        return MarketSnapshot(at=self.desk.clock.now(), quotes=quotes)

    def rules(self, symbols: Sequence[Symbol]) -> dict[Symbol, PairRules]:
        return {symbol: RULES for symbol in symbols if symbol == BTCTRY}


BUY_FAR = an_intent(START, Side.BUY, "0.1", "9900")
BUY_NOW = an_intent(START, Side.BUY, "0.1", "10100")


@pytest.mark.parametrize(
    ("fault", "kind", "is_done"),
    [
        ("timeout-before", AnswerKind.UNKNOWN, False),
        ("maintenance", AnswerKind.UNKNOWN, False),
        ("status=502", AnswerKind.UNKNOWN, False),
        ("timeout-after", AnswerKind.UNKNOWN, True),
        ("reset=10", AnswerKind.UNKNOWN, True),
        ("html-after", AnswerKind.UNKNOWN, True),
        ("unauthorized", AnswerKind.REJECTED, False),
        ("revoked", AnswerKind.REJECTED, False),
        ("429=5s", AnswerKind.REJECTED, False),
        ("delay=1s", AnswerKind.ACKED, True),
    ],
)
def test_an_order_is_heard_of_as_the_fault_has_it(
    fault: str, kind: AnswerKind, is_done: bool
) -> None:
    faulty = Faulty(f"submit {fault}")
    answer = faulty.exchange.submit(BUY_FAR)
    assert answer.kind is kind
    assert bool(faulty.honest.open_orders(BTCTRY)) is is_done


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("timeout-before", ExchangeUnavailableError),
        ("html-after", ExchangeUnavailableError),
        ("429", ExchangeUnavailableError),
        ("unauthorized", ExchangeRefusedError),
    ],
)
def test_a_question_without_an_answer_is_an_error(fault: str, error: type[Exception]) -> None:
    faulty = Faulty(f"* {fault}")
    with pytest.raises(error):
        faulty.exchange.balances()
    with pytest.raises(error):
        faulty.exchange.fills(BTCTRY, START)
    with pytest.raises(error):
        FaultyMarket(faulty, faulty.chaos).snapshot((BTCTRY,))


def test_a_cancel_may_be_taken_for_an_order_that_fills() -> None:
    faulty = Faulty("cancel nth=1 cancel-then-fill")
    placed = faulty.exchange.submit(BUY_FAR)
    cancel = faulty.exchange.cancel(as_order(placed))
    assert cancel.kind is AnswerKind.ACKED
    view = faulty.exchange.find_order(as_order(placed))
    assert view is not None
    assert view.status is ViewStatus.CLOSED
    (fill,) = faulty.exchange.fills(BTCTRY, START)
    assert fill.price == 9900
    assert faulty.exchange.balances()[TRY].locked == 0
    again = faulty.exchange.cancel(as_order(placed))
    assert again.kind is AnswerKind.REJECTED


def test_an_order_may_be_in_no_list_for_a_while() -> None:
    faulty = Faulty("openorders hide-orders=90s\norder hide-orders=90s")
    placed = faulty.exchange.submit(BUY_FAR)
    faulty.desk.clock.forward()
    assert faulty.exchange.open_orders(BTCTRY) == ()
    assert faulty.exchange.find_order(as_order(placed)) is None
    faulty.desk.clock.forward()
    assert len(faulty.exchange.open_orders(BTCTRY)) == 1
    assert faulty.exchange.find_order(as_order(placed)) is not None


def test_fills_may_be_late_double_and_in_another_order() -> None:
    faulty = Faulty("mytrades until=100s late-fills=90s\nmytrades duplicate-fills")
    faulty.exchange.submit(BUY_NOW)
    assert faulty.exchange.fills(BTCTRY, START) == ()
    faulty.desk.clock.forward()
    faulty.exchange.submit(BUY_NOW)
    faulty.desk.clock.forward()
    ids = [fill.id for fill in faulty.exchange.fills(BTCTRY, START)]
    assert len(ids) == 4
    assert len(set(ids)) == 2
    jumbled = Faulty("mytrades reorder-fills")
    for _ in range(3):
        jumbled.exchange.submit(BUY_NOW)
    honest = [fill.id for fill in jumbled.honest.fills(BTCTRY, START)]
    found = [fill.id for fill in jumbled.exchange.fills(BTCTRY, START)]
    assert sorted(found) == sorted(honest)
    assert found != honest


def test_a_frozen_book_keeps_its_old_time() -> None:
    faulty = Faulty("orderbook from=2 frozen-book")
    market = FaultyMarket(faulty, faulty.chaos)
    before = market.snapshot((BTCTRY,)).quotes[BTCTRY]
    faulty.desk.board.show("5000", "5010")
    assert market.snapshot((BTCTRY,)).quotes[BTCTRY] == before


@pytest.mark.parametrize("fault", ["crossed-book", "nan-price", "negative-price"])
def test_a_book_that_is_none_is_a_problem_of_its_pair(fault: str) -> None:
    faulty = Faulty(f"orderbook {fault}")
    snapshot = FaultyMarket(faulty, faulty.chaos).snapshot((BTCTRY,))
    assert snapshot.quotes == {}
    assert set(snapshot.problems) == {BTCTRY}


def test_a_pair_may_go_and_its_scales_may_move() -> None:
    faulty = Faulty("* missing-pair=BTCTRY")
    market = FaultyMarket(faulty, faulty.chaos)
    assert market.snapshot((BTCTRY,)).quotes == {}
    assert market.rules((BTCTRY,)) == {}
    moved = Faulty("exchangeinfo scale=-1")
    rules = FaultyMarket(moved, moved.chaos).rules((BTCTRY,))[BTCTRY]
    assert (rules.tick_size, rules.lot_step) == (D(10), D("0.001"))
