"""What can happen in a simulated story, as plain values: a failing seed can be written down."""

from enum import StrEnum
from typing import Literal

import msgspec

from btcbot_core.adapters.paper.endpoints import Endpoint
from btcbot_core.adapters.paper.faults import FaultKind


class Point(StrEnum):
    """Where the process can be cut, or a hand can act, within a turn."""

    ASK = "ask"  # before a question to the exchange
    SUBMIT_BEFORE = "submit-before"
    SUBMIT_AFTER = "submit-after"  # the exchange has it, the answer was not read yet
    CANCEL_BEFORE = "cancel-before"
    CANCEL_AFTER = "cancel-after"
    BEGIN = "begin"
    COMMIT_BEFORE = "commit-before"
    COMMIT_AFTER = "commit-after"
    OPEN = "open"  # while the process starts


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    at_s: int
    """Seconds from the story's beginning from which on it may happen."""


class Strike(_Event, frozen=True):
    """The next requests at an endpoint go wrong."""

    endpoint: Endpoint
    kind: FaultKind
    amount: str = ""
    times: int = 1


class Outage(_Event, frozen=True):
    """No request reaches the exchange for a while."""

    for_s: int


class Blind(_Event, frozen=True):
    """The next order gets no answer, and for a while the exchange shows nothing of what is new: no
    order, no trade. Its balances alone tell."""

    for_s: int


class Crash(_Event, frozen=True):
    """The process dies at the n-th passing of a point, and is started again later."""

    point: Point
    nth: int = 1
    down_s: int = 0


class Stop(_Event, frozen=True):
    """An orderly end, and a start later."""

    down_s: int = 0


class Jam(_Event, frozen=True):
    """The store is locked by somebody else, or its disk is full, for so many tries."""

    point: Point
    how: Literal["busy", "full"]
    nth: int = 1
    times: int = 1


class Jump(_Event, frozen=True):
    """The machine's clock is set."""

    by_s: int


class Drift(_Event, frozen=True):
    """From now on the machine's clock runs wrong."""

    ms_per_min: int


class Kill(_Event, frozen=True):
    """Somebody kills, from the console or from another process."""

    point: Point
    nth: int = 1
    by: Literal["console", "file"] = "file"


class Reset(_Event, frozen=True):
    """The operator takes the kill back."""


class Disarm(_Event, frozen=True):
    point: Point
    nth: int = 1


class Arm(_Event, frozen=True):
    """The operator arms, with the phrase."""

    minutes: int = 60


class Close(_Event, frozen=True):
    """The environment closes a gate for a while."""

    for_s: int


class Hand(_Event, frozen=True):
    """Somebody uses the account by hand: buys or sells at the market, leaves a bid far below,
    places the next order of ours that never arrives, or pulls what he left."""

    what: Literal["trade", "sell", "rest", "copy", "pull"]
    pair: int = 0
    """The first three are those that the bot trades."""


Event = (
    Strike
    | Outage
    | Blind
    | Crash
    | Stop
    | Jam
    | Jump
    | Drift
    | Kill
    | Reset
    | Disarm
    | Arm
    | Close
    | Hand
)


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """A seed for the market's walk, the bot's wiring, and everything that goes wrong."""

    seed: int
    events: tuple[Event, ...] = ()
    stage: Literal[3, 4] = 3
    is_unattended: bool = True
    cancel_delay_s: int = 0
    storm_s: int = 7200
    is_nameless: bool = False
    """Whether the exchange shows trades without their orders' names: a number is all they have."""


def written(story: Story) -> str:
    """The story as one line of JSON."""
    return msgspec.json.encode(story).decode()


def read(line: str) -> Story:
    return msgspec.json.decode(line, type=Story)
