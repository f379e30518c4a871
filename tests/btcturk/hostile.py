"""Bodies that no honest exchange would send, made from honest ones; and all that reads them."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from btcbot_core.adapters.btcturk.account import each_of
from btcbot_core.adapters.btcturk.market import BadBookError, top
from btcbot_core.adapters.btcturk.wire import account as private
from btcbot_core.adapters.btcturk.wire import market as public
from btcbot_core.adapters.btcturk.wire.envelope import Reply, data_of, parse, parse_rows
from btcbot_core.domain.errors import ExchangeRefusedError, ExchangeUnavailableError
from tests.btcturk.world import FIXTURES

HONEST = tuple(path.read_bytes() for path in sorted(FIXTURES.glob("[!w]*.json")))
LEAVES: tuple[object, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**63,
    -(2**64),
    10**400,
    1e21,
    -0.0,
    5e-324,
    "",
    " ",
    "NaN",
    "-Infinity",
    "1e400",
    "1_0",
    "1,5",
    "0x10",
    "٣",
    "\x00",
    "\x1b[2J",
    "\ud800",
    "x" * 5000,
    "9" * 5000,
    [],
    {},
    [[]],
    [None],
    {"id": {"id": {}}},
)
PAGES = (
    b"",
    b" ",
    b"null",
    b"true",
    b"[]",
    b"{}",
    b'""',
    b"<!DOCTYPE html><html></html>",
    b"upstream connect error",
    b"\x00" * 100,
    b"\xff\xfe{\x00}\x00",
    b"\x1f\x8b\x08\x00",
    b"[" * 20_000,
    b'{"data":' * 5_000,
    b'{"success":true,"code":0,"data":' + b"[" * 9_000 + b"]" * 9_000 + b"}",
    b'{"success":true,"code":0,"data":' + b"9" * 50_000 + b"}",
)

Read = Callable[[Reply], object]


def hostile_body(chance: Random) -> bytes:
    """One body. The same chance makes the same one."""
    if chance.random() < 0.1:
        return chance.choice(PAGES)
    body = chance.choice(HONEST)
    for _ in range(chance.randint(1, 4)):
        body = chance.choice(_SPOILERS)(body, chance)
    return body


def _cut(body: bytes, chance: Random) -> bytes:
    return body[: chance.randint(0, len(body))]


def _scribble(body: bytes, chance: Random) -> bytes:
    if not body:
        return body
    at = chance.randrange(len(body))
    return body[:at] + chance.randbytes(chance.randint(0, 4)) + body[at + chance.randint(0, 4) :]


def _mark(body: bytes, chance: Random) -> bytes:
    return chance.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b")]}',\n")) + body


def _swap(body: bytes, chance: Random) -> bytes:
    """One value of the JSON is another."""
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        return body
    return json.dumps(_with_one_changed(tree, chance)).encode("utf-8", "surrogatepass")


def _with_one_changed(tree: Any, chance: Random) -> Any:  # JSON may hold anything
    if isinstance(tree, dict) and tree and chance.random() < 0.9:
        key = chance.choice(list(tree))
        if chance.random() < 0.1:
            return {name: value for name, value in tree.items() if name != key}
        return {**tree, key: _with_one_changed(tree[key], chance)}
    if isinstance(tree, list) and tree and chance.random() < 0.9:
        at = chance.randrange(len(tree))
        return [*tree[:at], _with_one_changed(tree[at], chance), *tree[at + 1 :]]
    return chance.choice(LEAVES)


_SPOILERS = (_cut, _scribble, _mark, _swap, _swap, _swap, _swap)


def _rules(reply: Reply) -> object:
    info = parse(reply, data_of(reply), public.EXCHANGE_INFO)
    rows, _ = parse_rows(reply, info.symbols, public.SYMBOL_ROW)
    return each_of(reply, public.rules_of, rows)


def _open_orders(reply: Reply) -> object:
    listed = parse(reply, data_of(reply), private.OPEN_ORDERS)
    return each_of(reply, private.view_of, (*listed.bids, *listed.asks))


def _placed(reply: Reply) -> object:
    row = parse(reply, data_of(reply), private.PLACED)
    return each_of(reply, private.pair_of, [row]), each_of(reply, private.client_id_of, [row])


def _balances(reply: Reply) -> object:
    rows = parse(reply, data_of(reply), private.BALANCES)
    return each_of(reply, private.balance_of, rows)


def _orders(reply: Reply) -> object:
    rows = parse(reply, data_of(reply), private.ORDERS)
    return each_of(reply, private.view_of, rows)


def _fills(reply: Reply) -> object:
    rows = parse(reply, data_of(reply), private.FILLS)
    return each_of(reply, private.fill_of, rows)


READS: dict[str, Read] = {
    "time": lambda r: parse(r, r.body, public.SERVER_TIME),
    "book": lambda r: top(parse(r, data_of(r), public.BOOK)),
    "tickers": lambda r: parse_rows(r, data_of(r), public.TICKER_ROW),
    "trades": lambda r: parse_rows(r, data_of(r), public.TRADE_ROW),
    "klines": lambda r: parse(r, r.body, public.KLINES),
    "rules": _rules,
    "balances": _balances,
    "open orders": _open_orders,
    "order": lambda r: each_of(r, private.view_of, [parse(r, data_of(r), private.ORDER)]),
    "orders": _orders,
    "placed": _placed,
    "fills": _fills,
}


def survive(body: bytes) -> int:
    """Read a body in every way there is; how many ways took it. Raises for what must not be."""
    reply = Reply(status=200, is_json=True, body=body, request_id="fuzz")
    taken = 0
    for read in READS.values():
        try:
            read(reply)
        except (ExchangeUnavailableError, ExchangeRefusedError, BadBookError):
            continue
        taken += 1
    return taken
