"""The readiness checks, each on facts of its own: what passes, what warns, what fails."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from btcbot_core.adapters.memory.store import MemoryStore
from btcbot_core.app.check import Check, Verdict, age_words, size_words, some
from btcbot_core.app.checks import BUILT, CHECKS, LIVE_SETTINGS, RETIRED_NAMES
from btcbot_core.app.doctor import STALE_AFTER, examine, run_fact
from btcbot_core.app.facts import (
    BookFact,
    Facts,
    FileFact,
    HolderFact,
    MachineFact,
    OnlineFact,
    RunFact,
    SettingsFact,
    StaleOrder,
    StoreFact,
    WitnessFact,
)
from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.gates import Gates
from btcbot_core.domain.ids import ClientId, CycleId, EventId, RunId
from btcbot_core.domain.kill import KillState
from btcbot_core.domain.records import RunKind, RunRow
from btcbot_core.domain.symbol import Asset
from btcbot_core.domain.trading import OrderStatus, Side
from btcbot_core.ledger.book import Ledger, fold
from btcbot_core.ledger.entries import LedgerEvent, LedgerEventKind
from tests.build import BTC, TRY, an_intent, an_order, at, d

NOW = BUILT + timedelta(days=200)
OPEN = Gates(dry_run=False, kill_switch=False, live_trading=True, acknowledged=True)
MIB = 1024 * 1024


def a_run(kind: RunKind = RunKind.LIVE, **changes: object) -> RunFact:
    row = RunRow(
        id=RunId("r1"),
        stage="stage3",
        kind=kind,
        source="s",
        settings_digest="d",
        seed=1,
        started_at=NOW - timedelta(hours=2),
    )
    at_ = NOW - timedelta(seconds=20)
    found = RunFact(row=row, last_written_at=at_, last_cycle_at=at_, ledger_events=7)
    changed: RunFact = replace(found, **changes)
    return changed


def a_store(**changes: object) -> StoreFact:
    found = StoreFact(
        schema=1,
        schema_known=1,
        journal="wal",
        size_bytes=MIB,
        newest_backup_at=NOW - timedelta(days=1),
        run=a_run(),
    )
    changed: StoreFact = replace(found, **changes)
    return changed


def the_settings(**changes: object) -> SettingsFact:
    found = SettingsFact(
        gates=OPEN,
        is_ack_given=True,
        sources={**dict.fromkeys(LIVE_SETTINGS, "file"), "BTCTURK_API_SECRET": "file"},
        known_names=frozenset({"MAX_OPEN_ORDERS", "KILL_SWITCH", *LIVE_SETTINGS}),
        environment_names=frozenset({"PATH", "HOME", "LANG"}),
        symbols=(BTC,),
        quotes=(TRY,),
        caps={"NOTIONAL_CAP_TRY_PER_CYCLE": Decimal(1000)},
        has_key=True,
        has_secret=True,
        address="https://api.btcturk.com",
    )
    changed: SettingsFact = replace(found, **changes)
    return changed


def the_facts(**changes: object) -> Facts:
    """A bot that is fit to trade live, exchange and all."""
    found = Facts(
        now=NOW,
        is_for_live=True,
        database="state.db",
        settings=the_settings(),
        files=(FileFact(path="state.db", mode=0o600),),
        store=a_store(),
        witness=WitnessFact(says="order btcb-1"),
        machine=MachineFact(disk_free_bytes=50_000 * MIB),
        online=OnlineFact(
            address="https://api.btcturk.com",
            round_trip_ms=40,
            books=(BookFact(symbol=BTC, age_s=Decimal("0.4")),),
            account_problem="",
        ),
    )
    changed: Facts = replace(found, **changes)
    return changed


def of(name: str, facts: Facts) -> Check:
    found = {f"{check.category}.{check.name}": check for check in examine(facts).checks}
    return found[name]


def test_a_bot_that_is_fit_to_trade_live_passes_every_check() -> None:
    report = examine(the_facts())
    assert report.verdict is Verdict.PASS
    others = [check for check in report.checks if check.verdict is not Verdict.PASS]
    assert {check.category for check in others} == {"service"}  # it does not rebalance


def test_a_fresh_machine_on_paper_has_nothing_to_complain_of() -> None:
    fresh = Facts(
        now=NOW, settings=SettingsFact(symbols=(BTC,), quotes=(TRY,), address="https://x")
    )
    report = examine(fresh)
    assert report.verdict is Verdict.PASS
    assert report.failed == report.warned == ()


def test_every_check_has_a_name_of_its_own() -> None:
    names = [(check.category, check.name) for check in examine(the_facts()).checks]
    assert len(set(names)) == len(CHECKS)


FAULTS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "a closed gate": ("gates.open", {"settings": the_settings(gates=Gates())}),
    "no secret": ("credentials.present", {"settings": the_settings(has_secret=False)}),
    "a name that promises safety and is not read": (
        "settings.names",
        {"settings": the_settings(environment_names=frozenset({"SAFE_MODE"}))},
    ),
    "such a name in the file": (
        "settings.names",
        {"settings": the_settings(odd_names=frozenset({"KILL_SWITCH_FREEZE_ALL"}))},
    ),
    "a cap that allows nothing": (
        "settings.caps",
        {"settings": the_settings(caps={"MAX_ORDERS_PER_CYCLE": Decimal(0)})},
    ),
    "another host": (
        "settings.address",
        {"settings": the_settings(address="https://evil.example", is_usual_address=False)},
    ),
    "two quote currencies": (
        "symbols.valid",
        {"settings": the_settings(quotes=(TRY, Asset("USDT")))},
    ),
    "no line": ("exchange.answers", {"online": OnlineFact(address="x", problem="refused")}),
    "a pair that is not listed": (
        "symbols.rules",
        {"online": OnlineFact(address="x", without_rules=(BTC,))},
    ),
    "a clock that is off": ("clock.offset", {"online": OnlineFact(address="x", offset_ms=-5_001)}),
    "a key that is not taken": (
        "credentials.accepted",
        {"online": OnlineFact(address="x", account_problem="HTTP 401")},
    ),
    "the year 1970": ("clock.sane", {"now": BUILT - timedelta(days=20_000)}),
    "a clock that was set back": ("clock.sane", {"now": NOW - timedelta(hours=1)}),
    "a kill": ("kill.latch", {"kill": KillState(True, NOW, "me", "why")}),
    "another runner": (
        "lock.holder",
        {"holder": HolderFact(pid=7, since=NOW, command="stage 3")},
    ),
    "an order without an end": (
        "orders.settled",
        {
            "store": a_store(
                run=a_run(
                    stale_orders=(
                        StaleOrder(
                            client_id=ClientId("c"),
                            symbol=BTC,
                            status=OrderStatus.UNKNOWN,
                            age_s=700,
                        ),
                    )
                )
            )
        },
    ),
    "a database that cannot be opened": ("store.readable", {"store": StoreFact(problem="no")}),
    "a damaged page": ("store.readable", {"store": a_store(damage="row 3 missing")}),
    "a run that cannot be read": (
        "store.readable",
        {"store": a_store(run=None, run_problem="the checkpoint cannot be read")},
    ),
    "an older copy put back": (
        "store.witness",
        {"witness": WitnessFact(says="order b1", problem="has forgotten order b1")},
    ),
    "a database that is lost": (
        "store.witness",
        {"store": None, "witness": WitnessFact(problem="has forgotten order b1")},
    ),
    "a newer schema": ("store.schema", {"store": a_store(schema=2)}),
    "another journal": ("store.durable", {"store": a_store(journal="delete")}),
    "a ledger that does not add up": (
        "store.ledger",
        {"store": a_store(run=a_run(ledger_problem="cash 1 and 2"))},
    ),
    "a file that others can read": (
        "files.private",
        {"files": (FileFact(path="state.db", mode=0o640),)},
    ),
    "a file of somebody else": (
        "files.private",
        {"files": (FileFact(path="state.db", mode=0o600, is_ours=False),)},
    ),
    "a folder that others can write to": (
        "files.private",
        {"files": (FileFact(path="there", mode=0o775, is_folder=True),)},
    ),
    "a full disk": ("disk.free", {"machine": MachineFact(disk_free_bytes=99 * MIB)}),
    "no place for a log": ("log.writable", {"machine": MachineFact(log_problem="read-only")}),
    "a preloaded library": (
        "machine.environment",
        {"machine": MachineFact(risky_names=("LD_PRELOAD",))},
    ),
    "a module in the way": (
        "machine.environment",
        {"machine": MachineFact(shadowing=("json.py",))},
    ),
}
WARNS_ON_PAPER = {
    "settings.names",
    "settings.caps",
    "settings.address",
    "kill.latch",
    "orders.settled",
    "store.durable",
    "files.private",
    "machine.environment",
}
FINE_ON_PAPER = {"gates.open", "lock.holder"}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_fails_its_own_check_and_says_what_to_do(fault: str) -> None:
    name, changes = FAULTS[fault]
    report = examine(the_facts(**changes))
    assert [f"{c.category}.{c.name}" for c in report.failed] == [name]
    assert report.verdict is Verdict.FAIL
    assert report.failed[0].observed
    assert report.failed[0].meaning
    assert report.failed[0].remedy


@pytest.mark.parametrize("fault", FAULTS)
def test_what_stops_live_trading_only_warns_on_paper_where_paper_can_go_on(fault: str) -> None:
    name, changes = FAULTS[fault]
    check = of(name, replace(the_facts(**changes), is_for_live=False))
    if fault == "a clock that was set back" or name in WARNS_ON_PAPER:
        assert check.verdict is Verdict.WARN
    elif name in FINE_ON_PAPER:
        assert check.verdict is Verdict.PASS
    else:
        assert check.verdict is Verdict.FAIL


WARNINGS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "gates that contradict each other": (
        "gates.coherent",
        {"settings": the_settings(gates=replace(OPEN, kill_switch=True))},
    ),
    "an acknowledgement with a slip of the pen": (
        "gates.coherent",
        {"settings": the_settings(gates=replace(OPEN, acknowledged=False))},
    ),
    "an acknowledgement for nothing": (
        "gates.coherent",
        {"settings": the_settings(gates=replace(OPEN, live_trading=False))},
    ),
    "a name that is nearly a setting": (
        "settings.names",
        {"settings": the_settings(environment_names=frozenset({"MAX_OPEN_ORDER"}))},
    ),
    "a line of the file that sets nothing": (
        "settings.names",
        {"settings": the_settings(odd_names=frozenset({"COLOUR"}))},
    ),
    "a setting that nobody decided": ("settings.decided", {"settings": the_settings(sources={})}),
    "a pair that is halted": (
        "symbols.rules",
        {"online": OnlineFact(address="x", halted=(BTC,), account_problem="")},
    ),
    "an old book": (
        "market.books",
        {
            "online": OnlineFact(
                address="x", books=(BookFact(symbol=BTC, age_s=Decimal(60)),), account_problem=""
            )
        },
    ),
    "a crossed book": (
        "market.books",
        {
            "online": OnlineFact(
                address="x", books=(BookFact(symbol=BTC, problem="crossed"),), account_problem=""
            )
        },
    ),
    "a clock that drifts": (
        "clock.offset",
        {"online": OnlineFact(address="x", offset_ms=2_001, account_problem="")},
    ),
    "an older schema": ("store.schema", {"store": a_store(schema=0)}),
    "a log that grows": ("store.wal", {"store": a_store(wal_bytes=65 * MIB)}),
    "no backup": ("store.backup", {"store": a_store(newest_backup_at=None)}),
    "an old backup": (
        "store.backup",
        {"store": a_store(newest_backup_at=NOW - timedelta(days=8))},
    ),
    "a runner that makes no cycles": (
        "run.last_cycle",
        {
            "holder": HolderFact(pid=7, since=NOW, command="x", is_this_process=True),
            "store": a_store(run=a_run(last_cycle_at=NOW - timedelta(minutes=6))),
        },
    ),
    "little room on the disk": ("disk.free", {"machine": MachineFact(disk_free_bytes=500 * MIB)}),
}


@pytest.mark.parametrize("warning", WARNINGS)
def test_what_only_wants_a_look_warns_even_before_live_trading(warning: str) -> None:
    name, changes = WARNINGS[warning]
    facts = the_facts(**changes)
    report = examine(facts)
    assert name in [f"{c.category}.{c.name}" for c in report.warned]
    assert of(name, facts).meaning
    assert of(name, facts).remedy


def test_every_retired_name_comes_with_what_to_set_instead() -> None:
    settings = the_settings(environment_names=frozenset(RETIRED_NAMES))
    check = of("settings.names", the_facts(settings=settings))
    assert all(name in check.remedy for name in RETIRED_NAMES)


def test_ordinary_names_of_an_environment_are_nobodys_slip() -> None:
    usual = "PATH HOME LANG SHELL USER PWD TERM SSH_AUTH_SOCK XDG_RUNTIME_DIR LC_ALL VIRTUAL_ENV"
    settings = the_settings(environment_names=frozenset(usual.split()))
    assert of("settings.names", the_facts(settings=settings)).verdict is Verdict.PASS


def test_our_own_lock_is_in_nobodys_way() -> None:
    holder = HolderFact(pid=7, since=NOW, command="live", is_this_process=True)
    assert of("lock.holder", the_facts(holder=holder)).verdict is Verdict.PASS


def test_a_rehearsal_on_this_machine_is_no_foreign_host() -> None:
    settings = the_settings(
        address="http://127.0.0.1:8127", is_usual_address=False, is_rehearsal=True
    )
    assert of("settings.address", the_facts(settings=settings)).verdict is Verdict.PASS


def test_recorded_times_are_neither_late_nor_early() -> None:
    run = a_run(RunKind.REPLAY, last_cycle_at=at(), last_written_at=NOW - timedelta(days=1))
    facts = the_facts(store=a_store(run=run))
    assert of("run.last_cycle", facts).verdict is Verdict.PASS
    assert "recorded" in of("run.last_cycle", facts).observed
    assert of("clock.sane", facts).verdict is Verdict.PASS


def test_what_was_not_asked_is_skipped_and_fails_nothing() -> None:
    report = examine(the_facts(online=None, store=None))
    skipped = {f"{c.category}.{c.name}" for c in report.checks if c.verdict is Verdict.SKIP}
    assert report.verdict is Verdict.PASS
    assert {"clock.offset", "symbols.rules", "exchange.answers", "store.readable"} <= skipped


# --------------------------------------------------------------------- what a store tells


def a_ledger_event(seq: int, amount: str = "100") -> LedgerEvent:
    return LedgerEvent(
        id=EventId(f"capital:{seq}"),
        seq=seq,
        kind=LedgerEventKind.CAPITAL,
        cycle_id=CycleId("r1-00000001"),
        at=at(),
        asset=TRY,
        amount=d(amount),
    )


def stored(
    kind: RunKind = RunKind.DRY_RUN, status: OrderStatus = OrderStatus.OPEN, cash: str = ""
) -> MemoryStore:
    """A run with one order and two entries; `cash` falsifies the checkpoint."""
    store, events = MemoryStore(), [a_ledger_event(1), a_ledger_event(2)]
    ledger = fold(Ledger(quote=TRY), events)
    if cash:
        ledger = replace(ledger, cash_try=d(cash))
    row = replace(a_run(kind).row, started_at=at())
    with store.begin() as work:
        work.runs.open(row)
        work.orders.add_intents(row.id, [an_intent("c1")])
        work.orders.apply([], [an_order("c1", status=status)])
        work.ledger.append(row.id, events)
        work.checkpoints.save(row.id, CycleId("r1-00000001"), Carried(ledger=ledger))
        work.commit()
    return store


def test_a_store_without_a_run_has_nothing_to_tell() -> None:
    assert run_fact(MemoryStore(), NOW) is None


def test_events_that_fold_to_the_checkpoint_are_counted() -> None:
    found = run_fact(stored(), at(5))
    assert found is not None
    assert (found.ledger_events, found.ledger_problem) == (2, "")


def test_a_checkpoint_with_other_money_is_told_by_its_figures() -> None:
    found = run_fact(stored(cash="201"), at(5))
    assert found is not None
    assert "cash_try 200 and 201" in found.ledger_problem


def test_a_journal_that_cannot_be_folded_is_told_by_its_fault() -> None:
    sale = replace(
        a_ledger_event(3), kind=LedgerEventKind.FILL, symbol=BTC, side=Side.SELL, qty=d("1")
    )
    store = stored()
    with store.begin() as work:
        work.ledger.append(RunId("r1"), [sale])
        work.commit()
    found = run_fact(store, at(5))
    assert found is not None
    assert "sold 1, the ledger holds 0" in found.ledger_problem


@pytest.mark.parametrize(
    "status", [OrderStatus.UNKNOWN, OrderStatus.CANCEL_REQUESTED, OrderStatus.PLANNED]
)
def test_an_order_that_waits_for_evidence_is_stale_after_ten_minutes(status: OrderStatus) -> None:
    store, late = stored(status=status), int(STALE_AFTER.total_seconds())
    early, found = run_fact(store, at(late)), run_fact(store, at(late + 1))
    assert early is not None
    assert found is not None
    assert early.stale_orders == ()
    assert [(o.client_id, o.status, o.age_s) for o in found.stale_orders] == [("c1", status, 601)]


def test_an_order_that_rests_or_waits_in_recorded_time_is_not_stale() -> None:
    resting = run_fact(stored(), at(100_000))
    recorded = run_fact(stored(RunKind.REPLAY, OrderStatus.UNKNOWN), at(100_000))
    assert resting is not None
    assert recorded is not None
    assert resting.stale_orders == recorded.stale_orders == ()


# ------------------------------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_300, "2 h"), (200_000, "2 d")],
)
def test_an_age_is_told_in_the_unit_that_says_something(seconds: int, words: str) -> None:
    assert age_words(timedelta(seconds=seconds)) == words


def test_sizes_and_lists_fit_a_line() -> None:
    assert [size_words(n) for n in (12, 2_048, 3 * MIB)] == ["12 bytes", "2.0 KiB", "3.0 MiB"]
    assert some(range(10)) == "0, 1, 2, 3, 4, 5, 6, 7 and 2 more"
    assert some(()) == ""
