"""The documents say what the program does: every setting, command, reason, exit code and word."""

import argparse
import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from btcbot_core.cli.main import parser as core_parser
from btcbot_core.domain.codes import MEANING, Reason
from btcbot_core.domain.errors import ExitCode
from btcbot_core.settings import Settings, load, names
from btcbot_tui.main import parser as console_parser
from tests.architecture.pages import DOCS, default_text, flags, leaves, pages
from tests.architecture.template import TEMPLATE, lines
from tests.architecture.tree import ROOT, files, modules, product

README = ROOT / "README.md"
DECLARED_ONLY = {"PLACED"}
"""Reasons that nothing gives yet. The list may only get shorter."""
SIGNAL_CODES = (130, 143)
WORDS_NOT_LISTED = re.compile(r"(Policy|Error)$")
"""Numbers of the operator and errors have pages of their own."""


def markdown() -> list[Path]:
    return [ROOT / name for name in files() if name.endswith(".md") and "tests/" not in name]


# ---------------------------------------------------------------------------------- settings


def test_the_template_holds_every_setting_once_and_nothing_else() -> None:
    assert sorted(line.name for line in lines()) == sorted(names())


def test_every_setting_of_the_template_has_a_meaning_and_a_unit() -> None:
    assert [line.name for line in lines() if not (line.meaning and line.unit)] == []


@pytest.mark.parametrize("name", names())
def test_the_template_states_the_default_of_the_code(name: str) -> None:
    assert {line.name: line.value for line in lines()}[name] == default_text(name)


def test_the_template_loads_without_a_warning_and_opens_no_gate() -> None:
    loaded = load(env_file=TEMPLATE, environment={})
    assert loaded.warnings == ()
    assert loaded.settings == Settings()
    gates = loaded.settings.gates()
    assert gates.closed == ("KILL_SWITCH", "DRY_RUN", "LIVE_TRADING", "LIVE_TRADING_ACK")
    assert loaded.settings.live_trading_ack == ""


def test_the_page_of_settings_names_no_setting_that_does_not_exist() -> None:
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \|", _text("configuration.md"), re.MULTILINE)
    assert sorted(rows) == sorted(names())


# ------------------------------------------------------------------------ generated pages


@pytest.mark.parametrize("page", [name for name in pages() if name != "keys.md"])
def test_a_generated_page_is_what_the_program_says_now(page: str) -> None:
    assert _text(page) == pages()[page], f"docs/{page} is out of date: make docs"


def _parsers() -> Iterator[argparse.ArgumentParser]:
    for make in (core_parser, console_parser):
        yield from leaves(make())


@pytest.mark.parametrize("command", _parsers(), ids=lambda command: command.prog)
def test_every_command_and_flag_is_documented_and_explained(
    command: argparse.ArgumentParser,
) -> None:
    text = _text("commands.md").partition(f"\n## {command.prog}\n")[2].partition("\n## ")[0]
    for flag in flags(command):
        assert flag.help, f"{command.prog} {flag.dest} says nothing of itself"
        for name in flag.option_strings:
            assert f"`{name}" in text


# ------------------------------------------------------------------------- reasons and codes


def test_every_reason_has_a_meaning() -> None:
    assert set(MEANING) == set(Reason)


def test_every_reason_is_given_somewhere() -> None:
    given = {
        node.attr
        for module in product()
        if module.path != "btcbot_core/domain/codes.py"
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Reason"
    }
    assert {reason.name for reason in Reason} - given == DECLARED_ONLY


def test_every_exit_code_is_in_the_runbook() -> None:
    rows = re.findall(r"^\| (\d+) \|", _text("runbook.md"), re.MULTILINE)
    assert [int(row) for row in rows] == [*ExitCode, *SIGNAL_CODES]


# ------------------------------------------------------------------------------------- words


def _domain_words() -> Iterator[str]:
    for module in modules():
        if not module.path.startswith("btcbot_core/domain/"):
            continue
        for node in module.syntax.body:
            if isinstance(node, ast.ClassDef) and not WORDS_NOT_LISTED.search(node.name):
                yield node.name


def test_every_word_of_the_domain_is_in_the_glossary() -> None:
    glossary = _text("glossary.md")
    assert [word for word in _domain_words() if f"`{word}`" not in glossary] == []


def test_the_glossary_has_one_line_for_a_word() -> None:
    rows = re.findall(r"^\| ([a-z][^|`]*?) \|", _text("glossary.md"), re.MULTILINE)
    words = [row for row in rows if row != "word"]
    assert sorted(words) == sorted(set(words))


# ------------------------------------------------------------------------- links and commands


def _anchors(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", markdown(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", text)
    dead = []
    for target in ("".join(pair) for pair in targets):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        if not there.exists() or (anchor and anchor not in _anchors(there)):
            dead.append(target)
    assert dead == []


def _shown_commands() -> Iterator[tuple[str, str]]:
    for page in markdown():
        for block in re.findall(r"```(?:sh|console)\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            for line in block.splitlines():
                yield page.name, line.strip()


@pytest.mark.parametrize(("page", "line"), _shown_commands())
def test_a_command_that_a_page_shows_exists(page: str, line: str) -> None:
    words = shlex.split(line, comments=True)
    if not words:
        return
    program, given = Path(words[0]).name, words[1:]
    parsers = {"btcbot-core": core_parser, "btcbot-tui": console_parser}
    if program in parsers:
        try:
            parsers[program]().parse_args(given)
        except SystemExit as ended:
            pytest.fail(f"{page}: {line}: the parser refuses it ({ended.code})")
    elif program == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
        assert [word for word in given if "=" not in word and word not in targets] == []


def test_the_readme_shows_the_two_commands() -> None:
    shown = [line for page, line in _shown_commands() if page == "README.md"]
    assert any(line.startswith("make demo") for line in shown)
    assert any(line.startswith("make check") for line in shown)


def test_every_decision_record_is_in_the_index() -> None:
    records = sorted(path.name for path in (DOCS / "adr").glob("*.md"))
    assert [name[:4] for name in records] == [f"{n:04}" for n in range(1, len(records) + 1)]
    assert [name for name in records if f"(adr/{name})" not in _text("index.md")] == []


def _text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")
