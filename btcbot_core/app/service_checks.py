"""Readiness of a rebalancing run: how its last cycles went, each figure against its limits."""

from collections.abc import Callable
from decimal import Decimal

from btcbot_core.app.check import Ask, Check, Question, of_run
from btcbot_core.app.facts import Facts, RunFact
from btcbot_core.app.service import (
    DRAWDOWN_RATIO,
    FILL_RATIO,
    LATENCY_MS,
    REJECT_RATIO,
    Bounds,
    Grade,
    Service,
)

_PERCENT = Decimal(100)
_LOOK = "look at the run with stage7-report"


def _graded(
    name: str, bounds: Bounds, figure: Callable[[Service], Decimal | None], meaning: str
) -> Question:
    @of_run("service", name)
    def answer(ask: Ask, _facts: Facts, run: RunFact) -> Check:
        service = run.service
        if service is None:
            return ask.skip("the latest run does not rebalance")
        found = figure(service)
        if found is None or not service.cycles:
            return ask.skip(f"no order in its last {service.cycles} cycles")
        unit = "ms" if bounds is LATENCY_MS else "%"
        shown = found if bounds is LATENCY_MS else found * _PERCENT
        seen = f"{shown:.0f} {unit} over its last {service.cycles} cycles"
        match bounds.grade(found):
            case Grade.GOOD:
                return ask.ok(seen)
            case Grade.POOR:
                return ask.warn(seen, meaning, _LOOK)
            case Grade.BAD:
                return ask.fail(seen, meaning, _LOOK)

    return answer


SERVICE_CHECKS: tuple[Question, ...] = (
    _graded("rejects", REJECT_RATIO, lambda s: s.reject_ratio, "many orders are refused"),
    _graded("fills", FILL_RATIO, lambda s: s.fill_ratio, "many orders end without being filled"),
    _graded("latency", LATENCY_MS, lambda s: Decimal(s.latency_ms), "the exchange answers slowly"),
    _graded("drawdown", DRAWDOWN_RATIO, lambda s: s.drawdown_ratio, "equity is far off its peak"),
)
