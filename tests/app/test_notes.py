"""The operator's log tells what changed since the cycle before: mode, universe, parameters."""

import msgspec

from btcbot_core.app.frames import Note, NoteLevel
from btcbot_core.app.notes import notes_of
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.rebalance import Memory, Rebalance
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.rebalancing import Params
from btcbot_core.domain.symbol import Symbol
from btcbot_core.risk.budget_rules import CALM, BudgetCaps, BudgetDecision
from btcbot_core.risk.flags import Figures
from btcbot_core.risk.verdict import RiskVerdict
from btcbot_core.strategy.adaptation import Change, Outcome
from btcbot_core.strategy.universe import UniverseState
from tests.build import a_cycle, d

replace = msgspec.structs.replace

CAPS = BudgetCaps(order_notional_try=d("1"), orders=1, symbol_exposure_try=d("1"))
CALMLY = BudgetDecision(mode=RiskMode.NORMAL, caps=CAPS, state=CALM)


def with_members(*names: str, change: Change | None = None) -> Cycle:
    """A rebalancing cycle with these pairs in its universe."""
    cycle = a_cycle()
    universe = UniverseState(members=tuple(Symbol(name) for name in names))
    return replace(
        cycle,
        rebalance=Rebalance(
            params=Params(), version=1, figures=Figures(), decision=CALMLY, change=change
        ),
        carried=replace(cycle.carried, rebalance=Memory(universe=universe)),
    )


def test_pairs_that_come_and_go_are_told_once() -> None:
    before, after = with_members("BTCTRY", "XRPTRY"), with_members("BTCTRY", "SOLTRY")
    told = Note(a_cycle().at, NoteLevel.INFO, "universe: SOLTRY comes, XRPTRY goes")
    assert [*notes_of(after, before)] == [told]
    assert [*notes_of(after, after)] == []
    assert [*notes_of(after, None)] == [], "the first cycle is not news"


def test_a_change_of_parameters_is_told_with_its_reason() -> None:
    change = Change(
        outcome=Outcome.APPLIED,
        reason="healthy_window_expand_small",
        from_version=1,
        to_version=2,
        fields=(("universe_size", "4", "5"),),
    )
    (note,) = notes_of(with_members(change=change), with_members())
    told = "parameters applied: healthy_window_expand_small (universe_size 4 -> 5)"
    assert note == Note(a_cycle().at, NoteLevel.INFO, told)


def test_a_mode_that_changes_is_told_and_a_stricter_one_as_a_warning() -> None:
    calm, strict = (
        replace(a_cycle(), verdict=RiskVerdict(mode=mode, reasons=()))
        for mode in (RiskMode.NORMAL, RiskMode.OBSERVE_ONLY)
    )
    assert [note.level for note in notes_of(strict, calm)] == [NoteLevel.WARNING]
    assert [note.level for note in notes_of(calm, strict)] == [NoteLevel.INFO]
