"""What an operator does to a run at rest: `verify --run` does it again, and tells a difference."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.app.choosing import run_named
from btcbot_core.app.resting import perform, prepare, resting_run, unresolved
from btcbot_core.app.verify import RunCheck, verify_run
from btcbot_core.app.verify_store import verify_store
from btcbot_core.cycle.acts import (
    Act,
    Clearing,
    Deed,
    Fate,
    Floor,
    Resolution,
    TakingBack,
    acted,
)
from btcbot_core.cycle.cycle import Carried
from btcbot_core.cycle.stages import STAGE7
from btcbot_core.cycle.trace import decode, encode, sealed
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.ids import ClientId, CycleId
from btcbot_core.domain.policy import Policy, PortfolioPolicy
from btcbot_core.domain.rebalancing import AdaptationPolicy, Params, RebalancePolicy, SizingPolicy
from btcbot_core.domain.symbol import Asset
from btcbot_core.domain.trading import AnswerKind, OrderEventKind, OrderStatus
from btcbot_core.ledger.book import Ledger
from btcbot_core.ledger.flows import Flow
from btcbot_core.oms.machine import planned
from btcbot_core.ports import Store, UnitOfWork
from tests.build import BTC, TRY, at, d
from tests.contract.store_makers import an_intent
from tests.story.worlds import RUN, Rig

replace = msgspec.structs.replace

ADAPTING = RebalancePolicy(
    params=Params(universe_size=10, turnover_cap_try=d("3000"), cash_target_try=d("100")),
    sizing=SizingPolicy(cash_max_try=d("600")),
    adaptation=AdaptationPolicy(is_on=True, cooldown_cycles=4),
)
HELD = Floor(RiskMode.OBSERVE_ONLY, 90)
UNKNOWN = Resolution(ClientId("the unknown one"), Fate.NOT_PLACED)
"""Stands for the order of unknown outcome, whose name a run alone knows."""
EACH: dict[str, tuple[Deed, ...]] = {
    "deposit": (Flow(TRY, d("30")),),
    "withdrawal": (Flow(Asset("BTC"), d("-0.1")),),
    "resolve": (UNKNOWN,),
    "override": (HELD,),
    "clear": (HELD, Clearing()),
    "reset": (TakingBack(),),
}
ALL = tuple(deed for deeds in EACH.values() for deed in deeds)


class CrashError(BaseException):
    """The process is gone: nothing catches it, nothing runs after it."""


class DyingWork:
    """All is written, and the process dies before it is committed."""

    def __init__(self, work: UnitOfWork) -> None:
        self.orders, self.ledger, self.cycles = work.orders, work.ledger, work.cycles
        self.runs, self.checkpoints, self.audit = work.runs, work.checkpoints, work.audit

    def commit(self) -> None:
        raise CrashError


class DyingStore:
    def __init__(self, store: Store) -> None:
        self._store = store
        self.read, self.close = store.read, store.close

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        with self._store.begin() as work:
            yield DyingWork(work)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """Parameters have moved, coins are held, and of one order nobody knows what became of it."""
    policy = Policy(portfolio=PortfolioPolicy(targets={BTC: d("0.5")}), rebalance=ADAPTING)
    store = SqliteStore(tmp_path / "state.db", synchronous="NORMAL")
    rig = Rig(tmp_path, stage=STAGE7, policy=policy, store=store)
    rig.run(1)
    rig.exchange.fill("x1")
    rig.run(4)
    rig.exchange.answer, rig.exchange.places_anyway = AnswerKind.UNKNOWN, False
    rig.market.prices = {BTC: (d("97"), d("97.1"))}
    rig.run(6)
    rig.exchange.answer = AnswerKind.ACKED
    yield rig
    store.close()


def operate(rig: Rig, *deeds: Deed) -> None:
    """Do them one after the other, each a second later."""
    for number, deed in enumerate(deeds):
        resting = resting_run(rig.store)
        if deed is UNKNOWN:
            (order,) = unresolved(resting)
            deed = replace(UNKNOWN, order=order.client_id)
        act = Act(who="op", why="because", at=at(360 + number), deed=deed)
        perform(rig.store, prepare(resting, act))


def verified(rig: Rig) -> RunCheck:
    return verify_run(rig.store, run_named(rig.store), lambda _done, _total: None)


def is_sound(rig: Rig) -> bool:
    return verify_store(rig.store, lambda _done, _total: None).is_sound


def change(rig: Rig, *statements: str) -> None:
    with sqlite3.connect(rig.folder / "state.db") as store:
        for statement in statements:
            store.execute(statement)


@pytest.mark.parametrize("deeds", [*EACH.values(), ALL], ids=[*EACH, "all"])
def test_a_run_verifies_behind_an_act_and_when_it_goes_on(
    rig: Rig, deeds: tuple[Deed, ...]
) -> None:
    operate(rig, *deeds)
    run = verified(rig)
    assert (run.field, run.cycles, run.cuts) == ("", 6, 0)
    rig.run(8)
    operate(rig, HELD)
    rig.run(10)
    run = verified(rig)
    assert (run.field, run.cycles, run.starts, run.cuts) == ("", 10, 5, 0)
    assert is_sound(rig)


HERE, LATER = False, True
"""Whether the run has gone on when the damage is done."""
DAMAGE = (
    ("deposit", HERE, "UPDATE ledger_events SET amount = '31' WHERE amount = '30'", "amount"),
    ("deposit", LATER, "UPDATE audit SET why = 'why not' WHERE act = 'capital'", "note"),
    ("withdrawal", LATER, "UPDATE audit SET deed = replace(deed, '-0.1', '-0.2')", "qty"),
    ("resolve", HERE, "UPDATE order_events SET evidence = '' WHERE kind = 'given_up'", "evidence"),
    ("resolve", LATER, "UPDATE audit SET deed = replace(deed, 'not-placed', 'canceled')", "kind"),
    ("resolve", HERE, "DELETE FROM audit WHERE act = 'resolve'", "status"),
    ("override", HERE, "UPDATE audit SET deed = replace(deed, ':90', ':91')", "override.until"),
    ("override", LATER, "DELETE FROM audit WHERE act = 'degrade override'", "degrade.override"),
    ("clear", HERE, "DELETE FROM audit WHERE act = 'degrade clear'", "degrade.override"),
    (
        "clear",
        LATER,
        "UPDATE audit SET deed = replace(deed, ':5,', ':2,')",
        "acts.degrade override",
    ),
    ("reset", HERE, "UPDATE audit SET who = 'me' WHERE act = 'params reset'", "by_hand.reason"),
)


@pytest.mark.parametrize(("name", "goes_on", "damage", "field"), DAMAGE)
def test_what_was_changed_about_an_act_is_named(
    rig: Rig, name: str, goes_on: bool, damage: str, field: str
) -> None:
    operate(rig, *EACH[name])
    if goes_on:
        rig.run(8)
    change(rig, damage)
    run = verified(rig)
    assert not run.is_equal
    assert field in run.field


@pytest.mark.parametrize("deeds", [(), ALL], ids=["no act", "all acts"])
def test_a_forged_checkpoint_is_named_also_when_the_run_went_on_from_it(
    rig: Rig, deeds: tuple[Deed, ...]
) -> None:
    operate(rig, *deeds)
    resting = resting_run(rig.store)
    forged = replace(resting.carried, peak_try=resting.carried.peak_try + 1)
    with rig.store.begin() as work:
        work.checkpoints.save(RUN, resting.cycle, forged)
        work.commit()
    assert verified(rig).field == "checkpoint.peak_try"
    rig.run(8)
    run = verified(rig)
    assert (run.cycle, run.field) == (f"{RUN}-00000006", "saw.carried.peak_try")


@pytest.mark.parametrize("deeds", [*EACH.values(), ALL], ids=[*EACH, "all"])
def test_acts_behind_a_turn_that_was_cut_are_done_again_on_what_it_left(
    rig: Rig, deeds: tuple[Deed, ...]
) -> None:
    cut_a_turn(rig)
    assert resting_run(rig.store).is_cut
    operate(rig, *deeds)
    assert (verified(rig).field, is_sound(rig)) == ("", True)
    rig.run(9)
    run = verified(rig)
    assert (run.field, run.cycles, run.cuts) == ("", 9, 1)
    change(rig, """UPDATE audit SET deed = replace(deed, '"cash_try":"', '"cash_try":"1')""")
    assert verified(rig).field.endswith("left.ledger.cash_try")


def cut_a_turn(rig: Rig) -> None:
    """Die while an order is sent, right behind the cycle that was committed last."""

    def crash() -> None:
        raise CrashError

    operate(rig, UNKNOWN)
    rig.exchange.before = crash
    with pytest.raises(CrashError):
        rig.run(8)
    rig.exchange.before = lambda: None


def test_where_a_record_does_not_say_whose_state_it_found_only_money_and_orders_are_asked_for(
    tmp_path: Path,
) -> None:
    """As a run of an earlier build, in which an act left no more than a word."""
    rig = Rig(tmp_path, store=SqliteStore(tmp_path / "state.db"))
    rig.run(2)
    operate(rig, HELD)
    rig.run(4)
    with rig.store.read() as work:
        row = work.cycles.after(RUN, 1, 1)[0]
    record = decode(row.trace)
    assert record.saw is not None
    older = encode(replace(record, saw=replace(record.saw, whose=None), seal=""))
    with sqlite3.connect(tmp_path / "state.db") as store:
        store.execute("UPDATE audit SET run = NULL, deed = NULL")
        trace = sealed(older, row.id, row.at)
        store.execute("UPDATE cycles SET trace = ? WHERE id = ?", (trace, row.id))
    run = verified(rig)
    assert (run.is_equal, run.cuts) == (True, 1)
    rig.store.close()


def test_an_act_that_was_cut_by_a_crash_never_happened(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.exchange.answer, rig.exchange.places_anyway = AnswerKind.UNKNOWN, False
    rig.run(1)
    before = resting_run(rig.store)
    rig.store = DyingStore(rig.store)
    for deed in (Flow(TRY, d("30")), UNKNOWN, HELD):
        with pytest.raises(CrashError):
            operate(rig, deed)
    with rig.store.read() as work:
        assert (work.audit.acts(RUN), work.audit.recent(9)) == ((), ())
    assert (resting_run(rig.store), verified(rig).is_equal, is_sound(rig)) == (before, True, True)


def test_an_order_that_was_planned_and_never_heard_of_is_resolved_in_two_events() -> None:
    order, _ = planned(an_intent())
    carried = Carried(ledger=Ledger(quote=TRY), orders={order.client_id: order})
    act = Act(who="op", why="seen", at=at(), deed=Resolution(order.client_id, Fate.NOT_PLACED))
    done = acted(carried, CycleId("r0-00000001"), act)
    kinds = [(event.seq, event.kind) for event in done.events]
    assert kinds == [(2, OrderEventKind.NO_ANSWER), (3, OrderEventKind.GIVEN_UP)]
    assert done.carried.orders[order.client_id].status is OrderStatus.NOT_PLACED
    with pytest.raises(ConfigError, match="no unresolved order"):
        acted(done.carried, CycleId("r0-00000001"), act)
