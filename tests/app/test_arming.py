"""The lease and its ceremony: in how many ways it ends, and how few let it begin."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from btcbot_core.adapters.latch import FileLatch
from btcbot_core.app.arming import CHALLENGE_S, Arming, Situation
from btcbot_core.app.gate import Permit, WriteGate
from btcbot_core.app.lease import Grant, Lease, LeaseLimits, Standing
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.domain.codes import AnomalyCode, Reason, Severity
from btcbot_core.domain.gates import Gates
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import AnswerKind, OrderEvent, OrderEventKind, OrderStatus
from btcbot_core.risk.anomalies import Anomaly
from tests.build import BTC, a_cycle, an_intent, an_order, at, quote
from tests.story.worlds import HandClock, HandExchange

OPEN = Gates(dry_run=False, kill_switch=False, live_trading=True, acknowledged=True)
LIMITS = LeaseLimits(
    max_order_try=Decimal(200), max_exposure_try=Decimal(500), max_open_orders=2, symbols=(BTC,)
)
GRANT = Grant(who="ops", why="canary", limits=LIMITS, minutes=30)
NOWHERE = Standing(exposure_try=Decimal(0), open_orders=0)


@dataclass
class Bench:
    """A lease with everything around it, and a clock that only the test moves."""

    folder: Path
    clock: HandClock = field(default_factory=HandClock)
    gates: Gates = OPEN
    digest: str = "d"

    def __post_init__(self) -> None:
        self.lease = Lease(self.clock)
        self.arming = Arming(self.lease, self.clock, self.situation, "box")
        self.latch = FileLatch(self.folder / "x.kill", self.clock)
        self.exchange = HandExchange(self.clock)
        self.gate = WriteGate(self.exchange, Permit(self.latch, self.lease), self.clock)

    def situation(self) -> Situation:
        return Situation(self.gates, self.digest)

    def arm(self, grant: Grant = GRANT, cycle: Cycle | None = None) -> str:
        known = fresh() if cycle is None else cycle
        phrase = self.arming.select(known)
        return self.arming.grant(grant, phrase, known, self.latch.is_set())

    def changed(self) -> "Bench":
        """With other settings on the disk than those that were armed."""
        self.digest = "other"
        return self

    def pass_s(self, seconds: float) -> None:
        self.clock.real_s += seconds
        self.clock.now_ += timedelta(seconds=seconds)


def fresh() -> Cycle:
    return a_cycle(quotes=(quote(),))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


CLOSED_EACH: dict[str, Gates] = {
    "DRY_RUN": msgspec.structs.replace(OPEN, dry_run=True),
    "KILL_SWITCH": msgspec.structs.replace(OPEN, kill_switch=True),
    "LIVE_TRADING": msgspec.structs.replace(OPEN, live_trading=False),
    "LIVE_TRADING_ACK": msgspec.structs.replace(OPEN, acknowledged=False),
}


@pytest.mark.parametrize("flags", list(itertools.product((False, True), repeat=6)))
def test_an_order_leaves_in_exactly_one_of_all_combinations(
    tmp_path: Path, flags: tuple[bool, ...]
) -> None:
    """Four gates, the latch and the lease: every one must be as it should."""
    dry, switch, live, acknowledged, is_killed, wants_lease = flags
    bench = Bench(tmp_path)
    bench.gates = Gates(
        dry_run=dry, kill_switch=switch, live_trading=live, acknowledged=acknowledged
    )
    if is_killed:
        bench.latch.set("ops", "test")
    refused = bench.arm() if wants_lease else "nobody asked"
    answer = bench.gate.submit(an_intent(), NOWHERE)
    is_the_one = flags == (False, False, True, True, False, True)
    assert (answer.kind is AnswerKind.ACKED) is is_the_one
    assert len(bench.exchange.submits) == int(is_the_one)
    if wants_lease:
        named = [name for name in bench.gates.closed if name not in refused]
        assert named == []
        assert ("kill latch" in refused) is is_killed


@pytest.mark.parametrize("name", list(CLOSED_EACH))
def test_a_gate_that_closes_ends_the_lease(bench: Bench, name: str) -> None:
    assert bench.arm() == ""
    bench.gates = CLOSED_EACH[name]
    assert name in bench.arming.review(fresh(), is_killed=False)
    assert bench.gate.submit(an_intent(), NOWHERE).code == Reason.NOT_ARMED


def odd(severity: Severity) -> Cycle:
    """A cycle that found books and balances apart."""
    found = (Anomaly(AnomalyCode.PNL_DIVERGENCE, severity, "412", "250"),)
    return msgspec.structs.replace(fresh(), anomalies=found)


def test_a_warning_takes_no_lease_back(bench: Bench) -> None:
    assert bench.arm() == ""
    assert bench.arming.review(odd(Severity.WARN), is_killed=False) == ""
    assert bench.lease.view().is_armed


def unanswered(cycle: Cycle) -> Cycle:
    event = OrderEvent(
        client_id=an_order().client_id,
        seq=2,
        cycle_id=cycle.id,
        at=at(),
        kind=OrderEventKind.NO_ANSWER,
        before=OrderStatus.PLANNED,
        after=OrderStatus.UNKNOWN,
    )
    return msgspec.structs.replace(cycle, order_events=(event,))


@pytest.mark.parametrize(
    ("happens", "because"),
    [
        (lambda b: b.pass_s(30 * 60), "ran out"),
        (lambda b: setattr(b.clock, "now_", b.clock.now_ + timedelta(hours=1)), "clock jumped"),
        (lambda b: setattr(b.clock, "real_s", b.clock.real_s + 600), "clock jumped"),
        (lambda b: b.lease.end("disarmed by ops"), "disarmed by ops"),
        (lambda b: b.latch.set("ops", "x") and b.arming.review(fresh(), True), "killed"),
        (lambda b: b.changed().arming.review(fresh(), False), "settings"),
        (lambda b: b.arming.review(a_cycle(), False), "stale"),
        (lambda b: b.arming.review(a_cycle(quotes=(quote(age_s=16),)), False), "stale"),
        (lambda b: b.arming.review(unanswered(fresh()), False), "first order's outcome"),
        (lambda b: b.arming.review(odd(Severity.ERROR), False), "error was found: PNL_DIVERGENCE"),
    ],
)
def test_everything_that_takes_the_lease_back(
    bench: Bench, happens: Callable[[Bench], object], because: str
) -> None:
    assert bench.arm() == ""
    assert bench.gate.submit(an_intent(), NOWHERE).kind is AnswerKind.ACKED
    happens(bench)
    view = bench.lease.view()
    assert not view.is_armed
    assert because in view.ended_because
    refused = bench.gate.submit(an_intent("c2"), NOWHERE)
    assert refused.kind is AnswerKind.NOT_SENT
    assert len(bench.exchange.submits) == 1


def test_a_restart_is_disarmed(bench: Bench) -> None:
    assert bench.arm() == ""
    again = Bench(bench.folder)
    assert again.gate.submit(an_intent(), NOWHERE).code == Reason.NOT_ARMED


@pytest.mark.parametrize(
    "typed", ["", "ARM", "arm 1-1 box", "ARM 1-1 box ", "ARM 1-2 box", "R" * 99]
)
def test_a_phrase_that_is_not_typed_as_shown_arms_nothing(bench: Bench, typed: str) -> None:
    assert bench.arming.select(fresh()) == "ARM 1-1 box"
    assert "phrase" in bench.arming.grant(GRANT, typed, fresh(), is_killed=False)
    assert not bench.lease.view().is_armed


def test_a_phrase_is_good_once_and_only_the_newest(bench: Bench) -> None:
    first = bench.arming.select(fresh())
    second = bench.arming.select(fresh())
    assert first != second
    assert "phrase" in bench.arming.grant(GRANT, first, fresh(), is_killed=False)
    assert "no longer good" in bench.arming.grant(GRANT, second, fresh(), is_killed=False)


def test_an_old_phrase_arms_nothing(bench: Bench) -> None:
    phrase = bench.arming.select(fresh())
    bench.pass_s(CHALLENGE_S + 1)
    assert "no longer good" in bench.arming.grant(GRANT, phrase, fresh(), is_killed=False)


@pytest.mark.parametrize(
    "grant",
    [
        msgspec.structs.replace(GRANT, minutes=0),
        msgspec.structs.replace(GRANT, minutes=241),
        msgspec.structs.replace(GRANT, why="  "),
    ],
)
def test_a_grant_without_bounds_or_reason_arms_nothing(bench: Bench, grant: Grant) -> None:
    assert bench.arm(grant) != ""
    assert not bench.lease.view().is_armed


@pytest.mark.parametrize(
    ("cycle", "name"),
    [
        (a_cycle(), "data fresh"),
        (a_cycle(quotes=(quote(age_s=60),)), "data fresh"),
        (a_cycle(quotes=(quote(),), orders=(an_order(status=OrderStatus.UNKNOWN),)), "unknown"),
        (a_cycle(quotes=(quote(),), balances={}), "balances"),
        (odd(Severity.ERROR), "no error: PNL_DIVERGENCE"),
    ],
)
def test_a_condition_that_does_not_hold_is_named(bench: Bench, cycle: Cycle, name: str) -> None:
    assert name in bench.arm(cycle=cycle)


def test_before_the_first_cycle_nothing_is_armed(bench: Bench) -> None:
    phrase = bench.arming.select(None)
    assert "first cycle" in bench.arming.grant(GRANT, phrase, None, is_killed=False)


@pytest.mark.parametrize(
    ("qty", "symbol", "standing", "is_over"),
    [
        ("2", "BTCTRY", NOWHERE, False),
        ("2.01", "BTCTRY", NOWHERE, True),
        ("1", "ETHTRY", NOWHERE, True),
        ("1", "BTCTRY", Standing(exposure_try=Decimal(401), open_orders=0), True),
        ("1", "BTCTRY", Standing(exposure_try=Decimal(400), open_orders=0), False),
        ("1", "BTCTRY", Standing(exposure_try=Decimal(0), open_orders=2), True),
    ],
)
def test_every_order_is_held_against_what_was_granted(
    bench: Bench, qty: str, symbol: str, standing: Standing, is_over: bool
) -> None:
    assert bench.arm() == ""
    intent = msgspec.structs.replace(an_intent(qty=qty), symbol=Symbol(symbol))
    answer = bench.gate.submit(intent, standing)
    assert (answer.code == Reason.OVER_LEASE_LIMIT) is is_over


@pytest.fixture
def unattended(bench: Bench) -> Bench:
    forever = msgspec.structs.replace(GRANT, minutes=None)
    bench.arming = Arming(bench.lease, bench.clock, bench.situation, "box", unattended=forever)
    return bench


def test_the_environment_alone_arms_the_unattended_runner(unattended: Bench) -> None:
    assert unattended.arming.grant_unattended(None, is_killed=False) == ""
    assert "environment" in unattended.arming.grant_unattended(fresh(), is_killed=False)
    unattended.pass_s(10 * 24 * 3600)
    assert unattended.gate.submit(an_intent(), NOWHERE).kind is AnswerKind.ACKED


def test_stale_data_do_not_disarm_the_unattended_runner_but_closed_gates_do(
    unattended: Bench,
) -> None:
    unattended.arming.grant_unattended(fresh(), is_killed=False)
    assert unattended.arming.review(a_cycle(), is_killed=False) == ""
    unattended.gates = CLOSED_EACH["LIVE_TRADING"]
    assert "LIVE_TRADING" in unattended.arming.review(fresh(), is_killed=False)
    unattended.gates = OPEN
    assert unattended.arming.grant_unattended(fresh(), is_killed=False) == ""


def test_a_suspended_machine_is_armed_again_by_its_environment_once_data_are_fresh(
    unattended: Bench,
) -> None:
    unattended.arming.grant_unattended(fresh(), is_killed=False)
    unattended.clock.now_ += timedelta(minutes=10)
    assert unattended.gate.submit(an_intent(), NOWHERE).code == Reason.NOT_ARMED
    assert unattended.arming.grant_unattended(a_cycle(), is_killed=False) == ""
    assert unattended.arming.grant_unattended(fresh(), is_killed=False) != ""


def test_a_cancel_needs_no_lease(bench: Bench) -> None:
    bench.arm()
    placed = bench.gate.submit(an_intent(), NOWHERE)
    bench.latch.set("ops", "enough")
    order = msgspec.structs.replace(an_order(), exchange_id=placed.exchange_id)
    assert bench.gate.cancel(order).kind is AnswerKind.ACKED
