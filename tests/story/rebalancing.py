"""Backtests of stories: a made-up dataset, the numbers that the story sets, every cycle kept."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from btcbot_core.adapters.replay.synthetic import Recipe, write_dataset
from btcbot_core.app.backtest import BacktestSummary
from btcbot_core.bootstrap.backtest import BacktestOptions, open_backtest
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.domain.symbol import Symbol

PAIRS = tuple(map(Symbol, ("BTCTRY", "ETHTRY", "SOLTRY")))
PROFILE = {
    "DRY_RUN_TRY_BALANCE": "10000",
    "NOTIONAL_CAP_TRY_PER_CYCLE": "3000",
    "MAX_ORDERS_PER_CYCLE": "3",
    "TRY_CASH_TARGET": "500",
    "TRY_CASH_MAX": "500",
    "STAGE7_MAX_DAILY_LOSS_TRY": "",
    "STAGE7_FEE_BURN_LIMIT_TRY": "",
    "STAGE7_MAX_CONSECUTIVE_LOSSES": "",
}


@dataclass
class Told:
    """What a run did, cycle by cycle."""

    summary: BacktestSummary
    cycles: list[Cycle] = field(default_factory=list)


def made_up(folder: Path, recipe: Recipe, **settings: str) -> Path:
    """A dataset whose profile holds these settings over the usual ones."""
    profile = {**PROFILE, **settings}
    whole = Recipe(
        symbols=recipe.symbols,
        minutes=recipe.minutes,
        start=recipe.start,
        volatility_bps=recipe.volatility_bps,
        spread_bps=recipe.spread_bps,
        scenario=recipe.scenario,
        seed=recipe.seed,
        profile=profile,
    )
    return write_dataset(folder, whole)


def run(
    dataset: Path,
    db: Path,
    cycles: int | None = None,
    seed: int | None = None,
    on_cycle: Callable[[Cycle], None] | None = None,
    env_file: Path | None = None,
) -> Told:
    """Run a backtest to its end, or to so many cycles."""
    options = BacktestOptions(dataset=dataset, out_db=db, seed=seed, env_file=env_file)
    opened = open_backtest(options)
    told: list[Cycle] = []

    def note(cycle: Cycle) -> None:
        told.append(cycle)
        if on_cycle is not None:
            on_cycle(cycle)

    opened.backtest.on_cycle = note
    try:
        return Told(opened.backtest.run(cycles), told)
    finally:
        opened.close()
