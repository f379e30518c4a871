"""Ids, and how each is derived: equal inputs give equal ids in every process (DEC-18)."""

from collections.abc import Iterable
from decimal import Decimal
from hashlib import sha256
from typing import NewType

from btcbot_core.domain.money import canonical

RunId = NewType("RunId", str)
CycleId = NewType("CycleId", str)
ClientId = NewType("ClientId", str)
FillId = NewType("FillId", str)
EventId = NewType("EventId", str)

CLIENT_ID_LENGTH_MAX = 36


def digest(parts: Iterable[str], length: int = 24) -> str:
    """A short hash over named parts; `|` cannot occur in a part of ours."""
    return sha256("|".join(parts).encode()).hexdigest()[:length]


def recorded_run_id(dataset: str, settings: str, seed: int, window: str, ordinal: int) -> RunId:
    """The id of a run on recorded data: what went in, and which run on this database it is."""
    return RunId("r" + digest(("v1", dataset, settings, str(seed), window, str(ordinal)), 16))


def cycle_id(run: RunId, step: int) -> CycleId:
    """Readable and sortable within its run."""
    return CycleId(f"{run}-{step:08d}")


def fill_event_id(fill: FillId) -> EventId:
    """The ledger's name for the booking of a trade: it is booked once."""
    return EventId(f"fill:{fill}")


def flow_event_id(fill: FillId, number: int) -> EventId:
    """The ledger's name for one of the flows of a trade by hand, from 1 on."""
    return EventId(f"flow:{fill}:{number}")


def booked_ids(fill: FillId) -> tuple[EventId, EventId]:
    """A trade that is booked has an entry under at least one of these names."""
    return fill_event_id(fill), flow_event_id(fill, 1)


def client_id(
    prefix: str, start: str, parts: tuple[CycleId, str, str, str, Decimal, Decimal, int]
) -> ClientId:
    """The name under which an order is sent: the same decision of a start always gets the same one.

    `parts` are cycle, symbol, side, type, price, quantity and the attempt's ordinal. A resend
    cannot trade twice, because nothing is sent under a name that the store already holds. What a
    store has forgotten is guarded by `start`, the random word of a start on live data: no other
    start comes to the same names. Recorded data have none (docs/adr/0011).
    """
    cycle, symbol, side, kind, price, qty, ordinal = parts
    run = cycle.rpartition("-")[0]
    named = ["v1", run, cycle, symbol, side, kind, canonical(price), canonical(qty), str(ordinal)]
    if start:
        named.append(start)
    return ClientId(f"{prefix}-{digest(named, CLIENT_ID_LENGTH_MAX - len(prefix) - 1)}"[:36])
