"""Telling systemd how we are: one datagram a word, to the socket that it named to us."""

import os
import socket
from collections.abc import Callable

_ENVIRONMENT = "NOTIFY_SOCKET"


def notifier() -> Callable[[str], None] | None:
    """A function that sends states such as `READY=1`; None where nobody listens.

    A datagram that cannot be sent is lost: the one who counts the silence is the one who acts.
    """
    address = os.environ.get(_ENVIRONMENT, "")
    if not address.startswith(("/", "@")):
        return None
    where = "\0" + address[1:] if address.startswith("@") else address

    def notify(state: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.setblocking(False)
            try:
                line.sendto(state.encode(), where)
            except OSError:
                return

    return notify
