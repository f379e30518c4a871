"""The catalogue of faults: what can go wrong, how it is struck, which test says that it holds."""

import ast
from enum import StrEnum
from pathlib import Path

import msgspec

from tests.architecture.tree import ROOT

CATALOGUE = Path(__file__).parent / "catalogue"
SECTIONS = ("process", "storage", "time", "exchange", "operator", "security")


class Standing(StrEnum):
    """How far a fault is held; everything but `holds` says why."""

    HOLDS = "holds"
    PART = "part"
    OPEN = "open"
    ABSENT = "absent"


IN_WORDS = {
    Standing.HOLDS: "holds",
    Standing.PART: "**holds in part**",
    Standing.OPEN: "**open**",
    Standing.ABSENT: "nothing there to fail",
}


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row. A test is named `folder/file:the words of its name`."""

    id: str
    fault: str
    injected: str
    expected: str
    tests: tuple[str, ...] = ()
    standing: Standing = Standing.HOLDS
    because: str = ""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: str
    faults: tuple[Fault, ...]


def sections() -> tuple[Section, ...]:
    """The whole catalogue, as it is written down."""
    return tuple(
        msgspec.toml.decode((CATALOGUE / f"{name}.toml").read_bytes(), type=Section)
        for name in SECTIONS
    )


def place_of(test: str) -> Path:
    """The file of a test, from the root of the project."""
    return Path("tests", test.partition(":")[0]).with_suffix(".py")


def function_of(test: str) -> str:
    return f"test_{test.partition(':')[2]}"


def functions_in(place: Path) -> frozenset[str]:
    """The names of the functions that a file defines; none where there is no file."""
    path = ROOT / place
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))
