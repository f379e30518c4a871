"""Whether two runs did the same: one hash over all that decides, and where they first part.

Values count, not spellings; and what a run was called does not: orders are known by the order in
which they were decided, cycles by their number. So a backtest may be held against a dry run.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from itertools import zip_longest

import msgspec

from btcbot_core.app.comparing import ABSENT, Difference, first_difference
from btcbot_core.app.figures import rebalancing, study
from btcbot_core.cycle.trace import Trace, without_inputs
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.money import NotANumberError, canonical, decimal_from
from btcbot_core.domain.records import CycleRow, RunRow
from btcbot_core.ports import Progress, UnitOfWork, unheard

FINGERPRINT_VERSION = 1

_LEFT_OUT = frozenset({"v", "quotes", "ages", "book", "evidence", "request_id"})
"""Versions, inputs and words. What the inputs led to is all there."""
_NAMES = frozenset({"client_id", "exchange_id", "cycle_id", "id", "old"})
"""Names that a run gives; what they name is told by its number."""


class Window(msgspec.Struct, frozen=True):
    """From when to when, both included; None is without end."""

    start: datetime | None = None
    end: datetime | None = None

    def holds(self, at: datetime) -> bool:
        return (self.start is None or at >= self.start) and (self.end is None or at <= self.end)


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One of two runs."""

    run: str
    stage: str
    kind: str
    source: str
    settings_digest: str
    seed: int
    cycles: int
    fingerprint: str


class Parity(msgspec.Struct, frozen=True, kw_only=True):
    """What comparing two runs came to."""

    match: bool
    fingerprint_a: str
    fingerprint_b: str
    a: Compared
    b: Compared
    step: int | None = None
    """The first cycle that differs, by its number in its run."""
    at: datetime | None = None
    field: str = ""
    in_a: str = ""
    in_b: str = ""
    warnings: tuple[str, ...] = ()


class _Item(msgspec.Struct, frozen=True):
    step: int
    at: datetime
    values: Mapping[str, object]


class _Chain:
    """A hash over cycle after cycle: it stands for all of them, in their order."""

    def __init__(self) -> None:
        self._hash = sha256(f"btcbot parity {FINGERPRINT_VERSION}".encode())
        self.cycles = 0

    def add(self, item: _Item | None) -> None:
        if item is not None:
            self._hash.update(b"\n" + _ENCODER.encode(item.values))
            self.cycles += 1

    @property
    def value(self) -> str:
        return self._hash.hexdigest()


_ENCODER = msgspec.json.Encoder(order="deterministic")


def compare(
    a: tuple[UnitOfWork, RunRow],
    b: tuple[UnitOfWork, RunRow],
    window: Window,
    progress: Progress,
) -> Parity:
    """Walk both runs side by side. Raises ConfigError where either has no cycle in the window."""
    chains = _Chain(), _Chain()
    parted: tuple[_Item | None, _Item | None, Difference] | None = None
    for one, other in zip_longest(_items(*a, window, progress), _items(*b, window, unheard)):
        chains[0].add(one)
        chains[1].add(other)
        if parted is None:
            found = first_difference(_values(one), _values(other))
            parted = None if found is None else (one, other, found)
    for chain, (_, run) in zip(chains, (a, b), strict=True):
        if not chain.cycles:
            raise ConfigError(f"run {run.id} has no cycle to compare in this window")
    first = parted[0] or parted[1] if parted else None
    found = parted[2] if parted else Difference("", "", "")
    return Parity(
        match=chains[0].value == chains[1].value,
        fingerprint_a=chains[0].value,
        fingerprint_b=chains[1].value,
        a=_side(a[1], chains[0]),
        b=_side(b[1], chains[1]),
        step=first.step if first else None,
        at=first.at if first else None,
        field=found.field,
        in_a=found.first,
        in_b=found.second,
        warnings=_warnings(a[1], b[1]),
    )


def _values(item: _Item | None) -> object:
    return ABSENT if item is None else item.values


def _items(work: UnitOfWork, run: RunRow, window: Window, progress: Progress) -> Iterator[_Item]:
    numbers: dict[str, str] = {}
    count = 0
    for cycle in study(work, run.id, progress):
        values = _decided(cycle.row, cycle.trace, numbers)
        if window.holds(cycle.row.at):
            yield _Item(count, cycle.row.at, values)
            count += 1


def _decided(row: CycleRow, record: Trace, numbers: dict[str, str]) -> dict[str, object]:
    """All that a cycle decided and came to, with orders by their number."""
    for intent in record.intents:
        numbers.setdefault(intent.client_id, f"order {len(numbers)}")
    own = rebalancing(record)
    record_ = msgspec.structs.replace(record, extra={})
    plain: dict[str, object] = msgspec.to_builtins(without_inputs(record_))
    plain["at"] = row.at.isoformat()
    plain["drawdown"] = canonical(row.drawdown_ratio)
    plain["orders_open"] = row.orders_open
    plain["universe"] = [quote.symbol for quote in record.quotes]
    plain["rebalance"] = msgspec.to_builtins(own)
    return {
        name: _plain(value, name, numbers) for name, value in plain.items() if name not in _LEFT_OUT
    }


def _plain(value: object, name: str, numbers: Mapping[str, str]) -> object:
    if isinstance(value, dict):
        return {
            key: _plain(each, key, numbers)
            for key, each in value.items()
            if key not in _LEFT_OUT and (key not in _NAMES or key == "client_id")
        }
    if isinstance(value, list | tuple):
        return [_plain(each, name, numbers) for each in value]
    if not isinstance(value, str):
        return value
    return numbers.get(value) or _number(value)


def _number(text: str) -> str:
    try:
        return canonical(decimal_from(text))
    except NotANumberError:
        return text


def _side(run: RunRow, chain: _Chain) -> Compared:
    return Compared(
        run=run.id,
        stage=run.stage,
        kind=run.kind,
        source=run.source,
        settings_digest=run.settings_digest,
        seed=run.seed,
        cycles=chain.cycles,
        fingerprint=chain.value,
    )


def _warnings(a: RunRow, b: RunRow) -> tuple[str, ...]:
    named = ("stage", "source", "settings_digest", "seed")
    return tuple(
        f"the runs differ in their {name}: {getattr(a, name)} and {getattr(b, name)}"
        for name in named
        if getattr(a, name) != getattr(b, name)
    )
