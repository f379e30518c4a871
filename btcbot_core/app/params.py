"""The parameters that rebalancing moves: what is in force, what moved them, and the way back."""

from collections import deque
from datetime import datetime

import msgspec

from btcbot_core.app.choosing import run_of_stage
from btcbot_core.app.figures import Studied, policy_of, rebalancing, study
from btcbot_core.app.resting import Prepared, prepare, resting_run
from btcbot_core.cycle.acts import Act
from btcbot_core.cycle.stages import STAGE7
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.rebalancing import Params, RebalancePolicy
from btcbot_core.domain.records import RunKind, RunRow
from btcbot_core.ports import Progress, Store, UnitOfWork
from btcbot_core.strategy.adaptation import (
    AdaptationState,
    Change,
    Outcome,
    in_force,
    text_of,
)
from btcbot_core.strategy.bounds import bounds_of

CHANGES_SHOWN = 10


class Param(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter as text; weights are those of liquidity, spread and volatility."""

    name: str
    value: str
    version: int
    """The version that brought the value."""
    configured: str
    least: str
    most: str | None
    """None is without end."""


class ToldChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change, and the cycle that tells of it; None while no cycle has yet."""

    cycle_id: str | None = None
    ts: datetime | None = None
    change: Change


class ParamsView(msgspec.Struct, frozen=True, kw_only=True):
    """What the next cycle of a run goes by."""

    run: str
    is_adapting: bool
    version: int
    params: tuple[Param, ...]
    changes: tuple[ToldChange, ...]
    """Newest last, those that were not applied too."""


class ParamsReset(msgspec.Struct, frozen=True):
    """A reset that is ready to be stored; without a change where the configured are in force."""

    prepared: Prepared
    change: Change | None


def view_params(work: UnitOfWork, run: RunRow, progress: Progress) -> ParamsView:
    """Read a run from its start. Raises ConfigError where it has no cycle."""
    past = _Past()
    for cycle in study(work, run.id, progress):
        past.add(cycle)
    carried = work.checkpoints.load(run.id)
    if past.policy is None or carried is None:
        raise ConfigError(f"run {run.id} has no cycle yet: nothing is in force")
    policy, known = past.policy, carried.rebalance.adaptation
    state = in_force(known, policy.params, policy.adaptation)
    if known is not None and known.by_hand is not None:
        past.tell(ToldChange(change=known.by_hand))
    return ParamsView(
        run=run.id,
        is_adapting=policy.adaptation.is_on,
        version=state.version,
        params=past.params(policy, state),
        changes=tuple(past.changes),
    )


def prepare_reset(store: Store, act: Act) -> ParamsReset:
    """What the reset of the latest stage 7 run would come to; nothing is stored.

    Raises ConfigError where there is no such run, or it is a backtest.
    """
    run = run_of_stage(store, STAGE7.name)
    if run.kind is RunKind.BACKTEST:
        raise ConfigError(f"run {run.id} is a backtest: data and settings alone decide it")
    prepared = prepare(resting_run(store, run), act)
    before = prepared.resting.carried.rebalance.adaptation
    after = prepared.done.carried.rebalance.adaptation
    return ParamsReset(prepared, None if after is None or after == before else after.by_hand)


class _Past:
    """What a run's cycles tell of its parameters, oldest first."""

    def __init__(self) -> None:
        self.policy: RebalancePolicy | None = None
        self.changes: deque[ToldChange] = deque(maxlen=CHANGES_SHOWN)
        self._baseline: Params | None = None
        self._versions: dict[str, int] = {}

    def add(self, cycle: Studied) -> None:
        if (policy := policy_of(cycle.trace)) is not None:
            self._begin(policy.rebalance)
        if (row := rebalancing(cycle.trace).change) is not None:
            change = Change(**msgspec.structs.asdict(row))
            self.tell(ToldChange(cycle_id=cycle.row.id, ts=cycle.row.at, change=change))

    def tell(self, told: ToldChange) -> None:
        self.changes.append(told)
        if told.change.outcome is not Outcome.REJECTED:
            moved = (name for name, _, _ in told.change.fields)
            self._versions.update(dict.fromkeys(moved, told.change.to_version))

    def params(self, policy: RebalancePolicy, state: AdaptationState) -> tuple[Param, ...]:
        bounds = msgspec.structs.asdict(bounds_of(policy.params, policy.sizing.cash_max_try))
        configured = msgspec.structs.asdict(policy.params)
        active = msgspec.structs.asdict(state.active)
        return tuple(
            Param(
                name=name,
                value=text_of(value),
                version=min(self._versions.get(name, 1), state.version),
                configured=text_of(configured[name]),
                least=text_of(bounds[name][0]),
                most=None if bounds[name][1] is None else text_of(bounds[name][1]),
            )
            for name, value in active.items()
        )

    def _begin(self, policy: RebalancePolicy) -> None:
        """A start of the run; on other configured numbers the versions begin anew."""
        self.policy = policy
        if policy.adaptation.is_on and policy.params != self._baseline:
            self._baseline = policy.params
            self._versions.clear()
