"""Worked examples of the specification: inputs and what ours must answer."""

import json
from pathlib import Path
from typing import Any

Example = dict[str, Any]  # free-form JSON: each area reads its own shape
_FOLDER = Path(__file__).parent


def examples(area: str, file: str = "stage3_6.json") -> list[Example]:
    """All examples of one area."""
    every: list[Example] = json.loads((_FOLDER / file).read_text(encoding="utf-8"))
    return [example for example in every if example["area"] == area]


def ident(example: object) -> str | None:
    """The id of an example, as a test's name shows it."""
    return str(example["id"]) if isinstance(example, dict) else None


def one(name: str, file: str = "stage3_6.json") -> Example:
    """The example of that id."""
    every: list[Example] = json.loads((_FOLDER / file).read_text(encoding="utf-8"))
    return next(example for example in every if example["id"] == name)
