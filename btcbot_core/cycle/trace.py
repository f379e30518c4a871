"""A cycle as plain data, compact and complete: what is stored, shown later and compared.

Rows are arrays, not objects: names stand in the schema once and not in every record. Only what
cannot be derived is kept. Equal cycles give equal bytes.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from btcbot_core.cycle.cycle import Cycle
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import Action, Decision, RiskMode
from btcbot_core.domain.market import BookSource, Quote
from btcbot_core.domain.money import MONEY_STEP, canonical
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Fill, Intent, OrderEvent, Side
from btcbot_core.risk.verdict import ModeReason

VERSION = 1


class QuoteRow(msgspec.Struct, frozen=True, array_like=True):
    symbol: Symbol
    bid: str
    ask: str
    age_s: str


class PositionRow(msgspec.Struct, frozen=True, array_like=True):
    symbol: Symbol
    qty: str
    cost_try: str


class DecisionRow(msgspec.Struct, frozen=True, array_like=True):
    symbol: Symbol
    action: Action
    reason: Reason
    side: Side | None = None
    price: str = ""
    qty: str = ""
    observed: str = ""
    limit: str = ""
    unit: str = ""


class HoldRow(msgspec.Struct, frozen=True, array_like=True):
    """A decision to do nothing: by far the most frequent one, so it has the shorter row."""

    symbol: Symbol
    reason: Reason
    observed: str = ""
    limit: str = ""


class ModeRow(msgspec.Struct, frozen=True, array_like=True):
    mode: RiskMode
    reason: Reason
    observed: str = ""
    limit: str = ""


class Trace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The record of one cycle. Numbers are canonical text, so that values compare as bytes.

    Which cycle it is and when it was say the columns beside it; a mode without reasons is the
    one that no rule spoke against.
    """

    v: int
    book: BookSource | dict[Symbol, BookSource]
    """Where bid and ask come from: one word when it is the same for all pairs."""
    quotes: tuple[QuoteRow, ...] = ()
    problems: dict[Symbol, str] = {}
    cash: str = ""
    capital: str = ""
    equity: str = ""
    realized: str = ""
    fees: str = ""
    slippage: str = ""
    peak: str = ""
    positions: tuple[PositionRow, ...] = ()
    killed: bool = False
    mode: RiskMode
    reasons: tuple[ModeRow, ...] = ()
    holds: tuple[HoldRow, ...] = ()
    decisions: tuple[DecisionRow, ...] = ()
    intents: tuple[Intent, ...] = ()
    events: tuple[OrderEvent, ...] = ()
    fills: tuple[Fill, ...] = ()


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Trace)


def trace(cycle: Cycle) -> Trace:
    """The record of a cycle."""
    money, quotes = cycle.portfolio, cycle.market.quotes
    return Trace(
        v=VERSION,
        book=_book(quotes),
        quotes=tuple(
            QuoteRow(s, canonical(q.bid), canonical(q.ask), canonical(q.age_s(cycle.at)))
            for s, q in quotes.items()
        ),
        problems=dict(cycle.market.problems),
        cash=canonical(money.cash_try),
        capital=canonical(money.capital_try),
        equity=canonical(money.equity_try),
        realized=canonical(money.realized_try),
        fees=canonical(money.fees_try),
        slippage=canonical(money.slippage_try),
        peak=canonical(money.peak_try),
        positions=tuple(
            PositionRow(p.symbol, canonical(p.qty), canonical(p.cost_try))
            for p in money.positions.values()
        ),
        killed=cycle.is_killed,
        mode=cycle.verdict.mode,
        reasons=tuple(
            _mode_row(r) for r in cycle.verdict.reasons if r.reason is not Reason.MODE_OK
        ),
        holds=tuple(_hold_row(d) for d in cycle.decisions if d.action is Action.HOLD),
        decisions=tuple(_decision_row(d) for d in cycle.decisions if d.action is not Action.HOLD),
        intents=cycle.intents,
        events=cycle.order_events,
        fills=cycle.fills,
    )


def encode(record: Trace) -> bytes:
    """The record as JSON bytes."""
    return _ENCODER.encode(record)


def decode(data: bytes) -> Trace:
    """Read a record back. Raises msgspec.ValidationError for what is none."""
    return _DECODER.decode(data)


def _mode_row(reason: ModeReason) -> ModeRow:
    return ModeRow(reason.mode, reason.reason, reason.observed, reason.limit)


def _decision_row(d: Decision) -> DecisionRow:
    return DecisionRow(
        d.symbol,
        d.action,
        d.reason,
        d.side,
        _text(d.price),
        _text(d.qty),
        _text(d.observed),
        _text(d.limit),
        d.unit,
    )


def _hold_row(d: Decision) -> HoldRow:
    return HoldRow(d.symbol, d.reason, _text(d.observed), _text(d.limit))


def _book(quotes: Mapping[Symbol, Quote]) -> BookSource | dict[Symbol, BookSource]:
    sources = {quote.source for quote in quotes.values()}
    if len(sources) == 1:
        return sources.pop()
    return {symbol: quote.source for symbol, quote in quotes.items()}


def _text(value: Decimal | None) -> str:
    """A number of a decision; quotients end after eight decimals, as money does."""
    if value is None:
        return ""
    return canonical(value.quantize(MONEY_STEP) if int(value.as_tuple().exponent) < -8 else value)
