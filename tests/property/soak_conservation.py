"""`make soak`: a thousand random markets, and in each every promise about money (STAGE7 §27.1)."""

from hypothesis import HealthCheck, given, settings

from tests.property.test_stage7 import RECIPES, require_conserved

MARKETS = 1_000


def main() -> None:
    conserve = settings(
        max_examples=MARKETS,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )(given(RECIPES)(require_conserved))
    conserve()
    print(f"{MARKETS:,} made-up markets: money conserved, no fill past its limit", flush=True)


if __name__ == "__main__":
    main()
