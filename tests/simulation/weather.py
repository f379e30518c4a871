"""Makes a story's events happen: faults on the line, cuts, hands on the account, lying clocks."""

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import assert_never

from btcbot_core.adapters.latch import FileLatch, kill_path
from btcbot_core.adapters.paper.core import PaperCore
from btcbot_core.adapters.paper.endpoints import Endpoint
from btcbot_core.adapters.paper.faults import Fault, FaultKind, FaultPlan
from btcbot_core.adapters.paper.model import Method, PaperOrder, Ticket
from btcbot_core.app.frames import Arm as ArmCommand
from btcbot_core.app.frames import ResetKill, SelectArm
from btcbot_core.app.lease import Grant
from btcbot_core.app.session import Session
from btcbot_core.domain.errors import StoreBusyError, StoreError
from btcbot_core.domain.gates import Gates
from btcbot_core.domain.money import floor_to
from btcbot_core.domain.trading import Side
from tests.simulation.checker import PREFIX, Checker
from tests.simulation.door import ACCOUNT
from tests.simulation.events import (
    Arm,
    Blind,
    Close,
    Crash,
    Disarm,
    Drift,
    Event,
    Hand,
    Jam,
    Jump,
    Kill,
    Outage,
    Reset,
    Stop,
    Story,
    Strike,
)
from tests.simulation.hooks import Died, Hooks, Trap
from tests.simulation.market import RULES, SYMBOLS
from tests.simulation.virtual import MachineClock, VirtualTime
from tests.simulation.wiring import LIMITS, OPEN_GATES

SHUT = Gates(dry_run=False, kill_switch=False, live_trading=False, acknowledged=True)
RESTART_S = 30
"""How soon a bot that failed is started again by whoever looks after it."""
HAND_BUDGET_TRY = Decimal(300)
_OUT = Fault(FaultKind.TIMEOUT_BEFORE)
_UNANSWERED = Strike(at_s=0, endpoint=Endpoint.SUBMIT, kind=FaultKind.TIMEOUT_AFTER)
_BLINDING = (FaultKind.HIDE_ORDERS, FaultKind.LATE_FILLS)


class ScriptedPlan(FaultPlan):
    """What goes wrong with the next requests, as the story says it."""

    def __init__(self, time: VirtualTime) -> None:
        super().__init__(())
        self._time = time
        self._due: dict[Endpoint, deque[Fault]] = {}
        self.out_until_s = -1.0
        self._blind_until_s = -1.0
        self._hidden: dict[Endpoint, Fault] = {}
        self.struck = 0

    def add(self, strike: Strike) -> None:
        amount = Decimal(strike.amount) if strike.amount else Decimal(-1)
        word = SYMBOLS[0] if strike.kind is FaultKind.MISSING_PAIR else ""
        due = self._due.setdefault(strike.endpoint, deque())
        due.extend([Fault(strike.kind, amount, word)] * strike.times)

    def blind(self, for_s: int) -> None:
        """Show nothing that is younger than this, for as long."""
        self._blind_until_s = self._time.true_s + for_s
        hidden, late = (Fault(kind, Decimal(for_s)) for kind in _BLINDING)
        self._hidden = {
            Endpoint.OPEN_ORDERS: hidden,
            Endpoint.ORDER: hidden,
            Endpoint.MY_TRADES: late,
        }

    def clear(self) -> None:
        self._due.clear()
        self.out_until_s = self._blind_until_s = -1.0

    def draw(self, endpoint: Endpoint, elapsed_s: Decimal) -> tuple[Fault, ...]:  # noqa: ARG002
        """`elapsed_s` is not asked: the outage ends by the same clock that began it."""
        if self._time.true_s < self.out_until_s:
            self.struck += 1
            return (_OUT,)
        if endpoint in self._hidden and self._time.true_s < self._blind_until_s:
            return (self._hidden[endpoint],)
        due = self._due.get(endpoint)
        if not due:
            return ()
        self.struck += 1
        return (due.popleft(),)


@dataclass
class Scene:
    """What events can act upon."""

    time: VirtualTime
    checker: Checker
    hooks: Hooks
    core: PaperCore
    database: Path
    session: Session | None = None
    """The living process, if there is one."""
    is_stopping: bool = False
    """Whether it was asked to end."""


