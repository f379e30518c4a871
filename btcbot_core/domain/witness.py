"""The witness: what a store must know, said outside of it (docs/adr/0011)."""

from datetime import datetime
from typing import Annotated

import msgspec

from btcbot_core.domain.ids import ClientId, RunId

WAY_ON = "put the right one back, or let `btcbot-core restored` begin a new run on this one"
"""What to do about a store that has forgotten what it did."""


class Witness(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last order that was made durable in order to be sent.

    A store that does not know it has forgotten what it did. Without an order the run alone must be
    known, and without a run nothing: then nothing has been sent yet.
    """

    at: Annotated[datetime, msgspec.Meta(tz=True)]
    run: RunId | None = None
    client_id: ClientId | None = None

    def __str__(self) -> str:
        named = f"order {self.client_id}" if self.client_id else f"run {self.run}"
        return f"{named} of {self.at:%Y-%m-%d %H:%M:%S} UTC"
