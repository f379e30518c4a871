"""How much of a candle's volume our orders may take, and how much of it they have taken."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from btcbot_core.adapters.paper.fills import Moment
from btcbot_core.adapters.paper.tape import Tape
from btcbot_core.domain.market import Candle
from btcbot_core.domain.money import ZERO, floor_to
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol


class Participation:
    """Gives out a pair's market at an instant, with the room that is left in it."""

    def __init__(
        self, tape: Tape, rules: Mapping[Symbol, PairRules], ratio: Decimal | None
    ) -> None:
        """`ratio` is the part of the volume; None is no cap."""
        self._tape = tape
        self._rules = rules
        self._ratio = ratio
        self._used: dict[Symbol, tuple[datetime, Decimal]] = {}

    def moment(self, symbol: Symbol) -> Moment:
        """The pair's market now."""
        quote, candle = self._tape.quote(symbol), self._tape.candle(symbol)
        if self._ratio is None or candle is None:
            return Moment(quote, candle, None)
        opened_at, used = self._used.get(symbol, (candle.opened_at, ZERO))
        whole = self._whole(symbol, candle, self._ratio)
        return Moment(quote, candle, whole - used if opened_at == candle.opened_at else whole)

    def note(self, symbol: Symbol, moment: Moment) -> None:
        """Remember what was taken, so that one candle is used once."""
        if moment.room is None or moment.candle is None or self._ratio is None:
            return
        taken = self._whole(symbol, moment.candle, self._ratio) - moment.room
        self._used[symbol] = (moment.candle.opened_at, taken)

    def _whole(self, symbol: Symbol, candle: Candle, ratio: Decimal) -> Decimal:
        return floor_to(candle.volume * ratio, self._rules[symbol].lot_step)