class Weather:
    """The scheduler: takes the story's events in their order and sets them off."""

    def __init__(self, scene: Scene, story: Story) -> None:
        self._scene = scene
        self._coming = deque(sorted(story.events, key=lambda event: event.at_s))
        self._operator = scene.checker.operator
        self.plan = ScriptedPlan(scene.time)
        self._down_s = RESTART_S
        self._cuts = 0
        self._copies = 0
        self.kills = 0
        self.is_calm = False

    @property
    def faults(self) -> int:
        """How many have struck so far."""
        return self.plan.struck + self._cuts

    def gates(self) -> Gates:
        """The environment, as it is now."""
        is_shut = self._scene.time.true_s < self._operator.gate_closed_until_s
        return SHUT if is_shut else OPEN_GATES

    def is_latched(self) -> bool:
        return kill_path(self._scene.database).exists()

    def down_s(self) -> int:
        """For how long a process that ended stays down; asked once for each end."""
        down_s, self._down_s = self._down_s, RESTART_S
        return down_s

    def between_turns(self) -> None:
        """Set off everything that has come due."""
        while self._coming and self._coming[0].at_s <= self._scene.time.true_s:
            self._happen(self._coming.popleft())
        if self._copies and (lost := self._lost()) is not None:
            self._copies -= 1
            self._scene.core.submit(ACCOUNT, lost, self._scene.time.now())

    def while_down(self) -> None:
        """Set off what has come due and needs no process."""
        now_s = self._scene.time.true_s
        due = [e for e in self._coming if isinstance(e, Hand) and e.at_s <= now_s]
        for event in due:
            self._coming.remove(event)
            self._happen(event)

    def calm(self) -> None:
        """Faults stop, and what the operator had closed he opens again."""
        if self.is_calm:
            return
        self.is_calm = True
        self.plan.clear()
        self._scene.hooks.clear()
        self._scene.time.drift = 0.0
        self._operator.gate_closed_until_s = -1.0
        self._reset()
        self._arm(240)

    def kill(self, by: str) -> None:
        """From here on nothing new may leave."""
        session = self._scene.session
        if by == "console" and session is not None:
            session.kill("operator", "simulated")
        else:
            clock = MachineClock(self._scene.time)
            FileLatch(kill_path(self._scene.database), clock).set("operator", "simulated")
        self.kills += 1
        self._operator.is_killed = True
        self._scene.checker.note("killed")

    def _happen(self, event: Event) -> None:
        self._scene.checker.note(type(event).__name__)
        match event:
            case Strike():
                self.plan.add(event)
            case Outage():
                self.plan.out_until_s = self._scene.time.true_s + event.for_s
            case Blind():
                self.plan.add(_UNANSWERED)
                self.plan.blind(event.for_s)
            case Crash() | Jam() | Kill() | Disarm():
                self._lay(event)
            case Jump() | Drift():
                self._set_clock(event)
            case Hand():
                self._use_by_hand(event)
            case Close():
                until_s = self._scene.time.true_s + event.for_s
                self._operator.gate_closed_until_s = until_s
            case Reset():
                self._reset()
            case Arm():
                self._arm(event.minutes)
            case Stop():
                self._stop(event)
            case _:
                assert_never(event)

    # ------------------------------------------------------------------------ cuts and acts

    def _lay(self, event: Crash | Jam | Kill | Disarm) -> None:
        """Lay a trap at a point that the process will pass."""
        times = event.times if isinstance(event, Jam) else 1
        self._scene.hooks.set(event.point, Trap(event.nth, lambda: self._act(event), times))

    def _act(self, event: Crash | Jam | Kill | Disarm) -> None:
        match event:
            case Crash():
                self._die(event.down_s)
            case Jam():
                self._jam(event.how)
            case Kill():
                self.kill(event.by)
            case Disarm():
                self._disarm()

    def _die(self, down_s: int) -> None:
        self._cuts += 1
        self._scene.checker.note("died")
        raise Died(down_s)

    def _jam(self, how: str) -> None:
        self._cuts += 1
        if how == "busy":
            raise StoreBusyError("the database is locked by another process: let it finish")
        raise StoreError("the database cannot grow, the disk is full: free some space")

    def _disarm(self) -> None:
        if self._scene.session is not None:
            self._scene.session.disarm("operator")
            self._operator.is_armed = False

    def _reset(self) -> None:
        session = self._scene.session
        if session is None or not self.is_latched():
            return
        session.watch.obey(ResetKill("operator", "simulated"))
        self._operator.is_killed = False

    def _arm(self, minutes: int) -> None:
        """As at the console: ask for the phrase, type it."""
        session = self._scene.session
        if session is None:
            return
        session.watch.obey(SelectArm())
        phrase = session.latest.arming.phrase
        grant = Grant(who="operator", why="simulated", limits=LIMITS, minutes=minutes)
        session.watch.obey(ArmCommand(grant, phrase))
        shown = session.latest.arming
        if shown.lease.is_armed and not shown.refused:
            self._operator.is_armed = True
            self._operator.armed_until_s = self._scene.time.true_s + minutes * 60

    def _stop(self, event: Stop) -> None:
        if self._scene.session is not None:
            self._down_s = event.down_s
            self._scene.is_stopping = True
            self._scene.session.stop()

    def _set_clock(self, event: Jump | Drift) -> None:
        if isinstance(event, Jump):
            self._scene.time.offset_s += event.by_s
        else:
            self._scene.time.drift = event.ms_per_min / 60_000

    # ------------------------------------------------------------------ hands on the account

    def _use_by_hand(self, event: Hand) -> None:
        core, now = self._scene.core, self._scene.time.now()
        if event.what == "pull":
            left = [order for order in core.open_orders(ACCOUNT) if not _is_ours(order)]
            for order in left[:1]:
                core.cancel(ACCOUNT, order.id, now)
        elif event.what == "copy":
            self._copies += 1
        elif (ticket := self._ticket(event)) is not None:
            core.submit(ACCOUNT, ticket, now)

    def _lost(self) -> Ticket | None:
        """What somebody places who sees that an order of ours never arrived: just the same."""
        checker = self._scene.checker
        for name in checker.waiting:
            intent = checker.sent[name]
            if name not in checker.placed:
                return Ticket(
                    symbol=intent.symbol,
                    side=intent.side,
                    method=Method.LIMIT,
                    qty=intent.qty,
                    price=intent.price,
                    client_id="by-hand",
                )
        return None

    def _ticket(self, event: Hand) -> Ticket | None:
        symbol = SYMBOLS[event.pair % len(SYMBOLS)]
        if event.what == "trade":
            return Ticket(symbol=symbol, side=Side.BUY, method=Method.MARKET, qty=HAND_BUDGET_TRY)
        rules, quote = RULES[symbol], self._scene.core.quote(symbol)
        if quote is None:
            return None
        price = floor_to(quote.bid / 2, rules.tick_size)
        qty = floor_to(HAND_BUDGET_TRY / price, rules.lot_step)
        return Ticket(symbol=symbol, side=Side.BUY, method=Method.LIMIT, qty=qty, price=price)


def _is_ours(order: PaperOrder) -> bool:
    return order.ticket.client_id.startswith(PREFIX)
