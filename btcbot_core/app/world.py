"""The ports of one run, wired together; `bootstrap` alone makes one."""

from collections.abc import Callable
from dataclasses import dataclass

from btcbot_core.app.gate import Permit
from btcbot_core.cycle.cycle import ALL_WELL, Vitals
from btcbot_core.domain.witness import Witness
from btcbot_core.ports import Clock, ExchangePort, KillLatch, MarketDataPort, Store, Timeline


@dataclass(frozen=True, slots=True)
class Ports:
    """Which world a run works against. Live, dry run and replay differ in nothing else."""

    clock: Clock
    """The run's time: on recorded data the recording's."""
    wall: Clock
    """The machine's time, for acts of people: a kill is set now, whatever night is replayed."""
    timeline: Timeline
    market: MarketDataPort
    exchange: ExchangePort
    store: Store
    latch: KillLatch
    permit: Permit
    vitals: Callable[[], Vitals] = lambda: ALL_WELL
    """How the line to the exchange has been since the last cycle."""
    witness: Callable[[Witness], None] = lambda _witness: None
    """Told, before its first order leaves, what a turn has made durable. Raises StoreError."""
    is_shared: bool = False
    """Whether others may trade on the account too: then all of it is listened to."""
