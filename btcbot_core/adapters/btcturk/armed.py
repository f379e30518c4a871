"""The live exchange as a runner sees it: reads always, writes only with an arm made just then."""

from collections.abc import Callable

from btcbot_core.adapters.btcturk.account import BtcturkAccount
from btcbot_core.adapters.btcturk.client import BtcturkClient
from btcbot_core.adapters.btcturk.exchange import BtcturkExchange
from btcbot_core.domain.arm import LiveArm, arm, arm_cancels
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.errors import GateClosedError
from btcbot_core.domain.gates import Gates
from btcbot_core.domain.trading import Answer, AnswerKind, Intent, Order, Verb
from btcbot_core.ports import Permit


class ArmedExchange(BtcturkAccount):
    """Implements the exchange port. The gates are asked anew for every single write.

    Nothing that can write outlives one call: an arm from a minute ago opens nothing now.
    """

    def __init__(self, client: BtcturkClient, gates: Callable[[], Gates], permit: Permit) -> None:
        super().__init__(client)
        self._gates = gates
        self._permit = permit

    def submit(self, intent: Intent) -> Answer:
        """Send once, under an arm that all four gates grant at this moment."""
        try:
            exchange = self._exchange(arm(self._gates(), self._client.base_url))
        except GateClosedError as closed:
            return self._not_sent(Verb.SUBMIT, intent, closed)
        return exchange.submit(intent)

    def cancel(self, order: Order) -> Answer:
        """Ask once for a cancel, under an arm that a closed KILL_SWITCH does not refuse."""
        try:
            exchange = self._exchange(arm_cancels(self._gates(), self._client.base_url))
        except GateClosedError as closed:
            return self._not_sent(Verb.CANCEL, order, closed)
        return exchange.cancel(order)

    def _exchange(self, granted: LiveArm) -> BtcturkExchange:
        return BtcturkExchange(self._client, granted, self._permit)

    def _not_sent(self, verb: Verb, about: Intent | Order, closed: GateClosedError) -> Answer:
        return Answer(
            verb=verb,
            kind=AnswerKind.NOT_SENT,
            client_id=about.client_id,
            at=self._client.clock.now(),
            code=Reason.NOT_ARMED,
            message=str(closed),
        )
