"""Whatever is asked of both stores in whatever order, they answer alike."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from btcbot_core.adapters.memory.store import MemoryStore
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.domain.errors import BotError
from btcbot_core.domain.ids import ClientId, CycleId, FillId, RunId
from btcbot_core.domain.trading import OrderEventKind
from btcbot_core.ledger.entries import LedgerEventKind
from btcbot_core.oms.machine import Happening, apply, planned
from btcbot_core.ports import Store, UnitOfWork
from tests.contract.store_makers import (
    AT,
    a_cycle,
    a_fee_event,
    a_fill_event,
    a_run,
    a_state,
    an_act,
    an_intent,
)

RUNS = (RunId("r0"), RunId("r1"))
NAMES = ("btcb-0", "btcb-1", "btcb-2")
Act = Callable[[UnitOfWork], None]


def _accept(name: str, exchange_id: str) -> Act:
    changed, event = apply(
        planned(an_intent(name))[0],
        Happening(
            kind=OrderEventKind.ACCEPTED, at=AT, cycle_id=CycleId("c"), exchange_id=exchange_id
        ),
    )
    return lambda work: work.orders.apply([event], [changed])


def _reject(name: str) -> Act:
    changed, event = apply(
        planned(an_intent(name))[0],
        Happening(kind=OrderEventKind.REJECTED, at=AT, cycle_id=CycleId("c")),
    )
    return lambda work: work.orders.apply([event], [changed])


runs, names = st.sampled_from(RUNS), st.sampled_from(NAMES)
few = st.integers(0, 3)
acts: st.SearchStrategy[Act] = st.one_of(
    st.builds(lambda r, s: lambda w: w.runs.open(a_run(r, seed=s)), runs, st.integers(7, 8)),
    st.builds(lambda r, n: lambda w: w.runs.finish(r, AT, f"end {n}"), runs, few),
    st.builds(lambda r, n: lambda w: w.cycles.add(a_cycle(n, r)), runs, few),
    st.builds(
        lambda r, n: (
            lambda w: w.cycles.add(msgspec.structs.replace(a_cycle(n, r), id=CycleId(f"{r} twin")))
        ),
        runs,
        few,
    ),
    st.builds(
        lambda r, n: lambda w: w.orders.add_intents(r, [an_intent(one) for one in n]),
        runs,
        st.lists(names, max_size=2),
    ),
    st.builds(_accept, names, st.sampled_from(["x0", "x1"])),
    st.builds(_reject, names),
    st.builds(
        lambda r, n, f: (
            lambda w: w.ledger.append(r, [a_fill_event(n, f"f{f}"), a_fee_event(n + 1, f"f{f}")])
        ),
        runs,
        st.sampled_from([1, 3, 5]),
        few,
    ),
    st.builds(
        lambda r, n: lambda w: w.checkpoints.save(r, CycleId("c"), a_state(n)), runs, few.map(str)
    ),
    st.builds(lambda n: lambda w: w.audit.add(AT, f"op{n}", "kill", "why"), few),
    st.builds(lambda r: lambda w: w.audit.add_act(an_act(r)), runs),
)
units = st.tuples(st.lists(acts, min_size=1, max_size=4), st.booleans())


def _run(store: Store, steps: list[Act], *, is_committed: bool) -> list[str]:
    """What each act of one unit of work led to: nothing, or which error."""
    said = []
    try:
        with store.begin() as work:
            for step in steps:
                try:
                    step(work)
                except BotError as error:
                    said.append(type(error).__name__)
            if is_committed:
                work.commit()
    except BotError as error:
        said.append(f"commit: {type(error).__name__}")
    return said


def _all(store: Store) -> list[object]:
    """Everything that a store can be asked."""
    found: list[object] = []
    with store.read() as look:
        found += [look.runs.latest(), look.runs.count(), look.audit.recent(5)]
        for run in RUNS:
            found += [
                look.cycles.last(run),
                look.cycles.recent(run, 2),
                look.cycles.find(CycleId(f"{run} twin")),
                look.orders.active(run),
                dict(look.orders.count(run)),
                look.orders.find(run, ["x1"], []),
                look.orders.find(run, ["x0"], [ClientId("btcb-1")]),
                tuple(look.ledger.events(run)),
                tuple(look.ledger.events(run, after_seq=2)),
                look.ledger.booked(run, [FillId(f"f{n}") for n in range(4)]),
                look.ledger.count(run, LedgerEventKind.FEE),
                look.checkpoints.load(run),
                look.audit.acts(run),
            ]
    return found


@given(st.lists(units, max_size=8))
@settings(max_examples=60, deadline=None)
def test_both_stores_do_and_say_the_same(history: list[tuple[list[Act], bool]]) -> None:
    with TemporaryDirectory() as folder:
        memory, sqlite = MemoryStore(), SqliteStore(Path(folder) / "s.db", synchronous="NORMAL")
        for steps, is_committed in history:
            assert _run(memory, steps, is_committed=is_committed) == _run(
                sqlite, steps, is_committed=is_committed
            )
            assert _all(memory) == _all(sqlite)
        sqlite.close()
