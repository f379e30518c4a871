"""Lives on a disk that fails: which calls fail and how, and what must hold all the same."""

import shutil
from pathlib import Path
from typing import NamedTuple

from btcbot_core.domain.errors import ExitCode
from tests.killpoints.exchange import Act, read_lines
from tests.killpoints.life import SCENARIOS, database, journal
from tests.killpoints.strace import End, count, prepare, striking
from tests.killpoints.verdict import read_books, settle

NAME = "submit"
"""Two orders leave in one cycle: a commit that fails between them must hold the second back."""
WORDS_MAX = 300

FAULTS = {
    "the disk is full from then on": ("pwrite64", "error=ENOSPC+"),
    "the disk is full for one write": ("pwrite64", "error=ENOSPC"),
    "a write fails": ("pwrite64", "error=EIO"),
    "the file system is read-only from then on": ("pwrite64", "error=EROFS+"),
    "a sync fails": ("fdatasync", "error=EIO"),
}


class Tried(NamedTuple):
    """How many calls were made to fail, and how many of them ended the run."""

    calls: int
    tried: int
    ended: int


def try_every(nth: int, fault: str, folder: Path) -> Tried:
    """Let each n-th call fail, in a life of its own; AssertionError names the one that broke."""
    call, error = FAULTS[fault]
    prepared = folder / "prepared"
    prepare(NAME, prepared)
    made = count(NAME, prepared, folder)[call]
    tried = range(1, made + 1, nth)
    ended = 0
    with striking(NAME, {call: made}, error) as striker:
        for at in tried:
            place = folder / f"{call}-{at}"
            shutil.copytree(prepared, place)
            end = striker.life(place, call, at)
            try:
                _require_an_honest_end(end, place)
                settle(SCENARIOS[NAME], place)
            except AssertionError as problem:
                raise AssertionError(f"{fault}, {call} {at}: {problem}") from problem
            ended += end.code != ExitCode.OK
            shutil.rmtree(place)
    return Tried(made, len(tried), ended)


def _require_an_honest_end(end: End, folder: Path) -> None:
    """Either nothing that counts was hit, or the run ended with one line and sent nothing more."""
    lines = read_lines(journal(folder))
    failed = [n for n, line in enumerate(lines) if line.act is Act.STORE_FAILED]
    if end.code == ExitCode.OK:
        assert not end.said
        assert not failed
    else:
        assert end.code == ExitCode.STORE_UNUSABLE, end
        assert "\n" not in end.said
        assert len(end.said) <= WORDS_MAX
        assert str(database(folder).name) in end.said, end.said
    sent_after = [line for n in failed[:1] for line in lines[n:] if line.act is Act.TAKEN]
    assert not sent_after, "an order left after the store had failed"
    sent = {line.client_id for line in lines if line.act is Act.TAKEN}
    assert sent <= {order.client_id for order in read_books(folder).orders}, "sent, not stored"
