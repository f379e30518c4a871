"""The catalogue's page of alarms: for each code its cause, its consequence and what to do."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from btcbot_core.domain.codes import AnomalyCode


class AlarmWords(msgspec.Struct, frozen=True):
    """What an alarm means: why it comes, what the bot does about it, and what to do oneself."""

    cause: str
    consequence: str
    act: str


ALARMS: Mapping[AnomalyCode, AlarmWords] = MappingProxyType(
    {
        AnomalyCode.STALE_MARKET_DATA: AlarmWords(
            "The newest quote of a pair is too old, or there is none any more.",
            "The pair waits by itself. Several such cycles take the mode down.",
            "Look at the line and the exchange's status. If all pairs are old, disarm.",
        ),
        AnomalyCode.EXCHANGE_LATENCY_SPIKE: AlarmWords(
            "The exchange answered more slowly than it should.",
            "Orders go on, but may leave at prices that have passed.",
            "Wait for it to pass. If it lasts, disarm.",
        ),
        AnomalyCode.ORDER_REJECT_SPIKE: AlarmWords(
            "The exchange refused several orders of one cycle.",
            "Several such cycles take the mode down.",
            "Read the answers in the decisions: rules, balance or rights have changed.",
        ),
        AnomalyCode.CURSOR_STALL: AlarmWords(
            "The exchange has trades of ours that we were not told of.",
            "Fills are booked late: positions may be larger than shown.",
            "Compare the balances with the exchange's own page. If it lasts, kill.",
        ),
        AnomalyCode.CLOCK_SKEW: AlarmWords(
            "This machine's clock and the exchange's are too far apart.",
            "Signed requests may be refused; ages of data are wrong by as much.",
            "Set the clock right (NTP). A clock that jumps ends the lease.",
        ),
        AnomalyCode.PNL_DIVERGENCE: AlarmWords(
            "The ledger's worth and that of the exchange's balances differ.",
            "An error stops new orders; a warning counts towards it.",
            "Look for a deposit or a withdrawal; hands' trades are booked. If there is none, kill.",
        ),
        AnomalyCode.MANUAL_OVERRIDE: AlarmWords(
            "An operator has set a stricter mode by hand.",
            "The bot does no more than that mode allows until the time is up.",
            "Nothing, or take it back: btcbot-core degrade clear.",
        ),
        AnomalyCode.UNKNOWN_ORDER: AlarmWords(
            "An order was sent and its outcome is not known, or one of ours is not in our books.",
            "Its pair waits until evidence decides; for one that is not in our books all pairs do.",
            "Look on the exchange's page, then btcbot-core unknown list, or cancel-own.",
        ),
        AnomalyCode.BALANCE_MISMATCH: AlarmWords(
            "The exchange holds more or less of an asset than the ledger.",
            "An error sets the kill latch.",
            "A deposit or a withdrawal is booked with btcbot-core capital; else find the cause.",
        ),
        AnomalyCode.RATE_LIMITED: AlarmWords(
            "The exchange asked us to send fewer requests.",
            "Calls are held back. While the breaker is open no new order leaves.",
            "Stop other programs on this key, or lengthen the cycle.",
        ),
    }
)
