"""The public endpoints of API v2 and of the graph service (API.md §2, §3)."""

from datetime import timedelta
from decimal import Decimal

from btcbot_core.adapters.paper.screening import BAD_PARAMETER, PAIR_NOT_FOUND
from btcbot_core.adapters.paper.server.answers import (
    Answer,
    RefusedError,
    bad,
    good,
    normalized,
    number,
    text,
)
from btcbot_core.adapters.paper.server.depth import LEVELS_MAX
from btcbot_core.adapters.paper.server.fields import Fields
from btcbot_core.adapters.paper.server.market import BARS_MAX, Bar
from btcbot_core.adapters.paper.server.rows import (
    CRYPTO_SCALE,
    FIAT_SCALE,
    Row,
    print_row,
    scale_of,
    ticker_row,
)
from btcbot_core.adapters.paper.server.times import EPOCH
from btcbot_core.adapters.paper.server.venue import Venue
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol

LEVELS_DEFAULT = 100
PRINTS_MAX = 50
DAY_S = 86_400
MIN_PRICE = "0.0000000000001"
MAX_PRICE = "10000000"
PRICE_RANGE = 10
_RESOLUTIONS = {"d": DAY_S, "w": 7 * DAY_S, "m": 30 * DAY_S, "y": 365 * DAY_S}


