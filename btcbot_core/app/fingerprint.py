"""One hash over everything that a run's cycles made of their inputs, in their order.

Inputs and seal are left out: what a cycle noted of its inputs differs after a restart, what it
decided does not.
"""

from hashlib import sha256

from btcbot_core.domain.ids import RunId
from btcbot_core.domain.records import CycleRow
from btcbot_core.ports import UnitOfWork

PAGE = 500
_INPUTS, _SEAL = b',"saw":', b',"seal":'


class Fingerprint:
    """Add cycles in their order; equal runs give equal values."""

    def __init__(self) -> None:
        self._hash = sha256(b"v1")
        self.cycles = 0

    def add(self, row: CycleRow) -> None:
        self._hash.update(f"|{row.step}|".encode())
        self._hash.update(outcome_of(row.trace))
        self.cycles += 1

    @property
    def value(self) -> str:
        return self._hash.hexdigest()


def outcome_of(trace: bytes) -> bytes:
    """A stored record up to its inputs. Keys stand unescaped only outside of texts."""
    head, mark, _ = trace.partition(_INPUTS)
    return head if mark else trace.rpartition(_SEAL)[0] or trace


def read_fingerprint(work: UnitOfWork, run: RunId) -> Fingerprint:
    """The fingerprint of what is stored of a run, read page by page."""
    found, step = Fingerprint(), -1
    while rows := work.cycles.after(run, step, PAGE):
        for row in rows:
            found.add(row)
        step = rows[-1].step
    return found
