"""Every way in which a secret may turn up in a text: raw, escaped, quoted, coded, backwards."""

import base64
import binascii
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

SECRET_LENGTH_MIN = 6
"""What is shorter is no secret, and hiding it would tear ordinary words apart."""


def spellings(secret: str) -> frozenset[str]:
    """The texts that give a secret away; empty for what is too short to be one."""
    if len(secret) < SECRET_LENGTH_MIN:
        return frozenset()
    found = {*_as_text(secret), *_as_bytes(secret.encode("utf-8", "surrogatepass"))}
    if raw := decoded(secret):
        # What the exchange calls the secret is the base64 of the key that signs.
        found |= {raw.decode("utf-8", "backslashreplace"), *_as_bytes(raw)}
    return frozenset(form for form in found if len(form) >= SECRET_LENGTH_MIN)


def decoded(secret: str) -> bytes:
    """The bytes that a secret stands for when it is base64; empty when it is none."""
    try:
        raw = base64.b64decode(secret.encode("utf-8", "surrogatepass"), validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if len(raw) >= SECRET_LENGTH_MIN else b""


def _as_text(secret: str) -> Iterator[str]:
    escaped = json.dumps(secret)[1:-1]
    yield secret
    yield secret[::-1]
    yield escaped
    yield escaped.replace("/", "\\/")
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield json.dumps(escaped)[1:-1]
    yield repr(secret)[1:-1]
    yield html.escape(secret)
    quoted = quote(secret, safe="", errors="surrogatepass")
    yield quoted
    yield quote(quoted, safe="")
    yield quote(secret, errors="surrogatepass")
    yield quote_plus(secret, errors="surrogatepass")


def _as_bytes(raw: bytes) -> Iterator[str]:
    yield raw.hex()
    yield "".join(f"%{byte:02x}" for byte in raw)
    yield "".join(f"\\x{byte:02x}" for byte in raw)
    yield repr(raw)[2:-1]
    for before in range(3):
        coded = _inside_base64(raw, before)
        yield coded
        yield coded.replace("+", "-").replace("/", "_")


def _inside_base64(raw: bytes, before: int) -> str:
    """How the bytes look in base64 that began `before` bytes earlier (mod 3), edges left off.

    So `base64("user:" + secret)` is found as well as `base64(secret)`.
    """
    coded = base64.b64encode(bytes(before) + raw).decode()
    first = -(-before * 8 // 6)
    last = (before + len(raw)) * 8 // 6
    return coded[first:last]
