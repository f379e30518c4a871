"""What can go wrong with a request, told apart by the one thing that matters: did it leave?"""

import zlib
from collections.abc import Callable
from typing import TypeVar

import httpcore
import httpx

from btcbot_core.domain.errors import (
    BadAnswerError,
    ExchangeRefusedError,
    ExchangeUnavailableError,
    HeldBackError,
    KeyRefusedError,
)

T = TypeVar("T")

TEXT_LENGTH_MAX = 200

FOREIGN = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    OSError,
    UnicodeError,
    zlib.error,
)


class NotSentError(ExchangeUnavailableError):
    """The request never left this machine, so nothing can have come of it."""

    def __init__(self, code: str, reason: str, request_id: str, *, may_retry: bool = False) -> None:
        super().__init__(f"not sent: {reason} (request {request_id})")
        self.code = code
        self.request_id = request_id
        self.may_retry = may_retry


class OwnLimitError(NotSentError, HeldBackError):
    """We did not ask, since we would have asked more often than the exchange allows."""

    def __init__(self, traffic: str, wait_s: float, request_id: str) -> None:
        reason = f"{traffic} must wait {wait_s:.1f} s under the exchange's limits"
        super().__init__("own_rate_limit", reason, request_id)


class NoAnswerError(ExchangeUnavailableError):
    """The request may have arrived, and no usable answer came. For a write: anything may be."""

    def __init__(self, reason: str, request_id: str, *, may_retry: bool = False) -> None:
        super().__init__(f"no usable answer: {reason} (request {request_id})")
        self.request_id = request_id
        self.may_retry = may_retry


class ThrottledError(HeldBackError):
    """The exchange asks us to wait. `retry_after_s` is None where it does not say how long."""

    def __init__(self, status: int, retry_after_s: float | None, request_id: str) -> None:
        wait = "a while" if retry_after_s is None else f"{retry_after_s:g} s"
        super().__init__(f"the exchange asks to wait {wait}: HTTP {status} (request {request_id})")
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        self.may_retry = True


class RefusalError(ExchangeRefusedError):
    """The exchange understood and said no, in so many words. Nothing has come of the request."""

    def __init__(self, status: int, code: str, message: str, request_id: str) -> None:
        super().__init__(f"refused with HTTP {status}: {code}: {message} (request {request_id})")
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id


class UnauthorizedError(RefusalError, KeyRefusedError):
    """The exchange does not take our key."""


class UnusableAnswerError(BadAnswerError):
    """An answer came, and it cannot be believed. For a write: anything may be."""

    def __init__(self, reason: str, request_id: str) -> None:
        super().__init__(f"unusable answer: {reason} (request {request_id})")
        self.request_id = request_id


class GateShutError(Exception):
    """Raised at the socket, before the first byte: the order may no longer leave."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def at_border(call: Callable[[], T], has_left: Callable[[], bool], request_id: str) -> T:
    """Do something on the network; whatever it raises comes back as one of ours.

    Ours are raised outside the handlers, on purpose without a cause: the frames of the
    libraries hold the signed headers, and a traceback that shows local variables would
    print them (FAULTS S01). The name of the cause is kept in the message.
    """
    try:
        return call()
    except GateShutError as shut:
        code, reason = shut.code, shut.reason
    except FOREIGN as fault:
        code, reason = "not_sent", _words(fault)
    if has_left():
        raise NoAnswerError(reason, request_id, may_retry=True)
    raise NotSentError(code, reason, request_id, may_retry=code == "not_sent")


def _words(fault: Exception) -> str:
    """What failed. Only the network's own words are kept: others quote what the server sent."""
    name = type(fault).__name__
    is_of_network = isinstance(fault, httpcore.NetworkError | httpcore.TimeoutException | OSError)
    return f"{name}: {clean(str(fault))}" if is_of_network and str(fault) else name


def clean(text: str) -> str:
    """Words from outside, made fit for a log line and a screen: printable, one line, not long."""
    shown = "".join(char if char.isprintable() else "�" for char in text[: TEXT_LENGTH_MAX + 1])
    return shown if len(shown) <= TEXT_LENGTH_MAX else shown[: TEXT_LENGTH_MAX - 1] + "…"
