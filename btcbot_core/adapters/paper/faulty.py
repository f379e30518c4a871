"""Faults within this process: an exchange and a market that go wrong as a plan says.

They answer what the adapter of a real exchange would make of the same fault on the line, so a
fault script means the same at both doors: no answer to an order is UNKNOWN, whether or not it
arrived; no answer to a question is an error; a book that is no book is a problem of its pair.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from btcbot_core.adapters.paper.endpoints import Endpoint
from btcbot_core.adapters.paper.exchange import PaperExchange
from btcbot_core.adapters.paper.faults import Fault, FaultKind, FaultPlan
from btcbot_core.domain.account import Accounts
from btcbot_core.domain.errors import ExchangeRefusedError, ExchangeUnavailableError
from btcbot_core.domain.ids import ClientId
from btcbot_core.domain.market import MarketSnapshot, Quote
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Answer, AnswerKind, Fill, Intent, Order, OrderView, Verb
from btcbot_core.ports import Clock, MarketDataPort

Kinds = Mapping[FaultKind, Fault]

LOST_BEFORE = frozenset({FaultKind.TIMEOUT_BEFORE, FaultKind.MAINTENANCE, FaultKind.STATUS})
"""Nothing was done and nothing tells so: 5xx answers prove nothing either."""
LOST_AFTER = frozenset({FaultKind.TIMEOUT_AFTER, FaultKind.RESET, FaultKind.HTML_AFTER})
"""It was done, and nothing tells so."""
REFUSED = frozenset({FaultKind.UNAUTHORIZED, FaultKind.REVOKED})
_BAD_BOOKS = {
    FaultKind.CROSSED_BOOK: "the book is crossed",
    FaultKind.NAN_PRICE: "the book holds a price that is no number",
    FaultKind.NEGATIVE_PRICE: "the book holds a price under zero",
}


class Chaos:
    """A plan, and the time since it began."""

    def __init__(self, plan: FaultPlan, clock: Clock) -> None:
        self._plan = plan
        self._clock = clock
        self._began = clock.now()

    def draw(self, endpoint: Endpoint) -> Kinds:
        """What goes wrong with this question, by kind."""
        elapsed_s = Decimal((self._clock.now() - self._began) // timedelta(milliseconds=1))
        return {f.kind: f for f in self._plan.draw(endpoint, elapsed_s.scaleb(-3))}

    def now(self) -> datetime:
        return self._clock.now()

    def ask(self, endpoint: Endpoint) -> Kinds:
        """As `draw`, for questions. Raises what a question without an answer raises."""
        kinds = self.draw(endpoint)
        if REFUSED & kinds.keys():
            raise ExchangeRefusedError(f"{endpoint}: 401 Unauthorized (1037)")
        if (LOST_BEFORE | LOST_AFTER | {FaultKind.TOO_MANY}) & kinds.keys():
            raise ExchangeUnavailableError(f"{endpoint}: no usable answer")
        return kinds


class FaultyExchange:
    """An exchange port over the paper exchange, with faults on the way."""

    def __init__(self, inner: PaperExchange, chaos: Chaos) -> None:
        self._inner = inner
        self._chaos = chaos

    def balances(self) -> Accounts:
        self._chaos.ask(Endpoint.BALANCES)
        return self._inner.balances()

    def open_orders(self, symbol: Symbol | None) -> tuple[OrderView, ...]:
        kinds = self._chaos.ask(Endpoint.OPEN_ORDERS)
        views = self._inner.open_orders(symbol)
        return tuple(view for view in views if not self._is_hidden(view, kinds))

    def find_order(self, order: Order) -> OrderView | None:
        kinds = self._chaos.ask(Endpoint.ORDER)
        view = self._inner.find_order(order)
        return None if view is None or self._is_hidden(view, kinds) else view

    def fills(self, symbol: Symbol | None, since: datetime) -> tuple[Fill, ...]:
        kinds = self._chaos.ask(Endpoint.MY_TRADES)
        fills = self._inner.fills(symbol, since)
        if (late := kinds.get(FaultKind.LATE_FILLS)) is not None:
            fills = tuple(f for f in fills if self._is_past(f.at, late))
        if FaultKind.DUPLICATE_FILLS in kinds:
            fills = tuple(fill for fill in fills for _ in range(2))
        if FaultKind.REORDER_FILLS in kinds:
            fills = fills[1::2] + fills[::2]
        return fills

    def submit(self, intent: Intent) -> Answer:
        kinds = self._chaos.draw(Endpoint.SUBMIT)
        return self._spoken(
            Verb.SUBMIT, intent.client_id, kinds, lambda: self._inner.submit(intent)
        )

    def cancel(self, order: Order) -> Answer:
        kinds = self._chaos.draw(Endpoint.CANCEL)
        if FaultKind.CANCEL_THEN_FILL in kinds:
            return self._spoken(
                Verb.CANCEL, order.client_id, kinds, lambda: self._inner.fill_instead(order)
            )
        return self._spoken(Verb.CANCEL, order.client_id, kinds, lambda: self._inner.cancel(order))

    def _spoken(
        self, verb: Verb, client_id: ClientId, kinds: Kinds, speak: Callable[[], Answer]
    ) -> Answer:
        """What is heard after a word was spoken, and whether it was done."""
        if REFUSED & kinds.keys():
            return self._heard(verb, AnswerKind.REJECTED, client_id, "1037")
        if FaultKind.TOO_MANY in kinds:
            return self._heard(verb, AnswerKind.REJECTED, client_id, "429")
        if LOST_BEFORE & kinds.keys():
            return self._heard(verb, AnswerKind.UNKNOWN, client_id, "")
        answer = speak()
        if LOST_AFTER & kinds.keys():
            return self._heard(verb, AnswerKind.UNKNOWN, client_id, "")
        return answer

    def _heard(self, verb: Verb, kind: AnswerKind, client_id: ClientId, code: str) -> Answer:
        at = self._chaos.now()
        return Answer(verb=verb, kind=kind, client_id=client_id, at=at, code=code, message="fault")

    def _is_hidden(self, view: OrderView, kinds: Kinds) -> bool:
        hidden = kinds.get(FaultKind.HIDE_ORDERS)
        if hidden is None or view.updated_at is None:
            return False
        return not self._is_past(view.updated_at, hidden)

    def _is_past(self, at: datetime, fault: Fault) -> bool:
        return self._chaos.now() - at >= timedelta(milliseconds=int(fault.amount * 1000))


class FaultyMarket:
    """A market data port with faults on the way."""

    def __init__(self, inner: MarketDataPort, chaos: Chaos) -> None:
        self._inner = inner
        self._chaos = chaos
        self._frozen: dict[Symbol, Quote] = {}

    def snapshot(self, symbols: Sequence[Symbol]) -> MarketSnapshot:
        kinds = self._chaos.ask(Endpoint.ORDERBOOK)
        snapshot = self._inner.snapshot(symbols)
        quotes, problems = dict(snapshot.quotes), dict(snapshot.problems)
        if FaultKind.FROZEN_BOOK in kinds:
            quotes = {**quotes, **{s: q for s, q in self._frozen.items() if s in quotes}}
        else:
            self._frozen = dict(quotes)
        for kind, why in _BAD_BOOKS.items():
            if kind in kinds:
                problems |= dict.fromkeys(quotes, why)
                quotes = {}
        if (missing := kinds.get(FaultKind.MISSING_PAIR)) is not None:
            gone = Symbol(missing.word)
            if quotes.pop(gone, None) is not None:
                problems[gone] = "the exchange does not know the pair"
        return MarketSnapshot(at=snapshot.at, quotes=quotes, problems=problems)

    def rules(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PairRules]:
        kinds = self._chaos.ask(Endpoint.EXCHANGE_INFO)
        rules = dict(self._inner.rules(symbols))
        if (missing := kinds.get(FaultKind.MISSING_PAIR)) is not None:
            rules.pop(Symbol(missing.word), None)
        if (moved := kinds.get(FaultKind.SCALE)) is not None:
            by = -int(moved.amount)
            rules = {
                symbol: msgspec.structs.replace(
                    pair, tick_size=pair.tick_size.scaleb(by), lot_step=pair.lot_step.scaleb(by)
                )
                for symbol, pair in rules.items()
            }
        return rules
