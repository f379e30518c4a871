"""The worked examples of what rebalancing stands between: rules, order machine, records, doctor.

Ids and hashes of the reference do not bind (DEC-32); examples that a decision changes say so.
"""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from btcbot_core.adapters.btcturk.wire.market import SYMBOL_ROW, rules_of
from btcbot_core.adapters.btcturk.wire.names import BadRowError
from btcbot_core.adapters.memory.store import MemoryStore
from btcbot_core.adapters.paper.fills import Moment, crossing
from btcbot_core.adapters.paper.model import FillModel, SimPolicy
from btcbot_core.adapters.paper.opening import opened
from btcbot_core.adapters.replay.clock import DatasetClock
from btcbot_core.adapters.replay.dataset import load
from btcbot_core.adapters.replay.market import ReplayMarket
from btcbot_core.app.check import Verdict
from btcbot_core.app.facts import Facts, RunFact, StoreFact
from btcbot_core.app.service import Service, p95
from btcbot_core.app.service_checks import SERVICE_CHECKS
from btcbot_core.domain.errors import ConfigError, InvariantBrokenError
from btcbot_core.domain.ids import CycleId, client_id
from btcbot_core.domain.market import BookSource, Quote
from btcbot_core.domain.money import ZERO, canonical
from btcbot_core.domain.records import RunKind
from btcbot_core.domain.trading import OrderEventKind, OrderStatus, Side
from btcbot_core.ledger.book import Ledger, fold
from btcbot_core.ledger.journal import fill_entries
from btcbot_core.oms.machine import Happening, apply, planned
from btcbot_core.settings import Settings
from btcbot_core.strategy.adaptation import Outcome, Sample, adapt, started
from btcbot_core.strategy.bounds import bounds_of
from tests.adapters.market import BTCTRY, RULES, START, a_ticket
from tests.app.test_checks import NOW, a_run
from tests.build import TRY, a_fill, an_intent, at, d
from tests.contract.store_makers import RUN
from tests.contract.store_makers import a_run as a_run_row
from tests.examples import Example
from tests.examples import one as _one
from tests.unit.test_examples_stage7 import LIMIT, POLICY, params_of

replace = msgspec.structs.replace


def one(name: str) -> Example:
    return _one(name, "stage7.json")


# ----------------------------------------------------------------------- the exchange's rules

WHOLE = {"numerator": "BTC", "denominator": "TRY", "status": "TRADING", "orderMethods": ["LIMIT"]}


def row_of(name: str) -> bytes:
    """The example's pair as a row; what it leaves out of a row's identity is filled in."""
    return json.dumps({**WHOLE, **one(name)["inputs"]["pair"]}).encode()


@pytest.mark.parametrize("name", ["R02", "R06"])
def test_rules_are_read_from_scales_and_from_filters(name: str) -> None:
    found, wanted = rules_of(SYMBOL_ROW.decode(row_of(name))), one(name)["expected"]["rules"]
    assert canonical(found.tick_size) == wanted["tick_size"]
    assert canonical(found.lot_step) == wanted["lot_size"]
    assert canonical(found.min_notional) == wanted["min_notional_try"]
    assert found.min_qty == d(wanted["min_qty"] or "0")
    assert found.max_qty == (None if wanted["max_qty"] is None else d(wanted["max_qty"]))


def test_r03_rules_without_a_tick_are_none() -> None:
    assert "missing=tick_size" in one("R03")["expected"]["reason"]
    with pytest.raises(BadRowError, match="tick"):
        rules_of(SYMBOL_ROW.decode(row_of("R03")))


def test_r05_filters_of_another_shape_make_no_rules() -> None:
    assert one("R05")["expected"]["rules"] is None
    with pytest.raises(msgspec.ValidationError, match="filters"):
        SYMBOL_ROW.decode(row_of("R05"))


# -------------------------------------------------------------------------- orders and fills


def named(price: str) -> str:
    parts = (CycleId("r1-00000001"), "BTCTRY", "BUY", "LIMIT", d(price), d("1"), 0)
    return client_id("btcb", "", parts)


def test_o12_an_orders_name_hangs_on_values_and_not_on_their_spelling() -> None:
    """As its note asks: no free text in the hash, and decimals without trailing zeros."""
    assert "canonicalise" in one("O12")["better_expected"]["note"]
    assert named("700") == named("700.0") != named("700.1")


