"""Bots that are broken on purpose, each in one part: what a simulation is worth is what it catches.

Each replaces one real part by a broken one; no switch in the product knows of them.
"""

import msgspec

from btcbot_core.app.gate import Permit
from btcbot_core.app.lease import Lease
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.gates import Refusal
from btcbot_core.ports import KillLatch
from tests.simulation.broken_exchanges import (
    BooksAFillTwice,
    CancelsWhatIsNotOurs,
    CountsFeesInFloats,
    DropsLateFills,
    MovesItsCursorBeforeTheCommit,
    RepeatsToTheOperatorWhatItHeard,
    RetriesAPost,
    SendsAgainWhatItDoesNotFind,
    StoresItsKeyWithAnAnswer,
    TakesACancelForDone,
    TakesNoAnswerForANo,
)
from tests.simulation.broken_steps import (
    AddsRiskWhileAnOrderIsUnknown,
    AdoptsByPriceAndSize,
    ForgetsUnknownOrders,
    GivesUpAfterOneAbsence,
    GivesUpWhateverTheBalancesSay,
    IgnoresHandsElsewhere,
    LosesEventsThatChangeNoStatus,
    PlansWhateverTheModeSays,
)
from tests.simulation.broken_stores import (
    ArmsWithoutAWord,
    BooksTheLedgerApart,
    GoesOnWhenTheDiskIsFull,
    ResetsWithoutAWord,
    RestartsWithoutItsOrders,
    SendsBeforeItStores,
    StartsAtTheFootOfTheLadder,
    TellsItsWitnessBeforeItStores,
)
from tests.simulation.wiring import Tampering

replace = msgspec.structs.replace


class _BlindPermit(Permit):
    def __call__(self) -> Refusal | None:
        return None if self.lease is None else self.lease.refusal()


class SkipsTheLatch(Tampering):
    def permit(self, latch: KillLatch, lease: Lease) -> Permit:
        return _BlindPermit(latch, lease)


class _ForgetfulPermit(Permit):
    def __init__(self, latch: KillLatch, lease: Lease) -> None:
        super().__init__(latch, lease)
        self._refused = Refusal(Reason.KILLED, "killed") if latch.is_set() else None

    def __call__(self) -> Refusal | None:
        """As it was at the start."""
        return self._refused or (None if self.lease is None else self.lease.refusal())


class ReadsTheLatchOnceAStart(Tampering):
    def permit(self, latch: KillLatch, lease: Lease) -> Permit:
        return _ForgetfulPermit(latch, lease)


class ForgetsTheLease(Tampering):
    def permit(self, latch: KillLatch, lease: Lease) -> Permit:
        del lease
        return Permit(latch, None)


class LogsWithoutKnowingItsKey(Tampering):
    def secrets(self) -> tuple[str, ...]:
        return ()


BROKEN: tuple[type[Tampering], ...] = (
    SendsBeforeItStores,
    GoesOnWhenTheDiskIsFull,
    TellsItsWitnessBeforeItStores,
    BooksTheLedgerApart,
    RetriesAPost,
    SendsAgainWhatItDoesNotFind,
    TakesNoAnswerForANo,
    ForgetsUnknownOrders,
    GivesUpAfterOneAbsence,
    GivesUpWhateverTheBalancesSay,
    AdoptsByPriceAndSize,
    DropsLateFills,
    BooksAFillTwice,
    MovesItsCursorBeforeTheCommit,
    IgnoresHandsElsewhere,
    CountsFeesInFloats,
    TakesACancelForDone,
    CancelsWhatIsNotOurs,
    SkipsTheLatch,
    ReadsTheLatchOnceAStart,
    ForgetsTheLease,
    RestartsWithoutItsOrders,
    StartsAtTheFootOfTheLadder,
    ResetsWithoutAWord,
    ArmsWithoutAWord,
    LosesEventsThatChangeNoStatus,
    AddsRiskWhileAnOrderIsUnknown,
    PlansWhateverTheModeSays,
    RepeatsToTheOperatorWhatItHeard,
    StoresItsKeyWithAnAnswer,
    LogsWithoutKnowingItsKey,
)
