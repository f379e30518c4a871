"""What every store tells to those who only read: whole runs, page by page, in one order."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from btcbot_core.adapters.memory.store import MemoryStore
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.domain.ids import ClientId, RunId
from btcbot_core.domain.trading import OrderEventKind
from btcbot_core.oms.machine import Happening, apply, planned
from btcbot_core.ports import Store
from tests.contract.store_makers import AT, RUN, a_cycle, a_run, a_state, an_intent

OTHER = RunId("r1")


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store = (
        MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "state.db")
    )
    with opened.begin() as work:
        work.runs.open(a_run(RUN))
        work.runs.open(a_run(OTHER, seed=8))
        work.commit()
    yield opened
    opened.close()


def test_a_run_is_read_page_by_page_oldest_first(store: Store) -> None:
    with store.begin() as work:
        for step in (4, 0, 2, 1, 3):
            work.cycles.add(a_cycle(step))
            work.cycles.add(a_cycle(step, OTHER))
        work.commit()
    with store.read() as work:
        pages = [work.cycles.after(RUN, step, 2) for step in (-1, 1, 3, 4)]
        assert work.cycles.after(RUN, -1, 0) == ()
    assert [[row.step for row in page] for page in pages] == [[0, 1], [2, 3], [4], []]
    assert all(row.run_id == RUN for page in pages for row in page)


def test_all_orders_are_told_in_the_order_in_which_they_were_decided(store: Store) -> None:
    names = ("btcb-9", "btcb-1", "btcb-5")
    with store.begin() as work:
        work.orders.add_intents(RUN, [an_intent(name) for name in names])
        work.orders.add_intents(OTHER, [an_intent("btcb-0")])
        work.commit()
    with store.read() as work:
        assert [order.client_id for order in work.orders.all(RUN)] == list(names)
        assert [order.client_id for order in work.orders.all(OTHER)] == ["btcb-0"]
        assert work.orders.all(RunId("nobody")) == ()


def test_events_are_told_order_by_order_each_in_its_order(store: Store) -> None:
    intents = [an_intent(name) for name in ("btcb-2", "btcb-1")]
    told = []
    for intent in intents:
        order, first = planned(intent)
        what = Happening(kind=OrderEventKind.REJECTED, at=AT, cycle_id=intent.cycle_id)
        done, second = apply(order, what)
        told.append((done, [first, second]))
    with store.begin() as work:
        work.orders.add_intents(RUN, intents)
        work.orders.apply([event for _, two in told for event in two], [done for done, _ in told])
        work.commit()
    with store.read() as work:
        events = work.orders.events(RUN)
        assert work.orders.events(OTHER) == ()
    found = [(event.client_id, event.seq) for event in events]
    one, two = ClientId("btcb-1"), ClientId("btcb-2")
    assert found == [(one, 1), (one, 2), (two, 1), (two, 2)]


def test_the_run_that_was_opened_last_is_told_last(store: Store) -> None:
    with store.read() as work:
        assert [run.id for run in work.runs.all()] == [RUN, OTHER]
    with store.begin() as work:
        work.runs.open(a_run(RUN))
        work.commit()
    with store.read() as work:
        assert [run.id for run in work.runs.all()] == [OTHER, RUN]
        assert work.runs.all()[-1] == work.runs.latest()


def test_a_checkpoint_says_whose_state_it_is(store: Store) -> None:
    with store.begin() as work:
        work.checkpoints.save(RUN, a_cycle(7).id, a_state())
        work.commit()
    with store.read() as work:
        assert work.checkpoints.cycle(RUN) == a_cycle(7).id
        assert work.checkpoints.cycle(OTHER) is None
