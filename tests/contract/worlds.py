"""Worlds in which an exchange port can be tried: a market that is told what to show, and time."""

from datetime import datetime
from typing import Protocol

from btcbot_core.adapters.paper.exchange import PaperExchange
from btcbot_core.adapters.paper.model import SimPolicy
from btcbot_core.ports import ExchangePort
from tests.adapters.market import MINUTE, Desk, purse


class World(Protocol):
    """One account with 100,000 TRY and 1 BTC on a BTCTRY market at 9990 to 10000.

    Ticks are whole lira, lots 0.0001, the least total is 99.91; fees are 18 bps with VAT.
    """

    exchange: ExchangePort

    def now(self) -> datetime: ...

    def show(self, bid: str, ask: str) -> None:
        """What the market's book says from now on."""

    def later(self) -> None:
        """Let time go by: what was on its way has arrived."""

    def close(self) -> None: ...


class PaperWorld:
    """The paper exchange in this process; orders fill from the next step on."""

    def __init__(self) -> None:
        self._desk = Desk(SimPolicy(latency=MINUTE), a=purse(TRY="100000", BTC="1"))
        self._desk.board.show("9990", "10000")
        self.exchange: ExchangePort = PaperExchange(self._desk.core, "a", self._desk.clock)

    def now(self) -> datetime:
        return self._desk.clock.now()

    def show(self, bid: str, ask: str) -> None:
        self._desk.board.show(bid, ask)

    def later(self) -> None:
        self._desk.clock.forward()

    def close(self) -> None:
        """Nothing is held open."""


class SlowCancelWorld(PaperWorld):
    """The same, with cancels that are taken at once and done later, as at BTCTurk."""

    def __init__(self) -> None:
        self._desk = Desk(SimPolicy(cancel_delay=MINUTE), a=purse(TRY="100000", BTC="1"))
        self._desk.board.show("9990", "10000")
        self.exchange = PaperExchange(self._desk.core, "a", self._desk.clock)