class PublicEndpoints:
    """Each method answers one endpoint."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def time(self, _: Fields) -> Answer:
        now_ms = self._venue.now_ms()
        spelled = (EPOCH + timedelta(milliseconds=now_ms)).isoformat(timespec="milliseconds")
        return Answer(200, {"serverTime": now_ms, "serverTime2": spelled})

    def ping(self, _: Fields) -> Answer:
        return Answer(200, {"pong": True})

    def exchange_info(self, _: Fields) -> Answer:
        pairs = list(self._venue.rules.values())
        assets = dict.fromkeys(a for pair in pairs for a in (pair.quote, pair.base))
        data = {
            "timeZone": "UTC",
            "serverTime": self._venue.now_ms(),
            "symbols": [self._symbol_row(pair) for pair in pairs],
            "currencies": [
                _currency_row(index, asset, asset == pairs[0].quote)
                for index, asset in enumerate(assets, start=1)
            ],
            "currencyOperationBlocks": [],
        }
        return good(data, message="")

    def ticker(self, fields: Fields) -> Answer:
        symbol = self._symbol(fields)
        return good([self.ticker_row(s) for s in self._venue.rules if symbol in (None, s)])

    def ticker_of_currency(self, fields: Fields) -> Answer:
        asset = fields.text("symbol").upper()
        rows = [
            self.ticker_row(symbol)
            for symbol, rules in self._venue.rules.items()
            if asset in (rules.base, rules.quote)
        ]
        return good(rows)

    def orderbook(self, fields: Fields) -> Answer:
        symbol = self._needed(fields)
        limit = min(max(fields.integer("limit", LEVELS_DEFAULT), 1), LEVELS_MAX)
        depth = self._venue.depth(symbol, limit)
        data = {
            "timestamp": self._venue.now_ms(),
            "bids": [[text(price), text(qty)] for price, qty in depth.bids],
            "asks": [[text(price), text(qty)] for price, qty in depth.asks],
        }
        return good(data, code="SUCCESS")

    def trades(self, fields: Fields) -> Answer:
        symbol = self._needed(fields)
        last = min(max(fields.integer("last", PRINTS_MAX), 1), PRINTS_MAX)
        rules = self._venue.rules[symbol]
        return good([print_row(p, rules) for p in self._venue.public_trades(symbol, last)])

    def ohlc(self, fields: Fields) -> Answer:
        """The old daily candles, in their odd unit of time."""
        symbol = self._needed(fields)
        last = min(max(fields.integer("last", 10), 1), PRINTS_MAX)
        bars = self._bars(symbol, DAY_S, 0, None)[-last:]
        return good([_old_row(self._venue.rules[symbol], bar) for bar in bars])

    def klines(self, fields: Fields) -> Answer:
        symbol = self._needed(fields, "symbol", "pairSymbol", "pair")
        length_s = _resolution_s(fields.text("resolution") or "60")
        if length_s is None:
            return Answer(400, {"s": "error", "errmsg": "unknown resolution"})
        bars = self._bars(symbol, length_s, fields.integer("from", 0), _until(fields))
        if not bars:
            empty: dict[str, object] = {name: [] for name in "tohlcv"}
            return Answer(200, {"s": "no_data", **empty})
        return Answer(
            200,
            {
                "s": "ok",
                "t": [bar.opened_s for bar in bars],
                "h": [number(bar.high) for bar in bars],
                "o": [number(bar.open) for bar in bars],
                "l": [number(bar.low) for bar in bars],
                "c": [number(bar.close) for bar in bars],
                "v": [number(bar.volume) for bar in bars],
            },
        )

    def ohlcs(self, fields: Fields) -> Answer:
        """Daily bars as a bare list."""
        symbol = self._needed(fields, "pair", "pairSymbol", "symbol")
        bars = self._bars(symbol, DAY_S, fields.integer("from", 0), _until(fields))
        return Answer(200, [_daily_row(symbol, bar) for bar in bars])

    def ticker_row(self, symbol: Symbol) -> Row:
        venue = self._venue
        rules, day = venue.rules[symbol], venue.market.day(symbol)
        order = 1000 + venue.pair_id(symbol)
        return ticker_row(rules, day, venue.depth(symbol, 1), order, venue.now_ms())

    def _bars(self, symbol: Symbol, length_s: int, from_s: int, to_s: int | None) -> list[Bar]:
        """Bars up to now. A negative start means the beginning: ccxt sends one (API.md §2)."""
        now_s = self._venue.now_ms() // 1000
        until_s = now_s if to_s is None else min(to_s, now_s)
        return self._venue.market.bars(symbol, length_s, max(from_s, 0), until_s)[-BARS_MAX:]

    def _symbol(self, fields: Fields, *names: str) -> Symbol | None:
        symbol = fields.symbol(*(names or ("pairSymbol",)))
        if symbol is not None and symbol not in self._venue.rules:
            raise RefusedError(bad(PAIR_NOT_FOUND))
        return symbol

    def _needed(self, fields: Fields, *names: str) -> Symbol:
        symbol = self._symbol(fields, *names)
        if symbol is None:
            raise RefusedError(bad(BAD_PARAMETER))
        return symbol

    def _symbol_row(self, rules: PairRules) -> Row:
        scale = scale_of(rules.tick_size)
        last = self._venue.market.day(rules.symbol).last
        return {
            "id": self._venue.pair_id(rules.symbol),
            "name": rules.symbol,
            "nameNormalized": normalized(rules.symbol, rules.base),
            "status": "TRADING" if rules.is_trading else "HALTED",
            "numerator": rules.base,
            "denominator": rules.quote,
            "numeratorScale": scale_of(rules.lot_step),
            "denominatorScale": scale,
            "hasFraction": scale > 0,
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": text(rules.min_price) if rules.min_price else MIN_PRICE,
                    "maxPrice": MAX_PRICE if rules.max_price is None else text(rules.max_price),
                    "tickSize": text(rules.tick_size),
                    "minExchangeValue": text(rules.min_notional),
                    "minAmount": None,
                    "maxAmount": None,
                }
            ],
            "orderMethods": ["MARKET", "LIMIT", "STOP_MARKET", "STOP_LIMIT"],
            "displayFormat": "#,##0." + "0" * scale if scale else "#,###",
            "commissionFromNumerator": False,
            "order": 1000 + self._venue.pair_id(rules.symbol),
            "priceRounding": False,
            "isNew": False,
            "marketPriceWarningThresholdPercentage": Decimal("0.25"),
            "maximumOrderAmount": None,
            "maximumLimitOrderPrice": number(last * PRICE_RANGE),
            "minimumLimitOrderPrice": number(last / PRICE_RANGE),
        }


def _until(fields: Fields) -> int | None:
    return fields.integer("to", 0) if fields.text("to") else None


def _resolution_s(word: str) -> int | None:
    """`60`, `1D`, `1 d`: minutes, or a count of days, weeks, months, years."""
    folded = word.replace(" ", "").lower()
    if folded.isdecimal() and folded.isascii() and 1 <= int(folded) <= 1440:
        return int(folded) * 60
    count, unit = folded[:-1], _RESOLUTIONS.get(folded[-1:])
    if unit is None or not (count.isdecimal() and count.isascii() and 1 <= int(count) <= 12):
        return None
    return int(count) * unit


def _daily_row(symbol: Symbol, bar: Bar) -> Row:
    return {
        "pair": symbol,
        "time": bar.opened_s,
        "open": number(bar.open),
        "high": number(bar.high),
        "low": number(bar.low),
        "close": number(bar.close),
        "volume": number(bar.volume),
        "total": number(bar.total),
        "average": number(_average(bar)),
        "dailyChangeAmount": number(bar.close - bar.open),
        "dailyChangePercentage": number(_percent(bar)),
    }


def _old_row(rules: PairRules, bar: Bar) -> Row:
    return {
        "pairSymbol": rules.symbol,
        "pairSymbolNormalized": normalized(rules.symbol, rules.base),
        "time": bar.opened_s // 100,
        "open": text(bar.open),
        "high": text(bar.high),
        "low": text(bar.low),
        "close": text(bar.close),
        "volume": text(bar.volume),
        "average": text(_average(bar)),
        "dailyChangeAmount": text(bar.close - bar.open),
        "dailyChangePercentage": text(_percent(bar)),
    }


def _average(bar: Bar) -> Decimal:
    return (bar.total / bar.volume).quantize(Decimal("0.01")) if bar.volume else ZERO


def _percent(bar: Bar) -> Decimal:
    return ((bar.close - bar.open) / bar.open * 100).quantize(Decimal("0.01"))


def _currency_row(index: int, asset: str, is_fiat: bool) -> Row:
    return {
        "id": index,
        "symbol": asset,
        "minWithdrawal": Decimal("0.0001"),
        "minDeposit": Decimal("0.0001"),
        "precision": FIAT_SCALE if is_fiat else CRYPTO_SCALE,
        "address": {"minLen": None, "maxLen": None},
        "currencyType": "FIAT" if is_fiat else "CRYPTO",
        "tag": {"enable": False, "name": None, "minLen": None, "maxLen": None},
        "color": "#000000",
        "name": asset,
        "isAddressRenewable": False,
        "getAutoAddressDisabled": False,
        "isPartialWithdrawalEnabled": False,
        "isNew": False,
    }
