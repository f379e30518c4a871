"""What we have: balances as the exchange states them, positions and portfolio by the ledger."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Asset, Symbol


class Balance(msgspec.Struct, frozen=True, gc=False):
    """One asset at the exchange. Locked is what open orders hold; it is still ours."""

    asset: Asset
    free: Decimal
    locked: Decimal

    @property
    def total(self) -> Decimal:
        return self.free + self.locked


Accounts = Mapping[Asset, Balance]


class Position(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What we hold of one pair's base asset, valued. Average cost is a view of the lots."""

    symbol: Symbol
    qty: Decimal
    cost_try: Decimal
    mark: Decimal
    is_mark_missing: bool = False

    @property
    def avg_cost(self) -> Decimal:
        return self.cost_try / self.qty if self.qty else ZERO

    @property
    def value_try(self) -> Decimal:
        return self.qty * self.mark

    @property
    def unrealized_try(self) -> Decimal:
        return self.value_try - self.cost_try


class Portfolio(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger at this cycle's marks. net = gross − fees − slippage; equity = capital + net."""

    cash_try: Decimal = ZERO
    capital_try: Decimal = ZERO
    equity_try: Decimal = ZERO
    realized_try: Decimal = ZERO
    unrealized_try: Decimal = ZERO
    fees_try: Decimal = ZERO
    slippage_try: Decimal = ZERO
    gross_try: Decimal = ZERO
    net_try: Decimal = ZERO
    peak_try: Decimal = ZERO
    drawdown_ratio: Decimal = ZERO
    positions: Mapping[Symbol, Position] = {}
    unconverted_fees: Mapping[Asset, Decimal] = {}
    """Fees in a currency for which there is no rate: kept as they are, never counted as zero."""


NO_PORTFOLIO = Portfolio()
