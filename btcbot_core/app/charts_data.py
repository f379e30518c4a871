"""A run as lines for charts: thinned, so that a page of a year is no larger than one of a night."""

from decimal import Decimal

from btcbot_core.app.figures import Studied
from btcbot_core.domain.money import ZERO, decimal_from
from btcbot_core.domain.reporting import ChartPoint, Charts, Pin, Span
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import OrderEventKind, Side

POINTS_MAX = 600
PINS_MAX = 2_000
SPANS_MAX = 500


class ChartMaker:
    """Told of each cycle in its order; `cycles` is about how many there will be."""

    def __init__(self, cycles: int) -> None:
        self._stride = max(1, -(-cycles // POINTS_MAX))
        self._points: list[ChartPoint] = []
        self._bucket: list[Studied] = []
        self._marks_of: dict[Symbol, Decimal] = {}
        self._spans: list[Span] = []
        self._pins: list[Pin] = []
        self._left_out = [0, 0]
        self._orders: dict[str, tuple[Symbol, Side, Decimal]] = {}

    def add(self, cycle: Studied) -> None:
        self._bucket.append(cycle)
        for quote in cycle.trace.quotes:
            mid = (decimal_from(quote.bid) + decimal_from(quote.ask)) / 2
            self._marks_of[quote.symbol] = mid
        if len(self._bucket) >= self._stride:
            self._close_bucket()
        self._add_mode(cycle)
        self._add_pins(cycle)

    def charts(self) -> Charts:
        if self._bucket:
            self._close_bucket()
        return Charts(
            points=tuple(self._points),
            spans=tuple(self._spans),
            pins=tuple(self._pins),
            pins_left_out=self._left_out[0],
            spans_left_out=self._left_out[1],
        )

    def _close_bucket(self) -> None:
        last, equities = self._bucket[-1], [cycle.row.equity_try for cycle in self._bucket]
        self._points.append(
            ChartPoint(
                at=last.row.at,
                equity=last.row.equity_try,
                equity_low=min(equities),
                equity_high=max(equities),
                cash=last.row.cash_try,
                drawdown_ratio=max(cycle.row.drawdown_ratio for cycle in self._bucket),
                fees=last.figures.fees_try,
                slippage=last.figures.slippage_try,
                exposure={
                    p.symbol: decimal_from(p.qty) * self._marks_of.get(p.symbol, ZERO)
                    for p in last.trace.positions
                },
                prices={q.symbol: self._marks_of[q.symbol] for q in last.trace.quotes},
            )
        )
        self._bucket = []

    def _add_mode(self, cycle: Studied) -> None:
        at, mode = cycle.row.at, cycle.row.mode
        if self._spans:
            before = self._spans[-1]
            self._spans[-1] = Span(before.mode, before.start, at)
            if before.mode == mode:
                return
        self._spans.append(Span(mode, at, at))
        if len(self._spans) > SPANS_MAX:
            self._spans.pop(0)
            self._left_out[1] += 1

    def _add_pins(self, cycle: Studied) -> None:
        for intent in cycle.trace.intents:
            self._orders[intent.client_id] = (intent.symbol, intent.side, intent.price)
        for fill in cycle.trace.fills:
            self._pin(Pin(cycle.row.at, fill.symbol, fill.side, "filled", fill.price))
        for event in cycle.trace.events:
            if event.kind in (OrderEventKind.CANCELED, OrderEventKind.REJECTED):
                known = self._orders.pop(event.client_id, None)
                if known is not None:
                    symbol, side, price = known
                    self._pin(Pin(cycle.row.at, symbol, side, str(event.kind), price))
            elif event.kind is OrderEventKind.FILLED:
                self._forget_if_done(event.client_id, str(event.after))

    def _forget_if_done(self, client_id: str, status: str) -> None:
        if status == "filled":
            self._orders.pop(client_id, None)

    def _pin(self, pin: Pin) -> None:
        self._pins.append(pin)
        if len(self._pins) > PINS_MAX:
            self._pins.pop(0)
            self._left_out[0] += 1
