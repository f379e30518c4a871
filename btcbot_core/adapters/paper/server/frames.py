"""Frames of the socket: `[code, {"type": code, …}]`, numbers as strings (API.md §9)."""

from decimal import Decimal

from btcbot_core.adapters.paper.model import Method, PaperOrder, PaperTrade
from btcbot_core.adapters.paper.server.answers import encoded, text
from btcbot_core.adapters.paper.server.depth import Depth, Level
from btcbot_core.adapters.paper.server.market import Bar, Print
from btcbot_core.adapters.paper.server.rows import Row
from btcbot_core.adapters.paper.server.times import milliseconds
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Side

RESULT, LOGIN, JOIN = 100, 114, 151
BALANCE, TICKER_ALL, TICKER = 201, 401, 402
TRADES, TRADE, USER_TRADE, BAR = 421, 422, 423, 428
BOOK, BOOK_DIFF = 431, 432
USER_MATCH, ORDER_INSERT, ORDER_DELETE = 441, 451, 452
HELLO = 991

CHANGED, NEW, REMOVED = 0, 1, 3
"""What a row of a book's difference says. The amount of a removed level is not zero."""
_TEN = Decimal("0.0000000001")
_SIXTEEN = Decimal("0.0000000000000001")
_METHODS = {Method.LIMIT: 0, Method.MARKET: 1, Method.STOP_LIMIT: 2, Method.STOP_MARKET: 3}


def frame(code: int, body: Row) -> str:
    """A frame as it is sent."""
    return encoded([code, {"type": code, **body}]).decode()


def hello() -> str:
    return frame(HELLO, {"current": "6.0.0", "min": "2.3.0"})


def result(message: str, *, ok: bool = True) -> str:
    return frame(RESULT, {"id": 0, "ok": ok, "message": message})


def login(user_id: int, refusal: str | None) -> str:
    return frame(LOGIN, {"id": user_id, "ok": refusal is None, "message": refusal})


def ticker_body(row: Row, depth: Depth, pair_id: int) -> Row:
    """A pair's ticker, from the same row that REST shows."""
    bids, asks = depth.bids, depth.asks
    return {
        "B": str(row["bid"]),
        "A": str(row["ask"]),
        "BA": text(bids[0][1]) if bids else "0",
        "AA": text(asks[0][1]) if asks else "0",
        "PS": row["pair"],
        "H": str(row["high"]),
        "L": str(row["low"]),
        "LA": str(row["last"]),
        "O": str(row["open"]),
        "V": str(row["volume"]),
        "AV": str(row["average"]),
        "D": str(row["daily"]),
        "DP": str(row["dailyPercent"]),
        "DS": row["denominatorSymbol"],
        "NS": row["numeratorSymbol"],
        "PId": pair_id,
    }


def ticker(symbol: Symbol, body: Row) -> str:
    return frame(TICKER, {**body, "channel": "ticker", "event": symbol})


def all_tickers(bodies: list[Row]) -> str:
    items = [{**body, "Ord": 1000 + index} for index, body in enumerate(bodies, start=1)]
    return frame(TICKER_ALL, {"items": items, "channel": "ticker", "event": "all"})


def book(symbol: Symbol, depth: Depth, change: int, channel: str) -> str:
    return frame(
        BOOK,
        {
            "CS": change,
            "PS": symbol,
            "AO": [{"A": text(qty), "P": text(price)} for price, qty in depth.asks],
            "BO": [{"A": text(qty), "P": text(price)} for price, qty in depth.bids],
            "channel": channel,
            "event": symbol,
        },
    )


def book_diff(symbol: Symbol, before: Depth, after: Depth, change: int) -> str | None:
    """What changed from one book to the next; None where nothing did."""
    asks, bids = _diff(before.asks, after.asks), _diff(before.bids, after.bids)
    if not asks and not bids:
        return None
    body: Row = {"CS": change, "PS": symbol, "AO": asks, "BO": bids}
    return frame(BOOK_DIFF, {**body, "channel": "obdiff", "event": symbol})


def trades(symbol: Symbol, prints: list[Print]) -> str:
    """The last trades, oldest first; items have neither pair nor type."""
    items = [_print_body(trade) for trade in reversed(prints)]
    return frame(TRADES, {"symbol": symbol, "items": items, "channel": "trade", "event": symbol})


def trade(symbol: Symbol, one: Print) -> str:
    return frame(TRADE, {**_print_body(one), "PS": symbol, "channel": "trade", "event": symbol})


def bar(symbol: Symbol, resolution: str, running: Bar) -> str:
    return frame(
        BAR,
        {
            "D": running.opened_s,
            "P": symbol,
            "R": resolution,
            "O": text(running.open),
            "H": text(running.high),
            "L": text(running.low),
            "C": text(running.close),
            "V": text(running.volume),
            "channel": "tradeview",
            "event": f"{symbol}_{resolution}",
        },
    )


def order_insert(order: PaperOrder, user_id: int, pair_id: int) -> str:
    return frame(ORDER_INSERT, _order_body(order, user_id, pair_id, None))


def order_delete(order: PaperOrder, user_id: int, pair_id: int) -> str:
    """With sixteen decimals, as captured."""
    return frame(ORDER_DELETE, _order_body(order, user_id, pair_id, _SIXTEEN))


def user_match(one: PaperTrade, user_id: int, pair_id: int) -> str:
    return frame(
        USER_MATCH,
        {
            "id": one.order_id,
            "user": user_id,
            "isBid": one.side is Side.BUY,
            "method": 0,
            "pair": pair_id,
            "symbol": one.symbol,
            "amount": str(one.qty.quantize(_TEN)),
            "price": str(one.price.quantize(_TEN)),
            "clientId": one.client_id,
        },
    )


def user_trade(row: Row) -> str:
    """The one frame without a type."""
    return encoded([USER_TRADE, row]).decode()


def balance_updated(user_id: int) -> str:
    return frame(BALANCE, {"userId": user_id, "payload": None})


def _order_body(order: PaperOrder, user_id: int, pair_id: int, step: Decimal | None) -> Row:
    def shown(value: Decimal) -> str:
        return text(value) if step is None else str(value.quantize(step))

    ticket = order.ticket
    return {
        "pairId": pair_id,
        "symbol": order.symbol,
        "id": order.id,
        "method": _METHODS[ticket.method],
        "userId": user_id,
        "orderType": 0 if order.side is Side.BUY else 1,
        "price": shown(ticket.price),
        "amount": shown(ticket.qty),
        "numLeft": shown(order.left),
        "denomLeft": shown(order.left * ticket.price),
        "newOrderClientId": ticket.client_id,
    }


def _print_body(one: Print) -> Row:
    return {
        "D": str(milliseconds(one.at)),
        "I": one.id,
        "A": str(one.qty.quantize(_TEN)),
        "P": str(one.price.quantize(_TEN)),
        "S": 0 if one.is_buy else 1,
    }


def _diff(before: tuple[Level, ...], after: tuple[Level, ...]) -> list[Row]:
    known, now = dict(before), dict(after)
    rows: list[Row] = []
    for price, qty in now.items():
        if price not in known:
            rows.append({"A": text(qty), "P": text(price), "CP": NEW})
        elif known[price] != qty:
            rows.append({"A": text(qty), "P": text(price), "CP": CHANGED})
    gone = [(price, qty) for price, qty in known.items() if price not in now]
    rows += [{"A": text(qty), "P": text(price), "CP": REMOVED} for price, qty in gone]
    return rows
