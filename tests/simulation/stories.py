"""From a random seed to a story: two hours in which everything may go wrong that can be named."""

from collections.abc import Callable
from random import Random
from typing import Literal

from btcbot_core.adapters.paper.endpoints import Endpoint
from btcbot_core.adapters.paper.faults import FaultKind
from tests.simulation import events as may
from tests.simulation.events import Event, Point, Story, Strike

STORM_S = 7200

_WRITES = (Endpoint.SUBMIT, Endpoint.CANCEL)
_READS = (Endpoint.BALANCES, Endpoint.OPEN_ORDERS, Endpoint.ORDER, Endpoint.MY_TRADES)
_LOST = (
    FaultKind.TIMEOUT_BEFORE,
    FaultKind.TIMEOUT_AFTER,
    FaultKind.RESET,
    FaultKind.HTML_AFTER,
    FaultKind.TOO_MANY,
)
_STRIKES: tuple[tuple[tuple[Endpoint, ...], tuple[FaultKind, ...], tuple[str, ...]], ...] = (
    (_WRITES, _LOST, ("",)),
    (
        (Endpoint.SUBMIT,),
        (FaultKind.TIMEOUT_AFTER, FaultKind.HTML_AFTER, FaultKind.TIMEOUT_BEFORE),
        ("",),
    ),
    ((Endpoint.SUBMIT,), (FaultKind.STATUS,), ("503",)),
    ((Endpoint.CANCEL,), (FaultKind.CANCEL_THEN_FILL,), ("",)),
    (_READS, (*_LOST, FaultKind.MAINTENANCE, FaultKind.UNAUTHORIZED), ("",)),
    ((Endpoint.OPEN_ORDERS, Endpoint.ORDER), (FaultKind.HIDE_ORDERS,), ("5", "30", "60")),
    ((Endpoint.MY_TRADES,), (FaultKind.LATE_FILLS,), ("5", "30", "90")),
    ((Endpoint.MY_TRADES,), (FaultKind.DUPLICATE_FILLS, FaultKind.REORDER_FILLS), ("",)),
    (
        (Endpoint.ORDERBOOK,),
        (
            FaultKind.FROZEN_BOOK,
            FaultKind.CROSSED_BOOK,
            FaultKind.NAN_PRICE,
            FaultKind.MISSING_PAIR,
        ),
        ("",),
    ),
    ((Endpoint.EXCHANGE_INFO,), (FaultKind.MISSING_PAIR,), ("",)),
    ((Endpoint.EXCHANGE_INFO,), (FaultKind.SCALE,), ("1", "-1")),
)
_CUTS = (
    Point.ASK,
    Point.SUBMIT_BEFORE,
    Point.SUBMIT_AFTER,
    Point.SUBMIT_AFTER,
    Point.CANCEL_BEFORE,
    Point.CANCEL_AFTER,
    Point.BEGIN,
    Point.COMMIT_BEFORE,
    Point.COMMIT_BEFORE,
    Point.COMMIT_AFTER,
    Point.COMMIT_AFTER,
    Point.OPEN,
)
_ACTS = (Point.ASK, Point.SUBMIT_BEFORE, Point.SUBMIT_AFTER, Point.BEGIN, Point.COMMIT_AFTER)


def story_of(seed: int, storm_s: int = STORM_S) -> Story:
    """The story of a seed; equal seeds tell equal stories."""
    chance = Random(f"story {seed}")
    is_unattended = chance.random() < 0.7
    hours = storm_s / 3600
    events: list[Event] = []

    def some(an_hour: float, make: Callable[[int], Event]) -> None:
        count = int(an_hour * hours * chance.uniform(0.4, 1.6) + chance.random())
        events.extend(make(chance.randrange(storm_s)) for _ in range(count))

    some(25, lambda at: _strike(chance, at))
    some(1, lambda at: may.Blind(at_s=at, for_s=chance.choice((90, 400, 1500))))
    some(4, lambda at: _crash(chance, at))
    some(0.5, lambda at: may.Stop(at_s=at, down_s=chance.choice((0, 5, 2400))))
    some(1.5, lambda at: _jam(chance, at))
    some(0.4, lambda at: may.Outage(at_s=at, for_s=chance.choice((60, 200, 1800))))
    some(0.4, lambda at: may.Jump(at_s=at, by_s=chance.choice((-3600, -300, -30, 30, 300, 3600))))
    some(0.2, lambda at: may.Drift(at_s=at, ms_per_min=chance.choice((-500, 500))))
    some(0.8, lambda at: _kill(chance, at))
    some(6, lambda at: may.Reset(at_s=at))
    some(0.5, lambda at: may.Disarm(at_s=at, point=chance.choice(_ACTS), nth=chance.randint(1, 4)))
    some(0.3, lambda at: may.Close(at_s=at, for_s=chance.choice((30, 300))))
    some(1 if is_unattended else 12, lambda at: may.Arm(at_s=at, minutes=chance.choice((5, 60))))
    if chance.random() < 0.3:
        some(3, lambda at: may.Hand(at_s=at, what=chance.choice(("rest", "pull")), pair=at % 3))
    if chance.random() < 0.2:
        some(3, lambda at: may.Hand(at_s=at, what=chance.choice(("trade", "copy")), pair=at % 3))
    hand = Random(f"hands {seed}")
    if hand.random() < 0.3:
        count = int(4 * hours * hand.uniform(0.4, 1.6) + hand.random())
        events.extend(_elsewhere(hand, hand.randrange(storm_s)) for _ in range(count))
    return Story(
        seed=seed,
        events=tuple(sorted(events, key=lambda event: event.at_s)),
        stage=chance.choice((3, 3, 4)),
        is_unattended=is_unattended,
        cancel_delay_s=chance.choice((0, 0, 1, 20)),
        storm_s=storm_s,
        is_nameless=chance.random() < 0.25,
    )


def _elsewhere(chance: Random, at: int) -> may.Hand:
    """A hand that also trades what the bot does not."""
    what: tuple[Literal["trade", "sell", "rest"], ...] = ("trade", "sell", "sell", "rest")
    return may.Hand(at_s=at, what=chance.choice(what), pair=chance.choice((1, 3, 3, 4, 4)))


def _strike(chance: Random, at: int) -> Strike:
    endpoints, kinds, amounts = chance.choice(_STRIKES)
    return Strike(
        at_s=at,
        endpoint=chance.choice(endpoints),
        kind=chance.choice(kinds),
        amount=chance.choice(amounts),
        times=chance.choice((1, 1, 2, 4)),
    )


def _crash(chance: Random, at: int) -> may.Crash:
    return may.Crash(
        at_s=at,
        point=chance.choice(_CUTS),
        nth=chance.choice((1, 1, 2, 3, 6)),
        down_s=chance.choice((0, 0, 1, 20, 300)),
    )


def _jam(chance: Random, at: int) -> may.Jam:
    nth, times = chance.randint(1, 6), chance.choice((1, 1, 3))
    if chance.random() < 0.5:
        return may.Jam(at_s=at, point=Point.BEGIN, how="busy", nth=nth, times=times)
    point = chance.choice((Point.COMMIT_BEFORE, Point.COMMIT_AFTER))
    return may.Jam(at_s=at, point=point, how="full", nth=nth, times=times)


def _kill(chance: Random, at: int) -> may.Kill:
    point, nth = chance.choice(_ACTS), chance.randint(1, 5)
    return may.Kill(at_s=at, point=point, nth=nth, by=chance.choice(("console", "file")))
