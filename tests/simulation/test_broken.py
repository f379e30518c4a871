"""Every bot that is broken on purpose is caught, and within a few stories."""

import pytest

from tests.simulation.broken import BROKEN
from tests.simulation.catching import caught
from tests.simulation.wiring import Tampering

SEEDS_MAX = 60
RICH = (5, 11, 12)
"""Stories in which much goes wrong: tried first, they spare nearly every bot the others."""


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_a_bot_that_is_broken_on_purpose_is_caught(broken: type[Tampering]) -> None:
    assert caught(broken, (*RICH, *range(SEEDS_MAX))) is not None


def test_a_bot_that_is_not_broken_is_not_caught_by_these_stories() -> None:
    assert caught(Tampering, range(3)) is None
