"""How long a start takes after a long life: 100,000 cycles stored, 1,000 orders open.

From opening the database to the end of the first cycle, in which every order was heard of again.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import msgspec

from btcbot_core.adapters.clock import LiveTimeline
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.bootstrap.paper import totals_of
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.ids import ClientId, CycleId
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.trading import Intent, OrderEventKind, Side
from btcbot_core.oms.machine import Happening, apply, planned
from btcbot_core.oms.planning import size
from btcbot_core.ports import Store
from tests.bench.generator import TWENTY, write_dataset
from tests.bench.live_run import RUN, LiveRun, Spent

CYCLES = 100_000
ORDERS = 1_000
FIRST_LIFE = 3
ROUNDS = 3
BOUND_S = 5
PATIENT = {"TTL_SECONDS": "31536000", "ORDER_DRIFT_BPS": "9999", "MAX_ORDERS_PER_CYCLE": "0"}
"""So that the first cycle has nothing to do but to hear of its orders."""
LIMIT_RATIO = Decimal(2)
"""Orders rest at half the price: they are far from filling."""
NOTIONAL_TRY = Decimal(200)


def begin(run: LiveRun) -> None:
    """A first life of a few cycles: the first opens the books, the last is a quiet one."""
    with ExitStack() as undo:
        session = run.session(undo, cycles_max=FIRST_LIFE)
        session.run()
        assert session.exit_code == 0, session.error


def age(store: Store) -> None:
    """As if the last of them had come again and again."""
    with store.begin() as work:
        last = work.cycles.last(RUN)
        assert last is not None
        for step in range(FIRST_LIFE, CYCLES):
            name = CycleId(f"{RUN}-{step:08d}")
            work.cycles.add(msgspec.structs.replace(last, id=name, step=step))
        work.commit()


def place(run: LiveRun, store: Store) -> None:
    """Orders that rest, in the books and on the exchange alike."""
    intents = tuple(_intents(run))
    opened, events = [], []
    for number, intent in enumerate(intents, start=1):
        order, first = planned(intent)
        taken = Happening(
            kind=OrderEventKind.ACCEPTED,
            at=intent.decided_at,
            cycle_id=intent.cycle_id,
            exchange_id=str(number),
        )
        order, second = apply(order, taken)
        opened.append(msgspec.structs.replace(order, rests_since=intent.decided_at))
        events += [first, second]
    with store.begin() as work:
        carried = work.checkpoints.load(RUN)
        assert carried is not None
        work.orders.add_intents(RUN, intents)
        work.orders.apply(events, opened)
        orders = {order.client_id: order for order in opened}
        aged = msgspec.structs.replace(carried, orders=orders)
        work.checkpoints.save(RUN, intents[0].cycle_id, aged)
        work.commit()
    run.exchange.restore(totals_of(carried.ledger, carried.ledger.cash_try), opened)


def _intents(run: LiveRun) -> Iterator[Intent]:
    quotes = run.market.snapshot(run.symbols).quotes
    rules = run.market.rules(run.symbols)
    for number in range(ORDERS):
        symbol = run.symbols[number % len(run.symbols)]
        price = quotes[symbol].bid / LIMIT_RATIO
        sized = size(rules[symbol], Side.BUY, price, NOTIONAL_TRY / price, ZERO)
        yield Intent(
            client_id=ClientId(f"btcb-{number}"),
            cycle_id=CycleId(f"{RUN}-{CYCLES - 1:08d}"),
            symbol=symbol,
            side=Side.BUY,
            price=sized.price,
            qty=sized.qty,
            ttl_s=int(PATIENT["TTL_SECONDS"]),
            reason=Reason.CONSERVATIVE_ENTRY,
            decided_at=run.clock.now(),
        )


def start(run: LiveRun) -> Spent:
    """Start, go through one cycle and say what it took; every order must have been heard of."""
    began, run.outside.spent = Spent.now(), Spent(0.0, 0.0)
    with ExitStack() as undo:
        session = run.session(undo, cycles_max=1)
        session.run()
    took = Spent.now().since(began)
    cycle = session.latest.cycle
    assert session.exit_code == 0, session.error
    assert cycle is not None
    assert len(cycle.heard.views) == ORDERS
    assert cycle.metrics is not None
    assert cycle.metrics.orders_open == ORDERS, cycle.metrics
    return took


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset = write_dataset(folder / "data", 10, pairs=TWENTY)
        run = LiveRun(dataset, folder / "live.db", PATIENT)
        begin(run)
        store = SqliteStore(run.database, synchronous="FULL")
        age(store)
        place(run, store)
        store.close()
        run.timeline = LiveTimeline()  # the market stands still from here on
        starts = [start(run) for _ in range(ROUNDS)]
        size_mb = run.database.stat().st_size / 1e6
    wall_s, cpu_s = min(s.wall_s for s in starts), min(s.cpu_s for s in starts)
    print(
        f"start with {ORDERS:,} open orders and {CYCLES:,} stored cycles ({size_mb:.0f} MB):"
        f" {wall_s:.2f} s, of it {cpu_s:.2f} s CPU; the slowest {max(s.wall_s for s in starts):.2f}"
    )
    assert cpu_s < BOUND_S, f"over {BOUND_S} s"


if __name__ == "__main__":
    main()
