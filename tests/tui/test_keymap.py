"""One table of keys: what it promises is bound, said and written down, once."""

from collections import Counter
from pathlib import Path

from btcbot_tui.app import Console
from btcbot_tui.keymap import KEYS, PANELS, Kind, Place, Situation, hints, is_alive, manual, spelled
from btcbot_tui.screens.help import help_lines
from btcbot_tui.texts import ENGLISH
from tests.tui.moments import texts_of

MANUAL = Path(__file__).parents[2] / "docs" / "keys.md"


def test_the_manual_is_what_the_table_says() -> None:
    assert MANUAL.read_text(encoding="utf-8") == manual(ENGLISH)


def test_no_key_is_bound_twice() -> None:
    counts = Counter(name for key in KEYS for name in key.keys)
    assert [name for name, count in counts.items() if count > 1] == []


def test_no_key_is_dead() -> None:
    for key in KEYS:
        action = key.action.partition("(")[0]
        assert callable(getattr(Console, f"action_{action}", None)), key.name


def test_every_key_has_its_words_and_no_words_lack_a_key() -> None:
    assert set(ENGLISH.keys) == {key.name for key in KEYS}
    assert set(ENGLISH.kinds) == set(Kind)
    assert set(ENGLISH.places) == set(Place)


def test_only_keys_that_stop_or_go_back_are_taken_everywhere() -> None:
    assert {key.name for key in KEYS if key.is_priority} == {"kill", "interrupt"}


def test_escape_never_acts_on_the_run() -> None:
    assert [key.kind for key in KEYS if "escape" in key.keys] == [Kind.GO]


def test_the_help_names_every_key() -> None:
    shown = "\n".join(texts_of(help_lines(ENGLISH, 100)))
    for key in KEYS:
        assert spelled(key) in shown


def test_a_dead_key_is_not_offered() -> None:
    quiet = {shown for shown, _, _ in hints(Situation(), ENGLISH)}
    assert quiet == {"^k", "p", "1-8", ":", "?", "q"}
    killed = {shown for shown, _, _ in hints(Situation(is_recorded=True, is_killed=True), ENGLISH)}
    assert killed == quiet | {"R", "+", "-", "."}
    armed = {shown for shown, _, _ in hints(Situation(is_armed=True), ENGLISH)}
    assert armed == quiet | {"D", "E"}
    live = {shown for shown, _, _ in hints(Situation(is_live=True, has_alarms=True), ENGLISH)}
    assert live == quiet | {"A", "a"}


def test_the_pace_of_a_run_that_ended_cannot_be_set() -> None:
    over = Situation(is_recorded=True, is_killed=True, has_ended=True)
    assert not any(is_alive(key, over) for key in KEYS if key.kind is Kind.WRITE)


def test_every_panel_has_its_digit() -> None:
    digits = {key.name: key.keys for key in KEYS if key.name in PANELS}
    assert digits == {panel: (str(i),) for i, panel in enumerate(PANELS, start=1)}
