"""Reads `.env.example`: the one place where a setting's meaning and unit are written down."""

import re
from collections.abc import Iterator

import msgspec

from tests.architecture.tree import ROOT

TEMPLATE = ROOT / ".env.example"
_TITLE = re.compile(r"# == (.+)")
_SETTING = re.compile(r"([A-Z][A-Z0-9_]*)=(.*)")
_MEANING = re.compile(r"(.+) \[(.+)\]")


class Line(msgspec.Struct, frozen=True):
    """A setting as the template has it."""

    section: str
    name: str
    value: str
    meaning: str
    """Empty where the line above the setting is no `# meaning [unit]`."""
    unit: str


class Section(msgspec.Struct, frozen=True):
    """A group of settings with what is said of all of them."""

    title: str
    text: str


def lines() -> Iterator[Line]:
    """Every setting of the template, in its order."""
    section, above = "", ""
    for text in TEMPLATE.read_text(encoding="utf-8").splitlines():
        if title := _TITLE.fullmatch(text):
            section = title[1]
        elif setting := _SETTING.fullmatch(text):
            told = _MEANING.fullmatch(above.removeprefix("# "))
            meaning, unit = (told[1], told[2]) if told else ("", "")
            yield Line(section, setting[1], setting[2], meaning, unit)
        above = text


def sections() -> Iterator[Section]:
    """Every group of the template, in its order."""
    title, said = "", list[str]()
    for text in TEMPLATE.read_text(encoding="utf-8").splitlines():
        if found := _TITLE.fullmatch(text):
            title = found[1]
        elif title and text.startswith("# "):
            said.append(text.removeprefix("# "))
        elif title:
            yield Section(title, " ".join(said))
            title, said = "", []
