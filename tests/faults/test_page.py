"""The published page of faults is the catalogue, the catalogue is whole, and its tests exist."""

import pytest

from tests.architecture.tree import ROOT
from tests.faults.rows import Fault, Standing, function_of, functions_in, place_of, sections

COUNTS = {"P": 17, "D": 15, "T": 6, "X": 32, "O": 17, "S": 22}
"""How many faults were thought of, by what they strike. A row is never dropped, only answered."""
FAULTS = [fault for section in sections() for fault in section.faults]


def test_every_fault_that_was_thought_of_has_its_row_once() -> None:
    expected = [f"{kind}{n:02}" for kind, count in COUNTS.items() for n in range(1, count + 1)]
    assert [fault.id for fault in FAULTS] == expected


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_every_row_names_tests_that_exist_or_says_why_it_has_none(fault: Fault) -> None:
    missing = [t for t in fault.tests if function_of(t) not in functions_in(place_of(t))]
    assert missing == []
    assert fault.tests or fault.standing in (Standing.OPEN, Standing.ABSENT)
    assert not fault.tests or fault.standing is not Standing.ABSENT
    assert bool(fault.because) == (fault.standing is not Standing.HOLDS)
    assert all((fault.fault, fault.injected, fault.expected))
    assert len(set(fault.tests)) == len(fault.tests)


def test_the_readme_links_the_page_as_its_promise() -> None:
    assert "docs/faults.md" in (ROOT / "README.md").read_text(encoding="utf-8")
