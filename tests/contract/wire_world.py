"""The adapter for BTCTurk against the paper exchange over HTTP, one at each end of a line."""

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from btcbot_core.adapters.btcturk.auth import Credentials
from btcbot_core.adapters.btcturk.client import BtcturkClient
from btcbot_core.adapters.btcturk.exchange import BtcturkExchange
from btcbot_core.adapters.btcturk.line import ClientOptions
from btcbot_core.domain.arm import arm
from btcbot_core.domain.gates import Gates, Refusal
from btcbot_core.domain.market import Candle, Quote
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol
from btcbot_core.ports import ExchangePort
from tests.adapters.market import BTCTRY, MINUTE, RULES, START, Board
from tests.canaries import KEY, SECRET
from tests.paper_server.serving import options, recording_served

OPEN = Gates(dry_run=False, kill_switch=False, live_trading=True, acknowledged=True)


class BoardRecording:
    """A recording whose market says what stands on a board."""

    def __init__(self) -> None:
        self.board = Board()
        self.name = "board"
        self.interval = MINUTE
        self.first_open = START
        self.steps = 1
        self.rules: Mapping[Symbol, PairRules] = {BTCTRY: RULES}

    def quote_at(self, symbol: Symbol, at: datetime) -> Quote | None:
        return self.board.quote(symbol) if at >= START else None

    def candle_count(self, symbol: Symbol) -> int:
        return 1 if symbol == BTCTRY else 0

    def candle(self, symbol: Symbol, row: int) -> Candle:
        price = Decimal(9995 + row)
        return Candle(START, price, price, price, price, Decimal(len(symbol)))

    def last_finished(self, symbol: Symbol, at: datetime) -> int:
        return 0 if symbol == BTCTRY and at >= START + MINUTE else -1


def _permitted() -> Refusal | None:
    return None


class WireWorld:
    """Both ends share a clock; sleeping moves it, so that no test waits for a turn."""

    def __init__(self) -> None:
        self._undo = ExitStack()
        recording = BoardRecording()
        self._board = recording.board
        self._board.show("9990", "10000")
        server = self._undo.enter_context(recording_served(recording, options()))
        self._clock = server.clock
        where = ClientOptions(base_url=server.url, graph_url=server.url)
        key = Credentials(KEY, SECRET)
        client = BtcturkClient(where, self._clock, Random(1), key, self._forward)
        self._undo.callback(client.close)
        client.keep_clock()
        self.exchange: ExchangePort = BtcturkExchange(client, arm(OPEN, server.url), _permitted)

    def now(self) -> datetime:
        return self._clock.now()

    def show(self, bid: str, ask: str) -> None:
        self._board.show(bid, ask)

    def later(self) -> None:
        self._forward(1.0)

    def close(self) -> None:
        self._undo.close()

    def _forward(self, seconds: float) -> None:
        self._clock.moved += timedelta(seconds=seconds)
