"""The pages about the paper exchange name everything that it knows."""

import re
from pathlib import Path

import pytest

from btcbot_core.adapters.paper.endpoints import Endpoint
from btcbot_core.adapters.paper.faults import FaultKind, parse_faults

DOCS = Path(__file__).parents[2] / "docs"
FAULTS = (DOCS / "faults-format.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", [*Endpoint, *FaultKind])
def test_every_endpoint_and_every_fault_is_on_the_page(word: str) -> None:
    assert re.search(rf"`{re.escape(word)}[`=]", FAULTS)


def test_the_pages_example_can_be_read() -> None:
    example = FAULTS.split("```")[1]
    assert len(parse_faults(example)) == 4
