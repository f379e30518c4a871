"""By which seed a broken bot is caught, by which rule and how soon, as a table."""

from collections.abc import Iterable

import msgspec

from tests.simulation.broken import BROKEN
from tests.simulation.shrink import violation
from tests.simulation.stories import story_of
from tests.simulation.wiring import Tampering

SEEDS_MAX = 200


class Caught(msgspec.Struct, frozen=True):
    seed: int
    rule: str
    at_s: int
    """Virtual time in that seed's story."""


def caught(broken: type[Tampering], seeds: Iterable[int]) -> Caught | None:
    """The first of these seeds that catches it, or None."""
    for seed in seeds:
        found = violation(story_of(seed), broken())
        if found is not None:
            return Caught(seed, found.rule, int(found.at_s))
    return None


def main() -> None:
    """Print the table; raises when a broken bot got through."""
    print(f"{'broken on purpose':<32}{'seed':>5}  {'rule':<7}{'after':>7}")
    through = []
    for broken in BROKEN:
        found = caught(broken, range(SEEDS_MAX))
        if found is None:
            through.append(broken.__name__)
            continue
        words = f"{broken.__name__:<32}{found.seed:>5}  {found.rule:<7}{found.at_s:>5} s"
        print(words, flush=True)
    if through:
        raise SystemExit(f"not caught by {SEEDS_MAX} seeds: {', '.join(through)}")


if __name__ == "__main__":
    main()
