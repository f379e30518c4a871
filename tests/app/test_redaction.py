"""Redaction: no secret comes through, by its value in any spelling or by the name it goes under."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from btcbot_core.app.redaction import CUT, DEPTH_MAX, TEXT_MAX, Redactor
from btcbot_core.app.redaction_rules import MASK, hide_by_rule, is_sensitive
from tests.examples import Example, examples, ident

SECRET = "s3cr3t/with+odd\"chars'&ümlaut"
BASE64_SECRET = base64.b64encode(bytes(range(200, 232))).decode()


# ------------------------------------------------------------------------------ the examples


@pytest.mark.parametrize("example", examples("redaction"), ids=ident)
def test_the_worked_examples_of_redaction(example: Example) -> None:
    """One mask stands everywhere: RED-08 has another for mappings, which DEC-32 replaces."""
    if "text" in example["input"]:
        assert hide_by_rule(example["input"]["text"]) == example["expect"]["text"]
        return
    expected = json.loads(json.dumps(example["expect"]).replace("***REDACTED***", MASK))
    assert Redactor().data(example["input"]["data"]) == expected["data"]


# --------------------------------------------------------------------------------- by value


def spelled(secret: str) -> dict[str, str]:
    """Ways in which a library or an exchange may repeat a secret."""
    raw = secret.encode()
    return {
        "raw": secret,
        "in a sentence": f"the key <{secret}> was refused",
        "URL": quote(secret, safe=""),
        "URL, lower case": quote(secret, safe="").lower(),
        "URL, slashes kept": quote(secret),
        "URL, twice": quote(quote(secret, safe=""), safe=""),
        "JSON": json.dumps({"k": secret}),
        "JSON, letters kept": json.dumps({"k": secret}, ensure_ascii=False),
        "JSON, slashes escaped": json.dumps(secret).replace("/", "\\/"),
        "JSON in JSON": json.dumps(json.dumps(secret)),
        "repr": repr({"k": secret}),
        "repr of bytes": repr(raw),
        "base64": base64.b64encode(raw).decode(),
        "base64 after a user's name": base64.b64encode(b"user:" + raw).decode(),
        "base64 after one letter": base64.b64encode(b"u" + raw + b"tail").decode(),
        "base64 for addresses": base64.urlsafe_b64encode(b"ab" + raw).decode(),
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
        "backwards": secret[::-1],
    }


@pytest.mark.parametrize("way", spelled(SECRET))
@pytest.mark.parametrize("secret", [SECRET, BASE64_SECRET])
def test_a_secret_is_found_in_every_spelling(secret: str, way: str) -> None:
    text = Redactor([secret]).text(f"before {spelled(secret)[way]} after")
    assert MASK in text
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert core(spelled(secret)[way]) not in text


def core(text: str) -> str:
    """The middle of a text: of base64 the first and last letters are shared with the neighbours."""
    return text[len(text) // 3 : -len(text) // 3]


def test_the_bytes_behind_a_base64_secret_are_a_secret_too() -> None:
    redactor, raw = Redactor([BASE64_SECRET]), base64.b64decode(BASE64_SECRET)
    for shown in (raw.hex(), repr(raw), base64.urlsafe_b64encode(raw).decode()):
        assert redactor.text(shown).count(MASK) == 1
    assert redactor.data(b"\xff" + raw + b"\xfe") == f"\\xff{MASK}\\xfe"


def test_a_secret_is_found_wherever_it_stands() -> None:
    class Odd:
        def __repr__(self) -> str:
            return f"<Odd {SECRET}>"

    @dataclass
    class Held:
        note: str

    class Struct(msgspec.Struct):
        note: str

    error = ValueError("refused", SECRET)
    places: dict[str, object] = {
        "key": {SECRET: 1},
        "list": [1, [SECRET]],
        "tuple": (SECRET,),
        "set": {SECRET, "b"},
        "bytes": SECRET.encode(),
        "bytearray": bytearray(SECRET.encode()),
        "dataclass": Held(SECRET),
        "struct": Struct(SECRET),
        "exception": error,
        "object": Odd(),
        "path": Path("logs") / SECRET.replace("/", "-") / "x",
        "number": 12345678,
        "decimal": Decimal("12345678.5"),
    }
    redactor = Redactor([SECRET, SECRET.replace("/", "-"), "12345678"])
    shown = json.dumps(redactor.data(places), ensure_ascii=False)
    assert SECRET not in shown
    assert "ümlaut" not in shown
    assert "12345678" not in shown
    assert shown.count(MASK) == len(places)


def test_a_secret_learned_later_is_hidden_from_then_on() -> None:
    redactor = Redactor()
    assert redactor.text("rotated-key-2") == "rotated-key-2"
    redactor.learn("rotated-key-2")
    assert redactor.text("rotated-key-2") == MASK


def test_half_a_secret_at_the_edge_of_a_long_text_does_not_come_through() -> None:
    redactor = Redactor([SECRET])
    for shift in range(len(SECRET)):
        text = redactor.text("x" * (TEXT_MAX - shift) + SECRET + "y" * 3 * TEXT_MAX)
        assert SECRET[:8] not in text
        text = redactor.text("x" * (2 * TEXT_MAX - shift) + SECRET)
        assert SECRET[:8] not in text
        assert len(text) <= TEXT_MAX + len(CUT)


def test_the_redactor_itself_shows_nothing() -> None:
    assert SECRET not in repr(Redactor([SECRET]))


def test_what_is_too_short_to_be_a_secret_tears_no_words_apart() -> None:
    assert Redactor(["a", "the", ""]).text("the cat sat") == "the cat sat"


# ---------------------------------------------------------------------------------- by rule


@pytest.mark.parametrize(
    "name",
    [
        "apiKey",
        "api_key",
        "API-KEY",
        "apikey",
        "BTCTURK_API_KEY",
        "BTCTURK_API_SECRET",
        "X-PCK",
        "x-stamp",
        "X-Signature",
        "Authorization",
        "proxy-authorization",
        "password",
        "db_password_2",
        "accessToken",
        "refresh_token",
        "token",
        "Set-Cookie",
        "privateKey",
        "clientSecretValue",
    ],
)
def test_a_sensitive_name_is_known_word_by_word(name: str) -> None:
    assert is_sensitive(name)
    assert Redactor().data({name: "abc", "ok": 1}) == {name: MASK, "ok": 1}


@pytest.mark.parametrize(
    "name",
    [
        "token_bucket",
        "tokens",
        "timestamp",
        "stamp_ms",
        "key",
        "idempotency_key",
        "secretary",
        "author",
        "signature_length",
        "auth_mode",
        "client_order_id",
        "secret_age",
        "",
        "…",
    ],
)
def test_a_harmless_name_that_looks_alike_is_kept(name: str) -> None:
    assert not is_sensitive(name)
    assert Redactor().data({name: "abc"}) == {name: "abc"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Custom abc def ghi", f"Authorization: {MASK}"),
        ('Authorization: Digest username="me", response="ff"', f"Authorization: {MASK}"),
        ("{'api_secret': 'abc', 'x': 1}", f"{{'api_secret': '{MASK}', 'x': 1}}"),
        ("{'api_secret': b'abc', 'x': 1}", f"{{'api_secret': b'{MASK}', 'x': 1}}"),
        (r"{\"password\": \"a\\\"b\", \"x\": 1}", rf"{{\"password\": \"{MASK}\", \"x\": 1}}"),
        ("[('X-PCK', 'abc'), ('Accept', 'j')]", f"[('X-PCK', '{MASK}'), ('Accept', 'j')]"),
        ("[(b'X-PCK', b'abc')]", f"[(b'X-PCK', b'{MASK}')]"),
        ("token='abc def' next=1", f"token='{MASK}' next=1"),
        ("password: 'never ended", f"password: '{MASK}"),
        ("tokens: ['abc', 'def']", "tokens: ['abc', 'def']"),
        ("token: ['abc', 'def']", f"token: {MASK}"),
        ("passphrase := swordfish and more", f"passphrase := {MASK} and more"),
        ("https://me:hunter2@host/x", f"https://{MASK}@host/x"),
        ("sent with bearer abcdefgh12345678", f"sent with Bearer {MASK}"),
        (f"api_key={MASK} is hidden", f"api_key={MASK} is hidden"),
        (
            "x\n-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----\ny",
            f"x\n{MASK}\ny",
        ),
        ("at 12:30:45, key: value, x=1", "at 12:30:45, key: value, x=1"),
    ],
)
def test_a_value_beside_a_sensitive_name_is_hidden(text: str, shown: str) -> None:
    assert hide_by_rule(text) == shown


def test_a_header_kept_as_a_pair_is_hidden() -> None:
    headers = [("X-PCK", "abc"), (b"X-Signature", b"def"), ("Accept", "json")]
    shown = [["X-PCK", MASK], ["X-Signature", MASK], ["Accept", "json"]]
    assert Redactor().data(headers) == shown


def test_that_nothing_or_something_is_set_may_be_told() -> None:
    facts = {"api_key": None, "has_secret": True, "password": "", "token": 0}
    shown = {"api_key": None, "has_secret": True, "password": MASK, "token": MASK}
    assert Redactor().data(facts) == shown


# ---------------------------------------------------------------------------------- bounds


def test_what_contains_itself_or_is_too_deep_is_cut() -> None:
    ring: list[object] = [1]
    ring.append(ring)
    assert Redactor().data(ring) == [1, CUT]
    deep: object = SECRET
    for _ in range(DEPTH_MAX + 1):
        deep = {"in": deep}
    shown = json.dumps(Redactor().data(deep))
    assert CUT in shown
    assert SECRET not in shown


def test_a_long_list_and_a_long_text_are_cut() -> None:
    shown = Redactor().data([*range(100_000)])
    assert isinstance(shown, list)
    assert shown[-1] == CUT
    assert len(json.dumps(shown)) < 1_000
    assert len(Redactor().text("x" * 1_000_000)) == TEXT_MAX + len(CUT)


# ------------------------------------------------------------------------------- properties

SECRETS = st.text(min_size=10, max_size=60).filter(lambda text: len(set(text)) > 4)
OTHERS = st.text(max_size=20)


def shapes(secret: str) -> st.SearchStrategy[object]:
    """Random data with a secret somewhere in it, in one of many spellings."""
    encodable = secret.encode("utf-8", "ignore").decode()
    forms = [
        secret,
        repr(secret),
        json.dumps(secret),
        json.dumps({"a": secret}, ensure_ascii=False),
        quote(encodable, safe=""),
        encodable.encode().hex(),
        encodable.encode(),
        ValueError(secret),
    ]
    around = st.tuples(OTHERS, OTHERS).map(lambda parts: f"{parts[0]}{secret}{parts[1]}")
    leaves: st.SearchStrategy[object] = st.one_of(st.sampled_from(forms), around)
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.tuples(inner, inner),
            st.dictionaries(st.one_of(OTHERS, st.just(secret)), inner, max_size=3),
        ),
        max_leaves=6,
    )


@given(st.data())
def test_whatever_the_secret_and_the_shape_are_it_does_not_come_out(data: st.DataObject) -> None:
    secret = data.draw(SECRETS)
    assume(secret not in f"{MASK}{CUT}ValueError: ")
    shown = Redactor([secret]).data(data.draw(shapes(secret)))
    for line in (json.dumps(shown), json.dumps(shown, ensure_ascii=False), repr(shown)):
        assert secret not in line
        assert json.dumps(secret)[1:-1] not in line


@given(OTHERS, OTHERS)
def test_to_redact_twice_is_to_redact_once(before: str, after: str) -> None:
    redactor = Redactor([SECRET])
    once = redactor.text(f"{before} api_key={SECRET} {after}")
    assert redactor.text(once) == once


@given(st.text(max_size=200))
def test_a_text_without_colon_equals_or_secret_is_left_as_it_is(text: str) -> None:
    assume(not any(mark in text for mark in (":", "=", "'", '"', "eyJ", "-----")))
    assume("bearer" not in text.lower())
    assert Redactor([SECRET]).text(text) == text


NESTING: list[Callable[[str], object]] = [
    lambda name: {name: {"deep": ["abc-def-ghi"]}},
    lambda name: f"{name}=abc-def-ghi",
    lambda name: f"{name}: abc-def-ghi",
    lambda name: f'"{name}": "abc-def-ghi"',
    lambda name: f"{{'{name}': 'abc-def-ghi'}}",
    lambda name: json.dumps(json.dumps({name: "abc-def-ghi"})),
    lambda name: f"?a=1&{name}=abc-def-ghi&b=2",
]


@pytest.mark.parametrize("shape", range(len(NESTING)))
@pytest.mark.parametrize("name", ["apiKey", "X-PCK", "api_secret", "Authorization", "token"])
def test_the_rules_need_no_registered_secret(name: str, shape: int) -> None:
    assert "abc-def-ghi" not in json.dumps(Redactor().data(NESTING[shape](name)))
