"""The catalogue holds every word that is said, and no word that is not."""

import re
from pathlib import Path

import msgspec

import btcbot_tui
from btcbot_core.app.frames import Outcome
from btcbot_tui.texts import ENGLISH, Words

SOURCES = [
    path.read_text(encoding="utf-8")
    for path in Path(btcbot_tui.__file__).parent.rglob("*.py")
    if path.name not in {"texts.py", "alarm_texts.py"}
]


def test_every_word_of_the_catalogue_is_said_somewhere() -> None:
    said = set(re.findall(r"(?:words|ENGLISH)\.(\w+)", "\n".join(SOURCES)))
    fields = {field.name for field in msgspec.structs.fields(Words)}
    assert fields - said == set()


def test_every_end_of_a_run_has_its_words() -> None:
    silent = {Outcome.RUNNING, Outcome.FAILED}
    assert set(ENGLISH.outcomes) == {outcome.name for outcome in Outcome if outcome not in silent}


def test_the_words_of_an_end_are_the_core_s() -> None:
    assert all(Outcome[name].value == told for name, told in ENGLISH.outcomes.items())
