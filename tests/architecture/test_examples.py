"""Every worked example of the specification is a test, found by its id."""

import ast
import json
import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.architecture.tree import ROOT, Module, modules

FOLDER = ROOT / "tests" / "examples"
EXAMPLES = [
    (example["id"], example["area"])
    for path in sorted(FOLDER.glob("*.json"))
    for example in json.loads(path.read_text(encoding="utf-8"))
]


class Case(NamedTuple):
    """A test's name, and every part of what gives it its cases."""

    name: str
    parts: tuple[ast.AST, ...]


def _tests() -> Iterator[Case]:
    for module in modules():
        if module.path.startswith("tests/") and module.path.rpartition("/")[2].startswith("test_"):
            tables = _tables(module)
            for node in ast.walk(module.syntax):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    yield Case(node.name, tuple(_parts(node, tables)))


def _tables(module: Module) -> dict[str, ast.expr]:
    """What stands under a name at the top of a module: cases may be listed there."""
    found: dict[str, ast.expr] = {}
    for node in module.syntax.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {t.id: node.value for t in targets if isinstance(t, ast.Name)}
    return found


def _parts(test: ast.FunctionDef, tables: dict[str, ast.expr]) -> Iterator[ast.AST]:
    for decorator in test.decorator_list:
        for node in ast.walk(decorator):
            yield node
            if isinstance(node, ast.Name) and node.id in tables:
                yield from ast.walk(tables[node.id])


def _ids_of(test: Case) -> Iterator[str]:
    yield test.name.removeprefix("test").upper() + "_"
    for node in test.parts:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield f"_{node.value.upper().replace('-', '_')}_"


def _areas_of(test: Case) -> Iterator[str]:
    """Areas of which it takes every example."""
    for node in test.parts:
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "examples"
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


TESTS = list(_tests())
NAMED = " ".join(name for test in TESTS for name in _ids_of(test))
AREAS = {area for test in TESTS for area in _areas_of(test)}


def test_there_are_examples_and_no_id_is_given_twice() -> None:
    ids = [name for name, _ in EXAMPLES]
    assert len(ids) == len(set(ids)) > 200


@pytest.mark.parametrize(("name", "area"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_every_example_has_a_test_with_its_id_in_the_name(name: str, area: str) -> None:
    said = re.search(f"_{name.upper().replace('-', '_')}_", NAMED) is not None
    assert said or area in AREAS, f"no test says {name} ({area})"
