"""The one door through which orders leave: it asks latch and lease right before each of them."""

from btcbot_core.app.lease import Lease, Standing
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.gates import Refusal
from btcbot_core.domain.trading import Answer, AnswerKind, Intent, Order, Verb
from btcbot_core.ports import Clock, ExchangePort, KillLatch


class Permit:
    """Why no order may leave right now, or None. An adapter asks it again at its socket.

    Paper needs no lease: what cannot cost money is stopped by the latch alone (DEC-9).
    """

    def __init__(self, latch: KillLatch, lease: Lease | None) -> None:
        self._latch = latch
        self.lease = lease

    def __call__(self) -> Refusal | None:
        if self._latch.is_set():
            return Refusal(Reason.KILLED, "the kill latch is set")
        return None if self.lease is None else self.lease.refusal()


class WriteGate:
    """Holds the exchange's writing side; nothing else in the program may submit or cancel."""

    def __init__(self, exchange: ExchangePort, permit: Permit, clock: Clock) -> None:
        self._exchange = exchange
        self._permit = permit
        self._clock = clock

    def submit(self, intent: Intent, standing: Standing) -> Answer:
        """Send an order once, unless it may not leave: then it never did, and we know it."""
        refused = self._permit()
        if refused is None and self._permit.lease is not None:
            refused = self._permit.lease.over_limit(intent, standing)
        if refused is None:
            return self._exchange.submit(intent)
        return Answer(
            verb=Verb.SUBMIT,
            kind=AnswerKind.NOT_SENT,
            client_id=intent.client_id,
            at=self._clock.now(),
            code=refused.code,
            message=refused.words,
        )

    def cancel(self, order: Order) -> Answer:
        """Ask once for a cancel. Never held back: pulling an order of ours is always allowed."""
        return self._exchange.cancel(order)
