"""A cycle as plain data, compact and complete: what is stored, shown later and compared.

Rows are arrays, not objects: names stand in the schema once and not in every record. Only what
cannot be derived is kept. Equal cycles give equal bytes.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

import msgspec

from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.recording import NOTHING_SEEN, Saw
from btcbot_core.domain.codes import AnomalyCode, Reason, Severity
from btcbot_core.domain.decisions import Action, Decision, RiskMode
from btcbot_core.domain.ids import ClientId, CycleId
from btcbot_core.domain.market import BookSource, Quote
from btcbot_core.domain.money import MONEY_STEP, canonical
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Fill, Intent, OrderEvent, Side
from btcbot_core.risk.degrade import NOT_DEGRADED, Degrade
from btcbot_core.risk.verdict import ModeReason

VERSION = 3
"""1 had no inputs and no seal, 2 an age in every quote."""
_SEAL_DIGITS = 12
_DECIMALS_MAX = 8
_SHORT_MAX = len("0.") + _DECIMALS_MAX
_SEAL = b',"seal":"'
_SEAL_LENGTH = len(_SEAL) + _SEAL_DIGITS + len(b'"}')
_HOLD, _OK = Action.HOLD, Reason.MODE_OK  # a name is looked up ten times as fast as a member


class QuoteRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    symbol: Symbol
    bid: str
    ask: str


class PositionRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    symbol: Symbol
    qty: str
    cost_try: str


class DecisionRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    symbol: Symbol
    action: Action
    reason: Reason
    side: Side | None = None
    price: str = ""
    qty: str = ""
    observed: str = ""
    limit: str = ""
    unit: str = ""


class HoldRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A decision to do nothing: by far the most frequent one, so it has the shorter row."""

    symbol: Symbol
    reason: Reason
    observed: str = ""
    limit: str = ""


class ModeRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    mode: RiskMode
    reason: Reason
    observed: str = ""
    limit: str = ""


class AnomalyRow(msgspec.Struct, frozen=True, array_like=True):
    code: AnomalyCode
    severity: Severity
    observed: str = ""
    limit: str = ""
    about: str = ""


class DegradeRow(msgspec.Struct, frozen=True, array_like=True):
    """Where the ladder stands after the cycle."""

    level: int
    until: datetime | None
    streak: int
    clean: int
    floor: int = 0
    floor_until: datetime | None = None


class ReplacementRow(msgspec.Struct, frozen=True, array_like=True):
    symbol: Symbol
    side: Side
    old: tuple[ClientId, ...]
    since_step: int


class Trace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The record of one cycle. Numbers are canonical text, so that values compare as bytes.

    Which cycle it is and when it was say the columns beside it; a mode without reasons is the
    one that no rule spoke against.
    """

    v: int
    book: BookSource | dict[Symbol, BookSource]
    """Where bid and ask come from: one word when it is the same for all pairs."""
    quotes: tuple[QuoteRow, ...] = ()
    ages: dict[Symbol, str] = {}
    """In seconds, of the quotes that are older than the cycle."""
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
    anomalies: tuple[AnomalyRow, ...] = ()
    degrade: DegradeRow | None = None
    replacements: tuple[ReplacementRow, ...] = ()
    extra: dict[str, msgspec.Raw] = {}
    """What single steps wrote down of themselves, by the step's name."""
    saw: Saw | None = None
    """What went in, beside quotes and kill latch: from it the cycle can be run again."""
    seal: str = ""
    """A checksum over all of the above, and over which cycle it is and when it was."""


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Trace)


