"""The auditor: the ledger in the database against what the exchange saw, to the last digit."""

from decimal import Decimal

from btcbot_core.adapters.paper.core import PaperCore
from btcbot_core.app.choosing import run_named
from btcbot_core.app.verify import verify_run
from btcbot_core.app.verify_store import verify_store
from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.ids import ClientId, RunId
from btcbot_core.domain.trading import (
    TERMINAL,
    Order,
    OrderEvent,
    OrderEventKind,
    OrderStatus,
    ViewStatus,
)
from btcbot_core.ledger.book import Ledger, fold
from btcbot_core.ledger.entries import LedgerEvent, LedgerEventKind
from btcbot_core.ledger.journal import BY_HAND
from btcbot_core.ports import Store, UnitOfWork, unheard
from tests.simulation.checker import Checker
from tests.simulation.door import ACCOUNT
from tests.simulation.market import RULES, SYMBOLS, TRY

ZERO = Decimal(0)

_MEANT = {
    ViewStatus.CLOSED: (OrderStatus.FILLED,),
    # Out of every list for long enough, with balances that have not moved: that is enough.
    ViewStatus.CANCELED: (OrderStatus.CANCELED, OrderStatus.UNKNOWN_CLOSED),
}


class Auditor:
    """Reads the database only, and only what must not be lost."""

    def __init__(self, checker: Checker, core: PaperCore, run: RunId) -> None:
        self._checker = checker
        self._core = core
        self._run = run
        self._ledger = Ledger(quote=TRY)
        self._booked: set[str] = set()

    def look(self, store: Store) -> Carried | None:
        """At any time: what is booked did happen, once, and events and state agree (I2, I6)."""
        with store.read() as work:
            carried = work.checkpoints.load(self._run)
            new = work.ledger.events(self._run, self._ledger.seq)
            active = work.orders.active(self._run)
        for event in new:
            self._check(event)
        self._ledger = fold(self._ledger, new)
        if carried is None:
            return None
        if carried.ledger != self._ledger:
            raise self._checker.broken("I6", "the ledger is not the fold of its events")
        kept = {o.client_id: o for o in carried.orders.values() if o.is_active}
        if {o.client_id: o.status for o in active} != {c: o.status for c, o in kept.items()}:
            raise self._checker.broken("I6", "the orders' rows and the carried state differ")
        return carried

    def _check(self, event: LedgerEvent) -> None:
        kind, name, *_ = (*event.id.split(":"), "")
        if kind == "flow" and name not in self._checker.hand_trades:
            raise self._checker.broken("I2", f"{event.id} is booked, and nobody traded")
        if event.kind not in (LedgerEventKind.FILL, LedgerEventKind.FEE):
            return
        is_by_hand = event.note == BY_HAND
        trades = self._checker.hand_trades if is_by_hand else self._checker.trades
        trade = trades.get(name)
        if trade is None:
            words = "nobody's by hand" if is_by_hand else "none of ours"
            raise self._checker.broken("I2", f"{event.id} is booked, and the trade is {words}")
        if event.kind is LedgerEventKind.FEE:
            if event.amount != trade.cost or event.asset != trade.quote:
                raise self._checker.broken("I3", f"{event.id} booked {event.amount}")
            return
        booked = (event.symbol, event.side, event.price, event.qty)
        if booked != (trade.symbol, trade.side, trade.price, trade.qty) or name in self._booked:
            raise self._checker.broken("I2", f"{event.id} is booked twice or otherwise: {booked}")
        self._booked.add(name)

    def lost(self) -> str:
        """Trades of ours that are in no book yet."""
        return ", ".join(sorted(self._checker.trades.keys() - self._booked)[:3])

    def apart(self) -> str:
        """Where the books and the exchange differ, in all that is ours."""
        shown = self._core.balances(ACCOUNT)
        held = {RULES[s].base: self._ledger.holding(s).qty for s in SYMBOLS}
        found = []
        for asset, ours in {TRY: self._ledger.cash_try, **held}.items():
            total = shown[asset].total if asset in shown else ZERO
            if ours != total:
                found.append(f"{asset} {ours} in the books, {total} on the exchange")
        return "; ".join(found)

    def misremembered(self, store: Store) -> str:
        """Orders of ours whose row does not say what became of them."""
        names = [ClientId(name) for name in self._checker.placed]
        with store.read() as work:
            known = {o.client_id: o for o in self._find(work, names)}
        for name, number in self._checker.placed.items():
            problem = self._problem(known.get(ClientId(name)), number)
            if problem:
                return f"{name}: {problem}"
        return ""

    def unfolded(self, store: Store) -> str:
        """The first order that is not the sum of its events; empty when all are (I6)."""
        events: dict[ClientId, list[OrderEvent]] = {}
        with store.read() as work:
            for event in work.orders.events(self._run):
                events.setdefault(event.client_id, []).append(event)
            orders = work.orders.all(self._run)
        for order in orders:
            found = events.get(order.client_id, [])
            befores = [None, *(event.after for event in found)][: len(found)]
            filled = sum((e.qty for e in found if e.kind is OrderEventKind.FILLED), ZERO)
            folded = (len(found), found[-1].after if found else None, filled)
            if folded != (order.seq, order.status, order.filled_qty):
                return f"{order.client_id}: its events say {folded}"
            if [event.before for event in found] != befores:
                return f"{order.client_id}: its events do not follow one another"
        return ""

    def differing(self, store: Store) -> str:
        """Where the run does not come out again as it is stored; empty when it does (I6)."""
        run = verify_run(store, run_named(store, self._run), unheard)
        if not run.is_equal:
            return f"{run.cycle}: {run.field} is {run.stored}, and comes out as {run.now}"
        kept = verify_store(store, unheard)
        return "" if kept.is_sound else f"{kept.where} is {kept.stored}, not {kept.expected}"

    def _find(self, work: UnitOfWork, names: list[ClientId]) -> list[Order]:
        found: list[Order] = []
        for first in range(0, len(names), 200):
            found.extend(work.orders.find(self._run, (), names[first : first + 200]))
        return found

    def _problem(self, order: Order | None, number: int) -> str:
        theirs = self._core.order(ACCOUNT, number)
        if order is None or theirs is None:
            return "is not in the database"
        if order.filled_qty != theirs.ticket.qty - theirs.left:
            return f"filled {order.filled_qty}, on the exchange {theirs.ticket.qty - theirs.left}"
        if order.status in TERMINAL and order.status not in _MEANT.get(theirs.status, ()):
            return f"is {order.status}, on the exchange {theirs.status}"
        return ""
