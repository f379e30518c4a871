"""Who we are to BTCTurk: a key pair that shows nothing of itself, and its signature (API.md §4)."""

import base64
import binascii
import hmac
import re
from hashlib import sha256
from typing import NoReturn
from urllib.parse import quote

from btcbot_core.domain.errors import ConfigError

MASK = "[REDACTED]"

_KEY = re.compile(r"[!-~]{6,128}", re.ASCII)
_SECRET_BYTES_MIN = 12


class Credentials:
    """An API key with its secret. No text form of it, no copy and no pickle holds either."""

    __slots__ = ("_key", "_secret", "_spellings")

    def __init__(self, key: str, secret: str) -> None:
        decoded = _decoded(secret)
        self._spellings = _spellings(key, secret)
        is_key = _KEY.fullmatch(key) is not None
        self._key = key
        self._secret = decoded
        # A traceback that shows local variables must find nothing here.
        del key, secret, decoded
        if not is_key:
            raise ConfigError("BTCTURK_API_KEY: expected 6 to 128 printable letters, no spaces")
        if len(self._secret) < _SECRET_BYTES_MIN:
            raise ConfigError(
                "BTCTURK_API_SECRET: expected base64 of at least"
                f" {_SECRET_BYTES_MIN} bytes, as the exchange gave it"
            )

    def __repr__(self) -> str:
        return f"Credentials({MASK})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials are neither copied nor stored")

    @property
    def fingerprint(self) -> str:
        """Tells accounts apart without telling the key: for locks and logs."""
        return sha256(b"btcbot|" + self._key.encode()).hexdigest()[:12]

    def headers(self, stamp_ms: int) -> dict[str, str]:
        """The signed headers for one request. Method, path and body are not part of it."""
        return {
            "X-PCK": self._key,
            "X-Stamp": str(stamp_ms),
            "X-Signature": self.signature(stamp_ms),
        }

    def signature(self, nonce: int) -> str:
        """Over the key and a number: the stamp for REST, 3000 for the socket's login."""
        digest = hmac.digest(self._secret, f"{self._key}{nonce}".encode(), "sha256")
        return base64.b64encode(digest).decode()

    def hide(self, body: bytes) -> bytes:
        """An answer without our key or secret, in whatever spelling the exchange echoed them."""
        for spelling in self._spellings:
            body = body.replace(spelling, MASK.encode())
        return body


def _decoded(secret: str) -> bytes:
    try:
        return base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _spellings(key: str, secret: str) -> tuple[bytes, ...]:
    plain = [each for each in (key, secret) if each]
    coded = [base64.b64encode(each.encode()).decode().rstrip("=") for each in plain]
    quoted = [quote(each, safe="") for each in plain]
    escaped = [each.replace("/", "\\/") for each in plain]
    return tuple(dict.fromkeys(each.encode() for each in (*plain, *quoted, *escaped, *coded)))
