"""The generated parts of the docs: `python -m tests.architecture.pages` writes them (`make docs`).

What the program knows about itself (its commands, settings, reasons, alarms, order table) is
written once, in the code, and drawn into the pages between two markers. A test compares.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal

from pydantic import AliasChoices

from btcbot_core.cli.main import parser as core_parser
from btcbot_core.domain.codes import MEANING, Reason
from btcbot_core.domain.trading import TERMINAL, UNRESOLVED, OrderEventKind, OrderStatus
from btcbot_core.oms.machine import TABLE, Happening, apply
from btcbot_core.settings import Settings, names
from btcbot_tui.alarm_texts import ALARMS
from btcbot_tui.keymap import manual
from btcbot_tui.main import parser as console_parser
from btcbot_tui.texts import ENGLISH
from tests.architecture.template import lines, sections
from tests.architecture.tree import ROOT
from tests.build import an_order, at
from tests.faults.page import page as faults

DOCS = ROOT / "docs"
COMMANDS = Callable[[], argparse.ArgumentParser]


def main() -> int:
    """Write every generated page and part anew; say which of them changed."""
    for page, text in pages().items():
        path = DOCS / page
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote docs/{page}")
    return 0


def pages() -> dict[str, str]:
    """Every page that is generated, whole or in parts, as it should be."""
    parts: dict[str, dict[str, Callable[[], str]]] = {
        "commands.md": {"commands": commands},
        "configuration.md": {"settings": settings},
        "orders.md": {"diagram": order_diagram, "table": order_table},
        "reasons.md": {"reasons": reasons},
        "runbook.md": {"alarms": alarms},
    }
    drawn = {page: _with_parts(page, made) for page, made in parts.items()}
    return {**drawn, "faults.md": faults(), "keys.md": manual(ENGLISH)}


def _with_parts(page: str, parts: dict[str, Callable[[], str]]) -> str:
    text = (DOCS / page).read_text(encoding="utf-8")
    for name, make in parts.items():
        opening, closing = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
        if text.count(opening) != 1 or text.count(closing) != 1:
            raise SystemExit(f"docs/{page}: expected one part {opening} … {closing}")
        before, after = text.split(opening)[0], text.split(closing)[1]
        text = f"{before}{opening}\n\n{make().strip()}\n\n{closing}{after}"
    return text


# ---------------------------------------------------------------------------------- commands


def commands() -> str:
    """Every command of both programs with every flag."""
    found = (row for make in (core_parser, console_parser) for row in leaves(make()))
    return "\n".join(line for command in found for line in _command(command))


def leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parsers that are commands themselves, however deep they lie."""
    inner = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not inner:
        yield parser
    for action in inner:
        for child in action.choices.values():
            yield from leaves(child)


