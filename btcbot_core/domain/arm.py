"""The arm: the value without which nothing that can place an order is ever built (DEC-9)."""

from enum import StrEnum
from ipaddress import ip_address
from typing import Final, NoReturn
from urllib.parse import urlsplit

from btcbot_core.domain.errors import GateClosedError
from btcbot_core.domain.gates import Gates

_SEAL: Final = object()
_PULLS_ANYWAY = frozenset({"KILL_SWITCH"})
"""A gate that stops new orders and must not stop us from pulling our own (DEC-8)."""


class Scope(StrEnum):
    """What an arm opens."""

    ORDERS = "orders"  # all four gates are open: orders cost real money
    CANCELS = "cancels"  # our own orders may be pulled, nothing new may be placed


class LiveArm:
    """Leave to write to the exchange at one address. Only the two functions below make one.

    A plain class rather than a struct, so that no decoder, copy or `replace` can make one up.
    How long it lasts is not its business: the lease is asked at the socket, on its own clock.
    """

    __slots__ = ("base_url", "scope")

    base_url: str
    scope: Scope

    def __init__(self, seal: object, scope: Scope, base_url: str) -> None:
        if seal is not _SEAL:
            raise GateClosedError("an arm is granted by arm() alone, after asking every gate")
        object.__setattr__(self, "base_url", base_url)
        object.__setattr__(self, "scope", scope)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise GateClosedError(f"an arm does not change: {name} stays as it was granted")

    def __reduce__(self) -> NoReturn:
        raise GateClosedError("an arm is not copied or stored: ask the gates again")

    def __repr__(self) -> str:
        return f"LiveArm({self.scope}, {self.base_url!r})"


def arm(gates: Gates, base_url: str) -> LiveArm:
    """Grant leave to place orders at `base_url`.

    A paper exchange on this machine is armed like the real one: a rehearsal that skips the
    gates would rehearse something else. Raises GateClosedError naming every closed gate.
    """
    if gates.closed:
        raise GateClosedError(f"live trading is stopped by: {', '.join(gates.closed)}")
    return LiveArm(_SEAL, Scope.ORDERS, base_url)


def arm_cancels(gates: Gates, base_url: str) -> LiveArm:
    """Grant leave to pull orders of ours at `base_url`, which a closed KILL_SWITCH never stops.

    Raises GateClosedError naming the other gates that are closed.
    """
    closed = [name for name in gates.closed if name not in _PULLS_ANYWAY]
    if closed:
        raise GateClosedError(f"cancelling is stopped by: {', '.join(closed)}")
    return LiveArm(_SEAL, Scope.CANCELS, base_url)


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
