"""What an answer to an order or a cancel of ours does to the cycle that sent it."""

import msgspec

from btcbot_core.cycle.cycle import Cycle, Heard
from btcbot_core.cycle.steps import reconcile
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import Action, Decision
from btcbot_core.domain.trading import Answer, AnswerKind

replace = msgspec.structs.replace

_REFUSED = {
    AnswerKind.REJECTED: Reason.REJECTED,
    AnswerKind.NOT_SENT: Reason.NOT_SENT,
    AnswerKind.UNKNOWN: Reason.OUTCOME_UNKNOWN,
}
_AT_THE_GATE = {
    str(reason): reason for reason in (Reason.KILLED, Reason.NOT_ARMED, Reason.OVER_LEASE_LIMIT)
}
_WORDS_MAX = 120


def answered(cycle: Cycle, answer: Answer) -> Cycle:
    """Settle one answer; one that is not a yes becomes a decision with its reason."""
    cycle = reconcile(replace(cycle, heard=Heard(answers=(answer,))))
    reason = _AT_THE_GATE.get(answer.code) or _REFUSED.get(answer.kind)
    if reason is None:
        return cycle
    order = cycle.carried.orders[answer.client_id]
    told = Decision(
        symbol=order.symbol,
        action=Action.BLOCK,
        side=order.side,
        reason=reason,
        price=order.price,
        qty=order.qty,
        unit=" ".join(filter(None, (answer.code, answer.message)))[:_WORDS_MAX],
    )
    return replace(cycle, decisions=(*cycle.decisions, told))