def flags(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """What may be given to a command, help aside."""
    return (a for a in parser._actions if not isinstance(a, argparse._HelpAction))


def _command(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## {parser.prog}\n"
    yield f"{_sentence(parser.description or '')}\n"
    yield "| flag | what it does |"
    yield "|---|---|"
    for action in flags(parser):
        value = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
        needed = " Required." if action.required else ""
        name = ", ".join(action.option_strings) or action.dest
        yield _row(f"`{name}{value}`", _sentence(action.help or "") + needed)
    yield ""


# ---------------------------------------------------------------------------------- settings


def settings() -> str:
    """Every setting by section: default, what is allowed, meaning and other names."""
    schema = Settings.model_json_schema()["properties"]
    fields = dict(zip(names(), Settings.model_fields, strict=True))
    out = []
    for section in sections():
        out += [f"## {section.title}\n", *([f"{section.text}\n"] if section.text else [])]
        out += ["| setting | default | unit | allowed | meaning |", "|---|---|---|---|---|"]
        for line in lines():
            if line.section != section.title:
                continue
            field = fields[line.name]
            others = [name for name in _aliases(field) if name != line.name]
            also = f" Also read as {', '.join(f'`{name}`' for name in others)}." if others else ""
            limits = _allowed(schema.get(field) or schema[_aliases(field)[0]])
            default = f"`{line.value}`" if line.value else "empty"
            out.append(_row(f"`{line.name}`", default, line.unit, limits, line.meaning + also))
        out.append("")
    return "\n".join(out)


def default_text(name: str) -> str:
    """A setting's default as a line of an env file would say it."""
    field = dict(zip(names(), Settings.model_fields, strict=True))[name]
    value: object = Settings.model_fields[field].default
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(str(item) for item in value)
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)


def _aliases(field: str) -> tuple[str, ...]:
    alias = Settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(str(choice) for choice in alias.choices if str(choice).isupper())
    return (field.upper(),)


_BOUNDS = {
    "minimum": "≥ {}",
    "ge": "≥ {}",
    "exclusiveMinimum": "> {}",
    "gt": "> {}",
    "maximum": "≤ {}",
    "le": "≤ {}",
    "pattern": "`{}`",
}


def _allowed(schema: dict[str, object]) -> str:
    """The bounds that the code checks, in signs."""
    inner = schema.get("anyOf")
    options = inner if isinstance(inner, list) else []
    found = [form.format(schema[key]) for key, form in _BOUNDS.items() if key in schema]
    found += [_allowed(option) for option in options if set(option) - {"type"}]
    if isinstance(words := schema.get("enum"), list):
        found.append(" or ".join(f"`{word}`" for word in words))
    if {"type": "null"} in options:
        found.append("or empty")
    return ", ".join(found).replace(", or", " or")


# ------------------------------------------------------------------------- reasons and orders


def reasons() -> str:
    """Every reason with its meaning, by layer."""
    layers: dict[str, list[Reason]] = {}
    for reason in Reason:
        layer = reason.value.rpartition(":")[0]
        layers.setdefault(layer, []).append(reason)
    out = []
    for layer, members in layers.items():
        out += [f"## {layer or 'wishes of a strategy'}\n", "| reason | meaning |", "|---|---|"]
        out += [_row(f"`{reason.value}`", _sentence(MEANING[reason])) for reason in members]
        out.append("")
    return "\n".join(out)


def alarms() -> str:
    """Every alarm as the console explains it: cause, what the bot does, what to do."""
    out = ["| alarm | why | what the bot does | what to do |", "|---|---|---|---|"]
    out += [_row(f"`{c}`", w.cause, w.consequence, w.act) for c, w in ALARMS.items()]
    return "\n".join(out)


Arrow = tuple[OrderStatus | None, OrderEventKind, OrderStatus]


def arrows() -> list[Arrow]:
    """Everything that can happen to an order, tried on the machine itself.

    The table alone does not say it all: what a fill or an answer leads to also hangs on how much
    is filled. So each row is tried on an order that is not filled and on one that is in part.
    """
    found: dict[Arrow, None] = {}
    for before, kinds in TABLE.items():
        for kind, after in kinds.items():
            if before is None:
                found[(None, kind, after)] = None
                continue
            for filled in ("0", "1"):
                for fill in ("1", "2") if kind is OrderEventKind.FILLED else ("0",):
                    order = an_order(status=before, qty="2", filled=filled)
                    what = Happening(kind=kind, at=at(), cycle_id=order.cycle_id, qty=Decimal(fill))
                    found[(before, kind, apply(order, what)[0].status)] = None
    return list(found)


def order_diagram() -> str:
    """The machine as a picture; what leaves an order where it was is only in the table."""
    labels: dict[tuple[str, str], list[str]] = {}
    for before, kind, after in arrows():
        if before is not after:
            labels.setdefault((before or "[*]", after), []).append(kind)
    out = ["```mermaid", "stateDiagram-v2"]
    out += [f"    {a} --> {b}: {', '.join(kinds)}" for (a, b), kinds in labels.items()]
    out += [f"    {status} --> [*]" for status in OrderStatus if status in TERMINAL]
    return "\n".join((*out, "```"))


def order_table() -> str:
    """The machine as a table: one line a state."""
    out = ["| state | the pair | what may happen, and what it leads to |", "|---|---|---|"]
    for status in OrderStatus:
        leads: dict[str, list[str]] = {}
        for before, kind, after in arrows():
            if before is status:
                leads.setdefault(kind, []).append(after)
        told = "; ".join(f"{kind} → {' or '.join(after)}" for kind, after in leads.items())
        pair = "finished" if status in TERMINAL else "waits" if status in UNRESOLVED else "trades"
        out.append(_row(f"`{status}`", pair, told))
    return "\n".join(out)


# --------------------------------------------------------------------------------------------


def _row(*cells: str) -> str:
    return "| " + " | ".join(re.sub(r"(?<!\\)\|", r"\\|", cell) for cell in cells) + " |"


def _sentence(text: str) -> str:
    """With a full stop, and with a capital unless it begins with a name from the code."""
    ended = text if text.endswith((".", "!", "?")) else f"{text}."
    return ended[0].upper() + ended[1:]


if __name__ == "__main__":
    sys.exit(main())
