"""Two hundred stories, and a few new ones with each commit, in which nothing may break."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.proofs import STORY, ToldStory
from tests.simulation.checker import Violated
from tests.simulation.events import written
from tests.simulation.shrink import shrunk, told, violation
from tests.simulation.stories import story_of

FIXED = 200
FRESH = 8
BATCH = 4
"""Seeds in one test: small enough that the workers share them evenly."""


def commit() -> str:
    """Which commit this is; empty outside a checkout."""
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short=8", "HEAD"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=10)
    except OSError:
        return ""
    return done.stdout.strip()


def fresh() -> list[int]:
    """Seeds that no commit before had; every worker draws the same ones."""
    first = int(commit() or "0", 16) % 1_000_000 * 100 + 1_000_000
    return list(range(first, first + FRESH))


def batches(seeds: list[int]) -> list[list[int]]:
    return [seeds[first : first + BATCH] for first in range(0, len(seeds), BATCH)]


@pytest.mark.parametrize("seeds", batches(list(range(FIXED))) + batches(fresh()), ids=str)
def test_nothing_breaks_in_any_story(
    seeds: list[int], record_property: Callable[[str, object], None]
) -> None:
    for seed in seeds:
        try:
            outline = told(story_of(seed))
        except Violated as violated:
            short = written(shrunk(story_of(seed), violation))
            pytest.fail(f"seed {seed} at commit {commit()}: {violated}\nshrunk: {short}")
        story = ToldStory(seed, outline, is_fresh=seed >= FIXED)
        record_property(STORY, msgspec.json.encode(story).decode())


def test_equal_seeds_tell_equal_stories_to_the_last_digit() -> None:
    assert told(story_of(2)) == told(story_of(2))


def test_stories_hold_what_they_are_meant_to_hold() -> None:
    outlines = [told(story_of(seed)) for seed in range(3)]
    assert sum(outline.orders for outline in outlines) >= 50
    assert sum(outline.fills for outline in outlines) >= 50
    assert all(outline.faults >= 20 for outline in outlines)
    assert all(outline.restarts >= 3 for outline in outlines)
