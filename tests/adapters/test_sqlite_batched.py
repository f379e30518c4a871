"""Batches: what is durable when, and what is left after something went wrong."""

from pathlib import Path

import pytest

from btcbot_core.adapters.sqlite.batched import BatchedStore
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.errors import InvariantBrokenError
from btcbot_core.domain.ids import FillId
from btcbot_core.domain.records import CycleRow
from btcbot_core.domain.trading import OrderEventKind, OrderStatus
from btcbot_core.ledger.book import Ledger
from btcbot_core.ledger.entries import LedgerEventKind
from btcbot_core.oms.machine import Happening, apply, planned
from tests.contract.store_makers import AT, RUN, TRY, a_cycle, a_fill_event, a_run, an_intent


def batched(path: Path, size: int = 3) -> tuple[BatchedStore, list[CycleRow]]:
    """A store whose run stands already, and the rows that its follower is told of."""
    seen: list[CycleRow] = []
    store = BatchedStore(SqliteStore(path, synchronous="NORMAL"), size, seen.append)
    with store.begin() as work:
        work.runs.open(a_run(RUN))
        work.commit()
    store.flush()
    return store, seen


def add(store: BatchedStore, step: int) -> None:
    row = a_cycle(step)
    with store.begin() as work:
        work.cycles.add(row)
        work.checkpoints.save(RUN, row.id, Carried(ledger=Ledger(quote=TRY, seq=step)))
        work.commit()


def durable(path: Path) -> tuple[int, int]:
    """Steps and the carried state's number, as another process sees them."""
    reader = SqliteStore(path, mode="ro")
    with reader.read() as work:
        last, carried = work.cycles.last(RUN), work.checkpoints.load(RUN)
    reader.close()
    return (last.step if last else -1, carried.ledger.seq if carried else -1)


def test_a_full_batch_is_durable_with_the_state_of_its_last_cycle(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    store, seen = batched(path)
    add(store, 0)
    add(store, 1)
    assert durable(path) == (-1, -1)
    add(store, 2)
    assert durable(path) == (2, 2)
    assert [row.step for row in seen] == [0, 1, 2]
    store.close()


def test_the_store_reads_what_it_has_not_made_durable_yet(tmp_path: Path) -> None:
    store, _ = batched(tmp_path / "a.db")
    add(store, 0)
    with store.read() as work:
        last, carried = work.cycles.last(RUN), work.checkpoints.load(RUN)
        assert work.checkpoints.cycle(RUN) == a_cycle(0).id
        assert [row.step for row in work.cycles.after(RUN, -1, 9)] == [0]
        assert [row.step for row in work.cycles.recent(RUN, 9)] == [0]
        assert work.cycles.find(a_cycle(0).id) is not None
    assert last is not None
    assert carried is not None
    store.close()


def test_a_unit_that_fails_takes_everything_back_to_the_last_batch(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    store, _ = batched(path, 2)
    add(store, 0)
    add(store, 1)
    add(store, 2)
    with pytest.raises(RuntimeError), store.begin() as work:
        work.cycles.add(a_cycle(3))
        raise RuntimeError
    with store.read() as work:
        last = work.cycles.last(RUN)
    assert last is not None
    assert last.step == 1
    store.close()
    assert durable(path) == (1, 1)


def test_what_was_not_flushed_is_gone_when_the_store_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    store, _ = batched(path)
    add(store, 0)
    store.close()
    assert durable(path) == (-1, -1)


def test_units_do_not_nest_and_readers_do_not_commit(tmp_path: Path) -> None:
    store, _ = batched(tmp_path / "a.db")
    with store.read() as work, pytest.raises(InvariantBrokenError):
        store.begin()
    with store.read() as work, pytest.raises(InvariantBrokenError):
        work.commit()
    store.close()


def test_orders_of_a_batch_are_read_as_they_stand_and_booked_fills_are_known(
    tmp_path: Path,
) -> None:
    store, _ = batched(tmp_path / "a.db", size=99)
    intent, fill = an_intent(), a_fill_event(1, "9")
    order, first = planned(intent)
    taken = Happening(
        kind=OrderEventKind.ACCEPTED, at=AT, cycle_id=intent.cycle_id, exchange_id="7"
    )
    opened, second = apply(order, taken)
    with store.begin() as work:
        work.orders.add_intents(RUN, [intent])
        work.orders.apply([first], [order])
        work.orders.apply([second], [opened])
        work.ledger.append(RUN, [fill])
        work.commit()
    with store.read() as work:
        assert work.ledger.booked(RUN, [FillId("9"), FillId("8")]) == {"9"}
        assert work.orders.active(RUN) == (opened,)
        assert work.orders.find(RUN, ["7"], []) == (opened,)
        assert work.orders.all(RUN) == (opened,)
        assert work.orders.events(RUN) == (first, second)
        assert work.orders.count(RUN) == {OrderStatus.OPEN: 1}
        assert work.ledger.count(RUN, LedgerEventKind.FILL) == 1
        assert work.ledger.events(RUN) == (fill,)
        assert work.ledger.booked(RUN, [FillId("9")]) == {"9"}
    store.close()
