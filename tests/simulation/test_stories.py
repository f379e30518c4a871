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
    # Nothing was held in that instant, so nothing was ended, and the environment armed after it.
    "a disarm did not hold when no lease was held just then": (
        '{"seed":49,"events":[{"type":"Kill","point":"begin","nth":3,"by":"console","at_s":18'
        '89},{"type":"Crash","point":"commit-after","down_s":20,"at_s":1900},{"type":"Disarm"'
        ',"point":"commit-after","at_s":2612},{"type":"Reset","at_s":2924}],"storm_s":3150}'
    ),
    "an environment armed without end in the place of a person's few minutes": (
        '{"seed":1,"events":[{"type":"Arm","minutes":5,"at_s":110},{"type":"Jump","by_s":30,"'
        'at_s":170}],"storm_s":900}'
    ),
    # An order that rests moves no balance: given up while it was hidden, it filled much later.
    "an order that was given up while it rested was never looked for again": (
        '{"seed":58,"events":[{"type":"Strike","endpoint":"order","kind":"429","at_s":1123},{'
        '"type":"Strike","endpoint":"order","kind":"html-after","times":4,"at_s":1142},{"type'
        '":"Crash","point":"commit-after","down_s":20,"at_s":3825},{"type":"Reset","at_s":440'
        '7},{"type":"Strike","endpoint":"submit","kind":"html-after","times":4,"at_s":4910},{'
        '"type":"Strike","endpoint":"exchangeinfo","kind":"scale","amount":"-1","at_s":4970},'
        '{"type":"Strike","endpoint":"submit","kind":"status","amount":"503","at_s":5015},{"t'
        'ype":"Blind","for_s":400,"at_s":5222}],"cancel_delay_s":1,"storm_s":5512}'
    ),
    # Only balances that had not moved were evidence, and somebody else had moved them (seed 34).
    "a trade by hand kept an order that never arrived unknown for ever": (
        '{"seed":34,"events":[{"type":"Hand","what":"copy","pair":1,"at_s":1930},{"type":"Str'
        'ike","endpoint":"submit","kind":"status","amount":"503","at_s":2090}],"storm_s":2411'
        "}"
    ),
    # Ten minutes after it was given up it was out of sight: a list that showed it said nothing.
    "an order that was given up and shown much later was left to rest": (
        '{"seed":138,"events":[{"type":"Outage","for_s":1800,"at_s":1191},{"type":"Stop","dow'
        'n_s":2400,"at_s":1461},{"type":"Blind","for_s":1500,"at_s":2364},{"type":"Strike","e'
        'ndpoint":"balances","kind":"timeout-after","times":2,"at_s":2760},{"type":"Strike","'
        'endpoint":"balances","kind":"html-after","times":2,"at_s":3579},{"type":"Reset","at_'
        's":3738},{"type":"Strike","endpoint":"exchangeinfo","kind":"scale","amount":"-1","ti'
        'mes":4,"at_s":4018}],"storm_s":5512,"is_nameless":true}'
    ),
    # Trades were asked for from behind a cursor that lay in the clock's future.
    "a clock that was set back hid trades by hand": (
        '{"seed":165,"events":[{"type":"Jump","by_s":-3600,"at_s":934},{"type":"Hand","what":'
        '"trade","at_s":2079}],"stage":4,"storm_s":2109}'
    ),
    # Its pair was not traded for a while, then the process died, then the exchange was deaf.
    "a trade by hand that could not be booked at once was never heard again": (
        '{"seed":400403,"events":[{"type":"Strike","endpoint":"submit","kind":"status","amoun'
        't":"503","at_s":1429},{"type":"Jump","by_s":-3600,"at_s":1568},{"type":"Crash","poin'
        't":"commit-after","nth":2,"down_s":300,"at_s":3468},{"type":"Crash","point":"commit-'
        'before","nth":2,"down_s":20,"at_s":3493},{"type":"Hand","what":"copy","at_s":3627},{'
        '"type":"Crash","point":"commit-before","down_s":300,"at_s":3921},{"type":"Outage","f'
        'or_s":1800,"at_s":3988}],"stage":4,"storm_s":6300}'
    ),
    # When a pair was last asked about was remembered by the clock that was set back.
    "a clock that was set back left pairs unasked about for an hour": (
        '{"seed":500098,"events":[{"type":"Jump","by_s":-3600,"at_s":6630},{"type":"Hand","wh'
        'at":"trade","at_s":6918}],"stage":4,"is_unattended":false,"storm_s":7200,"is_nameles'
        's":true}'
    ),
    # It went back by less than the pause and the look-back together: no cursor was ahead of now.
    "a clock that was set back over a long pause hid a trade by hand": (
        '{"seed":610160,"events":[{"type":"Blind","for_s":1500,"at_s":1786},{"type":"Hand","wh'
        'at":"trade","pair":0,"at_s":1874},{"type":"Stop","down_s":2400,"at_s":2799},{"type":"'
        'Jump","by_s":-3600,"at_s":3022}],"storm_s":5512}'
    ),
    # The note of it waited for a lock to go, and an order did not.
    "an order left on an arming that was in no journal yet": (
        '{"seed":11,"events":[{"type":"Crash","point":"commit-after","nth":6,"at_s":2952},{"t'
        'ype":"Jam","point":"begin","how":"busy","nth":3,"times":3,"at_s":4520},{"type":"Arm"'
        ',"minutes":5,"at_s":4741}],"is_unattended":false,"storm_s":4823}'
    ),
    # Two trades of one instant were taken by their pairs' names: the sale came before the purchase.
    "coins that a hand bought and sold in one instant were booked as having come unseen": (
        '{"seed":8800167,"events":[{"type":"Crash","point":"commit-after","nth":2,"down_s":30'
        '0,"at_s":4333},{"type":"Strike","endpoint":"mytrades","kind":"late-fills","amount":"'
        '90","at_s":4466},{"type":"Strike","endpoint":"mytrades","kind":"late-fills","amount"'
        ':"90","times":4,"at_s":4627},{"type":"Hand","what":"trade","pair":1,"at_s":4924},{"t'
        'ype":"Hand","what":"sell","pair":4,"at_s":4951}],"is_unattended":false,"storm_s":551'
        "2}"
    ),
}


@pytest.mark.parametrize("line", STORIES.values(), ids=STORIES.keys())
def test_a_story_that_broke_it_once_breaks_it_no_more(line: str) -> None:
    assert violation(read(line)) is None