def test_m01_ids_are_the_same_for_the_same_order_and_events_are_counted() -> None:
    """DEC-18: other spellings than the reference's, in which no two events can share an id."""
    assert len(set(one("M01")["expected"].values())) == len(one("M01")["expected"])
    order, first = planned(an_intent("btcb-1"))
    what = Happening(kind=OrderEventKind.ACCEPTED, at=at(), cycle_id=order.cycle_id)
    assert [event.seq for event in (first, apply(order, what)[1])] == [1, 2]
    assert apply(order, what) == apply(order, what)


@pytest.mark.parametrize("model", FillModel)
def test_m04_a_sell_is_never_filled_under_its_limit(model: FillModel) -> None:
    """DEC-20: at a mark of 100 a limit of 100.05 waits, or in the other model is filled at it."""
    given = one("M04")["inputs"]
    pair, mark = replace(RULES, tick_size=d("0.01"), min_notional=ZERO), d(given["mark"])
    quote = Quote(BTCTRY, mark, mark, START, BookSource.RECORDED)
    policy = SimPolicy(fill_model=model)
    order = opened(
        "a", a_ticket(Side.SELL, given["qty"], given["limit"]), pair, quote, START, policy
    )
    found = crossing(order, Moment(quote, None, None), pair, policy)
    wanted = None if model is FillModel.BOOK_CROSS else d(given["limit"])
    assert (None if found is None else found.price) == wanted


def test_m12_a_cancel_that_was_asked_for_ends_the_order_with_nothing_filled() -> None:
    wanted = one("M12")["expected"]["orders"][0]
    order, _ = planned(an_intent("btcb-1"))
    for kind in (
        OrderEventKind.ACCEPTED,
        OrderEventKind.CANCEL_SENT,
        OrderEventKind.CANCELED,
    ):
        order, _ = apply(order, Happening(kind=kind, at=at(), cycle_id=order.cycle_id))
    assert (order.status, canonical(order.filled_qty)) == (
        OrderStatus[wanted["status"]],
        wanted["filled_qty"],
    )


# ------------------------------------------------------------------------------- the ledger

FILLS = (a_fill("f1"), a_fill("f2"), a_fill("f3", Side.SELL))


def numbered(names: tuple[str, ...] = ()) -> list[Any]:
    already = frozenset(f"fill:{name}" for name in names)
    entries = fill_entries(FILLS, CycleId("c"), already)  # type: ignore[arg-type]
    return [replace(entry, seq=n) for n, entry in enumerate(entries, start=1 + len(names))]


def test_l11_events_that_come_again_are_booked_once() -> None:
    wanted, store = one("L11")["expected"], MemoryStore()
    events = numbered()
    assert len(events) == wanted["attempted"]
    with store.begin() as work:
        work.runs.open(a_run_row(RUN))
        work.ledger.append(RUN, events)
        booked = work.ledger.booked(RUN, [fill.id for fill in FILLS])
        work.commit()
    assert len(booked) == wanted["ignored"]
    assert len(numbered(tuple(booked))) == wanted["inserted"]
    with store.begin() as work, pytest.raises(InvariantBrokenError):
        work.ledger.append(RUN, events)


def test_l12_a_ledger_goes_on_from_where_it_stood() -> None:
    """A ledger is its own checkpoint: it takes what follows its last number, and only that."""
    loads = one("L12")["expected"]["[used_checkpoint, applied]"]
    assert [applied for _, applied in loads[1:]] == [0, 1]
    events = numbered()
    stood = fold(Ledger(quote=TRY), events[:2])
    assert fold(stood, ()) == stood
    assert fold(stood, events[2:]) == fold(Ledger(quote=TRY), events)
    with pytest.raises(InvariantBrokenError):
        fold(stood, events)


# ----------------------------------------------------------------------------- adaptation


