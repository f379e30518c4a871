"""Killed at any system call that writes, the bot goes on as if nothing had been (FAULTS P01, P03).

Here every n-th point is tried; `tests.killpoints.soak_killpoints` tries them all.
"""

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from btcbot_core.domain.ids import ClientId
from tests.killpoints.enumeration import try_every
from tests.killpoints.exchange import Line, read_lines
from tests.killpoints.life import SCENARIOS, journal, live
from tests.killpoints.strace import prepare, why_not
from tests.killpoints.verdict import settle
from tests.proofs import POINTS

NTH = 23
UNABLE = why_not()
needs_strace = pytest.mark.skipif(bool(UNABLE), reason=UNABLE)


@needs_strace
@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_kill_at_any_write_loses_nothing_and_does_nothing_twice(
    name: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    found = try_every(NTH, name, tmp_path)
    assert found.points > 100
    record_property(POINTS, msgspec.json.encode(found).decode())


def test_an_order_that_was_taken_and_never_answered_is_adopted(tmp_path: Path) -> None:
    """The worst instant of all, without strace: the exchange has it, and the bot is dead."""
    folder = tmp_path / "cut"
    prepare("recovery", folder)
    before = read_lines(journal(folder))
    assert [line.act for line in before] == ["taken"]
    books = settle(SCENARIOS["recovery"], folder)
    ends = sorted(status.value for _, status, _ in books.outcome)
    assert ends == ["filled", "not_placed"]


def _twice(line: Line) -> Line:
    return line


def _unheard_of(line: Line) -> Line:
    return msgspec.structs.replace(line, client_id=ClientId("btcb-nobody"))


def _after_the_kill(line: Line) -> Line:
    return msgspec.structs.replace(line, is_killed=True)


def _filled_otherwise(line: Line) -> Line:
    return msgspec.structs.replace(line, qty=line.qty - Decimal("0.0001"))


@pytest.mark.parametrize(
    ("act", "change", "is_added"),
    [
        ("taken", _twice, True),
        ("taken", _unheard_of, True),
        ("taken", _after_the_kill, False),
        ("filled", _filled_otherwise, False),
    ],
)
def test_the_judge_notices(
    tmp_path: Path, act: str, change: Callable[[Line], Line], is_added: bool
) -> None:
    """A judge that lets everything pass would prove nothing."""
    scenario = SCENARIOS["submit"]
    assert live(scenario, tmp_path).exit_code == 0
    good = tmp_path / "good"
    shutil.copytree(tmp_path, good, ignore=shutil.ignore_patterns("good"))
    settle(scenario, good)
    lines = read_lines(journal(tmp_path))
    at = next(n for n, line in enumerate(lines) if line.act == act)
    changed = change(lines[at])
    lines[at : at if is_added else at + 1] = [changed]
    journal(tmp_path).write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in lines))
    with pytest.raises(AssertionError):
        settle(scenario, tmp_path)
