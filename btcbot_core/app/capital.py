"""Money that came or went without trading: told as a difference, booked by the operator's word.

A deposit or a withdrawal by hand looks like books that are wrong, so the bot kills itself. Booked
as capital it is neither profit nor loss, and books and balances agree again (DEC-10, DEC-13).
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from btcbot_core.app.resting import Act, RestingRun
from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.account import Portfolio
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.ids import EventId
from btcbot_core.domain.money import ZERO, canonical
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.ledger.book import book
from btcbot_core.ledger.compare import Gap
from btcbot_core.ledger.entries import LedgerEvent, LedgerEventKind
from btcbot_core.ledger.pnl import peak_after, value
from btcbot_core.ports import Store

GAPS_NAMED = 3

replace = msgspec.structs.replace


class Flow(msgspec.Struct, frozen=True):
    """So much of an asset came, or below zero went."""

    asset: Asset
    amount: Decimal

    def __str__(self) -> str:
        return f"{'+' if self.amount > ZERO else ''}{canonical(self.amount)} {self.asset}"


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """A capital entry that is ready to be stored, and the books before and after it."""

    flow: Flow
    entry: LedgerEvent
    carried: Carried
    before: Portfolio
    after: Portfolio


def mismatch_words(gaps: Sequence[Gap]) -> str:
    """Why the bot kills itself over these differences, and what the operator can do about it."""
    told = [
        f"{canonical(abs(gap.qty))} {gap.asset} {'more' if gap.qty > ZERO else 'less'}"
        for gap in gaps[:GAPS_NAMED]
    ]
    told += [f"{len(gaps) - GAPS_NAMED} other differences"] if len(gaps) > GAPS_NAMED else []
    found = " and ".join(told) or "other balances"
    return f"the exchange holds {found} than our books: by hand? Then btcbot-core capital, reset"


def prepare(resting: RestingRun, flow: Flow, act: Act) -> Booking:
    """What booking it would come to; nothing is stored.

    Raises ConfigError for what cannot be booked: more than there is, or an asset of no pair.
    """
    carried = resting.carried
    entry = _entry(resting, flow, act)
    ledger = book(carried.ledger, entry)
    before = value(carried.ledger, {}, carried.marks, carried.peak_try)
    alone = value(ledger, {}, carried.marks, ZERO)
    peak_try = peak_after(before.peak_try, before.equity_try, alone.equity_try)
    return Booking(
        flow=flow,
        entry=entry,
        carried=replace(carried, ledger=ledger, peak_try=peak_try),
        before=before,
        after=value(ledger, {}, carried.marks, peak_try),
    )


def book_capital(store: Store, resting: RestingRun, booking: Booking, act: Act) -> None:
    """Make the entry durable, with the state that the next cycle starts from."""
    with store.begin() as work:
        work.ledger.append(resting.run, [booking.entry])
        work.checkpoints.save(resting.run, resting.cycle, booking.carried)
        work.audit.add(act.at, act.who, "capital", f"{booking.flow}: {act.why}")
        work.commit()


def _entry(resting: RestingRun, flow: Flow, act: Act) -> LedgerEvent:
    """The flow as a line of the journal: coins at the last price that was seen of them."""
    ledger, number = resting.carried.ledger, resting.carried.ledger.seq + 1
    if number == 1:
        raise ConfigError("the books are not open yet: the first cycle books what is there")
    if flow.amount == ZERO:
        raise ConfigError("--amount: nothing came and nothing went")
    entry = LedgerEvent(
        id=EventId(f"capital:{number}"),
        seq=number,
        kind=LedgerEventKind.CAPITAL,
        cycle_id=resting.cycle,
        at=act.at,
        note=act.why,
    )
    if flow.asset == ledger.quote:
        _refuse_more_than(ledger.cash_try, flow)
        return replace(entry, asset=flow.asset, amount=flow.amount)
    symbol = Symbol(flow.asset + ledger.quote)
    price = resting.carried.marks.get(symbol)
    if price is None:
        raise ConfigError(f"--asset: this run has seen no price of {flow.asset} in {ledger.quote}")
    _refuse_more_than(ledger.holding(symbol).qty, flow)
    return replace(entry, symbol=symbol, qty=flow.amount, price=price)


def _refuse_more_than(held: Decimal, flow: Flow) -> None:
    if held + flow.amount < ZERO:
        raise ConfigError(f"--amount: the books hold {canonical(held)} {flow.asset}, no more")
