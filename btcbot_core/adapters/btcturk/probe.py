"""One look at the exchange's clock, for those who ask whether there is a line at all."""

import msgspec

from btcbot_core.adapters.btcturk.calls import SERVER_TIME
from btcbot_core.adapters.btcturk.client import BtcturkClient
from btcbot_core.adapters.btcturk.wire.envelope import parse
from btcbot_core.adapters.btcturk.wire.market import SERVER_TIME as SERVER_TIME_SHAPE
from btcbot_core.adapters.btcturk.wire.numbers import millis_of


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """How long an answer took, its own retries with it, and how far that clock is ahead of ours."""

    round_trip_ms: int
    offset_ms: int


def probe(client: BtcturkClient) -> Probe:
    """Ask the exchange what time it is. Raises ExchangeUnavailableError when it does not say."""
    sent_s = client.clock.monotonic_s()
    reply = client.read(SERVER_TIME)
    got_s, now_ms = client.clock.monotonic_s(), millis_of(client.clock.now())
    if reply.status != 200:
        raise reply.bad("it does not tell the time")
    told = parse(reply, reply.body, SERVER_TIME_SHAPE)
    took_ms = round((got_s - sent_s) * 1000)
    # The clock was read over there about half-way.
    return Probe(round_trip_ms=took_ms, offset_ms=told.server_time - (now_ms - took_ms // 2))
