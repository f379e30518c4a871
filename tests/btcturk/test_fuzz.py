"""Nothing that a server can send crashes the adapter, or takes it long, or makes it large.

`python -m tests.bench.bench_wire --bodies 100000` does more of the same.
"""

import json
import tracemalloc
from collections.abc import Callable
from functools import partial
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from btcbot_core.adapters.btcturk.calls import BOOK, EXCHANGE_INFO
from btcbot_core.domain.trading import AnswerKind
from tests.btcturk.conftest import OpenWorld
from tests.btcturk.hostile import HONEST, PAGES, hostile_body, survive
from tests.btcturk.loopback import reply
from tests.btcturk.world import BTCTRY, T0, World, always, an_intent, an_order, tried

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=12,
)


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32 - 1))
def test_a_spoiled_answer_is_read_or_refused(seed: int) -> None:
    survive(hostile_body(Random(seed)))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=JSON, code=JSON, message=JSON)
def test_any_json_is_read_or_refused(data: object, code: object, message: object) -> None:
    envelope = {"data": data, "success": True, "code": code, "message": message}
    survive(json.dumps(envelope).encode())
    survive(json.dumps({"data": data, "success": True, "code": 0}).encode())


def test_honest_bodies_are_taken_by_somebody() -> None:
    """So that the tests above do not pass by refusing everything."""
    assert sum(survive(body) > 0 for body in HONEST) > 15


HUGE = 10_000_000
TEN_MEGABYTES = {
    "text": b'"' + b"x" * HUGE + b'"',
    "number": b"9" * HUGE,
    "nest": b"[" * HUGE,
}


@pytest.mark.parametrize("member", TEN_MEGABYTES)
def test_a_huge_member_is_refused_in_little_memory(member: str) -> None:
    head = b'{"success":true,"code":0,"data":{"timestamp":1787525059089,"asks":[],"bids":'
    assert peak_bytes(lambda: survive(head + TEN_MEGABYTES[member] + b"}}")) < 50_000_000


@pytest.mark.parametrize("row", [b"[],", b"0,", b'["1","1"],', b"{},"])
def test_the_longest_answer_that_is_read_stays_small(open_world: OpenWorld, row: bytes) -> None:
    """JSON grows when it is unpacked: how much is read at all depends on what was asked."""
    for name, call in ((b"bids", BOOK), (b"symbols", EXCHANGE_INFO)):
        head = b'{"success":true,"code":0,"data":{"timestamp":1787525059089,"asks":[],"%s":[' % name
        room = call.body_kib_max * 1024 - len(head) - 4
        world = open_world(always(reply(head + row * (room // len(row)) + b"0]}}")))
        read = world.market.rules if call is EXCHANGE_INFO else world.market.snapshot
        assert peak_bytes(partial(tried, partial(read, [BTCTRY]))) < 80_000_000
        world.close()


def peak_bytes(act: Callable[[], object]) -> int:
    """The most that is in memory at once meanwhile."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_whole_adapter_survives_a_hostile_server(open_world: OpenWorld, seed: int) -> None:
    chance = Random(seed)
    status = chance.choice((200, 200, 200, 400, 401, 418, 429, 500, 302))
    body = hostile_body(chance)
    kind = chance.choice(("application/json", "text/html", "application/json; charset=utf-16"))
    world = open_world(lambda _: reply(body, status, kind))
    _do_everything(world)
    assert world.server.count("POST") <= 1
    world.close()


def _do_everything(world: World) -> None:
    for read in (
        partial(world.market.snapshot, [BTCTRY]),
        partial(world.market.rules, [BTCTRY]),
        world.market.tickers,
        partial(world.market.trades, BTCTRY),
        partial(world.market.candles, BTCTRY, 60, T0, T0),
        world.account.balances,
        partial(world.account.open_orders, BTCTRY),
        partial(world.account.find_order, an_order()),
        partial(world.account.find_order, an_order(None)),
        partial(world.account.fills, BTCTRY, T0),
    ):
        tried(read)
    assert world.exchange.submit(an_intent()).kind in AnswerKind
    assert world.exchange.cancel(an_order()).kind in AnswerKind


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{len(page)} of {page[:8]!r}")
def test_a_known_bad_page_is_survived(page: bytes) -> None:
    survive(page)
