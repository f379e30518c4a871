"""The arm: the value without which nothing that can place an order is ever built (DEC-9)."""

from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address
from typing import Final, NoReturn
from urllib.parse import urlsplit

from btcbot_core.domain.errors import GateClosedError
from btcbot_core.domain.gates import Gates

_SEAL: Final = object()


class Ground(StrEnum):
    """Why an arm was granted."""

    LIVE = "live"  # all four gates are open: orders cost real money
    REHEARSAL = "rehearsal"  # the other side is on this very machine: nobody's money


class LiveArm:
    """Leave to write to the exchange at one address, until an instant. Only `arm` makes one.

    A plain class rather than a struct, so that no decoder, copy or `replace` can make one up.
    """

    __slots__ = ("base_url", "ground", "until")

    base_url: str
    ground: Ground
    until: datetime | None

    def __init__(self, seal: object, ground: Ground, base_url: str, until: datetime | None) -> None:
        if seal is not _SEAL:
            raise GateClosedError("an arm is granted by arm() alone, after asking every gate")
        object.__setattr__(self, "base_url", base_url)
        object.__setattr__(self, "ground", ground)
        object.__setattr__(self, "until", until)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise GateClosedError(f"an arm does not change: {name} stays as it was granted")

    def __reduce__(self) -> NoReturn:
        raise GateClosedError("an arm is not copied or stored: ask the gates again")

    def __repr__(self) -> str:
        return f"LiveArm({self.ground}, {self.base_url!r}, until={self.until})"

    def allows(self, now: datetime) -> bool:
        """Whether the lease has not run out."""
        return self.until is None or now < self.until


def arm(gates: Gates, base_url: str, until: datetime | None = None) -> LiveArm:
    """Grant leave to write to the exchange at `base_url`.

    Raises GateClosedError naming every gate that is closed. One address needs no gate: this
    machine itself, where only our own paper exchange listens. The grant then says REHEARSAL,
    and it opens nothing but that address; so the whole live path can be practised with the
    gates closed, which is the point of having them.
    """
    if is_loopback(base_url):
        return LiveArm(_SEAL, Ground.REHEARSAL, base_url, until)
    if gates.closed:
        raise GateClosedError(f"live trading is stopped by: {', '.join(gates.closed)}")
    return LiveArm(_SEAL, Ground.LIVE, base_url, until)


def is_loopback(url: str) -> bool:
    """Whether a URL can only lead to this machine. Anything that does not parse cannot."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.username is not None or parts.scheme not in ("http", "https"):
            return False
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
