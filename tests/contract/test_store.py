"""What every store promises: one suite, run on each of them."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from btcbot_core.adapters.memory.store import MemoryStore
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.cycle.acts import Clearing
from btcbot_core.domain.errors import InvariantBrokenError
from btcbot_core.domain.ids import ClientId, CycleId, FillId, RunId, flow_event_id
from btcbot_core.domain.trading import Order, OrderEvent, OrderEventKind, OrderStatus
from btcbot_core.ledger.entries import LedgerEventKind
from btcbot_core.oms.machine import Happening, apply, planned
from btcbot_core.ports import Store
from tests.contract.store_makers import (
    AT,
    RUN,
    a_cycle,
    a_fee_event,
    a_fill_event,
    a_run,
    a_state,
    an_act,
    an_intent,
)

DIGITS_38 = "12345678901234567890.123456789012345678"
OTHER = RunId("r1")


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store
    if request.param == "memory":
        opened = MemoryStore()
    else:
        opened = SqliteStore(tmp_path / "state.db", synchronous="NORMAL")
    with opened.begin() as work:
        work.runs.open(a_run(OTHER))
        work.runs.open(a_run(RUN))
        work.commit()
    yield opened
    opened.close()


def _with_order(store: Store, name: str = "btcb-1") -> Order:
    with store.begin() as work:
        work.orders.add_intents(RUN, [an_intent(name)])
        work.commit()
    return planned(an_intent(name))[0]


def _accepted(order: Order, exchange_id: str = "x1") -> tuple[Order, OrderEvent]:
    return apply(
        order,
        Happening(
            kind=OrderEventKind.ACCEPTED,
            at=AT,
            cycle_id=CycleId("r0-00000001"),
            exchange_id=exchange_id,
        ),
    )


# The unit of work


def test_what_is_committed_is_there(store: Store) -> None:
    with store.begin() as work:
        work.cycles.add(a_cycle(0))
        work.commit()
    with store.read() as look:
        assert look.cycles.last(RUN) == a_cycle(0)


def test_leaving_without_a_commit_rolls_everything_back(store: Store) -> None:
    order = _with_order(store)
    with store.begin() as work:
        work.cycles.add(a_cycle(0))
        work.orders.add_intents(RUN, [an_intent("btcb-2")])
        work.orders.apply([_accepted(order)[1]], [_accepted(order)[0]])
        work.ledger.append(RUN, [a_fill_event(1)])
        work.checkpoints.save(RUN, CycleId("c"), a_state())
        work.runs.finish(RUN, AT, "gone")
        work.runs.open(a_run("r9"))
        work.audit.add(AT, "op", "kill", "test")
    with store.read() as look:
        assert look.cycles.last(RUN) is None
        assert look.orders.active(RUN) == (order,)
        assert look.orders.find(RUN, ["x1"], []) == ()
        assert look.ledger.events(RUN) == ()
        assert look.ledger.booked(RUN, [FillId("f1")]) == frozenset()
        assert look.checkpoints.load(RUN) is None
        assert look.runs.latest() == a_run(RUN)
        assert look.audit.recent(10) == ()


def test_an_exception_rolls_everything_back(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.begin() as work:
        work.cycles.add(a_cycle(0))
        raise ZeroDivisionError
    with store.read() as look:
        assert look.cycles.last(RUN) is None


def test_after_a_roll_back_the_same_can_be_done_again(store: Store) -> None:
    with store.begin() as work:
        work.orders.add_intents(RUN, [an_intent()])
        work.ledger.append(RUN, [a_fill_event(1)])
    with store.begin() as work:
        work.orders.add_intents(RUN, [an_intent()])
        work.ledger.append(RUN, [a_fill_event(1)])
        work.commit()
    with store.read() as look:
        assert len(look.orders.active(RUN)) == 1


def test_an_exception_after_the_commit_takes_nothing_back(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.begin() as work:
        work.cycles.add(a_cycle(0))
        work.commit()
        raise ZeroDivisionError
    with store.read() as look:
        assert look.cycles.last(RUN) == a_cycle(0)


def test_a_unit_of_work_sees_what_it_wrote(store: Store) -> None:
    with store.begin() as work:
        work.cycles.add(a_cycle(0))
        work.ledger.append(RUN, [a_fill_event(1)])
        assert work.cycles.last(RUN) == a_cycle(0)
        assert work.ledger.booked(RUN, [FillId("f1")]) == {"f1"}


def test_a_unit_of_work_ends_with_its_commit(store: Store) -> None:
    with store.begin() as work:
        work.commit()
        with pytest.raises(InvariantBrokenError, match="ended"):
            work.cycles.add(a_cycle(0))
        with pytest.raises(InvariantBrokenError, match="ended"):
            work.cycles.last(RUN)
        with pytest.raises(InvariantBrokenError, match="ended"):
            work.commit()


def test_a_unit_of_work_is_of_no_use_after_its_block(store: Store) -> None:
    with store.begin() as work:
        pass
    with pytest.raises(InvariantBrokenError, match="ended"):
        work.cycles.add(a_cycle(0))


def test_begin_inside_a_unit_of_work_is_refused(store: Store) -> None:
    with store.begin() as work:
        work.cycles.add(a_cycle(0))
        with pytest.raises(InvariantBrokenError, match="end it first"), store.begin():
            pass
        with pytest.raises(InvariantBrokenError, match="end it first"), store.read():
            pass
        work.commit()
    with store.read() as look:
        assert look.cycles.last(RUN) == a_cycle(0)


def test_a_read_cannot_write_or_be_committed(store: Store) -> None:
    with store.read() as look:
        with pytest.raises(InvariantBrokenError, match="only reads"):
            look.cycles.add(a_cycle(0))
        with pytest.raises(InvariantBrokenError, match="only reads"):
            look.commit()
    with store.read() as look:
        assert look.cycles.last(RUN) is None


def test_after_a_failed_write_nothing_can_be_committed(store: Store) -> None:
    _with_order(store)
    with store.begin() as work:
        with pytest.raises(InvariantBrokenError):
            work.orders.add_intents(RUN, [an_intent("btcb-2"), an_intent("btcb-1")])
        with pytest.raises(InvariantBrokenError, match="failed"):
            work.commit()
    with store.read() as look:
        assert [order.client_id for order in look.orders.active(RUN)] == ["btcb-1"]


def test_another_thread_waits_for_its_turn_to_write(store: Store) -> None:
    begun = threading.Event()

    def write_from_another_thread() -> None:
        begun.set()
        with store.begin() as theirs:
            assert theirs.cycles.last(RUN) == a_cycle(0)
            theirs.cycles.add(a_cycle(1))
            theirs.commit()

    thread = threading.Thread(target=write_from_another_thread)
    with store.begin() as work:
        thread.start()
        assert begun.wait(20)
        work.cycles.add(a_cycle(0))
        work.commit()
    thread.join()
    with store.read() as look:
        assert look.cycles.last(RUN) == a_cycle(1)


# Orders


def test_intents_are_stored_as_planned_orders(store: Store) -> None:
    order = _with_order(store)
    with store.read() as look:
        assert look.orders.active(RUN) == (order,)
    assert order.status is OrderStatus.PLANNED


def test_a_name_can_be_used_once_in_all_runs(store: Store) -> None:
    _with_order(store)
    for run in (RUN, OTHER):
        with store.begin() as work, pytest.raises(InvariantBrokenError):
            work.orders.add_intents(run, [an_intent()])


def test_events_bring_the_order_up_to_date(store: Store) -> None:
    changed, event = _accepted(_with_order(store))
    with store.begin() as work:
        work.orders.apply([event], [changed])
        work.commit()
    with store.read() as look:
        assert look.orders.find(RUN, [], [ClientId("btcb-1")]) == (changed,)


def test_an_intent_and_its_first_event_are_stored_together(store: Store) -> None:
    order, event = planned(an_intent())
    with store.begin() as work:
        work.orders.add_intents(RUN, [an_intent()])
        work.orders.apply([event], [order])
        work.commit()
    with store.read() as look:
        assert look.orders.active(RUN) == (order,)


def test_an_event_number_is_used_once(store: Store) -> None:
    changed, event = _accepted(_with_order(store))
    with store.begin() as work:
        work.orders.apply([event], [changed])
        work.commit()
    with store.begin() as work, pytest.raises(InvariantBrokenError):
        work.orders.apply([event], [])


def test_an_order_that_was_never_stored_cannot_change(store: Store) -> None:
    changed, event = _accepted(planned(an_intent("btcb-404"))[0])
    with store.begin() as work, pytest.raises(InvariantBrokenError):
        work.orders.apply([], [changed])
    with store.begin() as work, pytest.raises(InvariantBrokenError):
        work.orders.apply([event], [])


def test_finished_orders_are_not_active_but_found_by_either_id(store: Store) -> None:
    first, second = _with_order(store, "btcb-1"), _with_order(store, "btcb-2")
    opened, accepted = _accepted(first)
    filled, event = apply(
        opened,
        Happening(kind=OrderEventKind.FILLED, at=AT, cycle_id=CycleId("c"), qty=Decimal("0.01")),
    )
    with store.begin() as work:
        work.orders.apply([accepted, event], [filled])
        work.commit()
    with store.read() as look:
        assert look.orders.active(RUN) == (second,)
        assert look.orders.find(RUN, ["x1"], []) == (filled,)
        assert look.orders.find(RUN, [], [ClientId("btcb-1")]) == (filled,)
        assert look.orders.find(RUN, ["x1"], [ClientId("btcb-2")]) == (filled, second)
        assert look.orders.find(RUN, [], []) == ()


def test_orders_of_another_run_are_not_shown(store: Store) -> None:
    order = _with_order(store)
    with store.begin() as work:
        work.orders.apply([_accepted(order)[1]], [_accepted(order)[0]])
        work.commit()
    with store.read() as look:
        assert look.orders.active(OTHER) == ()
        assert look.orders.find(OTHER, ["x1"], [ClientId("btcb-1")]) == ()


def test_two_orders_under_one_exchange_id_are_both_found(store: Store) -> None:
    for name in ("btcb-1", "btcb-2"):
        changed, event = _accepted(_with_order(store, name))
        with store.begin() as work:
            work.orders.apply([event], [changed])
            work.commit()
    with store.read() as look:
        assert [o.client_id for o in look.orders.find(RUN, ["x1"], [])] == ["btcb-1", "btcb-2"]


# The ledger


def test_ledger_events_come_back_in_order(store: Store) -> None:
    events = [a_fill_event(1), a_fee_event(2), a_fill_event(3, "f2")]
    with store.begin() as work:
        work.ledger.append(RUN, events[:2])
        work.ledger.append(RUN, events[2:])
        work.commit()
    with store.read() as look:
        assert list(look.ledger.events(RUN)) == events
        assert list(look.ledger.events(RUN, after_seq=2)) == events[2:]
        assert list(look.ledger.events(OTHER)) == []


def test_booked_tells_which_fills_the_ledger_holds(store: Store) -> None:
    with store.begin() as work:
        work.ledger.append(RUN, [a_fill_event(1), a_fee_event(2), a_fee_event(3, "f2")])
        work.commit()
    with store.read() as look:
        assert look.ledger.booked(RUN, [FillId("f1"), FillId("f2"), FillId("f3")]) == {"f1"}
        assert look.ledger.booked(OTHER, [FillId("f1")]) == frozenset()
        assert look.ledger.booked(RUN, []) == frozenset()


def test_a_trade_is_booked_too_by_what_it_moved(store: Store) -> None:
    flow = msgspec.structs.replace(
        a_fill_event(1), id=flow_event_id(FillId("h1"), 1), kind=LedgerEventKind.CAPITAL
    )
    with store.begin() as work:
        work.ledger.append(RUN, [flow])
        work.commit()
    with store.read() as look:
        assert look.ledger.booked(RUN, [FillId("h1"), FillId("h")]) == {"h1"}


def test_a_fill_is_booked_once_in_a_scope(store: Store) -> None:
    with store.begin() as work:
        work.ledger.append(RUN, [a_fill_event(1)])
        work.commit()
    with store.begin() as work, pytest.raises(InvariantBrokenError):
        work.ledger.append(RUN, [a_fill_event(2)])
    with store.begin() as work:
        work.ledger.append(OTHER, [a_fill_event(1)])
        work.commit()


@pytest.mark.parametrize("seqs", [(2,), (0,), (1, 3), (1, 1), (2, 1)])
def test_ledger_events_leave_no_gap(store: Store, seqs: tuple[int, ...]) -> None:
    events = [a_fill_event(seq, f"f{place}") for place, seq in enumerate(seqs)]
    with store.begin() as work, pytest.raises(InvariantBrokenError, match="number"):
        work.ledger.append(RUN, events)
    with store.read() as look:
        assert list(look.ledger.events(RUN)) == []


def test_a_run_that_was_never_opened_can_hold_nothing(store: Store) -> None:
    nowhere = RunId("nowhere")
    with store.begin() as work, pytest.raises(InvariantBrokenError):
        work.ledger.append(nowhere, [a_fill_event(1)])
    with store.begin() as work, pytest.raises(InvariantBrokenError):
        work.cycles.add(a_cycle(0, nowhere))
    with store.begin() as work, pytest.raises(InvariantBrokenError):
        work.orders.add_intents(nowhere, [an_intent()])
    with store.begin() as work, pytest.raises(InvariantBrokenError):
        work.checkpoints.save(nowhere, CycleId("c"), a_state())
    with store.begin() as work, pytest.raises(InvariantBrokenError):
        work.runs.finish(nowhere, AT, "done")
    with store.begin() as work, pytest.raises(InvariantBrokenError):
        work.audit.add_act(an_act(nowhere))


# Cycles, checkpoints, runs, audit


def test_recent_cycles_come_newest_last(store: Store) -> None:
    for step in range(5):
        with store.begin() as work:
            work.cycles.add(a_cycle(step))
            work.commit()
    with store.read() as look:
        assert [row.step for row in look.cycles.recent(RUN, 3)] == [2, 3, 4]
        assert [row.step for row in look.cycles.recent(RUN, 99)] == [0, 1, 2, 3, 4]
        assert look.cycles.recent(RUN, 0) == ()
        assert look.cycles.recent(OTHER, 3) == ()


def test_a_step_is_committed_once(store: Store) -> None:
    with store.begin() as work:
        work.cycles.add(a_cycle(0))
        work.commit()
    again = msgspec.structs.replace(a_cycle(0), id=CycleId("another name"))
    for row in (a_cycle(0), again):
        with store.begin() as work, pytest.raises(InvariantBrokenError):
            work.cycles.add(row)


def test_a_trace_comes_back_byte_for_byte(store: Store) -> None:
    trace = bytes(range(256)) * 4
    with store.begin() as work:
        work.cycles.add(a_cycle(0, trace=trace))
        work.commit()
    with store.read() as look:
        last = look.cycles.last(RUN)
        assert last is not None
        assert last.trace == trace


def test_the_last_checkpoint_of_a_run_replaces_the_one_before(store: Store) -> None:
    for cash in ("1", "2"):
        with store.begin() as work:
            work.checkpoints.save(RUN, CycleId(f"c{cash}"), a_state(cash))
            work.commit()
    with store.read() as look:
        assert look.checkpoints.load(RUN) == a_state("2")
        assert look.checkpoints.load(OTHER) is None


def test_the_run_opened_last_is_the_latest_even_when_it_is_continued(store: Store) -> None:
    with store.begin() as work:
        work.runs.finish(OTHER, AT, "done")
        work.runs.open(a_run("r2"))
        work.commit()
    with store.read() as look:
        assert look.runs.latest() == a_run("r2")
    with store.begin() as work:
        work.runs.open(msgspec.structs.replace(a_run(OTHER), started_at=AT + timedelta(days=1)))
        work.commit()
    with store.read() as look:
        assert look.runs.latest() == a_run(OTHER)


def test_a_finished_run_says_how_it_ended(store: Store) -> None:
    with store.begin() as work:
        work.runs.finish(RUN, AT, "the data ended")
        work.commit()
    with store.read() as look:
        latest = look.runs.latest()
        assert latest is not None
        assert latest.outcome == "the data ended"


def test_a_run_id_stands_for_one_run(store: Store) -> None:
    with store.begin() as work, pytest.raises(InvariantBrokenError, match="another run"):
        work.runs.open(a_run(RUN, seed=8))


def test_acts_are_kept_newest_last(store: Store) -> None:
    acts = [(AT + timedelta(seconds=n), "op", "kill", f"why {n}") for n in range(3)]
    with store.begin() as work:
        for act in acts:
            work.audit.add(*act)
        work.commit()
    with store.read() as look:
        assert look.audit.recent(2) == tuple(acts[1:])
        assert look.audit.recent(9) == tuple(acts)
        assert look.audit.recent(0) == ()


def test_acts_on_a_run_at_rest_are_kept_with_what_they_did_and_to_what(store: Store) -> None:
    replace, first = msgspec.structs.replace, an_act(amount=DIGITS_38)
    second = replace(first, step=7, left=None, act=replace(first.act, deed=Clearing()))
    with store.begin() as work:
        for row in (first, replace(first, run_id=OTHER), second):
            work.audit.add_act(row)
        work.commit()
    with store.read() as look:
        assert look.audit.acts(RUN) == (first, second)
        assert look.audit.acts(RunId("nowhere")) == ()
        assert [row[2] for row in look.audit.recent(9)] == ["capital", "capital", "degrade clear"]


# Exactness


def test_38_digits_come_back_as_they_went(store: Store) -> None:
    order = planned(an_intent(price=DIGITS_38))[0]
    with store.begin() as work:
        work.orders.add_intents(RUN, [an_intent(price=DIGITS_38)])
        work.ledger.append(
            RUN, [a_fill_event(1, price=DIGITS_38), a_fee_event(2, amount=DIGITS_38)]
        )
        work.cycles.add(a_cycle(0, equity="-" + DIGITS_38))
        work.checkpoints.save(RUN, CycleId("c"), a_state(DIGITS_38))
        work.commit()
    with store.read() as look:
        last, state = look.cycles.last(RUN), look.checkpoints.load(RUN)
        assert last is not None
        assert state is not None
        assert look.orders.active(RUN) == (order,)
        fill, fee = look.ledger.events(RUN)
        assert fill.price == fee.amount == Decimal(DIGITS_38)
        assert last.equity_try == Decimal("-" + DIGITS_38)
        assert state.ledger.cash_try == Decimal(DIGITS_38)


def test_times_come_back_aware_and_in_utc(store: Store) -> None:
    istanbul = timezone(timedelta(hours=3))
    at = datetime(2022, 11, 8, 15, 0, 0, 123456, istanbul)
    with store.begin() as work:
        work.audit.add(at, "op", "start", "")
        work.cycles.add(msgspec.structs.replace(a_cycle(0), at=at))
        work.commit()
    with store.read() as look:
        last = look.cycles.last(RUN)
        assert last is not None
        for found in (last.at, look.audit.recent(1)[0][0]):
            assert found == AT
            assert found.astimezone(UTC).isoformat() == "2022-11-08T12:00:00.123456+00:00"


def test_counts_are_by_run_and_by_what_was_asked(store: Store) -> None:
    _with_order(store)
    with store.begin() as work:
        work.ledger.append(RUN, [a_fill_event(1), a_fee_event(2)])
        work.commit()
    with store.read() as work:
        assert dict(work.orders.count(RUN)) == {OrderStatus.PLANNED: 1}
        assert dict(work.orders.count(OTHER)) == {}
        assert work.ledger.count(RUN, LedgerEventKind.FILL) == 1
        assert work.runs.count() == 2


def test_a_cycle_is_found_by_its_id(store: Store) -> None:
    with store.begin() as work:
        work.cycles.add(a_cycle(3))
        work.commit()
    with store.read() as work:
        assert work.cycles.find(a_cycle(3).id) == a_cycle(3)
        assert work.cycles.find(CycleId("none")) is None
