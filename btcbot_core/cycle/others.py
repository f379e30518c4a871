"""Trades on the account that are none of ours: its money is one, so the ledger takes them.

On a pair of ours such a trade is booked as one. On any other it moved the cash, or a coin of ours:
that is capital that came or went, neither profit nor loss.
"""

from collections.abc import Iterator, Mapping, Set
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.facts import has_open_question, our_pairs
from btcbot_core.domain.ids import CycleId, EventId, booked_ids
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import Fill, Side
from btcbot_core.ledger.book import Ledger, fold
from btcbot_core.ledger.entries import LedgerEvent
from btcbot_core.ledger.flows import Flow, flow_entries, flows_of
from btcbot_core.ledger.journal import BY_HAND, fill_entries, numbered
from btcbot_core.ledger.pnl import peak_with
from btcbot_core.oms.cursor import LOOK_BACK_MAX, moved, moved_to
from btcbot_core.oms.reconcile import may_be_its

replace = msgspec.structs.replace


class Others(msgspec.Struct, frozen=True, kw_only=True):
    """What the trades of others came to."""

    ledger: Ledger
    peak_try: Decimal
    entries: tuple[LedgerEvent, ...] = ()
    waiting: tuple[Fill, ...] = ()
    """Those that cannot be booked yet: they are heard again, for a day at most."""


class _Trade(msgspec.Struct, frozen=True):
    """A trade of others of which it is known what it moved of ours."""

    fill: Fill
    is_here: bool
    """Whether its pair is one of ours."""
    moves: tuple[Flow, ...]
    """Elsewhere all that it moved of ours, here only coins that went."""
    prices: Mapping[Asset, Decimal]


def book_others(cycle: Cycle, ledger: Ledger, peak_try: Decimal, already: Set[EventId]) -> Others:
    """Book what was heard of others' trades on top of this ledger, and of each other.

    One may sell what another bought in the same instant, so each is booked once it fits.
    """
    heard = {f.id: f for f in _of_others(cycle) if not already & set(booked_ids(f.id))}
    if not heard:
        return Others(ledger=ledger, peak_try=peak_try)
    marks = {**cycle.carried.marks, **cycle.market.marks()}
    told = [(fill, _told(cycle, fill, marks)) for fill in sorted(heard.values(), key=_time)]
    waiting = [fill for fill, trade in told if trade is None]
    left = [trade for _, trade in told if trade is not None]
    entries: list[LedgerEvent] = []
    # What came unseen may be a trade that is listed late. A quiet cycle in which books and balances
    # differed has looked for it in vain.
    is_sure = cycle.carried.mismatch_cycles > 0 and not (waiting or has_open_question(cycle))
    while (trade := _next(left, ledger, is_sure=is_sure)) is not None:
        left.remove(trade)
        found = numbered(_entries(cycle.id, trade, ledger), ledger.seq)
        before, ledger = ledger, fold(ledger, found)
        peak_try = peak_with(before, ledger, marks, peak_try)
        entries.extend(found)
    waiting.extend(trade.fill for trade in left)
    return Others(ledger=ledger, peak_try=peak_try, entries=tuple(entries), waiting=tuple(waiting))


def heard_until_now(cycle: Cycle, waiting: tuple[Fill, ...]) -> Cycle:
    """Remember up to when trades were heard: the next look goes on there.

    Not while a trade cannot be booked yet: it is heard again, for a day at most.
    """
    heard, seen, at = cycle.heard, cycle.carried.fills_seen, cycle.at
    if not heard.asked:
        return cycle
    lookback_s = cycle.policy.lifecycle.fills_lookback_s
    first, pairs = at - timedelta(seconds=lookback_s), frozenset(heard.asked)
    held = {fill.symbol for fill in waiting if fill.at > at - LOOK_BACK_MAX}
    ours = [fill for fill in heard.fills if fill.symbol in pairs]
    newest = moved(seen, ours, heard.asked, at, lookback_s)
    stamps = [fill.at for fill in heard.fills if fill.symbol not in pairs]
    elsewhere = cycle.carried.elsewhere_seen
    carried = replace(
        cycle.carried,
        fills_seen={**newest, **{s: seen.get(s, first) for s in held if s in pairs}},
        elsewhere_seen=elsewhere or first
        if held - pairs
        else moved_to(elsewhere, stamps, at, lookback_s),
    )
    return replace(cycle, carried=carried)


def _time(fill: Fill) -> datetime:
    return fill.at


def _of_others(cycle: Cycle) -> Iterator[Fill]:
    """What was heard of trades that are no order's of ours, as far as is known.

    Not what was there before the ledger opened, for its opening balances hold that.
    """
    ours, opened_at = {fill.id for fill in cycle.fills}, cycle.carried.ledger.opened_at
    start = f"{cycle.policy.orders.client_id_prefix}-"
    for fill in cycle.heard.fills:
        is_ours = fill.id in ours or (fill.client_id or "").startswith(start)
        if not is_ours and opened_at is not None and fill.at > opened_at:
            yield fill


def _told(cycle: Cycle, fill: Fill, marks: Mapping[Symbol, Decimal]) -> _Trade | None:
    """What it moved; None while it may be ours, or moved a coin of which no price was ever seen."""
    quote, pairs = cycle.carried.ledger.quote, our_pairs(cycle.carried, cycle.symbols)
    if fill.symbol in pairs:
        coin = Asset(fill.symbol.removesuffix(quote))
        went = (Flow(coin, -fill.qty),) if fill.side is Side.SELL else ()
        trade = _Trade(fill, True, went, {coin: fill.price})
        return None if _is_in_doubt(cycle, fill) else trade
    moves = flows_of(fill, quote, pairs)
    coins = [(move.asset, Symbol(move.asset + quote)) for move in moves if move.asset != quote]
    if any(symbol not in marks for _, symbol in coins):
        return None
    return _Trade(fill, False, moves, {asset: marks[symbol] for asset, symbol in coins})


def _next(left: list[_Trade], ledger: Ledger, *, is_sure: bool) -> _Trade | None:
    """The first that the ledger has the coins for; else, where that is sure, the first at all."""
    fitting = (trade for trade in left if not _unseen(trade, ledger))
    return next(fitting, left[0] if left and is_sure else None)


def _entries(cycle_id: CycleId, trade: _Trade, ledger: Ledger) -> list[LedgerEvent]:
    """Here a trade by hand, elsewhere flows; before either what came unseen."""
    fill, unseen = trade.fill, _unseen(trade, ledger)
    flows = unseen if trade.is_here else (*unseen, *trade.moves)
    booked = fill_entries([fill], cycle_id, (), note=BY_HAND) if trade.is_here else ()
    return [*flow_entries(fill, cycle_id, flows, ledger.quote, trade.prices), *booked]


def _unseen(trade: _Trade, ledger: Ledger) -> tuple[Flow, ...]:
    """Coins that went and were never in the ledger: they had come before, by whatever way."""
    found = []
    for move in trade.moves:
        held = ledger.holding(Symbol(move.asset + ledger.quote)).qty
        if move.asset != ledger.quote and held + move.amount < ZERO:
            found.append(Flow(move.asset, -(held + move.amount)))
    return tuple(found)


def _is_in_doubt(cycle: Cycle, fill: Fill) -> bool:
    """Whether it may belong to an order of ours whose outcome is not known."""
    names = {view.exchange_id: view.client_id for view in cycle.heard.views}
    return any(may_be_its(order, fill, names) for order in cycle.carried.orders.values())
