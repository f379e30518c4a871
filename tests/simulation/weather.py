"""Makes a story's events happen: faults on the line, cuts, hands on the account, lying clocks."""

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from btcbot_core.adapters.latch import FileLatch, kill_path
from btcbot_core.adapters.paper.core import PaperCore
from btcbot_core.adapters.paper.endpoints import Endpoint
from btcbot_core.adapters.paper.faults import FaultKind
from btcbot_core.app.frames import Arm as ArmCommand
from btcbot_core.app.frames import ResetKill, SelectArm
from btcbot_core.app.lease import Grant
from btcbot_core.app.session import Session
from btcbot_core.domain.errors import StoreBusyError, StoreError
from btcbot_core.domain.gates import Gates
from tests.simulation.checker import Checker
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
from tests.simulation.hands import Hands
from tests.simulation.hooks import Died, Hooks, Trap
from tests.simulation.scripted import ScriptedPlan
from tests.simulation.virtual import MachineClock, VirtualTime
from tests.simulation.wiring import LIMITS, OPEN_GATES

SHUT = Gates(dry_run=False, kill_switch=False, live_trading=False, acknowledged=True)
RESTART_S = 30
"""How soon a bot that failed is started again by whoever looks after it."""
_UNANSWERED = Strike(at_s=0, endpoint=Endpoint.SUBMIT, kind=FaultKind.TIMEOUT_AFTER)


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


class Weather:
    """The scheduler: takes the story's events in their order and sets them off."""

    def __init__(self, scene: Scene, story: Story) -> None:
        self._scene = scene
        self._coming = deque(sorted(story.events, key=lambda event: event.at_s))
        self._operator = scene.checker.operator
        self._hands = Hands(scene.core, scene.checker)
        self.plan = ScriptedPlan(scene.time)
        self._down_s = RESTART_S
        self._cuts = 0
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
        self._hands.copy_what_was_lost()

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
                self._hands.use(event)
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
            self._scene.session.stop()

    def _set_clock(self, event: Jump | Drift) -> None:
        if isinstance(event, Jump):
            self._scene.time.offset_s += event.by_s
        else:
            self._scene.time.drift = event.ms_per_min / 60_000
