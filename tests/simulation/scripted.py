"""What goes wrong with the next requests, as a story says it."""

from collections import deque
from decimal import Decimal

from btcbot_core.adapters.paper.endpoints import Endpoint
from btcbot_core.adapters.paper.faults import Fault, FaultKind, FaultPlan
from tests.simulation.events import (
    Strike,
)
from tests.simulation.market import SYMBOLS
from tests.simulation.virtual import VirtualTime

_OUT = Fault(FaultKind.TIMEOUT_BEFORE)
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
