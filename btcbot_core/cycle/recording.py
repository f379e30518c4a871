"""The flight recorder: what a cycle saw, as plain data, so that it can be run again.

Quotes, their age and the kill latch are in the trace already; what did not change since the last
cycle is left out. `record` and `restore` are each other's inverse.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

import msgspec

from btcbot_core.cycle.cycle import ALL_WELL, NOTHING_HEARD, Carried, Cycle, Heard, Vitals
from btcbot_core.domain.account import Accounts, Balance
from btcbot_core.domain.ids import ClientId, CycleId
from btcbot_core.domain.market import NO_RULES
from btcbot_core.domain.policy import Policy
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import Answer, Fill, Order, OrderView

K = TypeVar("K", bound=str)
V = TypeVar("V")

UNCHANGED = msgspec.Raw(b"")
# A set has no order of its own; the record of one must.
_POLICY = msgspec.json.Encoder(order="deterministic")


class HeardRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One hearing; the fields are those of `Heard`."""

    answers: tuple[Answer, ...] = ()
    views: tuple[OrderView, ...] = ()
    is_listed: bool = False
    absent: tuple[ClientId, ...] = ()
    fills: tuple[Fill, ...] = ()
    asked: tuple[Symbol, ...] = ()
    unheard: tuple[Symbol, ...] = ()


class BalanceRow(msgspec.Struct, frozen=True, array_like=True):
    free: Decimal
    locked: Decimal


AccountChanges = dict[Asset, BalanceRow | None]


