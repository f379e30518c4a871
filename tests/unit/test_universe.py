"""The universe: who is in, who waits, and how slowly that changes."""

from datetime import timedelta
from decimal import Decimal

import msgspec

from btcbot_core.domain.rebalancing import Params, UniversePolicy
from btcbot_core.domain.symbol import Symbol
from btcbot_core.strategy.universe import (
    Exclusion,
    PairFigures,
    Selection,
    UniverseState,
    select,
)
from tests.build import at

A, B, C = (Symbol(f"{c}{c}{c}TRY") for c in "ABC")
TWO = Params(universe_size=2)
POLICY = UniversePolicy(cooldown_s=600)


def figures(symbol: Symbol, volume: int, age_s: int = 0) -> PairFigures:
    return PairFigures(
        symbol=symbol,
        volume=Decimal(volume),
        spread_bps=Decimal(5),
        volatility=10,
        age_s=Decimal(age_s),
    )


def chosen(
    volumes: dict[Symbol, int],
    state: UniverseState | None = None,
    seconds: int = 0,
    policy: UniversePolicy = POLICY,
    params: Params = TWO,
    stale: tuple[Symbol, ...] = (),
    is_frozen: bool = False,
) -> Selection:
    pairs = tuple(figures(s, v, 999 if s in stale else 0) for s, v in volumes.items())
    return select(pairs, params, policy, state or UniverseState(), at(seconds), is_frozen)


def why(selection: Selection, symbol: Symbol) -> tuple[Exclusion, ...]:
    return next(c.exclusions for c in selection.candidates if c.symbol == symbol)


def test_the_best_are_chosen_and_the_rest_hear_why() -> None:
    first = chosen({A: 1, B: 9, C: 5})
    assert first.symbols == (B, C)
    assert why(first, A) == (Exclusion.RANK,)
    assert why(first, B) == ()


def test_a_dropped_pair_cools_down_before_it_may_come_back() -> None:
    state = chosen({A: 9, B: 5, C: 1}).state
    after = chosen({A: 9, B: 1, C: 5}, state, 60)
    assert after.symbols == (A, C)
    back = chosen({A: 9, B: 5, C: 1}, after.state, 120)
    assert back.symbols == (A, C)
    assert why(back, B) == (Exclusion.COOLING,)
    assert chosen({A: 9, B: 5, C: 1}, after.state, 661).symbols == (A, B)


def test_a_newcomer_must_be_wanted_for_as_long_as_its_probation() -> None:
    policy = msgspec.structs.replace(POLICY, probation_cycles=3)
    state = chosen({A: 9, B: 5, C: 1}, policy=policy).state
    for turn in (1, 2):
        waiting = chosen({A: 9, B: 1, C: 5}, state, turn, policy)
        assert waiting.symbols == (A, B)
        assert why(waiting, C) == (Exclusion.PROBATION,)
        state = waiting.state
    assert chosen({A: 9, B: 1, C: 5}, state, 3, policy).symbols == (A, C)


def test_the_day_allows_only_so_much_coming_and_going() -> None:
    policy = UniversePolicy(cooldown_s=0, max_churn_per_day=2)
    state = chosen({A: 9, B: 5, C: 1}, policy=policy).state
    once = chosen({A: 9, B: 1, C: 5}, state, 1, policy)
    assert once.symbols == (A, C)
    twice = chosen({A: 9, B: 5, C: 1}, once.state, 2, policy)
    assert twice.symbols == (A, C)
    assert why(twice, B) == (Exclusion.CHURN,)
    a_day_on = int(timedelta(days=1).total_seconds()) + 2
    assert chosen({A: 9, B: 5, C: 1}, twice.state, a_day_on, policy).symbols == (A, B)


def test_a_stale_member_sits_out_and_keeps_its_seat() -> None:
    state = chosen({A: 9, B: 5, C: 1}).state
    silent = chosen({A: 9, B: 5, C: 1}, state, 60, stale=(B,))
    assert silent.symbols == (A,)
    assert why(silent, B) == (Exclusion.STALE,)
    assert chosen({A: 9, B: 5, C: 1}, silent.state, 120).symbols == (A, B)


def test_while_most_are_stale_or_the_world_is_frozen_nobody_comes_or_goes() -> None:
    state = chosen({A: 9, B: 5, C: 1}).state
    frozen = chosen({A: 1, B: 2, C: 9}, state, 60, is_frozen=True)
    assert frozen.is_frozen
    assert frozen.symbols == (A, B)
    assert why(frozen, C) == (Exclusion.FROZEN,)
    assert chosen({A: 1, B: 2, C: 9}, state, 60, stale=(A, B)).state == state


def test_hard_filters_tell_every_reason() -> None:
    params = Params(max_spread_bps=Decimal(4), min_quote_volume_try=Decimal(100))
    policy = UniversePolicy(whitelist=(B,), blacklist=(A,))
    told = chosen({A: 9}, policy=policy, params=params)
    assert told.symbols == ()
    assert set(why(told, A)) == {
        Exclusion.WHITELIST,
        Exclusion.BLACKLIST,
        Exclusion.SPREAD,
        Exclusion.VOLUME,
    }


def test_a_member_whose_volume_is_not_known_sits_out_and_keeps_its_seat() -> None:
    state = UniverseState(members=(A, B))
    known = PairFigures(symbol=A, volume=Decimal(9), spread_bps=Decimal(1), volatility=None)
    unknown = PairFigures(symbol=B, volume=None, spread_bps=Decimal(1), volatility=None)
    params = Params(min_quote_volume_try=Decimal(1))
    told = select((known, unknown), params, POLICY, state, at())
    assert told.symbols == (A,)
    assert told.state.members == (A, B)
    assert why(told, B) == (Exclusion.MISSING_VOLUME,)


def test_pairs_without_rules_or_price_or_volume_are_told_apart() -> None:
    bare = PairFigures(symbol=A, volume=None, spread_bps=None, volatility=None, has_rules=False)
    halted = PairFigures(
        symbol=B, volume=None, spread_bps=Decimal(1), volatility=None, is_trading=False
    )
    params = Params(min_quote_volume_try=Decimal(1))
    told = select((bare, halted), params, POLICY, UniverseState(), at())
    assert why(told, A) == (
        Exclusion.RULES_MISSING,
        Exclusion.MISSING_SPREAD,
        Exclusion.MISSING_VOLUME,
    )
    assert why(told, B) == (Exclusion.NOT_TRADING, Exclusion.MISSING_VOLUME)
