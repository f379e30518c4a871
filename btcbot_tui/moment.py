"""What the screen knows at one instant: the newest frame, the operator's own acts, and the time."""

from datetime import datetime, tzinfo
from decimal import Decimal

import msgspec

from btcbot_core.app.frames import Frame, Note, Outcome
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.domain.account import NO_PORTFOLIO, Portfolio
from btcbot_core.domain.gates import Gates
from btcbot_core.domain.ids import ClientId
from btcbot_core.domain.records import RunKind
from btcbot_tui.alarms import Alarms
from btcbot_tui.texts import Words

GATES = Gates().closed
"""The names of the four gates."""
HELD_S = 86_400.0
"""A pace this slow is a standstill: recorded data then move by single steps only."""


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a view may draw. Equal moments look equal."""

    frame: Frame
    """The newest one; the banner always tells this one's state."""
    shown: Frame
    """What the panels draw: the newest, or the one at which the operator paused the view."""
    at: datetime | None
    """Now, on the run's own clock; None before a recording's first cycle."""
    silent_s: int = 0
    """Real seconds since the runner last showed something new."""
    paused_s: int | None = None
    """Real seconds since the operator paused the view, or None."""
    is_stopping: bool = False
    alarms: Alarms = ()
    killed_with: frozenset[ClientId] = frozenset()
    """The orders that have been open since the kill, whether or not they still are."""
    notes: tuple[Note, ...] = ()
    words: Words
    zone: tzinfo | None = None
    """None is the machine's own zone."""

    @property
    def cycle(self) -> Cycle | None:
        return self.shown.cycle

    @property
    def quote(self) -> str:
        return self.shown.world.quote

    @property
    def portfolio(self) -> Portfolio | None:
        """None while nobody has valued anything yet."""
        cycle = self.shown.cycle
        return None if cycle is None or cycle.portfolio == NO_PORTFOLIO else cycle.portfolio

    @property
    def shown_at(self) -> datetime | None:
        """The instant that ages in the panels count to; stands still while the view does."""
        if self.paused_s is not None and self.shown.cycle is not None:
            return self.shown.cycle.at
        return self.at

    @property
    def has_ended(self) -> bool:
        return self.frame.outcome is not Outcome.RUNNING


def open_orders(frame: Frame) -> frozenset[ClientId]:
    """Our orders that may still trade, as the last cycle knew them."""
    if frame.cycle is None:
        return frozenset()
    return frozenset(o.client_id for o in frame.cycle.carried.orders.values() if o.is_active)


def closed_gates(frame: Frame) -> tuple[str, ...]:
    """Every gate that is closed now; before the runner first looked, as it was at the start."""
    asked = {check.name: check.is_ok for check in frame.arming.checks if check.name in GATES}
    return (
        tuple(name for name, is_ok in asked.items() if not is_ok) if asked else (frame.gates.closed)
    )


def is_recorded(frame: Frame) -> bool:
    """Whether the run's clock is that of its data, which can be stepped and sped up."""
    return frame.world.kind in (RunKind.REPLAY, RunKind.BACKTEST)


def seconds_between(earlier: datetime | None, later: datetime | None) -> Decimal | None:
    if earlier is None or later is None:
        return None
    elapsed = later - earlier
    whole = Decimal(elapsed.days * 86_400 + elapsed.seconds)
    return whole + Decimal(elapsed.microseconds).scaleb(-6)


def data_age_s(frame: Frame, at: datetime | None) -> Decimal | None:
    """How old the newest quote is by its own stamp; None when there is none."""
    if frame.cycle is None:
        return None
    newest = max((quote.at for quote in frame.cycle.market.quotes.values()), default=None)
    return seconds_between(newest, at)


def pairs_without_data(frame: Frame, at: datetime | None) -> int:
    """How many pairs of this run have no quote, or one that is too old to trade on."""
    cycle = frame.cycle
    if cycle is None:
        return 0
    limit = frame.world.stale_after_s
    quotes = (cycle.market.quotes.get(symbol) for symbol in cycle.symbols)
    ages = (None if quote is None else seconds_between(quote.at, at) for quote in quotes)
    return sum(1 for age in ages if age is None or age > limit)


def is_silent(moment: Moment) -> bool:
    """Whether the runner has shown nothing new for longer than its pace explains."""
    if moment.has_ended:
        return False
    world = moment.frame.world
    return moment.silent_s > moment.frame.pulse.pace_s + float(world.stale_after_s)