def trace(cycle: Cycle, saw: Saw = NOTHING_SEEN) -> Trace:
    """The record of a cycle, with what it saw. Every cycle makes one: lists are the fast way."""
    money, quotes, at = cycle.portfolio, cycle.market.quotes, cycle.at
    holds: list[HoldRow] = []
    decisions: list[DecisionRow] = []
    for d in cycle.decisions:
        if d.action is _HOLD:
            holds.append(HoldRow(d.symbol, d.reason, _text(d.observed), _text(d.limit)))
        else:
            decisions.append(_decision_row(d))
    return Trace(
        v=VERSION,
        book=_book(quotes),
        quotes=tuple([QuoteRow(s, canonical(q.bid), canonical(q.ask)) for s, q in quotes.items()]),
        ages={
            s: canonical(q.age_s(at)) for s, q in quotes.items() if q.at is not at and q.at != at
        },
        problems=dict(cycle.market.problems),
        cash=canonical(money.cash_try),
        capital=canonical(money.capital_try),
        equity=canonical(money.equity_try),
        realized=canonical(money.realized_try),
        fees=canonical(money.fees_try),
        slippage=canonical(money.slippage_try),
        peak=canonical(money.peak_try),
        positions=tuple(
            [
                PositionRow(symbol, *holding.spelled)
                for symbol, holding in cycle.carried.ledger.holdings.items()
                if holding.qty
            ]
        ),
        killed=cycle.is_killed,
        mode=cycle.verdict.mode,
        reasons=tuple([_mode_row(r) for r in cycle.verdict.reasons if r.reason is not _OK]),
        holds=tuple(holds),
        decisions=tuple(decisions),
        intents=cycle.intents,
        events=cycle.order_events,
        fills=cycle.fills,
        anomalies=tuple(
            [AnomalyRow(a.code, a.severity, a.observed, a.limit, a.about) for a in cycle.anomalies]
        )
        if cycle.anomalies
        else (),
        degrade=_degrade_row(cycle.carried.degrade),
        replacements=tuple(
            [
                ReplacementRow(r.wish.symbol, r.wish.side, r.old, r.since_step)
                for r in cycle.carried.replacements
            ]
        )
        if cycle.carried.replacements
        else (),
        extra={name: msgspec.Raw(_ENCODER.encode(noted)) for name, noted in cycle.records.items()},
        saw=None if saw == NOTHING_SEEN else saw,
    )


def encode(record: Trace) -> bytes:
    """The record as JSON bytes."""
    return _ENCODER.encode(record)


def decode(data: bytes) -> Trace:
    """Read a record back. Raises msgspec.ValidationError for what is none."""
    return _DECODER.decode(data)


def without_inputs(record: Trace) -> Trace:
    """What a cycle made of its inputs: the same however often the run was cut."""
    return msgspec.structs.replace(record, saw=None, seal="")


def sealed(data: bytes, cycle: CycleId, at: datetime) -> bytes:
    """An encoded record with its seal: a digit that flips later is found, and its cycle named."""
    return b"".join((data[:-1], _SEAL, _seal(data, cycle, at), b'"}'))


def is_sealed(data: bytes, cycle: CycleId, at: datetime) -> bool:
    """Whether a record is as it was written."""
    unsealed = data[:-_SEAL_LENGTH] + b"}"
    return sealed(unsealed, cycle, at) == data


def _seal(data: bytes, cycle: CycleId, at: datetime) -> bytes:
    named = f"|{cycle}|{at.isoformat()}".encode()
    return sha256(data + named).hexdigest()[:_SEAL_DIGITS].encode()


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


def _degrade_row(ladder: Degrade) -> DegradeRow | None:
    """Nothing while the ladder is down and nobody holds it up."""
    if ladder is NOT_DEGRADED or ladder == NOT_DEGRADED:
        return None
    over = ladder.override
    return DegradeRow(
        ladder.level,
        ladder.cooldown_until,
        ladder.streak,
        ladder.clean,
        over.level if over else 0,
        over.until if over else None,
    )


def _book(quotes: Mapping[Symbol, Quote]) -> BookSource | dict[Symbol, BookSource]:
    sources = {quote.source for quote in quotes.values()}
    if len(sources) == 1:
        return sources.pop()
    return {symbol: quote.source for symbol, quote in quotes.items()}


def _text(value: Decimal | None) -> str:
    """A number of a decision; quotients end after eight decimals, as money does."""
    if value is None:
        return ""
    text = str(value)
    if text[-1] != "0" and len(text) <= _SHORT_MAX and "E" not in text:
        return text  # nearly all
    text = canonical(value)
    point = text.find(".")
    if point < 0 or len(text) - point - 1 <= _DECIMALS_MAX:
        return text
    return canonical(value.quantize(MONEY_STEP))
