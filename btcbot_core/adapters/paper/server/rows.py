"""Rows of the protocol: orders, trades, balances and tickers with BTCTurk's names and types."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from btcbot_core.adapters.paper.model import PaperOrder, PaperTrade
from btcbot_core.adapters.paper.server.answers import normalized, number, text
from btcbot_core.adapters.paper.server.depth import Depth
from btcbot_core.adapters.paper.server.market import DayFigures, Print
from btcbot_core.adapters.paper.server.times import milliseconds
from btcbot_core.domain.account import Balance
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Asset
from btcbot_core.domain.trading import Side, ViewStatus

Row = dict[str, object]

STATUS = {
    ViewStatus.OPEN: "Untouched",
    ViewStatus.PARTIAL: "Partial",
    ViewStatus.CANCELED: "Canceled",
    ViewStatus.CLOSED: "Closed",
}
TRADE_ID_FACTOR = 1000
"""Makes trade ids of 19 digits as BTCTurk's are: more than a double can hold."""
ASSET_NAMES = {"TRY": "Türk Lirası", "BTC": "Bitcoin", "ETH": "Ethereum", "USDT": "Tether"}
FIAT_SCALE = 2
CRYPTO_SCALE = 8
_CENT = Decimal("0.01")


def order_row(order: PaperOrder, rules: PairRules, time_ms: int) -> Row:
    """An order as listings show it; `time_ms` is 0 among open orders, as captured."""
    ticket = order.ticket
    return {
        "id": order.id,
        "price": text(ticket.price),
        "amount": text(ticket.qty),
        "quantity": text(ticket.qty),
        "stopPrice": text(ticket.stop_price),
        "pairSymbol": ticket.symbol,
        "pairSymbolNormalized": normalized(ticket.symbol, rules.base),
        "type": ticket.side.value,
        "method": ticket.method.value,
        "orderClientId": ticket.client_id,
        "time": time_ms,
        "updateTime": milliseconds(order.updated_at),
        "status": STATUS[order.status],
        "leftAmount": text(order.left),
    }


def taken_row(order: PaperOrder, rules: PairRules) -> Row:
    """An order as POST order answers it; some of its names differ from the listings'."""
    ticket = order.ticket
    return {
        "id": order.id,
        "quantity": text(ticket.qty),
        "price": text(ticket.price),
        "stopPrice": text(ticket.stop_price) if ticket.stop_price else None,
        "newOrderClientId": ticket.client_id,
        "type": ticket.side.value,
        "method": ticket.method.value,
        "pairSymbol": ticket.symbol,
        "pairSymbolNormalized": normalized(ticket.symbol, rules.base),
        "datetime": milliseconds(order.sent_at),
    }


def trade_row(trade: PaperTrade, rules: PairRules) -> Row:
    """A trade of the account: sells and costs are negative, `amount` is rounded (API.md §5)."""
    signed = trade.qty if trade.side is Side.BUY else -trade.qty
    return {
        "id": trade.id * TRADE_ID_FACTOR,
        "timestamp": milliseconds(trade.at),
        "amount": text(signed.quantize(rules.lot_step, ROUND_HALF_UP)),
        "preciseAmount": number(signed),
        "fee": text(-trade.fee),
        "tax": text(-trade.tax),
        "price": text(trade.price),
        "numeratorSymbol": trade.base,
        "denominatorSymbol": trade.quote,
        "orderType": trade.side.value,
        "orderId": trade.order_id,
        "orderClientId": trade.client_id or None,
    }


def balance_row(balance: Balance, fiat: Asset, now_ms: int) -> Row:
    return {
        "asset": balance.asset,
        "assetname": ASSET_NAMES.get(balance.asset, balance.asset),
        "balance": text(balance.total),
        "locked": text(balance.locked),
        "free": text(balance.free),
        "orderFund": text(balance.locked),
        "requestFund": "0",
        "precision": FIAT_SCALE if balance.asset == fiat else CRYPTO_SCALE,
        "timestamp": now_ms,
    }


def ticker_row(rules: PairRules, day: DayFigures, depth: Depth, order: int, now_ms: int) -> Row:
    """Prices as JSON numbers. `daily` is ask − open, as all captures have it (API.md §2)."""
    ask = depth.asks[0][0] if depth.asks else ZERO
    bid = depth.bids[0][0] if depth.bids else ZERO
    rise = (day.last - day.open) / day.open * 100 if day.open else ZERO
    return {
        "pair": rules.symbol,
        "pairNormalized": normalized(rules.symbol, rules.base),
        "timestamp": now_ms,
        "last": number(day.last),
        "high": number(day.high),
        "low": number(day.low),
        "bid": number(bid),
        "ask": number(ask),
        "open": number(day.open),
        "volume": number(day.volume),
        "average": number(day.average.quantize(rules.tick_size, ROUND_HALF_EVEN)),
        "daily": number(ask - day.open),
        "dailyPercent": number(rise.quantize(_CENT, ROUND_HALF_EVEN)),
        "denominatorSymbol": rules.quote,
        "numeratorSymbol": rules.base,
        "order": order,
    }


def print_row(trade: Print, rules: PairRules) -> Row:
    return {
        "pair": rules.symbol,
        "pairNormalized": normalized(rules.symbol, rules.base),
        "numerator": rules.base,
        "denominator": rules.quote,
        "date": milliseconds(trade.at),
        "tid": trade.id,
        "price": text(trade.price),
        "amount": text(trade.qty),
        "side": "buy" if trade.is_buy else "sell",
    }


def scale_of(step: Decimal) -> int:
    """How many decimals a step has."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
