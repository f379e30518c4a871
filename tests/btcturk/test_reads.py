"""How a read waits, asks again and gives up; everything it may be answered with."""

import gzip
import socket
import ssl
import time
import tracemalloc
import zlib
from datetime import timedelta
from random import Random

import pytest

from btcbot_core.adapters.btcturk.account import BtcturkAccount
from btcbot_core.adapters.btcturk.body import retry_after_s
from btcbot_core.adapters.btcturk.calls import TICKER
from btcbot_core.adapters.btcturk.client import BtcturkClient
from btcbot_core.adapters.btcturk.errors import (
    NoAnswerError,
    NotSentError,
    RefusalError,
    ThrottledError,
    UnusableAnswerError,
)
from btcbot_core.adapters.btcturk.line import ClientOptions
from btcbot_core.adapters.clock import SystemClock
from btcbot_core.domain.errors import ConfigError
from tests.btcturk.conftest import OpenWorld
from tests.btcturk.loopback import (
    Loopback,
    Move,
    answer_bytes,
    data,
    html,
    raw,
    refusal,
    reply,
    reset,
)
from tests.btcturk.world import HERE, T0, Hands, World, always

BALANCES = "/api/v1/users/balances"
NONE = data([])


def tries(world: World) -> int:
    return world.server.count("GET", BALANCES)


@pytest.mark.parametrize(
    "move",
    [html(504), html(500), refusal("INTERNAL_ERROR", "INTERNAL_ERROR", 500), reset(), raw(b"")],
)
def test_what_may_pass_is_asked_again_with_growing_waits(open_world: OpenWorld, move: Move) -> None:
    world = open_world(always(move, move, NONE))
    assert world.account.balances() == {}
    assert tries(world) == 3
    first, second = world.hands.slept
    assert 0.5 <= first <= 1.5
    assert 1.0 <= second <= 3.0


def test_a_read_gives_up_after_four_tries(open_world: OpenWorld) -> None:
    world = open_world(always(html(503)))
    with pytest.raises(NoAnswerError, match="HTTP 503"):
        world.account.balances()
    assert tries(world) == 4
    assert len(world.hands.slept) == 3
    assert sum(world.hands.slept) <= 8
    assert max(world.hands.slept) <= 4


def test_the_same_seed_waits_the_same(open_world: OpenWorld) -> None:
    slept = []
    for _ in range(2):
        world = open_world(always(html(503)))
        with pytest.raises(NoAnswerError):
            world.account.balances()
        slept.append(world.hands.slept)
    assert slept[0] == slept[1]


def test_every_try_of_a_read_carries_one_id_and_the_error_names_it(open_world: OpenWorld) -> None:
    world = open_world(always(html(503)))
    with pytest.raises(NoAnswerError) as caught:
        world.account.balances()
    ids = {asked.headers["x-request-id"] for asked in world.asked(BALANCES)}
    assert ids == {caught.value.request_id}
    assert caught.value.request_id in str(caught.value)


def test_a_short_retry_after_is_sat_out(open_world: OpenWorld) -> None:
    world = open_world(always(refusal("TOO_MANY_REQUESTS", 429, 429), NONE))
    world.answers = always(reply(b"{}", 429, retry_after="2"), NONE)
    assert world.account.balances() == {}
    assert sum(world.hands.slept) == pytest.approx(2)


