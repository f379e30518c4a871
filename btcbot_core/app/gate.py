"""The one door through which orders leave: it reads the kill latch right before each of them."""

from btcbot_core.domain.codes import Reason
from btcbot_core.domain.trading import Answer, AnswerKind, Intent, Order, Verb
from btcbot_core.ports import Clock, ExchangePort, KillLatch


class WriteGate:
    """Holds the exchange's writing side; nothing else in the program may submit or cancel."""

    def __init__(self, exchange: ExchangePort, latch: KillLatch, clock: Clock) -> None:
        self._exchange = exchange
        self._latch = latch
        self._clock = clock

    def submit(self, intent: Intent) -> Answer:
        """Send an order once, unless the latch is set: then it never leaves, and we know it."""
        if self._latch.is_set():
            return Answer(
                verb=Verb.SUBMIT,
                kind=AnswerKind.NOT_SENT,
                client_id=intent.client_id,
                at=self._clock.now(),
                code=Reason.KILLED,
            )
        return self._exchange.submit(intent)

    def cancel(self, order: Order) -> Answer:
        """Ask once for a cancel. Never held back: pulling an order of ours is always allowed."""
        return self._exchange.cancel(order)
