"""A failing story made short: fewer events, a shorter storm, the plainest wiring that fails."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from tests.simulation.checker import Violated
from tests.simulation.events import Event, Story
from tests.simulation.wiring import Tampering
from tests.simulation.world import Outline, Simulation

replace = msgspec.structs.replace
TRIALS_MAX = 400
MEMORY = Path("/dev/shm")
"""Where there is such a thing: a simulated disk need not be a real one."""


def told(story: Story, tampering: Tampering | None = None) -> Outline:
    """Run a story in a folder of its own. Raises Violated."""
    where = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="btcbot-simulation-", dir=where) as folder:
        return Simulation(story, Path(folder), tampering or Tampering()).run()


def violation(story: Story, tampering: Tampering | None = None) -> Violated | None:
    """What a story breaks, or None."""
    try:
        told(story, tampering)
    except Violated as violated:
        return violated
    return None


def shrunk(story: Story, fails: Callable[[Story], Violated | None]) -> Story:
    """The shortest story found that breaks the same rule; at most `TRIALS_MAX` are tried."""
    first = fails(story)
    if first is None:
        return story
    rule, trials = first.rule, 0

    def still(shorter: Story) -> bool:
        nonlocal trials
        trials += 1
        found = fails(shorter) if trials <= TRIALS_MAX else None
        return found is not None and found.rule == rule

    best = story
    is_better = True
    while is_better and trials < TRIALS_MAX:
        is_better = False
        for shorter in _shorter(best):
            if still(shorter):
                best, is_better = shorter, True
                break
    return best


def _shorter(story: Story) -> Iterator[Story]:
    """Ways to make a story simpler, the boldest first."""
    if story.storm_s > 60:
        for storm_s in (60, story.storm_s // 4, story.storm_s // 2, story.storm_s * 7 // 8):
            kept = tuple(event for event in story.events if event.at_s < storm_s)
            yield replace(story, storm_s=storm_s, events=kept)
    size = len(story.events) // 2
    while size:
        for first in range(0, len(story.events), size):
            yield replace(story, events=_without(story.events, first, first + size))
        size //= 2
    if story.cancel_delay_s:
        yield replace(story, cancel_delay_s=0)
    if story.stage != 3:
        yield replace(story, stage=3)


def _without(events: tuple[Event, ...], first: int, last: int) -> tuple[Event, ...]:
    return events[:first] + events[last:]
