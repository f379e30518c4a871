"""What the simulation and the kill points came to in a run of the suite, in a line each.

The tests note their figures as properties, for they may have run in other processes.
"""

from collections.abc import Iterable, Iterator

import msgspec
import pytest

from tests.killpoints.enumeration import Tried
from tests.simulation.world import Outline

STORY, POINTS = "story", "kill points"
DAY_S = 86_400


class ToldStory(msgspec.Struct, frozen=True):
    """A story that was told to its end: a seed of its commit alone is a fresh one."""

    seed: int
    outline: Outline
    is_fresh: bool = False


def summed(outlines: Iterable[Outline]) -> str:
    """What stories came to, all together."""
    outlines = tuple(outlines)
    days = sum(outline.simulated_s for outline in outlines) / DAY_S
    counts = ", ".join(
        f"{sum(getattr(outline, what) for outline in outlines):,} {what}"
        for what in ("cycles", "faults", "kills", "restarts", "orders", "fills")
    )
    return f"{len(outlines):,} stories of {days:.1f} days: {counts}"


def proofs(reports: Iterable[pytest.TestReport]) -> Iterator[str]:
    """The lines, of the tests that have run and passed."""
    stories: list[ToldStory] = []
    points: list[Tried] = []
    took_s = 0.0
    for report in reports:
        for name, value in report.user_properties:
            if name == STORY:
                stories.append(msgspec.json.decode(str(value), type=ToldStory))
            elif name == POINTS:
                points.append(msgspec.json.decode(str(value), type=Tried))
        if STORY in (name for name, _ in report.user_properties):
            took_s += report.duration
    if stories:
        fresh = sorted(story.seed for story in stories if story.is_fresh)
        yield f"simulation: {summed(story.outline for story in stories)}"
        seeds = ", ".join(map(str, fresh)) or "none"
        yield f"simulation: {took_s:.0f} s of the workers' time; fresh seeds: {seeds}"
    if points:
        tried, all_ = (sum(getattr(one, what) for one in points) for what in ("tried", "points"))
        ambiguous = sum(one.ambiguous for one in points)
        yield f"kill points: {tried:,} of {all_:,} tried, {ambiguous:,} of them ambiguous"
