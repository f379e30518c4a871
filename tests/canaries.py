"""The key and the secret that every test uses, and the search for them in what the tests left."""

from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

KEY: Final = "canary-key-5f0e6c1a"
SECRET: Final = "Y2FuYXJ5LXNlY3JldC1jYW5hcnktc2VjcmV0IQ=="
AWKWARD: Final = "canary/key+5f0e6c1a"
"""A secret of the log's tests, with letters that each encoding writes in its own way."""

ALLOWED: Final = frozenset({".env", "live.env"})
"""What a test itself wrote a secret into: the file that is there to hold it."""


def spellings(text: str) -> frozenset[bytes]:
    """How `text` may stand in a file: plain, URL-encoded, hexadecimal, and within any base64.

    In base64 three bytes become four letters, so a text looks in three ways, depending on what
    stands before it; letters that depend on its neighbours are left out.
    """
    plain = text.encode()
    found = {plain, quote(text, safe="").encode(), plain.hex().encode()}
    for before in range(3):
        skipped = -(-before * 8 // 6)
        whole = (before + len(plain)) * 8 // 6
        for encode in (b64encode, urlsafe_b64encode):
            found.add(encode(b"\0" * before + plain)[skipped:whole])
    return frozenset(found)


CANARIES: Final = frozenset().union(
    *(spellings(text) for text in (KEY, SECRET, b64decode(SECRET).decode(), AWKWARD))
)


def leaks(content: bytes) -> bool:
    return any(canary in content for canary in CANARIES)


def leaking(folder: Path) -> Iterator[Path]:
    """Files under `folder` that hold a key or secret in any spelling, or have one in their name."""
    for path in sorted(folder.rglob("*")):
        is_searched = path.is_file() and not path.is_symlink() and path.name not in ALLOWED
        name = str(path.relative_to(folder)).encode()
        if leaks(name) or (is_searched and leaks(path.read_bytes())):
            yield path