def test_a07_a_change_is_named_by_its_cycle_and_tells_both_versions() -> None:
    """DEC-18: a cycle changes parameters once, so its id is the change's; equal runs, equal ids."""
    name = one("A07")["expected"]["change_id"]
    versions = name.split(":")[2].split("->")
    configured = params_of(one("A02")["inputs"]["active"])
    found = []
    for _ in range(2):
        state, change = started(configured), None
        while change is None:
            bounds = bounds_of(configured, Decimal(600))
            state, change = adapt(state, Sample(), bounds, LIMIT, POLICY)
        found.append(change)
    assert found[0] == found[1]
    assert found[0].outcome is Outcome.APPLIED
    assert found[0].to_version - found[0].from_version == int(versions[1]) - int(versions[0])


# --------------------------------------------------------------------------- recorded data


def test_d01_a_candle_is_seen_when_it_is_over_and_a_figure_is_carried_one_interval(
    tmp_path: Path,
) -> None:
    """DEC-19: the candle that opens at t+60 is over at t+120, so it is not seen at t+90."""
    given = one("D01")["inputs"]
    files = {
        "candles": ("ts,open,high,low,close,volume", ["{t},{v},{v},{v},{v},1"], given["candles"]),
        "orderbook": ("ts,best_bid,best_ask", ["{t},{v}"], given["orderbook"]),
    }
    for name, (header, (line,), figures) in files.items():
        rows = [
            line.format(
                t=(START + timedelta(seconds=int(offset[2:]))).isoformat(),
                v=figure if isinstance(figure, str) else ",".join(figure),
            )
            for offset, figure in figures.items()
        ]
        (tmp_path / name).mkdir()
        (tmp_path / name / "BTCTRY.csv").write_text("\n".join([header, *rows]) + "\n")
    clock = DatasetClock(START)
    market = ReplayMarket(load(tmp_path), clock)
    seen = []
    for seconds in range(0, 91, given["step"]):
        clock.move_to(START + timedelta(seconds=seconds))
        quote, candle = market.quote(BTCTRY), market.candle(BTCTRY)
        book = None if quote is None else [canonical(quote.bid), canonical(quote.ask)]
        seen.append((book, None if candle is None else canonical(candle.close)))
    wanted = [row[1] for row in one("D01")["expected"]["[now, book, closes, ticker_last]"]]
    assert [book for book, _ in seen] == wanted
    assert [close for _, close in seen] == [None, None, "10"]


# ------------------------------------------------------------------------ reports and doctor


def test_g01_a_drawdown_is_a_ratio_and_nobody_guesses_its_unit() -> None:
    """Half a percent stays 0.005; what can be no ratio is refused where it is set."""
    ratios = [row[0] for row in one("G01")["inputs"]["[ratio,pct]"] if row[0] is not None]
    ok, percent = ratios
    assert Settings(stage7_max_drawdown_ratio=ok).stage7_max_drawdown_ratio == d(ok)
    with pytest.raises((ValueError, ConfigError)):
        Settings(stage7_max_drawdown_ratio=percent)
    assert graded("drawdown", Service(cycles=5, drawdown_ratio=d("0.005"))) is Verdict.PASS


def test_g02_of_twenty_waits_one_may_be_longer() -> None:
    example = one("G02")
    assert [p95(values) for values in example["inputs"]["values"]] == example["expected"]["p95"]


def graded(name: str, service: Service) -> Verdict:
    run: RunFact = replace(a_run(RunKind.BACKTEST), service=service)
    facts = Facts(now=NOW, store=StoreFact(run=run))
    return next(c.verdict for ask in SERVICE_CHECKS if (c := ask(facts)).name == name)


@pytest.mark.parametrize("case", sorted(one("G03")["expected"]))
def test_g03_a_run_is_held_to_its_limits(case: str) -> None:
    """Of ten orders that left; the reference does not count a refused one among them."""
    figure, _, text = case.partition("_")
    number = int(text)
    name, service = {
        "rejected": ("rejects", Service(cycles=20, submitted=10, rejected=number)),
        "filled": ("fills", Service(cycles=20, submitted=10, filled=number)),
        "latency": ("latency", Service(cycles=20, latency_ms=number)),
    }[figure]
    assert graded(name, service) == one("G03")["expected"][case]


def test_a_run_that_sent_no_order_is_no_worse_for_it() -> None:
    for name in ("rejects", "fills"):
        assert graded(name, Service(cycles=20)) is Verdict.SKIP
    assert graded("drawdown", Service(cycles=20, drawdown_ratio=d("0.21"))) is Verdict.FAIL
