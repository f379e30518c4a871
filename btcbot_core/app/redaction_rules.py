"""What is secret by the name it goes under, or by its own looks, whatever its value is."""

import re
from functools import lru_cache

MASK = "[REDACTED]"

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_PHRASES = (
    ("api", "key"),
    ("apikey",),
    ("access", "key"),
    ("private", "key"),
    ("secret",),
    ("secrets",),
    ("apisecret",),
    ("signature",),
    ("password",),
    ("passwd",),
    ("passphrase",),
    ("token",),
    ("authorization",),
    ("auth",),
    ("credential",),
    ("credentials",),
    ("cookie",),
    ("pck",),
    ("x", "stamp"),
)
"""A name is sensitive that holds one of these, word by word …"""
_HARMLESS_LAST = frozenset(
    {"age", "bucket", "buckets", "count", "days", "kind", "length", "limit", "mode", "type"}
)
"""… unless its last word says that it is about something else: `token_bucket`."""

_NAMED = re.compile(
    r"(?<![\w.\-])(?P<name>[A-Za-z_][\w.\-]*+)"
    r"(?:(?P<quote>\\*+[\"'])?[ \t]{0,4}[:=]{1,3}>?|\\*+[\"'],(?=[ \t]{0,4}b?\\*[\"']))[ \t]{0,4}",
    re.ASCII,
)
_QUOTED = re.compile(r"(?P<open>[bBrRuU]{0,2}(?P<quote>\\*[\"']))(?s:.*?)(?<!\\)(?P=quote)")
_UNENDED = re.compile(r"(?P<open>[bBrRuU]{0,2}\\*[\"'])[^\n]*")
_SCHEME = re.compile(r"(?P<open>(?:Bearer|Basic|Token|ApiKey)[ \t]+)\S+", re.IGNORECASE)
_IN_QUERY = re.compile(r"(?P<open>)[^\s&#\"'<>]+")
_ONE_WORD = re.compile(r"(?P<open>)\S+")
_TO_THE_END = re.compile(r"(?P<open>)[^\n]+")

_WORTH_A_LOOK = re.compile(r"[:=]|[\"'],|eyJ|-----BEGIN|(?i:bearer)")
"""What every rule below needs; most texts hold none of it."""
_BY_LOOKS = (
    (re.compile(r"(?i:\bbearer[ \t]+)[\w+/=.~\-]{8,}"), f"Bearer {MASK}"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]+-----|\Z)"), MASK),
    (re.compile(r"\beyJ[\w\-]{8,}\.[\w\-]{8,}\.[\w\-]*"), MASK),  # a signed web token
    (re.compile(r"\bbot[0-9]{6,}:[\w\-]{30,}"), f"bot{MASK}"),  # Telegram has it in the address
    (re.compile(r"://[^\s/@:\"']*:[^\s/@\"']+@"), f"://{MASK}@"),
)


@lru_cache(maxsize=2_048)
def is_sensitive(name: str) -> bool:
    """Whether what goes under this name is not to be shown: `apiKey`, `X-PCK`, `api_secret`."""
    words = tuple(word.lower() for word in _WORD.findall(name[-128:]))
    if not words or words[-1] in _HARMLESS_LAST:
        return False
    return any(
        words[at : at + len(phrase)] == phrase for phrase in _PHRASES for at in range(len(words))
    )


def hide_by_rule(text: str) -> str:
    """The text with every value hidden that stands beside a sensitive name, or looks secret."""
    if not _WORTH_A_LOOK.search(text):
        return text
    for looks, shown in _BY_LOOKS:
        text = looks.sub(shown, text)
    parts, done = list[str](), 0
    for found in _NAMED.finditer(text):
        if found.start() < done or not is_sensitive(found["name"]):
            continue
        value = _value_of(text, found)
        if value is None:
            continue
        closing = value.groupdict().get("quote") or ""
        parts += [text[done : found.end()], value["open"], MASK, closing]
        done = value.end()
    return "".join((*parts, text[done:]))


def _value_of(text: str, named: re.Match[str]) -> re.Match[str] | None:
    """The value after a name; None where it is hidden already, or there is none."""
    at = named.end()
    if text.startswith(MASK, at):
        return None
    if value := _QUOTED.match(text, at) or _UNENDED.match(text, at):
        return value
    if value := _SCHEME.match(text, at):
        return value
    words = {word.lower() for word in _WORD.findall(named["name"])}
    if words & {"authorization", "cookie"} or text[at : at + 1] in ("[", "{", "("):
        # A scheme that we do not know, several values, or a list: nothing is left of the line.
        return _TO_THE_END.match(text, at)
    if text[: named.start()].endswith(("?", "&")):
        return _IN_QUERY.match(text, at)
    return _ONE_WORD.match(text, at)
