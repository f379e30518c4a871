"""An exchange whose whole state is a file of lines: it outlives the bot, and it is the judge.

It takes a client id twice without a word, as BTCTurk does: only so can a second order be counted.
Each line is one `writev`, a call that nothing else here makes. So an order is either taken or not,
whatever kills the process, and a failing disk can spare the exchange while it strikes the bot.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import msgspec

from btcbot_core.domain.account import Accounts, Balance
from btcbot_core.domain.ids import ClientId, FillId
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import (
    Answer,
    AnswerKind,
    Fill,
    Intent,
    Order,
    OrderType,
    OrderView,
    Side,
    Verb,
    ViewStatus,
)
from btcbot_core.ports import Clock

TRY = Asset("TRY")
CASH = Decimal(10_000)
FEE_RATIO = Decimal("0.0018")


class Act(StrEnum):
    TAKEN = "taken"
    FILLED = "filled"
    CANCELED = "canceled"
    STORE_FAILED = "store_failed"
    """Not the exchange's own: the bot's store gave up here, and nothing may follow."""


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened, in the order in which it did."""

    act: Act
    at: datetime
    step: int
    order: str = ""
    client_id: ClientId = ClientId("")
    symbol: Symbol = Symbol("")
    side: Side = Side.BUY
    price: Decimal = ZERO
    qty: Decimal = ZERO
    is_killed: bool = False
    """Whether the kill file stood there when the order arrived."""


def read_lines(path: Path) -> list[Line]:
    """All that ever happened at the exchange."""
    told = path.read_bytes().splitlines() if path.exists() else []
    return [msgspec.json.decode(line, type=Line) for line in told]


@dataclass
class Placed:
    """An order as the lines so far make it."""

    line: Line
    filled: Decimal = ZERO
    parts: int = 0
    is_canceled: bool = False

    @property
    def is_open(self) -> bool:
        return not self.is_canceled and self.filled < self.line.qty

    def view(self) -> OrderView:
        status = ViewStatus.PARTIAL if self.filled else ViewStatus.OPEN
        if not self.is_open:
            status = ViewStatus.CANCELED if self.is_canceled else ViewStatus.CLOSED
        return OrderView(
            exchange_id=self.line.order,
            client_id=self.line.client_id,
            symbol=self.line.symbol,
            side=self.line.side,
            type=OrderType.LIMIT,
            price=self.line.price,
            qty=self.line.qty,
            left_qty=self.line.qty - self.filled,
            status=status,
        )


@dataclass
class LineExchange:
    """Implements `ExchangePort`. Orders fill in as many equal parts, one a step, as told."""

    path: Path
    kill_file: Path
    clock: Clock
    parts: int
    after_taking: Callable[[], None] = lambda: None
    step: int = -1
    placed: dict[str, Placed] = field(default_factory=dict)
    trades: list[Fill] = field(default_factory=list)

    def __post_init__(self) -> None:
        for line in read_lines(self.path):
            self._fold(line)

    def reach(self, step: int) -> None:
        """Let everything happen that is due at this step; what has happened does not again."""
        self.step = step
        for placed in list(self.placed.values()):
            due = min(step - placed.line.step, self.parts)
            while placed.is_open and placed.parts < due:
                is_last = placed.parts + 1 == self.parts
                left = placed.line.qty - placed.filled
                qty = left if is_last else placed.line.qty / self.parts
                line = placed.line
                self._happen(
                    Line(
                        act=Act.FILLED,
                        at=self.clock.now(),
                        step=step,
                        order=line.order,
                        client_id=line.client_id,
                        symbol=line.symbol,
                        side=line.side,
                        price=line.price,
                        qty=qty,
                    )
                )

    def note_store_failure(self) -> None:
        self._happen(Line(act=Act.STORE_FAILED, at=self.clock.now(), step=self.step))

    def balances(self) -> Accounts:
        cash, held = CASH, {"BTC": ZERO, "ETH": ZERO}
        for fill in self.trades:
            sign = 1 if fill.side is Side.BUY else -1
            cash -= sign * fill.notional_try + fill.fee
            held[fill.symbol.removesuffix("TRY")] += sign * fill.qty
        amounts = {TRY: cash, **{Asset(name): qty for name, qty in held.items()}}
        return {asset: Balance(asset, amount, ZERO) for asset, amount in amounts.items()}

    def open_orders(self, symbol: Symbol | None) -> tuple[OrderView, ...]:
        return tuple(
            p.view() for p in self.placed.values() if p.is_open and symbol in (None, p.line.symbol)
        )

    def find_order(self, order: Order) -> OrderView | None:
        found = (p for p in self.placed.values() if p.line.client_id == order.client_id)
        return next((p.view() for p in found), None)

    def fills(self, symbol: Symbol | None, since: datetime) -> tuple[Fill, ...]:
        return tuple(f for f in self.trades if symbol in (None, f.symbol) and f.at >= since)

    def submit(self, intent: Intent) -> Answer:
        name = f"x{len(self.placed) + 1}"
        self._happen(
            Line(
                act=Act.TAKEN,
                at=self.clock.now(),
                step=self.step,
                order=name,
                client_id=intent.client_id,
                symbol=intent.symbol,
                side=intent.side,
                price=intent.price,
                qty=intent.qty,
                is_killed=self.kill_file.exists(),
            )
        )
        self.after_taking()
        return self._answer(Verb.SUBMIT, intent.client_id, name)

    def cancel(self, order: Order) -> Answer:
        assert order.exchange_id is not None
        if self.placed[order.exchange_id].is_open:
            self._happen(
                Line(
                    act=Act.CANCELED,
                    at=self.clock.now(),
                    step=self.step,
                    order=order.exchange_id,
                )
            )
        return self._answer(Verb.CANCEL, order.client_id, order.exchange_id)

    def _answer(self, verb: Verb, client_id: ClientId, name: str) -> Answer:
        return Answer(
            verb=verb,
            kind=AnswerKind.ACKED,
            client_id=client_id,
            at=self.clock.now(),
            exchange_id=name,
        )

    def _happen(self, line: Line) -> None:
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.writev(handle, [msgspec.json.encode(line) + b"\n"])
        finally:
            os.close(handle)
        self._fold(line)

    def _fold(self, line: Line) -> None:
        match line.act:
            case Act.TAKEN:
                self.placed[line.order] = Placed(line)
            case Act.CANCELED:
                self.placed[line.order].is_canceled = True
            case Act.FILLED:
                placed = self.placed[line.order]
                placed.filled += line.qty
                placed.parts += 1
                self.trades.append(self._fill(line))
            case Act.STORE_FAILED:
                pass

    def _fill(self, line: Line) -> Fill:
        return Fill(
            id=FillId(f"t{len(self.trades) + 1}"),
            exchange_id=line.order,
            client_id=line.client_id,
            symbol=line.symbol,
            side=line.side,
            price=line.price,
            qty=line.qty,
            fee=line.price * line.qty * FEE_RATIO,
            fee_asset=TRY,
            at=line.at,
        )


def taken(lines: Sequence[Line]) -> list[Line]:
    """The orders that the exchange accepted, in their order."""
    return [line for line in lines if line.act is Act.TAKEN]
