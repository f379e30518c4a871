"""The key and the secret are in no error, no log, no text form; not even in a frame's variables."""

import logging
import traceback
from collections.abc import Callable, Iterator

import msgspec
import pytest

from btcbot_core.adapters.btcturk.auth import Credentials
from btcbot_core.domain.errors import BotError, ConfigError
from btcbot_core.domain.trading import AnswerKind
from tests.btcturk.conftest import OpenWorld
from tests.btcturk.loopback import Asked, Move, answer_bytes, html, raw, refusal, reply, reset
from tests.btcturk.world import BTCTRY, T0, World, always, an_intent, an_order
from tests.canaries import CANARIES, KEY, SECRET


class Sink(logging.Handler):
    """Everything that any logger says, with all it carries."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.name} {record.getMessage()} {record.__dict__}")


@pytest.fixture
def sink() -> Iterator[Sink]:
    root, handler = logging.getLogger(), Sink()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


def canaries(world: World) -> list[str]:
    """What must be nowhere: key and secret in every spelling, and every signature sent."""
    sent = [asked.headers.get("x-signature", "") for asked in world.server.asked]
    return [*(spelled.decode() for spelled in CANARIES), *filter(None, sent)]


def told(error: BaseException) -> str:
    """An error as the most talkative of handlers would print it: with every frame's variables."""
    lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    chain = [error.__cause__, error.__context__]
    return "".join(lines) + repr(error) + str(vars(error)) + repr(chain)


ECHO = f"Unauthorized - Invalid Public Key {KEY} / {SECRET}"

FAILURES: dict[str, Move] = {
    "html 504": html(504),
    "401 that echoes": refusal(ECHO, 1037, 401),
    "400 that echoes": refusal(ECHO, 4242),
    "500 that echoes": refusal(ECHO, 500, 500),
    "page that echoes": reply(ECHO.encode(), 200, "text/html"),
    "nonsense that echoes": reply(f'{{"success":true,"code":0,"data":"{KEY}"}}'.encode()),
    "unknown status that echoes": reply(f'{{"code":["{KEY}"]}}'.encode()),
    "echo in an enum": refusal("", KEY),
    "429": html(429),
    "reset": reset(),
    "half": raw(answer_bytes(b"{}")[:-1]),
    "bad head": raw(b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n"),
    "echo in the head": raw(f"HTTP/1.1 {KEY}\r\n\r\n".encode()),
    "redirect that echoes": reply(b"", 302, location=f"http://x/{KEY}"),
}

READS: dict[str, Callable[[World], object]] = {
    "balances": lambda world: world.account.balances(),
    "open orders": lambda world: world.account.open_orders(BTCTRY),
    "order": lambda world: world.account.find_order(an_order()),
    "fills": lambda world: world.account.fills(BTCTRY, T0),
}


def assert_bare(world: World, *texts: str) -> None:
    """A function of its own, so that the canaries are in no frame of a failing test."""
    for canary in canaries(world):
        assert not [text for text in texts if canary in text]


@pytest.mark.parametrize("name", FAILURES)
def test_no_error_of_a_read_holds_a_secret_even_in_its_frames(
    open_world: OpenWorld, sink: Sink, name: str
) -> None:
    world = open_world(always(FAILURES[name]))
    for read in READS.values():
        with pytest.raises(BotError) as caught:
            read(world)
        assert_bare(world, told(caught.value), *sink.said)


@pytest.mark.parametrize("name", FAILURES)
def test_no_answer_to_a_write_holds_a_secret(open_world: OpenWorld, sink: Sink, name: str) -> None:
    world = open_world(always(FAILURES[name]))
    submit, cancel = world.exchange.submit(an_intent()), world.exchange.cancel(an_order())
    assert submit.kind in (AnswerKind.REJECTED, AnswerKind.UNKNOWN)
    texts = (repr(answer) + msgspec.json.encode(answer).decode() for answer in (submit, cancel))
    assert_bare(world, *texts, *sink.said)


def test_no_failure_to_send_holds_a_secret(open_world: OpenWorld, sink: Sink) -> None:
    world = open_world(always(html(504)))
    world.server.close()
    with pytest.raises(BotError) as caught:
        world.account.balances()
    answer = world.exchange.submit(an_intent())
    assert answer.kind is AnswerKind.NOT_SENT
    assert_bare(world, told(caught.value), repr(answer), *sink.said)


def test_no_object_of_the_adapter_shows_a_secret(open_world: OpenWorld) -> None:
    world = open_world(always(html(504)))
    for each in (world.client, world.account, world.exchange, world.market, world.client.limits):
        assert_bare(world, repr(each) + str(vars(each)))


def test_credentials_that_are_refused_are_in_no_frame() -> None:
    bad = "bad base64 " + SECRET

    def build() -> object:
        return Credentials(KEY, "bad base64 " + SECRET)

    with pytest.raises(ConfigError) as caught:
        build()
    own_frames = told(caught.value).split("in __init__")[-1]
    assert bad not in own_frames
    assert KEY not in own_frames


def test_the_http_libraries_are_quiet_even_when_everything_else_talks(
    open_world: OpenWorld, sink: Sink
) -> None:
    world = open_world(always(reply(b'{"data":[],"success":true,"message":null,"code":0}')))
    world.account.balances()
    assert not [line for line in sink.said if line.startswith(("httpx", "httpcore"))]
    assert [line for line in sink.said if "btcturk.reply" in line]


def test_the_signature_goes_to_the_exchange_and_only_there(open_world: OpenWorld) -> None:
    def serve(asked: Asked) -> Move:
        return html(200)

    world = open_world(serve)
    with pytest.raises(BotError):
        world.market.candles(BTCTRY, 60, T0, T0)
    assert not [asked for asked in world.asked("/v1/") if "x-signature" in asked.headers]
