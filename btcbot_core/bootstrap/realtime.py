"""What every session on a live market is told, with money or on paper."""

from random import SystemRandom

from btcbot_core.app.frames import World
from btcbot_core.app.runner import Plan
from btcbot_core.app.session import Schedule
from btcbot_core.bootstrap.lines import quote_of
from btcbot_core.bootstrap.options import SessionOptions, live_pace_s, retry_waits_s, stage_of
from btcbot_core.bootstrap.runs import random_word
from btcbot_core.domain.records import RunRow
from btcbot_core.settings import Settings


def plan_of(options: SessionOptions, settings: Settings, row: RunRow) -> Plan:
    """What the runner does, under the names of this start."""
    return Plan(
        run=row.id,
        stage=stage_of(options),
        policy=settings.policy(),
        symbols=settings.symbols,
        start=random_word(),
    )


def schedule_of(options: SessionOptions) -> Schedule:
    """When its turns are made. Raises ConfigError for a pace that a live market does not have."""
    return Schedule(
        pace_s=live_pace_s(options),
        cycles_max=options.cycles_max,
        exit_on_kill=options.exit_on_kill,
        retry_waits_s=retry_waits_s(options),
        chance=SystemRandom().random,
    )


def world_of(options: SessionOptions, settings: Settings, plan: Plan, row: RunRow) -> World:
    """What the screen says of it that does not change."""
    return World(
        role=options.role,
        kind=row.kind,
        stage=plan.stage.name,
        steps=plan.phases,
        source=settings.btcturk_base_url,
        book="live",
        database=str(settings.state_db_path),
        quote=quote_of(settings),
        stale_after_s=plan.policy.limits.max_data_age_s,
    )
