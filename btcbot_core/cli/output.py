"""Data to stdout, words to stderr; JSON is one object."""

import sys
from collections.abc import Mapping
from contextlib import suppress

import msgspec

_ENCODER = msgspec.json.Encoder(decimal_format="string")


def print_json(value: object) -> None:
    """Exactly one JSON object."""
    print(msgspec.json.format(_ENCODER.encode(value), indent=2).decode())


def print_pairs(pairs: Mapping[str, object]) -> None:
    """Name and value, aligned; what is not known is a dash."""
    width = max((len(name) for name in pairs), default=0)
    for name, value in pairs.items():
        shown = "—" if value is None or value == "" else plain(str(value))
        print(f"{name:<{width}}  {shown}")


def say(text: str) -> None:
    """A line for the operator, beside the data. Nobody may be there to read it any more."""
    with suppress(OSError, ValueError):
        print(plain(text), file=sys.stderr, flush=True)


def plain(text: str) -> str:
    """Printable characters only: data may hold what a terminal would obey."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
