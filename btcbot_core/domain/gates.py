"""The four gates in front of live writes, as one value with every reason why they are closed."""

import msgspec

ACKNOWLEDGEMENT = "I_UNDERSTAND"


class Refusal(msgspec.Struct, frozen=True):
    """Why something may not leave: a code for machines, words for the operator."""

    code: str
    words: str


class Gates(msgspec.Struct, frozen=True, kw_only=True):
    """The gates as the environment set them. Closed by default; no effect on paper (DEC-9)."""

    dry_run: bool = True
    kill_switch: bool = True
    live_trading: bool = False
    acknowledged: bool = False

    @property
    def closed(self) -> tuple[str, ...]:
        """The name of every gate that is closed, in the order in which they are asked."""
        asked = (
            ("KILL_SWITCH", self.kill_switch),
            ("DRY_RUN", self.dry_run),
            ("LIVE_TRADING", not self.live_trading),
            ("LIVE_TRADING_ACK", not self.acknowledged),
        )
        return tuple(name for name, is_closed in asked if is_closed)
