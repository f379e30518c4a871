"""The parameters that rebalancing moves: shown as they are in force, and taken back by hand."""

from pathlib import Path

import msgspec
import pytest

from btcbot_core.app.choosing import run_named, run_of_stage
from btcbot_core.app.params import (
    CHANGES_SHOWN,
    Param,
    ParamsView,
    prepare_reset,
    view_params,
)
from btcbot_core.app.resting import perform, resting_run
from btcbot_core.app.verify import RunCheck, verify_run
from btcbot_core.cycle.acts import Act, TakingBack
from btcbot_core.cycle.stages import STAGE3, STAGE7
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.ids import RunId
from btcbot_core.domain.policy import Policy, PortfolioPolicy
from btcbot_core.domain.rebalancing import AdaptationPolicy, Params, RebalancePolicy, SizingPolicy
from btcbot_core.domain.records import RunKind
from btcbot_core.ports import unheard
from btcbot_core.strategy.adaptation import Change, Outcome
from tests.build import BTC, at, d
from tests.story.worlds import RUN, Rig

replace = msgspec.structs.replace

PARAMS = Params(universe_size=10, turnover_cap_try=d("3000"), cash_target_try=d("100"))
ACT = Act(who="operator", why="too wide", at=at(999), deed=TakingBack())


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, stage=STAGE7, policy=a_policy())


def a_policy(params: Params = PARAMS, *, is_on: bool = True) -> Policy:
    """Parameters that may grow every fifth cycle, and a market so unheard that they do."""
    rebalance = RebalancePolicy(
        params=params,
        sizing=SizingPolicy(cash_max_try=d("600")),
        adaptation=AdaptationPolicy(is_on=is_on, cooldown_cycles=4),
    )
    return Policy(portfolio=PortfolioPolicy(targets={BTC: d("0.5")}), rebalance=rebalance)


def shown(rig: Rig) -> ParamsView:
    run = run_of_stage(rig.store, STAGE7.name)
    with rig.store.read() as work:
        return view_params(work, run, unheard)


def of(view: ParamsView, name: str) -> Param:
    return next(param for param in view.params if param.name == name)


def reset(rig: Rig) -> Change | None:
    made = prepare_reset(rig.store, ACT)
    if made.change is not None:
        perform(rig.store, made.prepared)
    return made.change


def verified(rig: Rig) -> RunCheck:
    return verify_run(rig.store, run_named(rig.store), unheard)


def test_what_is_in_force_is_shown_with_its_bounds_and_the_version_that_brought_it(
    rig: Rig,
) -> None:
    rig.run(20)
    view = shown(rig)
    size, cash = of(view, "universe_size"), of(view, "cash_target_try")
    assert (size.value, size.configured, size.least, size.most) == ("14", "10", "5", "50")
    assert (size.version, view.version, view.is_adapting) == (5, 5, True)
    assert (cash.value, cash.least, cash.most, cash.version) == ("100", "0", "600", 1)
    assert of(view, "min_quote_volume_try").most is None
    assert of(view, "turnover_cap_try").most == "3000"
    assert [told.change.to_version for told in view.changes] == [2, 3, 4, 5]
    last = view.changes[-1]
    assert (last.cycle_id, last.change.outcome) == (f"{RUN}-00000017", Outcome.APPLIED)


def test_a_proposal_that_was_not_applied_is_shown_with_what_blocked_it(rig: Rig) -> None:
    rig.run(3)
    rig.market.prices = {}
    rig.run(9)
    told = shown(rig).changes[-1].change
    assert (told.outcome, told.blocked_by) == (Outcome.REJECTED, "mode")
    assert told.fields[0][0] == "max_spread_bps"
    assert of(shown(rig), "max_spread_bps").version == 1


def test_only_the_newest_changes_are_shown(rig: Rig) -> None:
    rig.run(80)
    view = shown(rig)
    assert len(view.changes) == CHANGES_SHOWN
    assert view.changes[-1].change.to_version == view.version


