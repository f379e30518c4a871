"""A cycle that does not trade says why, in one word."""

from pathlib import Path

import msgspec

from btcbot_core.adapters.replay.synthetic import Recipe, Scenario
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.learning import NoTrades, RebalanceRow
from tests.story.rebalancing import PAIRS, made_up, run


def word(cycle: Cycle) -> NoTrades | None:
    row = cycle.records["rebalance"]
    assert isinstance(row, RebalanceRow)
    return row.no_trades


def test_every_cycle_has_fills_or_a_reason_for_none(tmp_path: Path) -> None:
    recipe = Recipe(symbols=PAIRS, minutes=100, volatility_bps=20, scenario=Scenario.GAP)
    dataset, db = made_up(tmp_path / "d", recipe, STAGE7_DRIFT_BAND_BPS="100"), tmp_path / "a.db"

    def kill(cycle: Cycle) -> None:
        if cycle.step == 95:
            Path(f"{db}.kill").write_text("{}", encoding="ascii")

    told = run(dataset, db, on_cycle=kill)
    found = {word(cycle) for cycle in told.cycles}
    assert found == {
        None,
        NoTrades.NO_FILLS,
        NoTrades.NOTHING_PLANNED,
        NoTrades.OBSERVING,
        NoTrades.KILLED,
    }
    assert [cycle.step for cycle in told.cycles if bool(cycle.fills) == bool(word(cycle))] == []


def test_a_plan_that_is_refused_as_a_whole_is_no_quiet_one(tmp_path: Path) -> None:
    dataset = made_up(
        tmp_path / "d", Recipe(symbols=PAIRS, minutes=3), STAGE7_MAX_SYMBOL_EXPOSURE_TRY="100"
    )
    first = run(dataset, tmp_path / "a.db").cycles[0]
    assert (word(first), first.intents) == (NoTrades.ALL_REFUSED, ())
    assert msgspec.to_builtins(first.records["rebalance"])["plan"]["targets"]
