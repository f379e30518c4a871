"""The day: what stood before midnight UTC, so that today's loss and fees are today's alone."""

from datetime import date, datetime
from decimal import Decimal

import msgspec

from btcbot_core.domain.account import Portfolio
from btcbot_core.domain.money import ZERO


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The money at the end of a cycle, as far as a day needs it."""

    at: datetime
    equity_try: Decimal
    capital_try: Decimal
    realized_try: Decimal
    fees_try: Decimal


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A day in UTC with its baseline: the last snapshot before it, else the first one of it."""

    date: date
    baseline: Snapshot


class Today(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What came of a day so far. Capital that came or went is no profit."""

    pnl_try: Decimal = ZERO
    realized_try: Decimal = ZERO
    """Net of today's fees: a fee is a loss that is realised at once."""
    fees_try: Decimal = ZERO


def snapshot(money: Portfolio, at: datetime) -> Snapshot:
    """The money as it stands."""
    return Snapshot(
        at=at,
        equity_try=money.equity_try,
        capital_try=money.capital_try,
        realized_try=money.realized_try,
        fees_try=money.fees_try,
    )


def day_of(day: Day | None, last: Snapshot | None, now: Snapshot) -> Day:
    """The day that `now` is in. A clock that goes back opens no day again."""
    date_ = now.at.date()
    if day is not None and date_ <= day.date:
        return day
    return Day(date=date_, baseline=last or now)


def since_midnight(day: Day, money: Portfolio) -> Today:
    """What came of the day so far."""
    before = day.baseline
    fees = money.fees_try - before.fees_try
    return Today(
        pnl_try=(money.equity_try - money.capital_try) - (before.equity_try - before.capital_try),
        realized_try=money.realized_try - before.realized_try - fees,
        fees_try=fees,
    )
