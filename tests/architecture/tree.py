"""The project's own files, each read and parsed once."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[2]
PACKAGES = ("btcbot_core", "btcbot_tui")
PURE = ("cycle", "domain", "ledger", "oms", "risk", "strategy")
"""The rooms below the doors: values in, values out."""
_DERIVED = (".venv", "build", "dist", ".git")


class Module(msgspec.Struct, frozen=True):
    """A Python file of ours. `path` is relative to the project, with slashes."""

    path: str
    text: str
    syntax: ast.Module

    @property
    def name(self) -> str:
        """The name it is imported by."""
        return self.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")

    @property
    def is_product(self) -> bool:
        return self.path.startswith(PACKAGES)

    @property
    def is_pure(self) -> bool:
        return self.path.startswith(tuple(f"btcbot_core/{room}/" for room in PURE))


@cache
def files() -> tuple[str, ...]:
    """Every file that belongs to the project, whether or not it is committed yet."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        # An unpacked archive has no history to ask.
        found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        listed = [p.as_posix() for p in found if not p.parts[0].startswith(_DERIVED)]
    return tuple(sorted(name for name in listed if (ROOT / name).is_file()))


@cache
def modules() -> tuple[Module, ...]:
    """Every Python file of ours, the tests' own among them."""
    return tuple(_parsed(name) for name in files() if name.endswith(".py"))


def product() -> Iterator[Module]:
    """The files that are shipped."""
    return (module for module in modules() if module.is_product)


def pure() -> Iterator[Module]:
    """The files of the pure rooms."""
    return (module for module in modules() if module.is_pure)


def imported(module: Module) -> Iterator[tuple[str, int]]:
    """What a module imports, by full name, and on which line."""
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def _parsed(name: str) -> Module:
    text = (ROOT / name).read_text(encoding="utf-8")
    return Module(name, text, ast.parse(text))
