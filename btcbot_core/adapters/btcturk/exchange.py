"""Writing to BTCTurk: the adapter that can place an order, and so is not built without an arm."""

import re
from collections.abc import Callable

import msgspec

from btcbot_core.adapters.btcturk.account import BtcturkAccount, digits, each_of
from btcbot_core.adapters.btcturk.calls import CANCEL, SUBMIT
from btcbot_core.adapters.btcturk.client import BtcturkClient
from btcbot_core.adapters.btcturk.errors import (
    GateShutError,
    NoAnswerError,
    NotSentError,
    RefusalError,
    UnusableAnswerError,
)
from btcbot_core.adapters.btcturk.wire import account as wire
from btcbot_core.adapters.btcturk.wire.envelope import Reply, data_of, parse
from btcbot_core.domain.arm import LiveArm, Scope
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.errors import GateClosedError
from btcbot_core.domain.money import canonical
from btcbot_core.domain.trading import Answer, AnswerKind, Intent, Order, OrderType, Verb
from btcbot_core.ports import Permit

replace = msgspec.structs.replace

_is_plain = re.compile(r"[0-9]{1,12}(\.[0-9]{1,16})?", re.ASCII).fullmatch
"""What the exchange reads as a number: no sign, no exponent (API.md §1)."""
_is_name = re.compile(r"[A-Za-z0-9_-]{1,50}", re.ASCII).fullmatch


class _OrderBody(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A new order as the exchange wants it: every number a plain text."""

    pair_symbol: str
    order_type: str
    order_method: str
    quantity: str
    new_order_client_id: str
    price: str | None = None


class BtcturkExchange(BtcturkAccount):
    """The exchange port over HTTP: reads raise, writes answer, always.

    The permit is asked here once more, at the socket, right before the first byte of an order.
    """

    def __init__(self, client: BtcturkClient, arm: LiveArm, permit: Permit) -> None:
        if arm.base_url != client.base_url:
            raise GateClosedError(f"armed for {arm.base_url}, the client is for elsewhere")
        super().__init__(client)
        self._arm = arm
        self._permit = permit

    def submit(self, intent: Intent) -> Answer:
        """Send once. Never raises for what the network or the exchange does."""
        blank = self._blank(Verb.SUBMIT, intent)
        return self._spoken(blank, lambda: self._submitted(blank, intent))

    def cancel(self, order: Order) -> Answer:
        """Ask once. ACKED means that the request was taken, not that the order is cancelled."""
        blank = replace(self._blank(Verb.CANCEL, order), exchange_id=order.exchange_id)
        return self._spoken(blank, lambda: self._canceled(blank))

    def _submitted(self, blank: Answer, intent: Intent) -> Answer:
        reply = self._client.write(SUBMIT, self._ask_gate, {}, order_body(intent))
        placed = parse(reply, data_of(reply), wire.PLACED)
        return replace(
            blank,
            kind=AnswerKind.ACKED,
            exchange_id=str(placed.id),
            message=_compared(reply, intent, placed),
            request_id=reply.request_id,
        )

    def _canceled(self, blank: Answer) -> Answer:
        """The exchange's answer names no order; its number is the one we asked for."""
        if blank.exchange_id is None:
            raise NotSentError("no_exchange_id", "the exchange's number is not known yet", "-")
        reply = self._client.write(CANCEL, _pass, {"id": digits(blank.exchange_id)})
        data_of(reply)
        return replace(blank, kind=AnswerKind.ACKED, request_id=reply.request_id)

    def _ask_gate(self) -> None:
        """Raises GateShutError when a new order may not leave now."""
        if self._arm.scope is not Scope.ORDERS:
            raise GateShutError(Reason.NOT_ARMED, f"armed for {self._arm.scope} only")
        if (refused := self._permit()) is not None:
            raise GateShutError(refused.code, refused.words)

    def _blank(self, verb: Verb, about: Intent | Order) -> Answer:
        """What is answered if nothing else is known: that nothing is known."""
        now = self._client.clock.now()
        return Answer(verb=verb, kind=AnswerKind.UNKNOWN, client_id=about.client_id, at=now)

    def _spoken(self, blank: Answer, send: Callable[[], Answer]) -> Answer:
        """What became of one write, as a value."""
        try:
            said = send()
        except NotSentError as fault:
            said = replace(
                blank,
                kind=AnswerKind.NOT_SENT,
                code=fault.code,
                message=str(fault),
                request_id=fault.request_id,
            )
        except RefusalError as refusal:
            if blank.verb is Verb.SUBMIT:
                self._client.refused_at_s = self._client.clock.monotonic_s()
            said = replace(
                blank,
                kind=AnswerKind.REJECTED,
                code=refusal.code,
                message=refusal.message,
                request_id=refusal.request_id,
            )
        except (NoAnswerError, UnusableAnswerError) as fault:
            said = replace(blank, code="no_answer", message=str(fault), request_id=fault.request_id)
        return replace(said, at=self._client.clock.now())


def order_body(intent: Intent) -> bytes:
    """The body of a new order. Raises NotSentError for what the exchange could not read."""
    is_limit = intent.type is OrderType.LIMIT
    body = _OrderBody(
        pair_symbol=intent.symbol,
        order_type=intent.side.value,
        order_method=intent.type.value,
        quantity=canonical(intent.qty),
        new_order_client_id=intent.client_id,
        price=canonical(intent.price) if is_limit else None,
    )
    numbers = (body.quantity, *([body.price] if body.price is not None else []))
    if not all(_is_plain(number) for number in numbers) or "0" in numbers:
        raise NotSentError("not_sayable", f"no quantity or price: {numbers}", "-")
    if not _is_name(body.new_order_client_id):
        raise NotSentError("not_sayable", "no name for an order", "-")
    return msgspec.json.encode(body)


def _compared(reply: Reply, intent: Intent, placed: wire.PlacedRow) -> str:
    """What the acknowledgement says otherwise about price and quantity; empty when nothing.

    Raises UnusableAnswerError when it is about another order: then ours may be anything.
    """
    ((symbol, side, kind, name),) = each_of(
        reply,
        lambda row: (
            wire.pair_of(row),
            wire.side_of(row.type),
            wire.type_of(row.method),
            wire.client_id_of(row),
        ),
        [placed],
    )
    if (symbol, side, kind) != (intent.symbol, intent.side, intent.type):
        raise reply.bad(f"it acknowledges order {placed.id}, which is not the one we sent")
    if name is not None and name != intent.client_id:
        raise reply.bad(f"it acknowledges order {placed.id} under another name")
    if intent.type is OrderType.MARKET:
        return ""
    pairs = (("price", intent.price, placed.price), ("quantity", intent.qty, placed.quantity))
    return "; ".join(
        f"{what} sent as {sent}, taken as {taken}"
        for what, sent, taken in pairs
        if taken is not None and taken != sent
    )


def _pass() -> None:
    """No gate: pulling an order of ours is always allowed (DEC-11)."""
