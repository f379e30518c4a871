"""The power goes, and with it everything that was not synced (FAULTS D01)."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from btcbot_core.adapters.sqlite.database import Synchronous
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.adapters.witness import FileWitness, witness_path
from btcbot_core.domain.errors import BotError
from btcbot_core.domain.ids import ClientId
from tests.killpoints.exchange import Act, Line
from tests.killpoints.life import RUN, SCENARIOS, database, journal
from tests.killpoints.strace import PATIENCE_S, STRACE, prepare, why_not
from tests.killpoints.verdict import settle
from tests.storage.disk import CALLS, Call, Disk, calls

TRADES = "partial fill"
"""Orders, fills in three parts, and a commit for each of them."""
LONGEST = "100000"
"""Bytes of a call that strace must not shorten; a page has 4,096."""
UNABLE = why_not()
pytestmark = pytest.mark.skipif(bool(UNABLE), reason=UNABLE)


def recorded(name: str, folder: Path, synchronous: Synchronous) -> tuple[Disk, list[Call]]:
    """The disk before a life, and every call of the life."""
    prepare(name, folder / "life")
    disk, log = Disk(folder / "life"), folder / "log"
    life = [name, str(folder / "life"), synchronous]
    argv = [sys.executable, "-B", "-m", "tests.storage.cut_life", *life]
    traced = ["-o", str(log), "-y", "-xx", "-s", LONGEST, "-e", f"trace={','.join(CALLS)}"]
    done = subprocess.run(
        [*STRACE, *traced, "-e", "signal=none", *argv],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return disk, list(calls(log, folder / "life"))


def cuts(disk: Disk, made: list[Call]) -> Iterator[list[Line]]:
    """Go through the life call by call; yields what the exchange had been told by then.

    The exchange is another machine: what it was told stays.
    """
    told: list[Line] = []
    for call in made:
        if call.path.name == "exchange.jsonl":
            if call.name == "writev":
                told.append(msgspec.json.decode(call.data, type=Line))
        else:
            disk.do(call)
        yield told


def stored_names(folder: Path) -> set[ClientId]:
    """Which orders the store knows after the cut; none when it is of no use any more."""
    try:
        store = SqliteStore(database(folder), is_checked=True)
    except BotError:
        return set()
    try:
        with store.read() as work:
            found = work.checkpoints.load(RUN)
        return set(found.orders) if found else set()
    finally:
        store.close()


def lost(folder: Path, synchronous: Synchronous, seed: int | None) -> tuple[int, int]:
    """How often the power was cut with orders out, and how often one of them was forgotten."""
    disk, made = recorded(TRADES, folder, synchronous)
    cut, forgotten = 0, 0
    for number, told in enumerate(cuts(disk, made)):
        sent = {line.client_id for line in told if line.act is Act.TAKEN}
        if sent:
            place = folder / f"cut-{number}"
            disk.cut(place, seed)
            cut += 1
            forgotten += bool(sent - stored_names(place))
    return cut, forgotten


@pytest.mark.parametrize("seed", [None, 1])
def test_no_power_cut_makes_us_forget_an_order_that_was_sent(
    tmp_path: Path, seed: int | None
) -> None:
    cut, forgotten = lost(tmp_path, "FULL", seed)
    print(f"{cut} power cuts with orders out, {forgotten} of them forgot one")
    assert cut > 100
    assert forgotten == 0


def test_with_less_durable_commits_a_power_cut_does_and_so_this_test_can_fail(
    tmp_path: Path,
) -> None:
    cut, forgotten = lost(tmp_path, "NORMAL", None)
    print(f"{cut} power cuts with orders out, {forgotten} of them forgot one")
    assert 0 < forgotten <= cut


def test_after_a_power_cut_at_any_word_to_the_exchange_books_and_exchange_agree(
    tmp_path: Path,
) -> None:
    disk, made = recorded(TRADES, tmp_path, "FULL")
    heard, tried = 0, 0
    for number, told in enumerate(cuts(disk, made)):
        if len(told) > heard:
            heard = len(told)
            place = tmp_path / f"cut-{number}"
            disk.cut(place, seed=number)
            lines = b"".join(msgspec.json.encode(line) + b"\n" for line in told)
            journal(place).write_bytes(lines)
            witness = FileWitness(witness_path(database(place))).read()
            assert witness is not None
            assert witness.client_id is not None, "an order left before the witness was durable"
            settle(SCENARIOS[TRADES], place)
            tried += 1
    assert tried >= 8


@pytest.mark.parametrize("seed", [None, 1])
def test_a_database_that_was_being_made_when_the_power_went_is_made_again(
    tmp_path: Path, seed: int | None
) -> None:
    disk, made = recorded("first start", tmp_path, "FULL")
    tried = 0
    for number, told in enumerate(cuts(disk, made)):
        if told:
            break
        place = tmp_path / f"cut-{number}"
        disk.cut(place, seed)
        SqliteStore(database(place), is_checked=True).close()
        tried += 1
    assert tried > 50
