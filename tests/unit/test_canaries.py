"""The search for secrets finds them; one that can find nothing would prove nothing."""

from base64 import b64encode
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from tests.canaries import AWKWARD, KEY, SECRET, leaking, leaks

PLANTED = {
    "plain": KEY.encode(),
    "within base64": b64encode(f"?key={KEY}&".encode()),
    "within base64 one further": b64encode(f"??key={KEY}&".encode()),
    "within base64 two further": b64encode(f"???key={KEY}&".encode()),
    "base64 of base64": b64encode(SECRET.encode()),
    "in a query": quote_plus(SECRET).encode(),
    "in a path": quote(AWKWARD, safe="").encode(),
    "in hexadecimal": b"0x" + SECRET.encode().hex().encode(),
    "decoded": b"canary-secret-canary-secret!",
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_secret_is_found_in_every_spelling(name: str) -> None:
    assert leaks(b"\0before" + PLANTED[name] + b"after")


def test_what_holds_no_secret_is_let_be() -> None:
    assert not leaks(b64encode(b"canary, a bird; key, a tool") + b"canary-key-5f0e")


def test_a_file_with_a_secret_within_or_in_its_name_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "searched"
    (folder / "deep").mkdir(parents=True)
    (folder / "fine.log").write_text("nothing to see")
    (folder / "deep" / "trace.db").write_bytes(PLANTED["within base64"])
    (folder / f"{KEY}.txt").touch()
    (folder / ".env").write_text(SECRET)
    found = [path.name for path in leaking(folder)]
    (folder / "deep" / "trace.db").unlink()
    (folder / f"{KEY}.txt").unlink()
    assert found == [f"{KEY}.txt", "trace.db"]
