"""Right answers made wrong: books that stand still or cross, prices that are none, lost rows."""

from collections.abc import Callable, Sequence

from btcbot_core.adapters.paper.endpoints import Endpoint
from btcbot_core.adapters.paper.faults import Fault, FaultKind
from btcbot_core.adapters.paper.screening import PAIR_NOT_FOUND
from btcbot_core.adapters.paper.server.answers import Answer, Body, bad
from btcbot_core.adapters.paper.server.private import NOT_FOUND

BOOKS = frozenset({Endpoint.ORDERBOOK, Endpoint.TICKER})
LISTINGS = frozenset({Endpoint.OPEN_ORDERS, Endpoint.ALL_ORDERS, Endpoint.ORDER})
FROZEN_MAX = 1000
Row = dict[str, object]


class Spoiler:
    """Remembers books, so that they can stand still."""

    def __init__(self) -> None:
        self._last: dict[tuple[Endpoint, str], Answer] = {}

    def spoil(
        self, endpoint: Endpoint, asked: str, answer: Answer, faults: Sequence[Fault], now_ms: int
    ) -> Answer:
        """The answer as these faults leave it. `asked` tells one question from another."""
        if answer.status != 200:
            return answer
        if endpoint in BOOKS:
            answer = self._frozen((endpoint, asked), answer, faults)
        for fault in faults:
            change = _CHANGES.get(fault.kind)
            if change is not None:
                answer = change(endpoint, asked, answer, fault, now_ms)
        return answer

    def _frozen(self, key: tuple[Endpoint, str], answer: Answer, faults: Sequence[Fault]) -> Answer:
        if any(fault.kind is FaultKind.FROZEN_BOOK for fault in faults):
            return self._last.setdefault(key, answer)
        if key in self._last or len(self._last) < FROZEN_MAX:
            self._last[key] = answer
        return answer


def _with_data(answer: Answer, data: object) -> Answer:
    body: Body = {**answer.body, "data": data} if isinstance(answer.body, dict) else answer.body
    return Answer(answer.status, body, answer.headers)


def _data(answer: Answer) -> object:
    return answer.body.get("data") if isinstance(answer.body, dict) else None


def _rows(data: object) -> list[Row]:
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []


def _crossed(endpoint: Endpoint, _: str, answer: Answer, __: Fault, ___: int) -> Answer:
    data = _data(answer)
    if endpoint is Endpoint.TICKER:
        crossed = [{**row, "bid": row["ask"], "ask": row["bid"]} for row in _rows(data)]
        return _with_data(answer, crossed)
    if endpoint is Endpoint.ORDERBOOK and isinstance(data, dict):
        return _with_data(answer, {**data, "bids": data["asks"], "asks": data["bids"]})
    return answer


def _priced(price: str) -> "Change":
    """Puts a price that is none in the place of the best ask."""

    def change(endpoint: Endpoint, _: str, answer: Answer, __: Fault, ___: int) -> Answer:
        data = _data(answer)
        if endpoint is Endpoint.TICKER:
            return _with_data(answer, [{**row, "ask": price} for row in _rows(data)])
        if endpoint is Endpoint.ORDERBOOK and isinstance(data, dict):
            asks = data["asks"]
            first = [[price, "1"], *asks[1:]] if isinstance(asks, list) else asks
            return _with_data(answer, {**data, "asks": first})
        return answer

    return change


def _missing(endpoint: Endpoint, asked: str, answer: Answer, fault: Fault, _: int) -> Answer:
    data = _data(answer)
    if endpoint is Endpoint.TICKER:
        return _with_data(answer, [row for row in _rows(data) if row["pair"] != fault.word])
    if endpoint is Endpoint.EXCHANGE_INFO and isinstance(data, dict):
        kept = [row for row in _rows(data["symbols"]) if row["name"] != fault.word]
        return _with_data(answer, {**data, "symbols": kept})
    if endpoint is Endpoint.ORDERBOOK and fault.word in asked.upper():
        return bad(PAIR_NOT_FOUND)
    return answer


def _scaled(endpoint: Endpoint, _: str, answer: Answer, fault: Fault, __: int) -> Answer:
    data = _data(answer)
    if endpoint is not Endpoint.EXCHANGE_INFO or not isinstance(data, dict):
        return answer
    by = int(fault.amount)
    changed = [
        {
            **row,
            "numeratorScale": _moved(row["numeratorScale"], by),
            "denominatorScale": _moved(row["denominatorScale"], by),
        }
        for row in _rows(data["symbols"])
    ]
    return _with_data(answer, {**data, "symbols": changed})


def _moved(scale: object, by: int) -> int:
    return max(0, scale + by) if isinstance(scale, int) else 0


def _hidden(endpoint: Endpoint, _: str, answer: Answer, fault: Fault, now_ms: int) -> Answer:
    """Orders are in no list until they are old enough."""
    if endpoint not in LISTINGS:
        return answer
    data, since = _data(answer), now_ms - int(fault.amount * 1000)
    if endpoint is Endpoint.ORDER and isinstance(data, dict):
        return answer if _is_old(data, "updateTime", since) else bad(NOT_FOUND)
    if isinstance(data, dict):
        kept = {
            side: [row for row in _rows(rows) if _is_old(row, "updateTime", since)]
            for side, rows in data.items()
        }
        return _with_data(answer, kept)
    return _with_data(answer, [row for row in _rows(data) if _is_old(row, "updateTime", since)])


def _late(endpoint: Endpoint, _: str, answer: Answer, fault: Fault, now_ms: int) -> Answer:
    """Trades are in no list until they are old enough: at first it is empty (API.md §5)."""
    if endpoint is not Endpoint.MY_TRADES:
        return answer
    since = now_ms - int(fault.amount * 1000)
    rows = _rows(_data(answer))
    return _with_data(answer, [row for row in rows if _is_old(row, "timestamp", since)])


def _is_old(row: Row, name: str, since_ms: int) -> bool:
    at = row.get(name)
    return isinstance(at, int) and at <= since_ms


def _doubled(endpoint: Endpoint, _: str, answer: Answer, __: Fault, ___: int) -> Answer:
    if endpoint is not Endpoint.MY_TRADES:
        return answer
    return _with_data(answer, [row for row in _rows(_data(answer)) for _ in range(2)])


def _reordered(endpoint: Endpoint, _: str, answer: Answer, __: Fault, ___: int) -> Answer:
    if endpoint is not Endpoint.MY_TRADES:
        return answer
    rows = _rows(_data(answer))
    return _with_data(answer, rows[1::2] + rows[::2])


Change = Callable[[Endpoint, str, Answer, Fault, int], Answer]
_CHANGES: dict[FaultKind, Change] = {
    FaultKind.CROSSED_BOOK: _crossed,
    FaultKind.NAN_PRICE: _priced("NaN"),
    FaultKind.NEGATIVE_PRICE: _priced("-1"),
    FaultKind.MISSING_PAIR: _missing,
    FaultKind.SCALE: _scaled,
    FaultKind.HIDE_ORDERS: _hidden,
    FaultKind.LATE_FILLS: _late,
    FaultKind.DUPLICATE_FILLS: _doubled,
    FaultKind.REORDER_FILLS: _reordered,
}