class Saw(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A cycle's inputs. What is not here is as it was in the cycle before."""

    policy: msgspec.Raw = UNCHANGED
    symbols: tuple[Symbol, ...] = ()
    start: str = ""
    """The word that its orders' names were made with."""
    carried: Carried | None = None
    """What it started from, where that is not what the cycle before handed on: at the beginning
    of a run, and after a start or a turn that was cut."""
    whose: CycleId | None = None
    """Whose state that was, as the store had it: a turn that was cut has an id of its own. None
    where there was none yet, and in records of before this was kept."""
    after: int | None = None
    """The step of the cycle before, where turns between them came to nothing and left nothing."""
    returned: tuple[Order, ...] = ()
    """Finished orders of ours that were brought back, because trades of theirs came late."""
    rules: dict[Symbol, PairRules | None] = {}
    accounts: AccountChanges = {}
    volumes: dict[Symbol, Decimal | None] = {}
    """What pairs traded, where the cycle asked for it."""
    lasts: dict[Symbol, Decimal | None] = {}
    """Last prices, where the run is marked by them."""
    heard: HeardRow | None = None
    vitals: Vitals | None = None
    answers: tuple[Answer, ...] = ()
    """To what was sent, in the order in which it came."""
    again: HeardRow | None = None
    """The second hearing, of a cycle that spoke."""
    accounts_again: AccountChanges = {}


NOTHING_SEEN = Saw()


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the last recorded cycle knew in the end: against it the next one's changes are told."""

    policy: Policy | None = None
    symbols: tuple[Symbol, ...] = ()
    start: str = ""
    step: int | None = None
    carried: Carried | None = None
    rules: Mapping[Symbol, PairRules] = NO_RULES
    accounts: Accounts = {}
    volumes: Mapping[Symbol, Decimal] = {}
    lasts: Mapping[Symbol, Decimal] = {}


FIRST = Seen()


def record(seen: Seen, gathered: Cycle) -> Saw:
    """What is new in a cycle that was gathered, and on which no step has worked yet."""
    returned = _returned(seen.carried, gathered.carried)
    return Saw(
        policy=UNCHANGED
        if gathered.policy is seen.policy
        else msgspec.Raw(_POLICY.encode(gathered.policy)),
        symbols=() if gathered.symbols == seen.symbols else gathered.symbols,
        start="" if gathered.start == seen.start else gathered.start,
        after=None if seen.step is None or gathered.step == seen.step + 1 else seen.step,
        carried=gathered.carried if returned is None else None,
        returned=returned or (),
        rules=_changes(seen.rules, gathered.rules),
        accounts=_account_changes(seen.accounts, gathered.accounts),
        lasts=_changes(seen.lasts, gathered.market.lasts),
        heard=_row(gathered.heard),
        vitals=None if gathered.vitals == ALL_WELL else gathered.vitals,
    )


def record_second(saw: Saw, accounts: Accounts, answers: tuple[Answer, ...], again: Cycle) -> Saw:
    """The same with what a cycle heard after it spoke; `accounts` are those of its first hearing.

    `again` is the cycle on which no step of the second settling has worked yet.
    """
    return msgspec.structs.replace(
        saw,
        answers=answers,
        again=_row(again.heard),
        accounts_again=_account_changes(accounts, again.accounts),
    )


def record_used(seen: Seen, saw: Saw, done: Cycle) -> Saw:
    """The same with what only some stages look at: it is kept for the cycles that did."""
    volumes = _changes(seen.volumes, _volumes(done))
    return msgspec.structs.replace(saw, volumes=volumes) if volumes else saw


def seen_by(done: Cycle) -> Seen:
    """What a finished cycle leaves to compare with."""
    return Seen(
        policy=done.policy,
        symbols=done.symbols,
        start=done.start,
        step=done.step,
        carried=done.carried,
        rules=done.rules,
        accounts=done.accounts,
        volumes=_volumes(done),
        lasts=done.market.lasts,
    )


def restore(seen: Seen, saw: Saw, bare: Cycle) -> Cycle:
    """The cycle as it was gathered. `bare` holds what the trace and its columns tell.

    Raises msgspec.ValidationError for a policy that is none.
    """
    policy = seen.policy
    if bytes(saw.policy) or policy is None:
        # Only a start tells it, and who starts has seen nothing: what is not told is not there.
        policy, seen = msgspec.json.decode(saw.policy, type=Policy), FIRST
    volumes, lasts = _changed(seen.volumes, saw.volumes), _changed(seen.lasts, saw.lasts)
    is_more = bool(volumes or lasts)
    return msgspec.structs.replace(
        bare,
        market=msgspec.structs.replace(bare.market, volumes=volumes, lasts=lasts)
        if is_more
        else bare.market,
        policy=policy,
        symbols=saw.symbols or seen.symbols,
        start=saw.start or seen.start,
        carried=saw.carried or with_returned(seen.carried or bare.carried, saw.returned),
        rules=_changed(seen.rules, saw.rules),
        accounts=_accounts_changed(seen.accounts, saw.accounts),
        heard=_heard(saw.heard),
        vitals=saw.vitals or ALL_WELL,
    )


def restore_second(saw: Saw, cycle: Cycle) -> Cycle:
    """A cycle that has spoken, with what it heard then."""
    return msgspec.structs.replace(
        cycle,
        heard=_heard(saw.again),
        accounts=_accounts_changed(cycle.accounts, saw.accounts_again),
    )


def _volumes(done: Cycle) -> Mapping[Symbol, Decimal]:
    return {} if done.rebalance is None else done.market.volumes


def _returned(before: Carried | None, now: Carried) -> tuple[Order, ...] | None:
    """The orders that the state gained since the last cycle; None where it differs in more."""
    if now is before:
        return ()
    if before is None or msgspec.structs.replace(now, orders=before.orders) != before:
        return None
    if any(now.orders.get(name) != order for name, order in before.orders.items()):
        return None
    return tuple(order for name, order in now.orders.items() if name not in before.orders)


def with_returned(carried: Carried, returned: tuple[Order, ...]) -> Carried:
    """The state with finished orders of ours that came back."""
    if not returned:
        return carried
    orders = {**carried.orders, **{order.client_id: order for order in returned}}
    return msgspec.structs.replace(carried, orders=orders)


def _row(heard: Heard) -> HeardRow | None:
    if heard is NOTHING_HEARD or heard == NOTHING_HEARD:
        return None
    return HeardRow(
        answers=heard.answers,
        views=heard.views,
        is_listed=heard.is_listed,
        absent=heard.absent,
        fills=heard.fills,
        asked=heard.asked,
        unheard=heard.unheard,
    )


def _heard(row: HeardRow | None) -> Heard:
    if row is None:
        return NOTHING_HEARD
    return Heard(
        answers=row.answers,
        views=row.views,
        is_listed=row.is_listed,
        absent=row.absent,
        fills=row.fills,
        asked=row.asked,
        unheard=row.unheard,
    )


def _changes(before: Mapping[K, V], after: Mapping[K, V]) -> dict[K, V | None]:
    """What to put, and None for what to take away."""
    if before is after or before == after:
        return {}
    changes: dict[K, V | None] = {k: v for k, v in after.items() if before.get(k) != v}
    if before.keys() <= after.keys():
        return changes
    return changes | {k: None for k in before if k not in after}


def _changed(before: Mapping[K, V], changes: Mapping[K, V | None]) -> Mapping[K, V]:
    if not changes:
        return before
    both = {**before, **changes}
    return {k: v for k, v in both.items() if v is not None}


def _account_changes(before: Accounts, after: Accounts) -> AccountChanges:
    if before is after:
        return {}
    return {
        asset: None if balance is None else BalanceRow(balance.free, balance.locked)
        for asset, balance in _changes(before, after).items()
    }


def _accounts_changed(before: Accounts, changes: AccountChanges) -> Accounts:
    balances = {
        asset: None if row is None else Balance(asset, row.free, row.locked)
        for asset, row in changes.items()
    }
    return _changed(before, balances)
