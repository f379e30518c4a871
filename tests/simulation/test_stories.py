"""Stories that broke the bot once, shrunk to what broke it: none of them does any more."""

import pytest

from tests.simulation.events import read
from tests.simulation.shrink import violation

STORIES = {
    # A listed order by hand has no name, an unknown one of ours no number: both None was a match.
    "a nameless order by hand hid an unknown one of ours for ever": (
        '{"seed":12,"events":[{"type":"Hand","what":"rest","pair":1,"at_s":1237},'
        '{"type":"Strike","endpoint":"submit","kind":"status","amount":"503","at_s":1459}],'
        '"storm_s":1575}'
    ),
    # Trades were asked for from an instant by the clock as it was before.
    "a clock that was set back hid the trades of an open order": (
        '{"seed":1,"events":[{"type":"Jump","by_s":-300,"at_s":56}],"storm_s":64}'
    ),
    # The journal's note of an act met a lock that somebody else held.
    "a database that was locked while an act was journalled ended the run": (
        '{"seed":11,"events":[{"type":"Jam","point":"begin","how":"busy","nth":3,"times":3,'
        '"at_s":4520},{"type":"Arm","minutes":5,"at_s":4741}],"is_unattended":false,'
        '"storm_s":4823}'
    ),
    # The latch was cleared before the act was journalled.
    "a reset that died half way had loosened without a word in the journal": (
        '{"seed":7,"events":[{"type":"Kill","point":"ask","nth":5,"by":"console","at_s":356},'
        '{"type":"Crash","point":"commit-after","nth":3,"down_s":1,"at_s":692},'
        '{"type":"Reset","at_s":827}],"storm_s":900}'
    ),
}


@pytest.mark.parametrize("line", STORIES.values(), ids=STORIES.keys())
def test_a_story_that_broke_it_once_breaks_it_no_more(line: str) -> None:
    assert violation(read(line)) is None
