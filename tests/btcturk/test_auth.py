"""Signatures as four independent programs make them, and credentials that show nothing."""

import copy
import json
import pickle
from typing import Any

import pytest

from btcbot_core.adapters.btcturk.auth import Credentials
from btcbot_core.domain.errors import ConfigError
from tests.btcturk.world import HERE
from tests.canaries import KEY, SECRET

VECTORS = json.loads((HERE / "signing_vectors.json").read_bytes())


@pytest.mark.parametrize("vector", VECTORS["rest"], ids=lambda v: str(v["stamp_ms"]))
def test_a_request_is_signed_as_the_vectors_say(vector: dict[str, Any]) -> None:
    credentials = Credentials(vector["key"], vector["secret"])
    assert credentials.headers(vector["stamp_ms"]) == vector["headers"]


def test_the_sockets_login_is_signed_as_its_vector_says() -> None:
    login = VECTORS["websocket_login"]
    credentials = Credentials(login["key"], login["secret"])
    assert credentials.signature(login["nonce"]) == login["signature"]


@pytest.mark.parametrize(
    ("key", "secret", "names"),
    [
        ("", SECRET, "BTCTURK_API_KEY"),
        ("short", SECRET, "BTCTURK_API_KEY"),
        ("a key with spaces", SECRET, "BTCTURK_API_KEY"),
        ("key-with-a-line\r\nX-Evil: 1", SECRET, "BTCTURK_API_KEY"),
        ("anahtar-ğüş-123", SECRET, "BTCTURK_API_KEY"),
        (KEY, "", "BTCTURK_API_SECRET"),
        (KEY, "not base64 at all!", "BTCTURK_API_SECRET"),
        (KEY, SECRET[:-1], "BTCTURK_API_SECRET"),
        (KEY, "c2hvcnQ=", "BTCTURK_API_SECRET"),
        (KEY, "ğğğğğğğğğğğğğğğğğğğğğğğğ", "BTCTURK_API_SECRET"),
    ],
)
def test_credentials_that_cannot_be_real_are_refused_without_showing_them(
    key: str, secret: str, names: str
) -> None:
    with pytest.raises(ConfigError, match=names) as caught:
        Credentials(key, secret)
    for each in (key, secret):
        assert not each or each not in str(caught.value)


def test_credentials_show_nothing_and_leave_no_copy() -> None:
    credentials = Credentials(KEY, SECRET)
    for text in (repr(credentials), str(credentials), f"{credentials}", credentials.fingerprint):
        assert KEY not in text
        assert SECRET not in text
    for store in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="neither copied nor stored"):
            store(credentials)
    assert not hasattr(credentials, "__dict__")


def test_a_fingerprint_tells_accounts_apart_and_is_the_same_every_time() -> None:
    mine = Credentials(KEY, SECRET).fingerprint
    assert mine == Credentials(KEY, SECRET).fingerprint
    assert mine != Credentials("another-key", SECRET).fingerprint
    assert len(mine) == 12


def test_an_answer_that_echoes_the_key_or_secret_comes_without_them() -> None:
    secret = "//4ALys9" * 4
    credentials = Credentials(KEY, secret)
    escaped, quoted = secret.replace("/", r"\/"), secret.replace("/", "%2F")
    body = f'{{"message":"bad key {KEY}, secrets {secret} {escaped} {quoted}"}}'
    hidden = credentials.hide(body.encode()).decode()
    assert "4ALys9" not in hidden
    assert KEY not in hidden
    assert hidden.count("[REDACTED]") == 4
