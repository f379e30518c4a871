"""Who asks: keys, signatures and stamps (API.md §4)."""

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from hashlib import sha256

import msgspec

from btcbot_core.domain.errors import ConfigError

STAMP_TOLERANCE_MS = 5_000
SOCKET_NONCE = 3000
"""What the socket's login signs in place of a stamp, literally."""


class Key(msgspec.Struct, frozen=True):
    """One account's key. Its `repr` shows no secret."""

    account: str
    secret: bytes
    user_id: int

    def __repr__(self) -> str:
        return f"Key(account={self.account!r})"


def account_of(public_key: str) -> str:
    """The name of a key's account: not the key itself, since it goes into the stored state."""
    return sha256(public_key.encode()).hexdigest()[:16]


class Keyring:
    """All keys, by their public part."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """Secrets are base64, by public key."""
        self._keys: dict[str, Key] = {}
        for index, (public, secret) in enumerate(secrets.items()):
            self._keys[public] = Key(account_of(public), _decoded(secret), 100_001 + index)
        self._user_ids = {key.account: key.user_id for key in self._keys.values()}

    @property
    def accounts(self) -> Collection[str]:
        return self._user_ids

    def user_id(self, account: str) -> int:
        return self._user_ids[account]

    def refusal(self, headers: Mapping[str, str], now_ms: int) -> str | None:
        """Why a request is not let in, or None. A stamp may repeat: clients in use do."""
        public, stamp = headers.get("x-pck", ""), headers.get("x-stamp", "")
        signature = headers.get("x-signature", "")
        if not public or not stamp or not signature:
            return "Headers are missing"
        key = self._keys.get(public)
        if key is None:
            return "Invalid Public/Private key"
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 16):
            return "Invalid Nonce"
        if abs(int(stamp) - now_ms) > STAMP_TOLERANCE_MS:
            return "Invalid Nonce"
        if not _is_signed(key, public + stamp, signature):
            return "Invalid Request"
        return None

    def login(self, public: str, nonce: int, signature: str) -> Key | str:
        """The key behind a socket's login, or why there is none."""
        key = self._keys.get(public)
        if key is None:
            return "Unauthorized - Invalid Public/Private key"
        if nonce != SOCKET_NONCE:
            return "Unauthorized - Invalid Nonce"
        if not _is_signed(key, f"{public}{nonce}", signature):
            return "Unauthorized - Invalid Signature"
        return key


def _is_signed(key: Key, message: str, signature: str) -> bool:
    expected = b64encode(hmac.new(key.secret, message.encode(), sha256).digest())
    return hmac.compare_digest(expected, signature.encode("utf-8", "replace"))


def _decoded(secret: str) -> bytes:
    try:
        return b64decode(secret, validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise ConfigError("--secret: expected base64") from wrong
