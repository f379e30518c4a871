"""What must hold after any kill: the bot starts again, and then books and exchange agree."""

from collections import Counter
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import msgspec

from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.ids import ClientId
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Order, OrderStatus
from btcbot_core.ledger.book import Ledger, fold
from btcbot_core.ledger.entries import LedgerEvent
from tests.killpoints.exchange import (
    CASH,
    FEE_RATIO,
    TRY,
    Act,
    Line,
    read_lines,
    taken,
)
from tests.killpoints.life import RUN, SYMBOLS, Scenario, database, journal, live


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """What the store holds of the run."""

    carried: Carried
    orders: tuple[Order, ...]
    events: tuple[LedgerEvent, ...]

    @property
    def outcome(self) -> tuple[tuple[ClientId, OrderStatus, Decimal], ...]:
        """What became of each order, without the way it took."""
        return tuple(sorted((o.client_id, o.status, o.filled_qty) for o in self.orders))

    @property
    def digest(self) -> str:
        return sha256(msgspec.json.encode(self)).hexdigest()


def read_books(folder: Path) -> Books:
    """Look the whole file over, and read it."""
    names = [line.client_id for line in taken(read_lines(journal(folder)))]
    store = SqliteStore(database(folder), mode="ro", is_checked=True)
    try:
        with store.read() as work:
            carried = work.checkpoints.load(RUN)
            known = set(carried.orders) if carried else set()
            return Books(
                carried=carried or Carried(ledger=Ledger(quote=TRY)),
                orders=work.orders.find(RUN, (), tuple(sorted({*names, *known}))),
                events=tuple(work.ledger.events(RUN)),
            )
    finally:
        store.close()


def settle(scenario: Scenario, folder: Path) -> Books:
    """Start the bot again, and hold it to everything that it promises; returns its books."""
    session = live(scenario, folder)
    assert session.exit_code == 0, session.failure
    books, lines = read_books(folder), read_lines(journal(folder))
    _require_no_order_twice_and_none_lost(books, lines)
    _require_equal_money(books, lines)
    _require_books_that_fold(books)
    again = live(scenario, folder)
    assert again.exit_code == 0, again.failure
    assert read_books(folder).digest == books.digest, "a second restart changed the books"
    assert read_lines(journal(folder)) == lines, "a second restart spoke to the exchange"
    return books


def _require_no_order_twice_and_none_lost(books: Books, lines: list[Line]) -> None:
    accepted = Counter(line.client_id for line in taken(lines))
    assert [name for name, times in accepted.items() if times > 1] == []
    assert set(accepted) <= {order.client_id for order in books.orders}
    assert [order for order in books.orders if order.is_active] == []
    assert [line for line in taken(lines) if line.is_killed] == []


def _require_equal_money(books: Books, lines: list[Line]) -> None:
    """Every digit, added up here from the exchange's own lines."""
    cash, held = CASH, dict.fromkeys(SYMBOLS, Decimal(0))
    for line in lines:
        if line.act is Act.FILLED:
            cash -= line.price * line.qty * (1 + FEE_RATIO)
            held[line.symbol] += line.qty
    ledger = books.carried.ledger
    assert ledger.cash_try == cash
    assert {s: ledger.holding(Symbol(s)).qty for s in SYMBOLS} == held


def _require_books_that_fold(books: Books) -> None:
    """The journal, replayed, is the state; and the orders' rows are the carried orders."""
    assert fold(Ledger(quote=TRY), books.events) == books.carried.ledger
    carried = books.carried.orders
    assert {o.client_id: o for o in books.orders if o.client_id in carried} == dict(carried)
