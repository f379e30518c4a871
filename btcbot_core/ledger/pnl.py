"""Profit and loss: the ledger at given marks, with the identities that must hold (DEC-13).

gross  = realized + unrealized + slippage
net    = gross − fees − slippage
equity = cash + Σ qty·mark − fees in other currencies = capital + net
"""

from collections.abc import Mapping
from decimal import Decimal

from btcbot_core.domain.account import Portfolio, Position
from btcbot_core.domain.errors import InvariantBrokenError
from btcbot_core.domain.money import ZERO, money_down
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.ledger.book import Ledger

TOLERANCE_TRY = Decimal("0.00000001")
"""Exact arithmetic needs none; 28 digits of Decimal may round the last of a long quotient."""


def value(
    ledger: Ledger,
    marks: Mapping[Symbol, Decimal],
    last_marks: Mapping[Symbol, Decimal],
    peak_try: Decimal,
) -> Portfolio:
    """The portfolio at these marks. A pair without a mark keeps its last one, else its cost.

    Raises InvariantBrokenError when the two ways to equity differ.
    """
    positions: dict[Symbol, Position] = {}
    held = unrealized = ZERO
    for symbol, holding in ledger.holdings.items():
        qty, cost, mark = holding.qty, holding.cost_try, marks.get(symbol)
        if not qty:
            continue
        known = mark if mark is not None else last_marks.get(symbol, cost / qty)
        positions[symbol] = Position(
            symbol=symbol, qty=qty, cost_try=cost, mark=known, is_mark_missing=mark is None
        )
        worth = qty * known
        held += worth
        unrealized += worth - cost
    fees, foreign, unconverted = _fees(ledger, marks, last_marks)
    gross = ledger.realized_try + unrealized + ledger.slippage_try
    net = gross - fees - ledger.slippage_try
    equity = ledger.cash_try + held - foreign
    if abs(equity - (ledger.capital_try + net)) > TOLERANCE_TRY:
        raise InvariantBrokenError(
            f"equity {equity} is not capital {ledger.capital_try} plus net {net}"
        )
    peak = max(peak_try, equity)
    return Portfolio(
        cash_try=ledger.cash_try,
        capital_try=ledger.capital_try,
        equity_try=equity,
        realized_try=ledger.realized_try,
        unrealized_try=unrealized,
        fees_try=fees,
        slippage_try=ledger.slippage_try,
        gross_try=gross,
        net_try=net,
        peak_try=peak,
        drawdown_ratio=(peak - equity) / peak if peak > ZERO else ZERO,
        positions=positions,
        unconverted_fees=unconverted,
    )


def peak_after(peak_try: Decimal, before_try: Decimal, after_try: Decimal) -> Decimal:
    """The peak when money came or went, and equity with it: that is no gain and no loss.

    What comes is added, so the loss from the peak stays what it is. What goes takes its share of
    that loss along, so a withdrawal alone never deepens a drawdown, in money or in parts.
    """
    if after_try >= before_try or before_try <= ZERO:
        return max(ZERO, peak_try + after_try - before_try)
    return max(after_try, money_down(peak_try * max(ZERO, after_try) / before_try))


def peak_with(
    before: Ledger, after: Ledger, marks: Mapping[Symbol, Decimal], peak_try: Decimal
) -> Decimal:
    """The peak after entries, at these marks: capital among them moves it as `peak_after` says."""
    came_try = after.capital_try - before.capital_try
    if not came_try:
        return peak_try
    was = value(before, {}, marks, peak_try)
    return peak_after(was.peak_try, was.equity_try, was.equity_try + came_try)


def _fees(
    ledger: Ledger, marks: Mapping[Symbol, Decimal], last_marks: Mapping[Symbol, Decimal]
) -> tuple[Decimal, Decimal, dict[Asset, Decimal]]:
    """All fees in quote currency, those of them paid in others, and those without a rate."""
    foreign, unconverted = ZERO, dict[Asset, Decimal]()
    for asset, amount in ledger.fees.items():
        if asset == ledger.quote:
            continue
        pair = Symbol(asset + ledger.quote)
        rate = marks.get(pair, last_marks.get(pair))
        if rate is None:
            unconverted[asset] = amount
        else:
            foreign += amount * rate
    return ledger.fees.get(ledger.quote, ZERO) + foreign, foreign, unconverted
