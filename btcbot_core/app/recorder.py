"""The flight recorder's side of a turn: notes what the turn is given, for the trace to keep."""

from collections.abc import Callable

import msgspec

from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.recording import (
    FIRST,
    NOTHING_SEEN,
    Saw,
    record,
    record_second,
    record_used,
    seen_by,
)
from btcbot_core.domain.ids import CycleId
from btcbot_core.domain.trading import Answer


class Recorder:
    """One turn at a time. Only what was committed counts as seen before.

    `whose` is asked which cycle's state the store holds, where a turn goes on from another one
    than the last committed cycle handed on.
    """

    def __init__(self, whose: Callable[[], CycleId | None]) -> None:
        self._whose = whose
        self._seen = FIRST
        self._accounts = FIRST.accounts
        self._answers: list[Answer] = []
        self._saw = NOTHING_SEEN

    def gathered(self, cycle: Cycle) -> Cycle:
        """A turn begins with this; whatever an earlier one noted and never committed is gone."""
        self._answers = []
        self._accounts = cycle.accounts
        self._saw = record(self._seen, cycle)
        if self._saw.carried is not None:
            self._saw = msgspec.structs.replace(self._saw, whose=self._whose())
        return cycle

    def answered(self, answer: Answer) -> Answer:
        self._answers.append(answer)
        return answer

    def heard_again(self, cycle: Cycle) -> Cycle:
        self._saw = record_second(self._saw, self._accounts, tuple(self._answers), cycle)
        return cycle

    def finished(self, cycle: Cycle) -> Saw:
        """All that the turn was given, to be committed with it."""
        return record_used(self._seen, self._saw, cycle)

    def committed(self, cycle: Cycle) -> None:
        self._seen = seen_by(cycle)