def test_a_reset_is_a_new_version_that_the_next_start_goes_on_with(rig: Rig) -> None:
    rig.run(20)
    told = reset(rig)
    assert told is not None
    assert (told.outcome, told.from_version, told.to_version) == (Outcome.RESET, 5, 6)
    view = shown(rig)
    assert (of(view, "universe_size").value, of(view, "universe_size").version) == ("10", 6)
    assert (view.changes[-1].ts, view.changes[-1].change) == (None, told)
    rig.run(21)
    after = shown(rig)
    assert (after.version, of(after, "universe_size").value) == (6, "10")
    assert (after.changes[-1].cycle_id, after.changes[-1].change) == (f"{RUN}-00000020", told)
    assert "operator: too wide" in told.reason
    rig.run(40)
    assert shown(rig).version > 6


def test_a_reset_is_journalled_and_the_run_verifies_before_and_after_the_next_cycle(
    rig: Rig,
) -> None:
    rig.run(20)
    reset(rig)
    assert verified(rig).is_equal
    rig.run(40)
    run = verified(rig)
    assert (run.is_equal, run.cycles, run.starts, run.cuts) == (True, 40, 2, 0)
    with rig.store.read() as work:
        acts = [row[1:] for row in work.audit.recent(9) if row[2] == "params reset"]
    assert acts == [("operator", "params reset", "too wide")]


def test_a_reset_hides_no_other_change_of_the_state(rig: Rig) -> None:
    rig.run(20)
    reset(rig)
    resting = resting_run(rig.store)
    memory = replace(resting.carried.rebalance, losses_in_a_row=7)
    with rig.store.begin() as work:
        work.checkpoints.save(
            resting.run, resting.cycle, replace(resting.carried, rebalance=memory)
        )
        work.commit()
    run = verified(rig)
    assert (run.is_equal, run.field) == (False, "checkpoint.rebalance.losses_in_a_row")


def test_a_reset_after_a_turn_that_was_cut_verifies_too(rig: Rig) -> None:
    def crash() -> None:
        raise KeyboardInterrupt

    rig.run(20)
    rig.market.prices = {BTC: (d("50"), d("50.1"))}
    rig.exchange.before = crash
    with pytest.raises(KeyboardInterrupt):
        rig.run(30)
    assert resting_run(rig.store).cycle == f"{RUN}-00000020"
    assert reset(rig) is not None
    assert verified(rig).is_equal
    rig.exchange.before = lambda: None
    rig.run(30)
    run = verified(rig)
    assert (run.is_equal, run.cuts) == (True, 1)


def test_where_the_configured_parameters_are_in_force_nothing_is_reset(rig: Rig) -> None:
    rig.run(2)
    assert reset(rig) is None
    rig.run(20)
    assert reset(rig) is not None
    assert reset(rig) is None
    assert shown(rig).version == 6


def test_without_adaptation_the_configured_are_in_force_and_a_reset_waits_for_it(rig: Rig) -> None:
    rig.run(20)
    rig.policy = a_policy(is_on=False)
    rig.run(24)
    view = shown(rig)
    assert (view.is_adapting, view.version, of(view, "universe_size").value) == (False, 1, "10")
    assert {param.version for param in view.params} == {1}
    assert reset(rig) is not None
    rig.run(26)
    rig.policy = a_policy()
    rig.run(27)
    assert (shown(rig).version, verified(rig).is_equal) == (6, True)


def test_other_configured_parameters_begin_their_own_versions(rig: Rig) -> None:
    rig.run(20)
    rig.policy = a_policy(replace(PARAMS, universe_size=30))
    rig.run(21)
    view = shown(rig)
    size = of(view, "universe_size")
    assert (size.value, size.configured, size.version, view.version) == ("30", "30", 1, 1)


def test_a_run_without_cycles_of_another_stage_or_of_a_backtest_is_refused(rig: Rig) -> None:
    with pytest.raises(ConfigError, match="no run of stage7"):
        prepare_reset(rig.store, ACT)
    rig.run(1)
    assert run_of_stage(rig.store, STAGE7.name, RUN).id == RUN
    with pytest.raises(ConfigError, match="name one of stage3"):
        run_of_stage(rig.store, STAGE3.name, RUN)
    row = replace(run_named(rig.store), id=RunId("b1"), kind=RunKind.BACKTEST, outcome="")
    with rig.store.begin() as work:
        work.runs.open(row)
        work.commit()
    with pytest.raises(ConfigError, match="no cycle yet"):
        shown(rig)
    with pytest.raises(ConfigError, match="is a backtest"):
        prepare_reset(rig.store, ACT)