@pytest.mark.parametrize("header", ["9" * 40, "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_a_huge_retry_after_ends_the_read_and_is_capped_for_the_next(
    open_world: OpenWorld, header: str
) -> None:
    world = open_world(always(reply(b"{}", 429, retry_after=header), NONE))
    with pytest.raises(ThrottledError):
        world.account.balances()
    assert tries(world) == 1
    with pytest.raises(NotSentError, match="300"):
        world.account.balances()
    assert tries(world) == 1
    world.hands.forward(300)
    assert world.account.balances() == {}


@pytest.mark.parametrize("header", ["-5", "soon", "", "Wed, 21 Oct 2015 07:28:00 GMT", "0"])
def test_a_retry_after_that_says_nothing_backs_off_by_itself(
    open_world: OpenWorld, header: str
) -> None:
    world = open_world(always(reply(b"{}", 429, retry_after=header), NONE))
    assert world.account.balances() == {}
    assert tries(world) == 2
    assert sum(world.hands.slept) >= 3


@pytest.mark.parametrize("status", [403, 418, 429])
def test_a_ban_page_is_met_with_waiting_not_with_hammering(
    open_world: OpenWorld, status: int
) -> None:
    world = open_world(always(html(status)))
    with pytest.raises((ThrottledError, NotSentError)):
        world.account.balances()
    assert tries(world) <= 3
    before = tries(world)
    with pytest.raises(NotSentError):
        for _ in range(20):
            world.account.balances()
    assert tries(world) - before <= 1


def test_a_refused_stamp_is_mended_by_one_look_at_the_clock(open_world: OpenWorld) -> None:
    nonce = refusal("Unauthorized - Invalid Nonce", 1037, 401, success=True)
    world = open_world(always(nonce, NONE))
    looked = world.server.count("GET", "/api/v2/server/time")
    assert world.account.balances() == {}
    assert tries(world) == 2
    assert world.server.count("GET", "/api/v2/server/time") == looked + 1


def test_a_key_that_is_refused_twice_is_refused(open_world: OpenWorld) -> None:
    world = open_world(always(refusal("Unauthorized - Invalid Request", 1037, 401)))
    with pytest.raises(RefusalError) as caught:
        world.account.balances()
    assert (caught.value.code, caught.value.status) == ("UNAUTHORIZED", 401)
    assert tries(world) == 2


def test_a_clock_far_off_asks_nothing_private(open_world: OpenWorld) -> None:
    world = open_world(always(NONE))
    world.server_error = timedelta(seconds=-6)
    world.hands.forward(61)
    with pytest.raises(NotSentError, match=r"6\.0 s ahead"):
        world.account.balances()
    assert tries(world) == 0
    assert world.market.tickers() == {}


def test_the_clock_is_compared_once_a_minute_and_not_for_each_call(open_world: OpenWorld) -> None:
    world = open_world(always(NONE))
    for _ in range(10):
        world.account.balances()
    assert world.server.count("GET", "/api/v2/server/time") == 1
    world.hands.forward(61)
    world.account.balances()
    assert world.server.count("GET", "/api/v2/server/time") == 2


def test_an_exchange_that_does_not_tell_the_time_is_asked_nothing_private(
    open_world: OpenWorld,
) -> None:
    world = open_world(always(html(503)), tells_time=False)
    with pytest.raises(NotSentError, match="not known yet"):
        world.account.balances()
    assert tries(world) == 0


def test_stamps_of_calls_in_one_millisecond_still_increase(open_world: OpenWorld) -> None:
    world = open_world(always(NONE))
    for _ in range(5):
        world.account.balances()
    stamps = [int(asked.headers["x-stamp"]) for asked in world.asked(BALANCES)]
    assert stamps == sorted(set(stamps))


def test_public_calls_are_not_signed(open_world: OpenWorld) -> None:
    world = open_world(always(NONE))
    world.market.tickers()
    (asked,) = world.asked("/api/v2/ticker")
    assert not [name for name in asked.headers if name in ("x-pck", "x-stamp", "x-signature")]


def test_without_a_key_nothing_private_is_asked(open_world: OpenWorld) -> None:
    world = open_world(always(NONE))
    client = BtcturkClient(ClientOptions(base_url=world.server.url), Hands(), Random(1))
    with pytest.raises(NotSentError, match="no API key"):
        BtcturkAccount(client).balances()
    client.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(open_world: OpenWorld, status: int) -> None:
    other = Loopback(always(NONE))
    world = open_world(always(reply(b"", status, location=other.url + "/steal")))
    with pytest.raises(UnusableAnswerError, match="do not follow"):
        world.account.balances()
    assert other.asked == []
    other.close()


@pytest.mark.parametrize("location", ["http://[", "http://\x01", "//" * 5000])
def test_a_redirect_to_nowhere_is_no_crash(open_world: OpenWorld, location: str) -> None:
    world = open_world(always(reply(b"", 302, location=location)))
    with pytest.raises((NoAnswerError, UnusableAnswerError)):
        world.account.balances()


def test_no_cookie_is_kept(open_world: OpenWorld) -> None:
    world = open_world(always(reply(gzip.compress(b"{}"), 500, set_cookie="a=b; Path=/"), NONE))
    world.account.balances()
    assert "cookie" not in world.asked(BALANCES)[-1].headers


def test_a_packed_answer_is_unpacked(open_world: OpenWorld) -> None:
    body = b'{"data":[],"success":true,"message":null,"code":0}'
    world = open_world(always(reply(gzip.compress(body), content_encoding="gzip")))
    assert world.account.balances() == {}
    assert world.asked(BALANCES)[0].headers["accept-encoding"] == "gzip"


def test_a_packed_answer_that_is_cut_off_is_not_used(open_world: OpenWorld) -> None:
    body = gzip.compress(b'{"data":[],"success":true,"message":null,"code":0}')
    for cut in (body[:-1], body[:-8], body[:15], body + b"x", body + body):
        world = open_world(always(reply(cut, content_encoding="gzip")))
        with pytest.raises(UnusableAnswerError, match="does not end"):
            world.account.balances()


def bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    chunk = bytes(1024 * 1024)
    return b"".join(packer.compress(chunk) for _ in range(megabytes)) + packer.flush()


def test_a_bomb_is_defused_in_little_memory(open_world: OpenWorld) -> None:
    world = open_world(always(reply(bomb(300), content_encoding="gzip")))
    tracemalloc.start()
    with pytest.raises(UnusableAnswerError, match="more than"):
        world.account.balances()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30_000_000
    assert tries(world) == 1


def test_a_body_that_is_too_long_is_not_read_to_its_end(open_world: OpenWorld) -> None:
    world = open_world(always(reply(b'"' + b"x" * 10_000_000 + b'"')))
    with pytest.raises(UnusableAnswerError, match="are more than"):
        world.account.balances()
    chunked = (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
        + b"100000\r\n"
        + b"x" * 0x100000
        + b"\r\n"
    )
    world.answers = always(raw(chunked + b"100000\r\n" + (b"x" * 0x100000 + b"\r\n100000\r\n") * 6))
    with pytest.raises(UnusableAnswerError, match="more than"):
        world.account.balances()


@pytest.mark.parametrize(
    "whole",
    [
        answer_bytes(b'{"data":[],"success":true,"message":null,"code":0}'),
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
    ],
    ids=["answer", "interim answers"],
)
def test_a_server_that_drips_is_left_when_the_time_is_up(
    open_world: OpenWorld, whole: bytes
) -> None:
    """Each byte comes in time; it is their sum that is bounded, in the head as in the body."""
    world = open_world(
        lambda _: world.server.drip(whole, 0.05), clock=SystemClock(), read_s=0.2, total_s=0.3
    )
    started = time.monotonic()
    with pytest.raises(NoAnswerError, match="Timeout"):
        world.account.balances()
    assert time.monotonic() - started < 4


def test_a_server_that_falls_silent_is_left_when_the_whole_time_is_up(
    open_world: OpenWorld,
) -> None:
    world = open_world(lambda _: world.server.stall(), clock=SystemClock(), read_s=5.0, total_s=0.2)
    started = time.monotonic()
    with pytest.raises(NoAnswerError, match="ReadTimeout"):
        world.account.balances()
    assert time.monotonic() - started < 4


def public_client(url: str) -> BtcturkClient:
    hands = Hands()
    options = ClientOptions(base_url=url, graph_url=url, connect_s=0.2, read_s=0.2)
    return BtcturkClient(options, hands, Random(1), sleep=hands.sleep)


def test_a_name_that_is_none_was_not_sent() -> None:
    client = public_client(f"https://{'a' * 64}.example")
    with pytest.raises(NotSentError):
        client.read(TICKER)
    client.close()


def test_a_tls_handshake_that_fails_was_not_sent() -> None:
    server = Loopback(always(NONE))
    client = public_client(server.url.replace("http://", "https://"))
    with pytest.raises(NotSentError, match=r"ConnectError|ConnectTimeout"):
        client.read(TICKER)
    assert server.asked == []
    client.close()
    server.close()


def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent() -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(HERE / "self_signed.pem")
    server = Loopback(always(NONE), tls)
    client = public_client(server.url.replace("http://", "https://"))
    with pytest.raises(NotSentError, match="CERTIFICATE_VERIFY_FAILED"):
        client.read(TICKER)
    assert server.asked == []
    client.close()
    server.close()


def test_a_connection_that_cannot_be_had_in_time_was_not_sent() -> None:
    """The server takes nobody in, and those who wait before us fill its queue."""
    deaf = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = [socket.socket() for _ in range(4)]
    for each in waiting:
        each.setblocking(False)
        each.connect_ex(deaf.getsockname())
    client = public_client(f"http://127.0.0.1:{deaf.getsockname()[1]}")
    with pytest.raises(NotSentError, match="ConnectTimeout"):
        client.read(TICKER)
    client.close()
    for each in (*waiting, deaf):
        each.close()


@pytest.mark.parametrize("url", ["http://api.btcturk.com", "ftp://127.0.0.1", "api.btcturk.com"])
def test_an_address_without_tls_is_for_this_machine_alone(url: str) -> None:
    with pytest.raises(ConfigError, match="https"):
        BtcturkClient(ClientOptions(base_url=url), Hands(), Random(1))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("5", 5.0),
        (" 5 ", 5.0),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 15:00:30 +0300", 30.0),
        ("Sun, 22 Nov 2026 12:00:30", 30.0),
        ("Sun, 22 Nov 2026 11:00:30 GMT", None),
        ("-5", None),
        ("5.5", None),
        ("٥", None),
        ("0", None),
        ("", None),
        (None, None),
        ("Sun, 22 Nov 99999999 12:00:30 GMT", None),
        ("Sun, 22 Nov 2026 12:00:30 +99999999", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(
    header: str | None, seconds: float | None
) -> None:
    assert retry_after_s(header, T0) == seconds
